import { hash } from 'node:crypto'
import { Readable, type Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { LRUCache } from 'lru-cache'
import { algorithmOf, hexOf, type Digest } from '../../../oci/digest.ts'
import type { BlobStream, ByteRange, Look } from '../../platform/blobs/blobs.ts'
import { oneWriteBytes } from '../../platform/http/prepared.ts'

/** `bytes`: memory for all of them; `eachBytes`: the largest blob that is kept. 0 keeps none. */
export type SmallBlobLimits = { bytes: number; eachBytes: number }

type Kept = { version: string; bytes: Buffer }

type SmallBlobs = {
  /** The bytes of this very version. Another version is forgotten. */
  find(digest: Digest, version: string): Buffer | undefined
  takes(size: number): boolean
  /** Reads a stored blob whole and keeps it if its digest is right; undefined otherwise. */
  fill(digest: Digest, version: string, stored: BlobStream): Promise<Buffer | undefined>
  forget(digest: Digest): void
}

/** About what an entry costs beside its bytes: key, version, bookkeeping, and the head of its answers. */
const entryOverhead = 1500

/** A short blob stands in the text of its answers, too. */
const costOf = (size: number) => size + entryOverhead + (size <= oneWriteBytes ? size : 0)

/**
 * Small blobs, such as the configs of images, in memory. Whether a repository holds the blob, and whether the store
 * still has this version of it, is asked at each request as without it: only opening and reading the file is spared.
 */
export function openSmallBlobs({ bytes: limit, eachBytes }: SmallBlobLimits): SmallBlobs {
  const sizeCalculation = ({ bytes }: Kept) => costOf(bytes.length)
  const kept = new LRUCache<Digest, Kept>({ maxSize: Math.max(1, limit), sizeCalculation })
  return {
    find(digest, version) {
      const found = kept.get(digest)
      if (!found || found.version === version) return found?.bytes
      kept.delete(digest)
      return undefined
    },
    takes: (size) => size <= eachBytes && costOf(size) <= limit,
    async fill(digest, version, stored) {
      const chunks: Buffer[] = []
      for await (const chunk of stored as AsyncIterable<Buffer>) chunks.push(chunk)
      const bytes = Buffer.concat(chunks)
      if (hash(algorithmOf(digest), bytes) !== hexOf(digest)) return undefined
      kept.set(digest, { version, bytes })
      return bytes
    },
    forget: (digest) => void kept.delete(digest),
  }
}

/** The bytes, or a range of them, as they come from a store. */
export function streamOf(all: Buffer, range?: ByteRange): BlobStream {
  const bytes = range ? all.subarray(range.start, range.end + 1) : all
  const sendTo = async (to: Writable, look?: Look) => {
    look?.chunk(bytes)
    look?.last()
    await finished(to.end(bytes))
  }
  return Object.assign(Readable.from([bytes], { objectMode: false }), { sendTo })
}
