import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'

export type Program = { pid: number; port: number; stop(): Promise<void> }

/** A temporary folder and the processes of one scenario. Disposing ends and removes all of them. */
export type Scratch = {
  dir: string
  path(...names: string[]): string
  /** Starts a program and waits until `isReady` is true of its port. */
  start(
    command: string[],
    options: { port: number; env?: Record<string, string>; isReady?: (port: number) => Promise<boolean> },
  ): Promise<Program>
  [Symbol.asyncDispose](): Promise<void>
}

const startLimitMs = 60_000
const stopLimitMs = 40_000

export async function openScratch(): Promise<Scratch> {
  const dir = await mkdtemp(path.join(tmpdir(), 'marina-bench-'))
  // As root, PostgreSQL runs as another user, who has to enter this folder.
  await chmod(dir, 0o711)
  const running = new Set<ChildProcess>()
  const close = async () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, interrupted)
    await Promise.all([...running].map((child) => stop(child, running)))
    await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
  const interrupted = () => void close().finally(() => process.exit(130))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, interrupted)
  return {
    dir,
    path: (...names) => path.join(dir, ...names),
    async start([file = '', ...args], { port, env = {}, isReady = accepts }) {
      const child = spawn(file, args, {
        cwd: dir,
        env: { ...process.env, ...env },
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      running.add(child)
      const last = keepLastWords(child)
      child.once('exit', (code, signal) => {
        if (running.has(child))
          console.error(`${file} ${args.join(' ')} ended unexpectedly (${signal ?? code}):\n${last()}`)
      })
      const end = performance.now() + startLimitMs
      // A short interval, because the duration of a start is measured, too (scenarios/start.ts).
      while (!(await isReady(port))) {
        if (child.exitCode !== null || performance.now() > end)
          throw new Error(`${file} ${args[0] ?? ''} did not start:\n${last()}`)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      return { pid: child.pid!, port, stop: () => stop(child, running) }
    },
    [Symbol.asyncDispose]: close,
  }
}

async function stop(child: ChildProcess, running: Set<ChildProcess>): Promise<void> {
  running.delete(child)
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), stopLimitMs)
  await exited
  clearTimeout(late)
}

function keepLastWords(child: ChildProcess): () => string {
  let words = ''
  child.stderr!.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-2000)))
  return () => words
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function accepts(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/`).then(
    () => true,
    () => false,
  )
}

/** Runs a command to its end and returns its output. */
export async function output(file: string, args: string[], env: Record<string, string> = {}): Promise<string> {
  const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const said: Buffer[] = []
  let complaint = ''
  child.stdout.on('data', (chunk: Buffer) => said.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0)
    throw new Error(`${file} ended with ${code}: ${complaint.trim() || Buffer.concat(said).toString().slice(-500)}`)
  return Buffer.concat(said).toString()
}
