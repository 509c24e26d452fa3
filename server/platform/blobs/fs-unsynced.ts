import { open, unlink, writeFile, type FileHandle } from 'node:fs/promises'
import type { Looked, LookResult, Unsynced } from './blobs.ts'
import { diskFailure, isAbsent, onDisk } from './failures.ts'
import type { Places } from './fs-place.ts'
import { inTurns } from './in-turns.ts'
import type { PlaceThread } from './place-thread.ts'

type Given = {
  places: Places
  thread: PlaceThread
  pathOf(key: string): string
  /** The path of a new stage. */
  newStage(): string
  /** Throws when the store itself is gone. */
  stillMounted(): Promise<void>
}

/** Files that are looked at or synced at once: requests need libuv's 4 threads, too. */
const atOnce = 2

/** Fewer files are placed without the thread, which would first have to be started. */
const fewFiles = 8

/** Small files that become durable later, many together. */
export function openUnsynced(given: Given): Unsynced {
  const { places, thread, pathOf, newStage, stillMounted } = given
  const place: Unsynced['place'] = (key, bytes) => placeOne(given, key, bytes)
  return {
    place,

    async placeAll(files) {
      if (files.length < fewFiles)
        return inTurns(files, atOnce, ({ key, bytes }) => place(key, bytes).catch((error: unknown) => error as Error))
      const results = await thread.place(files.map(({ key, bytes }) => ({ from: newStage(), to: pathOf(key), bytes })))
      return results.map((one, index) =>
        typeof one === 'boolean' ? one : (diskFailure(`storing ${files[index]!.key}`, one) as Error),
      )
    },

    look: (keys) => inTurns(keys, atOnce, (one) => lookAt(one)),

    async sync(keys) {
      const results = await inTurns(keys, atOnce, (one) => lookAt(one, (file) => file.datasync()))
      const isRight = (_: Looked, index: number) => results[index] === 'right'
      try {
        await places.settle(keys.filter(isRight).map(({ key }) => pathOf(key)))
        return results
      } catch (error) {
        const failure = diskFailure('syncing folders', error) as Error
        return results.map((one) => (one === 'right' ? failure : one))
      }
    },
  }

  async function lookAt(
    { key, size, isRight }: Looked,
    then?: (file: FileHandle) => Promise<void>,
  ): Promise<LookResult> {
    let file: FileHandle | undefined
    try {
      file = await open(pathOf(key))
      if ((await file.stat()).size !== size || !isRight(await file.readFile())) return 'wrong'
      await then?.(file)
      return 'right'
    } catch (error) {
      if (!isAbsent(error)) return diskFailure(`looking at ${key}`, error) as Error
      await stillMounted()
      return 'wrong'
    } finally {
      await file?.close()
    }
  }
}

async function placeOne({ places, pathOf, newStage }: Given, key: string, bytes: Buffer): Promise<boolean> {
  const to = pathOf(key)
  const from = newStage()
  try {
    await onDisk(`storing ${key}`, writeFile(from, bytes, { flag: 'wx', mode: 0o644 }))
    return await onDisk(`storing ${key}`, places.place(from, to))
  } finally {
    await unlink(from).catch(() => undefined) // otherwise listStages reports it later
  }
}
