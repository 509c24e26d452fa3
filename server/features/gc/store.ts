import { StorageUnavailable, type Blobs } from '../../platform/blobs/blobs.ts'

/** Files that fail one after another, none going between them, before the store counts as broken although it says it is well. */
const mostInRow = 1000

/** Told after each group of files: how many went, and why the others did not. Throws StorageUnavailable when the store as a whole fails. */
export type WatchStore = (went: number, failures: unknown[]) => Promise<void>

/** Tells a file that storage does not let go, which is left to the next run, from a store that is gone, which ends this one. */
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
