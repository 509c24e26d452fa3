import { mkdir, open, rename, rmdir, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf, isAbsent } from './failures.ts'

/** Directories this process has made whose own entry is not yet known to be on the disk. */
export type FreshDirs = Map<string, Promise<void>>

/**
 * Moves a synced file to its place, durably. A folder is made only when the move finds none (most of the time it is
 * there), and again when a remover swept it away as empty in between.
 */
export async function placeFile(from: string, to: string, root: string, fresh: FreshDirs): Promise<void> {
  const dir = dirname(to)
  for (let attempt = 1; ; attempt++) {
    try {
      await rename(from, to)
      break
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || attempt === 20) throw error
      await makeDir(dir, root, fresh)
    }
  }
  await Promise.all([syncNearest(dir, root), ...settling(dir, root, fresh)])
}

/** Takes a file away, durably, and the folders above it that are empty now. False when there was none. */
export async function takeAway(path: string, root: string): Promise<boolean> {
  try {
    await unlink(path)
  } catch (error) {
    if (isAbsent(error)) return false
    throw error
  }
  await syncNearest(await dropEmptyDirs(dirname(path), root), root)
  return true
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

/** A remover of a neighbour may take an empty folder away first: then the one above it holds the change to sync. */
async function syncNearest(dir: string, root: string): Promise<void> {
  try {
    await syncDir(dir)
  } catch (error) {
    if (!isAbsent(error) || dir === root) throw error
    await syncNearest(dirname(dir), root)
  }
}

/** Makes one folder and those above it that lack; who comes later waits in `fresh` for the sync of its entry. */
async function makeDir(dir: string, root: string, fresh: FreshDirs): Promise<void> {
  try {
    await mkdir(dir)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return
    if (codeOf(error) !== 'ENOENT' || dir === root) throw error
    return makeDir(dirname(dir), root, fresh)
  }
  const settled = syncNearest(dirname(dir), root).finally(() => {
    if (fresh.get(dir) === settled) fresh.delete(dir)
  })
  settled.catch(() => undefined)
  fresh.set(dir, settled)
}

/** The syncs still under way, of this or any other call, for the folders from `dir` up to the root. */
function settling(dir: string, root: string, fresh: FreshDirs): Promise<void>[] {
  if (fresh.size === 0) return []
  const found: Promise<void>[] = []
  for (let above = dir; above.length > root.length; above = dirname(above)) {
    const settled = fresh.get(above)
    if (settled) found.push(settled)
  }
  return found
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
