import { mkdir, open, rename, rmdir, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf, isAbsent } from './failures.ts'

/** Files below one root that come and go as a whole, and are on the disk, or gone from it, when that is said. */
export type Places = {
  /**
   * Moves a synced file to its place. A folder is made only when the move finds none (most of the time it is there), and again
   * when a remover swept it away as empty in between.
   */
  put(from: string, to: string): Promise<void>
  /** Takes a file away, and the folders above it that are empty now. False when there was none. */
  takeAway(path: string): Promise<boolean>
}

export function openPlaces(root: string): Places {
  /** Folders made here whose own entry is not yet known to be on the disk. */
  const fresh = new Map<string, Promise<void>>()
  const sync = sharingSyncs()

  return {
    async put(from, to) {
      const dir = dirname(to)
      for (let attempt = 1; ; attempt++) {
        try {
          await rename(from, to)
          break
        } catch (error) {
          if (codeOf(error) !== 'ENOENT' || attempt === 20) throw error
          await makeDir(dir)
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

  /** A remover of a neighbour may take an empty folder away first: then the one above it holds the change to sync. */
  async function syncNearest(dir: string): Promise<void> {
    try {
      await sync(dir)
    } catch (error) {
      if (!isAbsent(error) || dir === root) throw error
      await syncNearest(dirname(dir))
    }
  }

  /** Makes one folder and those above it that lack; who comes later waits in `fresh` for the sync of its entry. */
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

/** A directory's entries are on the disk only after a sync of the directory itself. */
export async function syncDir(dir: string): Promise<void> {
  const handle = await open(dir, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Who asks while a sync of the same folder runs waits for the next one, which begins after that and covers all who asked until
 * then. A collection removes neighbours: one sync of the disk does for ten of them, and pushes have the disk meanwhile.
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

/** Removes empty folders from `dir` upwards, at most to the root; returns the lowest one that stays. */
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
