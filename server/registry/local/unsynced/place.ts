import type { Digest } from '../../../../oci/digest.ts'
import { blobPath } from '../../../catalog/blob.ts'
import type { Blobs, Bytes } from '../../../platform/blobs/blobs.ts'
import type { Queryable } from '../../../platform/db/db.ts'
import { openBacklog } from './backlog.ts'

/** `largestBytes`: the largest blob whose bytes travel with its row; 0 for none. `backlogBytes`: see openBacklog. */
export type UnsyncedLimits = { largestBytes: number; backlogBytes: number }

export type Placing = {
  largestBytes: number
  /** Stores the bytes of a new blob without waiting for the disk; false, and nothing is stored, when it has to wait. */
  place(digest: Digest, bytes: Buffer): Promise<boolean>
}

/** Undefined where the storage has no such way, or the setting is off. */
export function openPlacing(
  { db, blobs }: { db: Queryable; blobs: Blobs },
  { largestBytes, backlogBytes }: UnsyncedLimits,
): Placing | undefined {
  const { unsynced } = blobs
  if (!unsynced || largestBytes === 0) return undefined
  const backlog = openBacklog(db, backlogBytes)
  return {
    largestBytes,
    place: async (digest, bytes) => backlog.take(bytes.length) && unsynced.place(blobPath(digest), bytes),
  }
}

/** A source of which some bytes were taken already. `end` gives it up, which its owner waits for. */
type Gathering = Bytes & { end(): Promise<unknown> }

/** All bytes of a source, when there are at most `limit`; otherwise the source, from its first byte on. */
export async function gather(source: Bytes, limit: number): Promise<Buffer | Gathering> {
  const iterator = source[Symbol.asyncIterator]()
  const chunks: Uint8Array[] = []
  let size = 0
  while (size <= limit) {
    const next = await iterator.next()
    if (next.done) return Buffer.concat(chunks, size)
    chunks.push(next.value)
    size += next.value.length
  }
  const rest: AsyncIterator<Uint8Array> = {
    next: async () => (chunks.length > 0 ? { value: chunks.shift()! } : iterator.next()),
    return: async () => iterator.return?.() ?? { done: true, value: undefined },
  }
  return { [Symbol.asyncIterator]: () => rest, end: async () => rest.return?.() }
}
