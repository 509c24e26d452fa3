import type { Bytes } from '../../../platform/blobs/blobs.ts'
import { openBacklog } from './backlog.ts'
import { openLaterFiles, type LaterFiles, type LaterGround } from './later.ts'

/** `largestBytes`: the largest blob whose bytes travel with its row; 0 for none. `backlogBytes`: see openBacklog. */
export type UnsyncedLimits = { largestBytes: number; backlogBytes: number }

export type Placing = {
  largestBytes: number
  /** True when the row of a new blob takes its bytes, and its file may be written later (`files`). */
  takes(bytes: number): boolean
  files: LaterFiles
}

/** Undefined where the storage has no such way, or the setting is off. */
export function openPlacing(ground: LaterGround, { largestBytes, backlogBytes }: UnsyncedLimits): Placing | undefined {
  if (!ground.blobs.unsynced || largestBytes === 0) return undefined
  const backlog = openBacklog(ground.db, backlogBytes)
  const files = openLaterFiles(ground)
  return { largestBytes, takes: (bytes) => files.takes(bytes) && backlog.take(bytes), files }
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
