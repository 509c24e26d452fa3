import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Ends a PostgreSQL that outlived the Marina which started it (kill -9 of Node leaves it running), and removes its pid
 * file. PostgreSQL itself believes a stale pid file when another process has the pid by now; this looks at the process.
 */
export async function endLeftover(cluster: string, log: (line: string) => void): Promise<void> {
  const pids = await listPostgresOf(cluster)
  if (pids.length > 0) log(`ending the PostgreSQL that an earlier run left behind (${pids.join(', ')})`)
  const isGone = await endPostgres(pids, await readPid(cluster), cluster)
  if (!isGone)
    throw new Error(`the PostgreSQL left behind in ${cluster} does not end: end process ${pids[0]} and start again`)
  await rm(path.join(cluster, 'postmaster.pid'), { force: true })
}

/**
 * True when the socket answers, but no visible process serves this cluster: its PostgreSQL runs in another container.
 */
export async function servedElsewhere(cluster: string, socket: string): Promise<boolean> {
  return (await answers(socket)) && (await listPostgresOf(cluster)).length === 0
}

/** Asks for a fast shutdown, and after 20 s for the immediate one, after which the next start recovers from the log. */
async function endPostgres(pids: number[], postmaster: number | undefined, cluster: string): Promise<boolean> {
  for (const pid of pids) if (pid === postmaster) send(pid, 'SIGINT')
  if (await untilNone(cluster, postmaster === undefined ? 2_000 : 20_000)) return true
  for (const pid of await listPostgresOf(cluster)) send(pid, 'SIGQUIT')
  return untilNone(cluster, 5_000)
}

async function untilNone(cluster: string, ms: number): Promise<boolean> {
  const end = performance.now() + ms
  while ((await listPostgresOf(cluster)).length > 0) {
    if (performance.now() > end) return false
    await sleep(10)
  }
  return true
}

/** All processes of PostgreSQL that work in this folder: the postmaster and its children. */
async function listPostgresOf(cluster: string): Promise<number[]> {
  if (process.platform === 'linux') return listProcesses().filter((pid) => worksIn(pid, cluster))
  const pid = await readPid(cluster)
  return pid !== undefined && commandLine(pid).includes(cluster) ? [pid] : []
}

function listProcesses(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid)
}

/** Compares inodes, as the path may differ in the process's namespace; or its arguments, where /proc denies that. */
function worksIn(pid: number, cluster: string): boolean {
  if (readQuietly(`/proc/${pid}/comm`).trim() !== 'postgres') return false
  const folder = statSync(cluster, { throwIfNoEntry: false })
  try {
    const cwd = statSync(`/proc/${pid}/cwd`)
    return cwd.ino === folder?.ino && cwd.dev === folder.dev
  } catch {
    return readQuietly(`/proc/${pid}/cmdline`).split('\0').includes(cluster)
  }
}

function commandLine(pid: number): string {
  try {
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  } catch {
    return ''
  }
}

async function readPid(cluster: string): Promise<number | undefined> {
  const pid = Number.parseInt(await readFile(path.join(cluster, 'postmaster.pid'), 'utf8').catch(() => ''))
  return pid > 0 ? pid : undefined
}

function readQuietly(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socket)
    probe.once('connect', () => resolve(true)).once('error', () => resolve(false))
    probe.once('connect', () => probe.destroy())
  })
}
