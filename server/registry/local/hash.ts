import { createHash, type Hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { finishDigest, type Digest, type DigestAlgorithm } from '../../../oci/digest.ts'
import type { Blobs } from '../../platform/blobs/blobs.ts'
import type { Claimed } from './claim.ts'

/** The hash so far, over the first `size` bytes of an upload; the request `grownBy` brought the last of them. */
type Running = { hash: Hash; size: number; algorithm: DigestAlgorithm; grownBy: string | null }

type Hashes = {
  /** Removes and returns the hash of exactly the stored bytes; undefined when another process has written since. */
  take(upload: Claimed): Running | undefined
  /** Keeps a hash until the next chunk. */
  keep(id: string, running: Running): void
  /** The digest of an upload's bytes; they are read again when their hash is missing. */
  digestOf(upload: Claimed, algorithm: DigestAlgorithm): Promise<Digest>
}

/** Bytes are hashed as they arrive; between chunks this process keeps the hashes of up to 10,000 uploads. */
export function openHashes(blobs: Blobs): Hashes {
  const hashes = new LRUCache<string, Running>({ max: 10_000 })

  const take = ({ id, stage, grownBy }: Claimed): Running | undefined => {
    const running = hashes.get(id)
    hashes.delete(id)
    return running?.size === stage.size && running.grownBy === grownBy ? running : undefined
  }

  return {
    take,
    keep: (id, running) => void hashes.set(id, running),
    async digestOf(upload, algorithm) {
      const running = take(upload)
      if (running?.algorithm === algorithm) return finishDigest(running.hash, algorithm)
      const hash = createHash(algorithm)
      for await (const chunk of (await blobs.readStage(upload.stage)) as AsyncIterable<Buffer>) hash.update(chunk)
      return finishDigest(hash, algorithm)
    },
  }
}
