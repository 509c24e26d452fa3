import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

/** A redis-server of the test's own, on a free port, keeping nothing on disk. */
export type TestRedis = AsyncDisposable & {
  url: string
  port: number
  /** Runs a command by redis-cli, and returns its answer as text. */
  tell(...command: string[]): Promise<string>
  /** Ends it as a crash would. */
  kill(): Promise<void>
  /** Starts it again on the same port, empty. */
  start(): Promise<void>
  /** Stops it from answering, with its connections left open; then lets it go on. */
  freeze(): void
  thaw(): void
}

const run = promisify(execFile)

export async function openTestRedis(): Promise<TestRedis> {
  const dir = await mkdtemp(join(tmpdir(), 'marina-test-redis-'))
  const port = await freePort()
  let server: ChildProcess | undefined
  const tell = async (...command: string[]) =>
    (await run('redis-cli', ['-p', String(port), ...command], { maxBuffer: 64 * 2 ** 20 })).stdout.trim()
  const kill = async () => {
    const old = server
    server = undefined
    if (!old || old.exitCode !== null || old.signalCode !== null) return
    old.kill('SIGKILL')
    await once(old, 'exit')
  }
  const start = async () => {
    server = spawn(
      'redis-server',
      [
        '--port',
        String(port),
        '--bind',
        '127.0.0.1',
        '--save',
        '',
        '--appendonly',
        'no',
        '--dir',
        dir,
        '--enable-debug-command',
        'local',
      ],
      { stdio: 'ignore' },
    )
    for (let tries = 0; ; tries++) {
      if ((await tell('ping').catch(() => '')) === 'PONG') return
      if (tries === 200) throw new Error('redis-server did not start')
      await sleep(20)
    }
  }
  await start()
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    tell,
    kill,
    start,
    freeze: () => void server?.kill('SIGSTOP'),
    thaw: () => void server?.kill('SIGCONT'),
    async [Symbol.asyncDispose]() {
      await kill()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
