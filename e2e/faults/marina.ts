import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

const root = path.resolve(import.meta.dirname, '../..')
const startMs = 60_000

export const adminPassword = 'Marina12345'

type Ended = { code: number | null; signal: NodeJS.Signals | null }

/** A Marina that runs in a process of its own. */
export type Running = {
  port: number
  pid: number
  ended: Promise<Ended>
  hasEnded(): boolean
  /** Everything that it wrote to stderr so far: its log. */
  said(): string
  /** Closes our ends of its stdout and stderr, as `| head -1` would. */
  stopListening(): void
  /** Sends SIGTERM and returns how it ended. */
  stop(): Promise<Ended>
  kill(): Promise<Ended>
  [Symbol.asyncDispose](): Promise<void>
}

/** `limits`: shell commands that run before Marina, for example `ulimit -n 128`. */
type Start = { settings: Record<string, string>; limits?: string }

/** Starts `marina serve` and resolves when it is ready. */
export async function startMarina({ settings, limits = ':' }: Start): Promise<Running> {
  const child = spawn('sh', ['-c', `${limits}; exec "$0" server/main.ts serve`, process.execPath], {
    cwd: root,
    env: environment(settings),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (part: string) => (said = (said + part).slice(-200_000)))
  const ended = endOf(child)
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  const stopListening = () => {
    child.stdout.destroy()
    child.stderr.destroy()
  }
  const end = async (signal: NodeJS.Signals) => {
    if (!hasEnded()) child.kill(signal)
    return ended
  }
  const stop = async () => {
    const timer = setTimeout(() => child.kill('SIGKILL'), 60_000)
    return end('SIGTERM').finally(() => clearTimeout(timer))
  }
  try {
    const port = await portOf(child, ended, () => said)
    return {
      port,
      pid: child.pid!,
      ended,
      hasEnded,
      said: () => said,
      stopListening,
      stop,
      kill: () => end('SIGKILL'),
      [Symbol.asyncDispose]: async () => void (await stop()),
    }
  } catch (error) {
    await end('SIGKILL')
    throw error
  }
}

function portOf(child: ChildProcess, ended: Promise<Ended>, said: () => string): Promise<number> {
  let out = ''
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`Marina was not ready after ${startMs / 1000} s: ${said()}`)),
      startMs,
    )
    child.stdout!.setEncoding('utf8').on('data', (part: string) => {
      out = (out + part).slice(-10_000)
      const [, port] = /is ready .*:(\d+)\n/.exec(out) ?? []
      if (port) resolve(Number(port))
      if (port) clearTimeout(timer)
    })
    void ended.then(({ code, signal }) => {
      clearTimeout(timer)
      reject(new Error(`Marina ended with ${signal ?? code} before it was ready: ${said()}`))
    })
  })
}

/** Runs a command of Marina to its end. */
export async function runMarina(
  args: string[],
  settings: Record<string, string>,
): Promise<{ code: number | null; out: string; errors: string }> {
  const child = spawn(process.execPath, ['server/main.ts', ...args], {
    cwd: root,
    env: environment(settings),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
  })
  const [{ code }, out, errors] = await Promise.all([endOf(child), text(child.stdout), text(child.stderr)])
  return { code, out, errors }
}

/** Kills the PostgreSQL that a killed Marina left running, as a power failure would. */
export async function killPostgresOf(dataDir: string): Promise<void> {
  const pid = postmasterOf(dataDir)
  if (pid === undefined) return
  process.kill(pid, 'SIGKILL')
  for (let tries = 0; tries < 500 && isAlive(pid); tries++) await sleep(10)
}

/** The process id of the PostgreSQL in this folder, when one runs. */
function postmasterOf(dataDir: string): number | undefined {
  const cluster = path.join(dataDir, 'postgres', 'cluster')
  try {
    const pid = Number.parseInt(readFileSync(path.join(cluster, 'postmaster.pid'), 'utf8'))
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(cluster) ? pid : undefined
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

/** An environment without the caller's own settings. A cache of compiled code halves the time of a start. */
function environment(settings: Record<string, string>): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR } = process.env
  const cache = path.join(tmpdir(), 'marina-compiled')
  const fixed = {
    NODE_COMPILE_CACHE: cache,
    MARINA_PORT: '0',
    MARINA_HOST: '127.0.0.1',
    MARINA_METRICS_PORT: 'off',
    MARINA_LOG_LEVEL: 'error',
    // These tests kill, limit and watch one process.
    MARINA_PROCESSES: '1',
    MARINA_LOG_REQUESTS: 'none',
    MARINA_LOG_FORMAT: 'json',
    MARINA_ADMIN_PASSWORD: adminPassword,
  }
  return { PATH, ...(HOME ? { HOME } : {}), ...(TMPDIR ? { TMPDIR } : {}), ...fixed, ...settings }
}

function endOf(child: ChildProcess): Promise<Ended> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
}
