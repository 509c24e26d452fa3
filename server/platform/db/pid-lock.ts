import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises'

/** Another live process holds the lock. */
export class LockHeld extends Error {
  override name = 'LockHeld'
  readonly pid: number
  constructor(file: string, pid: number) {
    super(`process ${pid} holds ${file}`)
    this.pid = pid
  }
}

type Holder = { pid: number; started: string; id: string }

/**
 * Takes the lock file for this process, or throws LockHeld. A lock whose process is gone is taken over. Returns the
 * function that releases it. Node has no flock(2), so the file names its holder: pid, boot and start time, as pids are
 * reused.
 */
export async function takePidLock(file: string): Promise<() => Promise<void>> {
  const mine: Holder = { pid: process.pid, started: startOf(process.pid) ?? '', id: randomUUID() }
  await take(file, mine)
  return async () => {
    if ((await readHolder(file))?.id === mine.id) await unlink(file).catch(ignoreMissing)
  }
}

/** True while a living process holds the lock. */
export async function isLockHeld(file: string): Promise<boolean> {
  const holder = await readHolder(file)
  return holder !== undefined && isAlive(holder)
}

async function take(file: string, mine: Holder): Promise<void> {
  for (;;) {
    if (await placeNew(file, mine)) return
    const holder = await readHolder(file)
    if (holder === undefined) continue
    if (isAlive(holder)) throw new LockHeld(file, holder.pid)
    if (await replaceStale(file, holder, mine)) return
  }
}

/**
 * Only the process that holds a lock on this very stale lock may replace it, so two processes cannot both take it over.
 */
async function replaceStale(file: string, stale: Holder, mine: Holder): Promise<boolean> {
  const claim = `${file}.${stale.id}`
  await take(claim, mine)
  try {
    if ((await readHolder(file))?.id !== stale.id) return false
    await rename(await writeBeside(file, mine), file)
    return true
  } finally {
    await unlink(claim)
  }
}

/** By link(2), which refuses an existing name, and whose file is complete when it appears. */
async function placeNew(file: string, mine: Holder): Promise<boolean> {
  const written = await writeBeside(file, mine)
  try {
    await link(written, file)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  } finally {
    await unlink(written)
  }
}

async function writeBeside(file: string, holder: Holder): Promise<string> {
  const written = `${file}.${randomUUID()}`
  await writeFile(written, JSON.stringify(holder), { flag: 'wx', mode: 0o600 })
  return written
}

async function readHolder(file: string): Promise<Holder | undefined> {
  try {
    return parseHolder(await readFile(file, 'utf8'))
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/** A file that is not whole (power cut, edited by hand) is a lock without a holder. */
function parseHolder(text: string): Holder {
  try {
    const { pid, started, id } = JSON.parse(text) as Partial<Holder>
    if (typeof pid === 'number' && typeof started === 'string' && /^[0-9a-f-]{36}$/.test(id ?? ''))
      return { pid, started, id: id ?? '' }
  } catch {}
  return { pid: 0, started: '', id: 'unreadable' }
}

function isAlive({ pid, started }: Holder): boolean {
  if (pid <= 0) return false
  if (process.platform === 'linux') return startOf(pid) === started
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return !hasCode(error, 'ESRCH')
  }
}

/** Boot and start time in clock ticks since then (proc(5), stat field 22); undefined when there is no such process. */
function startOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    const afterName = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    const isZombie = afterName[0] === 'Z'
    return isZombie ? undefined : `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${afterName[19]}`
  } catch {
    return undefined
  }
}

function ignoreMissing(error: unknown): void {
  if (!hasCode(error, 'ENOENT')) throw error
}

function hasCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code
}
