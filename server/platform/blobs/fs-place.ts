import { link, mkdir, open, rename, rmdir, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { openLru } from '../lru.ts'
import { codeOf, isAbsent, linkRefusals } from './failures.ts'
import { inTurns } from './in-turns.ts'

/** Syncs at once while places are settled: others need libuv's 4 threads, too. */
const settledAtOnce = 2

/** Puts and removes files below one root, atomically; on return the change is durable unless said otherwise. */
export type Places = {
  /**
   * Moves a synced file to its place, in a folder that is usually new: every blob has its own. The folder is made again
   * when a removal of a neighbour deleted it as empty meanwhile.
   */
  put(from: string, to: string): Promise<void>
  /**
   * Gives a file its place as a second name (hard link), without any sync. False, and nothing is changed, when the
   * place is taken or the file system has no hard links.
   */
  place(from: string, to: string): Promise<boolean>
  /** Makes the places of these files durable. Each folder is synced once. */
  settle(paths: string[]): Promise<void>
  /** Removes a file, and the folders above it that are empty then. False when there was none. */
  takeAway(path: string): Promise<boolean>
}

export function openPlaces(root: string): Places {
  /**
   * Folders whose own entry, and those of all above, this process knows to be on the disk. Only their identity tells
   * them from folders that another process has made since in their place, and not yet synced.
   */
  const durable = openLru<string, string>(10_000)
  const sync = sharingSyncs()

  return {
    async put(from, to) {
      const dir = dirname(to)
      await within(dir, () => rename(from, to))
      await Promise.all([syncOrAbove(dir), dir === root ? undefined : settleDir(dirname(dir))])
    },

    async place(from, to) {
      try {
        await within(dirname(to), () => link(from, to))
        return true
      } catch (error) {
        if (linkRefusals.has(codeOf(error) ?? '')) return false
        throw error
      }
    },

    async settle(paths) {
      const dirs = new Set(paths.map((path) => dirname(path)))
      const above = new Set([...dirs].flatMap((dir) => (dir === root ? [] : dirname(dir))))
      await inTurns([...dirs], settledAtOnce, syncOrAbove)
      await inTurns([...above], settledAtOnce, settleDir)
    },

    async takeAway(path) {
      try {
        await unlink(path)
      } catch (error) {
        if (isAbsent(error)) return false
        throw error
      }
      await syncOrAbove(await dropEmptyDirs(dirname(path), root))
      return true
    },
  }

  /** Changes something in a folder, which is made before, and again when a removal deletes it as empty meanwhile. */
  async function within(dir: string, change: () => Promise<void>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      await makeDir(dir)
      try {
        return await change()
      } catch (error) {
        if (codeOf(error) !== 'ENOENT' || attempt === 20) throw error
      }
    }
  }

  /** Syncs a folder or, if the removal of a neighbour deleted it as empty, the one above, which has the change then. */
  async function syncOrAbove(dir: string): Promise<void> {
    try {
      await sync(dir)
    } catch (error) {
      if (!isAbsent(error) || dir === root) throw error
      await syncOrAbove(dirname(dir))
    }
  }

  /** Syncs a folder, and those above it up to one whose own entry is known to be on the disk. */
  async function settleDir(dir: string): Promise<void> {
    const identity = await sync(dir).catch((error: unknown) => {
      if (!isAbsent(error) || dir === root) throw error
      return undefined
    })
    if (dir === root || (identity !== undefined && durable.get(dir) === identity)) return
    await settleDir(dirname(dir))
    if (identity !== undefined) durable.set(dir, identity)
  }

  /** Makes one folder and missing ones above it. */
  async function makeDir(dir: string): Promise<void> {
    try {
      await mkdir(dir)
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return
      if (codeOf(error) !== 'ENOENT' || dir === root) throw error
      return makeDir(dirname(dir))
    }
  }
}

/** Syncs a folder: only then its entries are on the disk. Returns what tells it from any other folder of this path. */
export async function syncDir(dir: string): Promise<string> {
  const handle = await open(dir, 'r')
  try {
    const { dev, ino, birthtimeNs } = await handle.stat({ bigint: true })
    await handle.sync()
    return `${dev}-${ino}-${birthtimeNs}`
  } finally {
    await handle.close()
  }
}

/**
 * Shares syncs of a folder: callers that ask while one runs wait for the next, which begins after they asked and is for
 * all of them. A collection removes many files of one folder: one sync is enough for ten of them, and pushes can use
 * the disk.
 */
function sharingSyncs(): (dir: string) => Promise<string> {
  const running = new Map<string, { now: Promise<string>; next?: Promise<string> }>()

  const begin = (dir: string): Promise<string> => {
    const line: { now: Promise<string>; next?: Promise<string> } = { now: syncDir(dir) }
    running.set(dir, line)
    const end = () => void (line.next === undefined && running.delete(dir))
    line.now.then(end, end)
    return line.now
  }

  return (dir) => {
    const line = running.get(dir)
    if (!line) return begin(dir)
    const start = () => begin(dir)
    return (line.next ??= line.now.then(start, start))
  }
}

/** Removes empty folders from `dir` upwards, but not the root; returns the lowest one that stays. */
async function dropEmptyDirs(dir: string, root: string): Promise<string> {
  while (dir !== root) {
    try {
      await rmdir(dir)
    } catch (error) {
      if (!isAbsent(error)) break
    }
    dir = dirname(dir)
  }
  return dir
}
