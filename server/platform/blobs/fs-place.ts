import { mkdir, open, rename, rmdir, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf, isAbsent } from './failures.ts'

/** Puts and removes files below one root, atomically; on return the change is durable. */
export type Places = {
  /**
   * Moves a synced file to its place, in a folder that is usually new: every blob has its own. The folder is made again
   * when a removal of a neighbour deleted it as empty meanwhile.
   */
  put(from: string, to: string): Promise<void>
  /** Removes a file, and the folders above it that are empty then. False when there was none. */
  takeAway(path: string): Promise<boolean>
}

export function openPlaces(root: string): Places {
  /** New folders whose own entry is not yet known to be on the disk, with the sync of it. */
  const fresh = new Map<string, Promise<void>>()
  const sync = sharingSyncs()

  return {
    async put(from, to) {
      const dir = dirname(to)
      for (let attempt = 1; ; attempt++) {
        await makeDir(dir)
        try {
          await rename(from, to)
          break
        } catch (error) {
          if (codeOf(error) !== 'ENOENT' || attempt === 20) throw error
        }
      }
      await Promise.all([syncNearest(dir), ...settling(dir)])
    },

    async takeAway(path) {
      try {
        await unlink(path)
      } catch (error) {
        if (isAbsent(error)) return false
        throw error
      }
      await syncNearest(await dropEmptyDirs(dirname(path), root))
      return true
    },
  }

  /** Syncs a folder or, if the removal of a neighbour deleted it as empty, the one above, which has the change then. */
  async function syncNearest(dir: string): Promise<void> {
    try {
      await sync(dir)
    } catch (error) {
      if (!isAbsent(error) || dir === root) throw error
      await syncNearest(dirname(dir))
    }
  }

  /** Makes one folder and missing ones above it; later callers wait in `fresh` for the sync of its entry. */
  async function makeDir(dir: string): Promise<void> {
    try {
      await mkdir(dir)
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return
      if (codeOf(error) !== 'ENOENT' || dir === root) throw error
      return makeDir(dirname(dir))
    }
    const settled = syncNearest(dirname(dir)).finally(() => {
      if (fresh.get(dir) === settled) fresh.delete(dir)
    })
    settled.catch(() => undefined)
    fresh.set(dir, settled)
  }

  /** The syncs still under way, of this or any other call, for the folders from `dir` up to the root. */
  function settling(dir: string): Promise<void>[] {
    if (fresh.size === 0) return []
    const found: Promise<void>[] = []
    for (let above = dir; above.length > root.length; above = dirname(above)) {
      const settled = fresh.get(above)
      if (settled) found.push(settled)
    }
    return found
  }
}

/** Syncs a folder: only then its entries are on the disk. */
export async function syncDir(dir: string): Promise<void> {
  const handle = await open(dir, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Shares syncs of a folder: callers that ask while one runs wait for the next, which begins after they asked and is for
 * all of them. A collection removes many files of one folder: one sync is enough for ten of them, and pushes can use
 * the disk.
 */
function sharingSyncs(): (dir: string) => Promise<void> {
  const running = new Map<string, { now: Promise<void>; next?: Promise<void> }>()

  const begin = (dir: string): Promise<void> => {
    const line: { now: Promise<void>; next?: Promise<void> } = { now: syncDir(dir) }
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
