import { Readable } from 'node:stream'
import type { Digest } from '../../../../oci/digest.ts'
import { blobPath, noteOrphans } from '../../../catalog/blob.ts'
import type { Blobs } from '../../../platform/blobs/blobs.ts'
import type { Queryable } from '../../../platform/db/db.ts'
import { lookFor } from './right.ts'

/** How long files gather before they are written, in ms. */
const pauseMs = 20
/** How many files one round writes. */
const batch = 256
/** The most bytes that wait in memory for their files. */
const mostBytes = 8 * 2 ** 20
/** How long pushes write their files themselves after a file could not be written, in ms. */
const troubleMs = 5000

/** Small blobs that are recorded with their bytes, and whose files are still to be written. */
export type LaterFiles = {
  /** False while bytes had better be stored before they are recorded: too many wait, or the disk refuses files. */
  takes(bytes: number): boolean
  /** To be called once the blob is recorded with its bytes: its file is written soon, without a sync. */
  follow(digest: Digest, bytes: Buffer): void
  /** The bytes of a blob whose file is not written yet. */
  find(digest: Digest): Buffer | undefined
  /** Resolves when no file is to be written any more. */
  settle(): Promise<void>
}

/** `onTrouble` hears why files could not be written. */
export type LaterGround = { db: Queryable; blobs: Blobs; onTrouble?: ((error: unknown) => void) | undefined }

/**
 * Writes the files of small blobs after the answers to their pushes, many together. Until then, and after a crash, the
 * row has the bytes. What cannot be written here is written by a round of flush.ts.
 */
export function openLaterFiles({ db, blobs, onTrouble }: LaterGround): LaterFiles {
  const waiting = new Map<Digest, Buffer>()
  let waitingBytes = 0
  let troubledUntil = -Infinity
  let running: Promise<void> | undefined

  return {
    takes: (bytes) => waitingBytes + bytes <= mostBytes && performance.now() > troubledUntil,
    follow(digest, bytes) {
      if (waiting.has(digest)) return
      waiting.set(digest, bytes)
      waitingBytes += bytes.length
      running ??= run()
    },
    find: (digest) => waiting.get(digest),
    async settle() {
      await running
    },
  }

  async function run(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
    while (waiting.size > 0) await writeSome([...waiting.entries().take(batch)])
    running = undefined
  }

  async function writeSome(some: [Digest, Buffer][]): Promise<void> {
    try {
      const files = some.map(([digest, bytes]) => ({ key: blobPath(digest), bytes }))
      const results = await blobs.unsynced!.placeAll(files)
      for (const [index, [digest, bytes]] of some.entries())
        if (results[index] !== true) await replaceIfWrong(blobs, digest, bytes)
      // A collection may have removed one of these blobs since it was recorded.
      await noteOrphans(
        db,
        some.map(([digest]) => digest),
      )
    } catch (error) {
      onTrouble?.(error)
      // The next push writes its file itself, and tells its client what is wrong.
      troubledUntil = performance.now() + troubleMs
    }
    for (const [digest, bytes] of some) {
      waiting.delete(digest)
      waitingBytes -= bytes.length
    }
  }
}

/** A file that is there already may be damaged: these bytes are right, and then take its place. */
async function replaceIfWrong(blobs: Blobs, digest: Digest, bytes: Buffer): Promise<void> {
  const [result] = await blobs.unsynced!.look([lookFor({ digest, size: bytes.length })])
  if (result !== 'right') await blobs.write(blobPath(digest), Readable.from([bytes]))
}
