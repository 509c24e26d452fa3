import { createHash } from 'node:crypto'
import { finishDigest, type Digest, type DigestAlgorithm } from '../../../oci/digest.ts'
import type { Blobs, RunningDigest } from '../../platform/blobs/blobs.ts'
import { openLru } from '../../platform/lru.ts'
import type { Claimed } from './claim.ts'

/** The digest so far of an upload; the request `grownBy` brought the last of its bytes. */
type Kept = { digest: RunningDigest; grownBy: string | null }

type Hashes = {
  /**
   * Removes and returns the digest of exactly the stored bytes, a new one when there are none yet; undefined when
   * another process has written since.
   */
  take(upload: Claimed): RunningDigest | undefined
  /** Keeps a digest until the next request, when it is that of all stored bytes. */
  keep(upload: Claimed, digest: RunningDigest): void
  /** The digest of an upload's bytes; they are read again when it is missing. */
  digestOf(upload: Claimed, algorithm: DigestAlgorithm): Promise<Digest>
}

/** Bytes are hashed as they arrive; between chunks this process keeps the digests of up to 10,000 uploads. */
export function openHashes(blobs: Blobs): Hashes {
  const kept = openLru<string, Kept>(10_000, {
    dispose: ({ digest }, _, reason) => reason !== 'delete' && digest.drop(),
  })

  const find = ({ id, stage, grownBy }: Claimed): RunningDigest | undefined => {
    const found = kept.get(id)
    kept.delete(id)
    if (found?.digest.size() === stage.size && found.grownBy === grownBy) return found.digest
    found?.digest.drop()
    return undefined
  }

  const finish = async (digest: RunningDigest | undefined, algorithm: DigestAlgorithm): Promise<string | undefined> => {
    if (digest?.algorithm === algorithm) return digest.finish().catch(() => undefined)
    digest?.drop()
    return undefined
  }

  return {
    take: (upload) => find(upload) ?? (upload.stage.size === 0 ? blobs.startDigest(upload.algorithm) : undefined),
    keep({ id, stage, grownBy }, digest) {
      if (digest.size() === stage.size) kept.set(id, { digest, grownBy })
      else digest.drop()
    },
    async digestOf(upload, algorithm) {
      const hex = await finish(find(upload), algorithm)
      if (hex !== undefined) return `${algorithm}:${hex}` as Digest
      const hash = createHash(algorithm)
      for await (const chunk of (await blobs.readStage(upload.stage)) as AsyncIterable<Buffer>) hash.update(chunk)
      return finishDigest(hash, algorithm)
    },
  }
}
