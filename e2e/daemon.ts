import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { cleanEnvironment, family, send } from './marina.ts'

type Daemon = AsyncDisposable & { log(): string }

type Start = {
  command: string[]
  /** The working folder: the test command looks for left-over processes by it. */
  dir: string
  /** What the daemon logs when it takes requests. */
  ready: RegExp
}

const limitMs = 100_000

/**
 * Starts dockerd or containerd in the foreground and waits until it is ready. Disposing ends it and its children. Both
 * mount file systems, which only root may do.
 */
export async function startDaemon({ command, dir, ready }: Start): Promise<Daemon> {
  const [file = '', ...args] = command
  if (process.getuid?.() !== 0)
    throw new Error(`${file} needs root, as it mounts file systems: run the tests of e2e/ as root, or with sudo`)
  const child = spawn(file, args, { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'], env: cleanEnvironment() })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (log += String(data)))
  let isOver = false
  const exited = new Promise<void>((resolve) => {
    child.once('error', (error) => resolve(void (log += error.message)))
    child.once('exit', () => resolve())
  }).then(() => (isOver = true))
  const kill = () => {
    if (!isOver && child.pid !== undefined) for (const pid of family(child.pid).toReversed()) send(pid, 'SIGKILL')
  }
  process.once('exit', kill)
  const stop = async () => {
    child.kill('SIGTERM')
    await Promise.race([exited, sleep(limitMs, undefined, { ref: false })])
    process.removeListener('exit', kill)
    kill()
    await exited
  }
  try {
    for (const limit = performance.now() + limitMs; !ready.test(log); await sleep(10))
      assert.ok(!isOver && performance.now() < limit, `${file} did not start\n${log.slice(-4000)}`)
  } catch (error) {
    await stop()
    throw error
  }
  return { log: () => log, [Symbol.asyncDispose]: stop }
}
