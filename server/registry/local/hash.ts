import { createHash, type Hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { finishDigest, type Digest, type DigestAlgorithm } from '../../../oci/digest.ts'
import type { Blobs } from '../../platform/blobs/blobs.ts'
import type { Claimed } from './claim.ts'

/** The running hash over the first `size` bytes of an upload, the last of which came with the request `grownBy`. */
type Running = { hash: Hash; size: number; algorithm: DigestAlgorithm; grownBy: string | null }

type Hashes = {
  /** Takes out the hash over exactly the bytes that the store holds: another process may have written since. */
  take(upload: Claimed): Running | undefined
  /** Keeps it until the next chunk. */
  keep(id: string, running: Running): void
  /** The digest of an upload's bytes, which are read once more where their hash is missing. */
  digestOf(upload: Claimed, algorithm: DigestAlgorithm): Promise<Digest>
}

/** Hashes run along with the bytes and are kept in this process between chunks. */
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
