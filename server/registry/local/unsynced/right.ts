import { hash } from 'node:crypto'
import { algorithmOf, hexOf, type Digest } from '../../../../oci/digest.ts'
import { blobPath } from '../../../catalog/blob.ts'
import type { Blobs, Looked } from '../../../platform/blobs/blobs.ts'
import type { BlobStat } from '../../registry.ts'

/** The largest blob, in bytes, whose file may be unsynced: the most that the setting allows. */
export const mostUnsyncedBytes = 2 ** 20

export function isRight(digest: Digest, bytes: Buffer): boolean {
  return hash(algorithmOf(digest), bytes) === hexOf(digest)
}

/** The question to storage whether the file of a blob is there and right. */
export function lookFor({ digest, size }: BlobStat): Looked {
  return { key: blobPath(digest), size, isRight: (bytes) => isRight(digest, bytes) }
}

/**
 * True when the bytes of a blob are in storage, and durable. A small file that is there may be one that another push
 * has not synced, and a power cut has shortened or garbled: only its digest tells.
 */
export async function areStored(blobs: Blobs, blob: BlobStat): Promise<boolean> {
  if ((await blobs.find(blobPath(blob.digest)))?.size !== blob.size) return false
  if (!blobs.unsynced || blob.size > mostUnsyncedBytes) return true
  const [result] = await blobs.unsynced.sync([lookFor(blob)])
  if (result instanceof Error) throw result
  return result === 'right'
}

/** Reads the bytes of a small blob whole. Rejects with BlobMissing. */
export async function readWhole(blobs: Blobs, digest: Digest): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of (await blobs.read(blobPath(digest))) as AsyncIterable<Buffer>) chunks.push(chunk)
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
}
