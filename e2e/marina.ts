import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export const root = path.resolve(import.meta.dirname, '..')
const main = path.join(root, 'server/main.ts')

type Exit = { code: number | null; signal: NodeJS.Signals | null }
export type Ended = Exit & { stdout: string; stderr: string }
type LoggedRequest = { method: string; path: string; status: number }

export type Marina = AsyncDisposable & {
  /** Of the process that was started: npm's, when npm was started. */
  pid: number
  url: string
  /** `host:port`, as clients name the registry. */
  host: string
  /** Undefined when it was not a first start: only that prints a password. */
  password: string | undefined
  stdout(): string
  stderr(): string
  /** The requests in the log, in the order of their answers. */
  requests(): LoggedRequest[]
  exited: Promise<Exit>
  /** Waits until a line on stdout matches. */
  said(what: RegExp): Promise<void>
  /** Sends SIGTERM, after which the exit code must be 0. */
  stop(): Promise<void>
  /** Sends SIGKILL to every Node process of this Marina; its PostgreSQL goes on. */
  kill(): Promise<void>
}

type Start = {
  dataDir: string
  /** MARINA_ settings and other variables. Free ports for clients and metrics are set already. */
  env?: NodeJS.ProcessEnv
  /** Runs this instead of Node with server/main.ts. */
  command?: string[]
  cwd?: string
}

const readyLimitMs = 100_000

/** Starts a Marina as users run it, in a process of its own. Disposing ends it together with its PostgreSQL. */
export async function startMarina({
  dataDir,
  env,
  command = [process.execPath, main, 'serve'],
  cwd = dataDir,
}: Start): Promise<Marina> {
  const [file = '', ...args] = command
  // A process group of its own lets a test send Ctrl-C to the whole group, as a terminal does.
  const child = spawn(file, args, {
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: cleanEnvironment({
      MARINA_DATA_DIR: dataDir,
      MARINA_HOST: '127.0.0.1',
      MARINA_PORT: '0',
      MARINA_METRICS_PORT: '0',
      ...env,
    }),
  })
  const close = closer(child, dataDir)
  const output = collect(child)
  try {
    await output.said(/is ready after .*\n[^]*Ctrl-C/)
    const url = /is ready after [\d.]+ s: (\S+)/.exec(output.stdout())![1]!.replace('localhost', '127.0.0.1')
    return {
      pid: child.pid!,
      url,
      host: url.replace(/^https?:\/\//, ''),
      ...output,
      password: /admin, password (\S+)/.exec(output.stdout())?.[1],
      requests: () => readRequests(output.stderr()),
      async stop() {
        child.kill('SIGTERM')
        assert.deepEqual(await output.exited, { code: 0, signal: null }, output.stderr())
      },
      async kill() {
        for (const pid of family(child.pid!).toReversed()) send(pid, 'SIGKILL')
        await output.exited
      },
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** A temporary data folder. Its real path, without links, compares equal to what /proc shows. */
export async function makeFolder(): Promise<{ dir: string } & AsyncDisposable> {
  const dir = await realpath(await mkdtemp(path.join(tmpdir(), 'marina-e2e-')))
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }) }
}

/** Runs a command of Marina to its end. */
export function runMarina(
  args: string[],
  { env = {}, cwd = tmpdir() }: { env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Promise<Ended> {
  return end([process.execPath, main, ...args], { env, cwd })
}

/** Runs a program to its end, whatever its exit code. */
export async function end(
  command: string[],
  { env = {}, cwd = tmpdir() }: { env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Promise<Ended> {
  const [file = '', ...args] = command
  const child = spawn(file, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: cleanEnvironment(env) })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const output = collect(child)
  const exit = await output.exited.finally(() => process.removeListener('exit', kill))
  return { ...exit, stdout: output.stdout(), stderr: output.stderr() }
}

/** Runs a program to its end and returns its stdout. Throws when the exit code is not 0. */
export async function run(command: string[], options: { env?: NodeJS.ProcessEnv; cwd?: string } = {}): Promise<string> {
  const { code, signal, stdout, stderr } = await end(command, options)
  if (code !== 0)
    throw new Error(`${command.join(' ')} ended with ${signal ?? code}\n${stdout.slice(-2000)}${stderr.slice(-4000)}`)
  return stdout
}

/** The environment of a terminal: without the variables of npm, the test runner and this folder's packages. */
export function cleanEnvironment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|MARINA_|NODE_|INIT_CWD$)/.test(name) || /^npm_config_(registry|cache)$/.test(name),
  )
  const folders = (process.env.PATH ?? '')
    .split(':')
    .filter((folder) => !folder.endsWith('node_modules/.bin') && !folder.includes('node-gyp-bin'))
  return { ...Object.fromEntries(kept), PATH: [...folders, '/usr/sbin', '/sbin'].join(':'), ...more }
}

/** All processes whose working directory is in this folder. */
export function processesIn(dir: string): { pid: number; name: string }[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0)
    .flatMap((pid) => {
      try {
        const cwd = readlinkSync(`/proc/${pid}/cwd`)
        return cwd === dir || cwd.startsWith(`${dir}/`)
          ? [{ pid, name: readFileSync(`/proc/${pid}/comm`, 'utf8').trim() }]
          : []
      } catch {
        return []
      }
    })
}

