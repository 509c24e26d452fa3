import { StorageUnavailable, type Blobs } from '../../platform/blobs/blobs.ts'

/** After this many failed files in a row the store counts as broken, even when its check succeeds. */
const mostInRow = 1000

/**
 * Called after each group of files with the number that were removed and the errors of the others. Throws
 * StorageUnavailable when the store as a whole fails.
 */
export type WatchStore = (went: number, failures: unknown[]) => Promise<void>

/**
 * Tells a file that the store refuses to remove, which is left to the next run, from a store that fails as a whole,
 * which ends this run.
 */
export function watchStore(blobs: Pick<Blobs, 'check'>): WatchStore {
  let inRow = 0
  return async (went, failures) => {
    inRow = went > 0 ? 0 : inRow + failures.length
    if (failures.length === 0) return
    await blobs.check()
    if (inRow >= mostInRow)
      throw new StorageUnavailable(
        `of ${inRow} files in a row none could be removed; the last one: ${(failures.at(-1) as Error).message}`,
      )
  }
}
