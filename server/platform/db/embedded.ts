import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, chown, lstat, mkdir, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { childEnvironment, ensureCluster, findBinaries } from './embedded-cluster.ts'
import { endLeftover, servedElsewhere } from './embedded-leftover.ts'
import { checkReach, chooseUser, commandFor, handOver, type RunAs } from './embedded-user.ts'
import { isLockHeld, LockHeld, takePidLock } from './pid-lock.ts'

type EmbeddedPostgresOptions = {
  /** Marina's own folder, made when it is absent. Holds the cluster, its socket and the lock. */
  dir: string
  /** Gets every line that PostgreSQL logs. */
  log?: (line: string) => void
  /** Aborts the start. Once PostgreSQL is up, `stop` ends it. */
  signal?: AbortSignal
  /** Memory for pages of tables that all sessions share (shared_buffers), in bytes. */
  bufferBytes?: number
  /** Server settings beside or instead of Marina's. Only `fsync: 'off'` gives up durability. */
  settings?: Record<string, string>
}

type Exit = { isWanted: boolean; reason: string }

export interface EmbeddedPostgres {
  /** For `pg`: user and database `marina`, over the unix socket that only Marina's own user can reach. */
  readonly url: string
  readonly pid: number
  /** Resolves once PostgreSQL has ended, by `stop` or by itself. Never rejects. */
  readonly exited: Promise<Exit>
  /** Fast shutdown: sessions are cut, everything acknowledged is on disk. Idempotent. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const startLimitMs = 10 * 60_000
const fastStopMs = 20_000
const immediateStopMs = 5_000
const keptLines = 20

const defaultSettings: Record<string, string> = {
  fsync: 'on',
  // Enough for `marina serve` with eight processes, and `marina work` on two machines. Each takes memory at the start.
  max_connections: '150',
  // No transaction is serializable, so that none takes a predicate lock: the least there is, 2.5 MB less than usual.
  max_pred_locks_per_transaction: '10',
  // Its own processes to read ahead cost memory, and gain nothing for short queries.
  io_method: 'sync',
  // Then a session reads one thing at a time. PostgreSQL keeps memory for 48 of its own accord, 4 MB for all sessions.
  io_max_concurrency: '4',
  max_wal_size: '2GB',
  wal_compression: 'on',
  // Marina's queries are short: compiling one costs more than running it.
  jit: 'off',
  max_logical_replication_workers: '0',
  log_checkpoints: 'off',
  log_line_prefix: '',
  timezone: 'UTC',
  log_timezone: 'UTC',
}

/** Starts the PostgreSQL that comes with Marina in `dir`. The first call makes its cluster. */
export async function openEmbeddedPostgres({
  dir,
  log = () => {},
  signal,
  bufferBytes = 64 * 2 ** 20,
  settings: given,
}: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  signal?.throwIfAborted()
  const settings = { shared_buffers: `${Math.round(bufferBytes / 1024)}kB`, ...given }
  const [binaries, runAs] = await Promise.all([findBinaries(), chooseUser()])
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const home = await realpath(dir)
  await checkReach(binaries.postgres, runAs)
  await checkReach(home, runAs)
  const cluster = path.join(home, 'cluster')
  const sockets = socketFolder(home)
  if (await servedElsewhere(cluster, path.join(sockets, socketName))) {
    throw new Error(`a PostgreSQL in another container serves ${home}: only one Marina may use it at a time`)
  }
  const unlock = await lock(home)
  try {
    await endLeftover(cluster, log)
    await handOver(home, runAs)
    await ensureCluster(cluster, binaries, runAs, given?.['fsync'] !== 'off')
    signal?.throwIfAborted()
    await makeSocketFolder(sockets, runAs)
    const server = startServer(commandFor(runAs, binaries.postgres, serverArgs(cluster, sockets, settings)), log)
    const exited = leaveAfter(server.exited, sockets, unlock)
    await untilReady(server, path.join(cluster, 'postmaster.pid'), signal)
    const stop = async () => {
      await server.stop()
      await exited
    }
    return { url: urlFor(sockets), pid: server.pid, exited, stop, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await unlock()
    throw error
  }
}

async function leaveAfter(exited: Promise<Exit>, sockets: string, unlock: () => Promise<void>): Promise<Exit> {
  const exit = await exited
  await rm(sockets, { recursive: true, force: true })
  await unlock()
  return exit
}

type Server = { pid: number; exited: Promise<Exit>; hasExited: () => boolean; stop: () => Promise<void> }

/**
 * Starts it in a session of its own: Ctrl-C in a terminal reaches only Marina, which drains first and ends PostgreSQL
 * last.
 */
function startServer({ file, args, ids }: ReturnType<typeof commandFor>, log: (line: string) => void): Server {
  const child = spawn(file, args, {
    ...ids,
    cwd: '/',
    env: childEnvironment(),
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const last = keepLastLines(child.stderr, log)
  let isWanted = false
  let hasExited = false
  const endWithUs = () => child.kill('SIGINT')
  process.once('exit', endWithUs)
  const exited = new Promise<Exit>((resolve) => {
    const settle = (how: string) => {
      hasExited = true
      process.removeListener('exit', endWithUs)
      resolve({ isWanted, reason: [`PostgreSQL ${how}`, ...(isWanted ? [] : last)].join('\n  ') })
    }
    child.once('error', (error) => settle(`could not be started: ${error.message}`))
    child.once(
      'exit',
      (code, by) =>
        void settled(child).then(() => settle(by === null ? `ended with exit code ${code}` : `was ended by ${by}`)),
    )
  })
  const stop = async () => {
    isWanted = true
    for (const [by, ms] of [
      ['SIGINT', fastStopMs],
      ['SIGQUIT', immediateStopMs],
      ['SIGKILL', immediateStopMs],
    ] as const) {
      if (hasExited) return
      child.kill(by)
      await Promise.race([exited, sleep(ms, undefined, { ref: false })])
    }
  }
  return { pid: child.pid ?? 0, exited, hasExited: () => hasExited, stop }
}

/** Waits until the child's output is read to the end, unless a process that it forked still holds the pipe. */
async function settled(child: ChildProcessByStdio<null, null, Readable>): Promise<void> {
  if (child.stderr.closed) return
  await Promise.race([new Promise((resolve) => child.once('close', resolve)), sleep(200)])
}

function keepLastLines(stream: Readable, log: (line: string) => void): string[] {
  const last: string[] = []
  createInterface(stream).on('line', (line) => {
    last.push(line)
    if (last.length > keptLines) last.shift()
    log(line)
  })
  return last
}

/** Waits for the status in the eighth line of the pid file (PostgreSQL's miscadmin.h, LOCK_FILE_LINE_PM_STATUS). */
async function untilReady(server: Server, pidFile: string, signal: AbortSignal | undefined): Promise<void> {
  const end = performance.now() + startLimitMs
  for (;;) {
    const lines = (await readFile(pidFile, 'utf8').catch(() => '')).split('\n')
    if (lines[0] === String(server.pid) && lines[7]?.trim() === 'ready') return
    if (server.hasExited()) throw new Error((await server.exited).reason)
    if (signal?.aborted === true || performance.now() > end) {
      await server.stop()
      throw signal?.reason ?? new Error(`PostgreSQL was not ready after ${startLimitMs / 60_000} minutes`)
    }
    await sleep(5)
  }
}

function serverArgs(cluster: string, sockets: string, settings: Record<string, string>): string[] {
  const all = {
    ...defaultSettings,
    ...settings,
    listen_addresses: '',
    unix_socket_directories: `"${sockets.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
  }
  return ['-D', cluster, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
}

const socketName = '.s.PGSQL.5432'

/**
 * sun_path holds 107 bytes on Linux and 103 elsewhere (unix(7)): a folder with a longer path gets its socket in the
 * temporary folder.
 */
function socketFolder(home: string): string {
  const hash = createHash('sha256').update(home).digest('hex').slice(0, 16)
  const candidates = [path.join(home, 'run'), path.join(tmpdir(), `marina-${hash}`), `/tmp/marina-${hash}`]
  return candidates.find((folder) => Buffer.byteLength(path.join(folder, socketName)) <= 100) ?? `/tmp/marina-${hash}`
}

/**
 * A user that can enter the folder is the database's superuser. In the temporary folder another user may have made a
 * folder of this name before, which is refused.
 */
async function makeSocketFolder(folder: string, runAs: RunAs): Promise<void> {
  const ours = [process.getuid?.(), runAs.kind === 'user' ? runAs.user.uid : undefined]
  const found = await lstat(folder).catch(() => undefined)
  if (found !== undefined && (!found.isDirectory() || !ours.includes(found.uid))) {
    throw new Error(`${folder} belongs to another user, or is not a folder: remove it and start again`)
  }
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { mode: 0o700 })
  await chmod(folder, 0o700)
  if (runAs.kind === 'user') await chown(folder, runAs.user.uid, runAs.user.gid)
}

async function lock(home: string): Promise<() => Promise<void>> {
  try {
    return await takePidLock(path.join(home, 'lock'))
  } catch (error) {
    if (!(error instanceof LockHeld)) throw error
    throw new Error(`process ${error.pid} uses ${home}: only one Marina may use it at a time`, { cause: error })
  }
}

/**
 * The URL of the PostgreSQL that a running Marina started in `dir`, for a command beside it; undefined when none runs.
 */
export async function findRunningPostgres(dir: string): Promise<string | undefined> {
  const home = await realpath(dir).catch(() => undefined)
  if (home === undefined || !(await isLockHeld(path.join(home, 'lock')))) return undefined
  return urlFor(socketFolder(home))
}

/** For pg as for libpq the `host` parameter counts; `localhost` only makes it a URL that `new URL` can read. */
function urlFor(sockets: string): string {
  return `postgresql://marina@localhost/marina?host=${encodeURIComponent(sockets)}`
}