/** A process and all its descendants. */
export function family(pid: number): number[] {
  const parents = readdirSync('/proc')
    .map(Number)
    .filter((one) => one > 0)
    .map((one) => [one, parentOf(one)] as const)
  const below = (one: number): number[] => [
    one,
    ...parents.filter(([, parent]) => parent === one).flatMap(([child]) => below(child)),
  ]
  return below(pid).filter((one) => !isPostgres(one))
}

export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function collect(child: ChildProcess) {
  let [out, err] = ['', '']
  child.stdout!.on('data', (data: Buffer) => (out += String(data)))
  child.stderr!.on('data', (data: Buffer) => (err += String(data)))
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject)
    // An orphaned PostgreSQL may keep the pipes open, and then `close` never comes.
    child.once(
      'exit',
      (code, signal) =>
        void Promise.race([new Promise((closed) => child.once('close', closed)), sleep(500)]).then(() =>
          resolve({ code, signal }),
        ),
    )
  })
  let isOver = false
  exited.then(
    () => (isOver = true),
    () => (isOver = true),
  )
  const said = async (what: RegExp) => {
    const limit = performance.now() + readyLimitMs
    while (!what.test(out)) {
      if (isOver) throw new Error(`ended before it printed ${what}: ${JSON.stringify(await exited)}\n${out}${err}`)
      if (performance.now() > limit)
        throw new Error(`did not print ${what} within ${readyLimitMs / 1000} s\n${out}${err}`)
      await sleep(5)
    }
  }
  return { stdout: () => out, stderr: () => err, exited, said }
}

/**
 * Ends a process, its descendants, and the PostgreSQL in its data folder; also at our own exit, when a test is aborted.
 */
function closer(child: ChildProcess, dataDir: string): () => Promise<void> {
  const killAll = () => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined)
      for (const pid of family(child.pid)) send(pid, 'SIGKILL')
    for (const { pid } of processesIn(dataDir)) if (pid !== process.pid) send(pid, 'SIGKILL')
  }
  process.once('exit', killAll)
  return async () => {
    process.removeListener('exit', killAll)
    killAll()
    const limit = performance.now() + 60_000
    while (processesIn(dataDir).length > 0 && performance.now() < limit) await sleep(10)
  }
}

function readRequests(log: string): LoggedRequest[] {
  const lines = log.split('\n').filter((line) => line.includes('"msg":"request"'))
  return lines
    .map((line) => JSON.parse(line) as LoggedRequest)
    .map((one) => ({ method: one.method, path: one.path, status: one.status }))
}

function parentOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[1])
  } catch {
    return 0
  }
}

function isPostgres(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'postgres'
  } catch {
    return false
  }
}
