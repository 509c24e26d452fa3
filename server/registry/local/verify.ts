import { createHash } from 'node:crypto'
import { Readable, type Writable } from 'node:stream'
import { LRUCache } from 'lru-cache'
import { algorithmOf, finishDigest, type Digest } from '../../../oci/digest.ts'
import { OciError } from '../../../oci/errors.ts'
import { blobPath } from '../../catalog/blob.ts'
import { BlobMissing, type Blobs, type BlobInfo, type BlobStream, type ByteRange } from '../../platform/blobs/blobs.ts'
import type { BlobStat } from '../registry.ts'
import { openSmallBlobs, streamOf, type SmallBlobLimits } from './small-blobs.ts'

/** How long this process does not hash bytes again that it has verified, in ms; bytes written anew are hashed again. */
const trustMs = 60 * 60_000

/**
 * Never sends a wrong blob whole (F16): the first full read of each stored version is hashed on its way, and its last
 * chunk is held back until the digest is known to be right. Bytes that are missing, of another length or known to be
 * wrong are BLOB_UNKNOWN for every request, so that a client which asks before it pushes does push, and thereby repairs
 * them (F17).
 */
export function openVerifier(blobs: Blobs, limits: SmallBlobLimits) {
  const small = openSmallBlobs(limits)
  const seen = new LRUCache<string, { version: string; isRight: boolean }>({ max: 50_000, ttl: trustMs })

  return { check, read, trust }

  /** Notes that the bytes of this digest were hashed as they arrived: the first read need not hash them again. */
  async function trust(digest: Digest): Promise<void> {
    const found = await blobs.find(blobPath(digest))
    if (found) seen.set(digest, { version: found.version, isRight: true })
  }

  async function check({ digest, size }: BlobStat): Promise<BlobInfo> {
    const found = await blobs.find(blobPath(digest))
    if (!found) {
      small.forget(digest)
      throw unknown(digest, new BlobMissing(blobPath(digest)))
    }
    const known = seen.get(digest)
    const isWrong = found.size !== size || (known?.version === found.version && !known.isRight)
    if (isWrong)
      throw unknown(digest, new BlobMissing(`${blobPath(digest)} (its ${found.size} bytes are not the ${size} pushed)`))
    return found
  }

  async function read(blob: BlobStat, range?: ByteRange): Promise<BlobStream> {
    const { digest } = blob
    const { version } = await check(blob)
    const inMemory = small.find(digest, version)
    if (inMemory) return streamOf(inMemory, range)
    const stored = await blobs.read(blobPath(digest), range).catch((error: unknown) => {
      throw error instanceof BlobMissing ? unknown(digest, error) : error
    })
    if (range) return stored
    if (seen.get(digest)?.version === version) return small.takes(blob.size) ? keep(digest, version, stored) : stored
    return verified(stored, digest, (isRight) => void seen.set(digest, { version, isRight }))
  }

  /** From the second read on, so that blobs which are read once take no memory. */
  async function keep(digest: Digest, version: string, stored: BlobStream): Promise<BlobStream> {
    const bytes = await small.fill(digest, version, stored)
    if (bytes) return streamOf(bytes)
    seen.set(digest, { version, isRight: false })
    throw new Error(alteredText(digest))
  }
}

/** The stored bytes; their last chunk follows only when the digest of all is right. */
function verified(stored: BlobStream, digest: Digest, tell: (isRight: boolean) => void): BlobStream {
  const hash = createHash(algorithmOf(digest))
  const judge = () => {
    const isRight = finishDigest(hash, algorithmOf(digest)) === digest
    tell(isRight)
    if (!isRight) throw new Error(alteredText(digest))
  }
  const { sendTo } = stored
  const stream = Readable.from(
    holdingBack(stored, (chunk) => hash.update(chunk), judge),
    { objectMode: false },
  )
  return sendTo
    ? Object.assign(stream, {
        sendTo: (to: Writable) => sendTo(to, { chunk: (bytes) => void hash.update(bytes), last: judge }),
      })
    : stream
}

const alteredText = (digest: Digest) =>
  `the stored bytes of ${digest} were altered: push them again, and check the disk`

async function* holdingBack(
  stored: Readable,
  look: (chunk: Buffer) => void,
  judge: () => void,
): AsyncGenerator<Buffer> {
  let held: Buffer | undefined
  for await (const chunk of stored as AsyncIterable<Buffer>) {
    if (held) yield held
    look(chunk)
    held = chunk
  }
  judge()
  if (held) yield held
}

function unknown(digest: Digest, cause: BlobMissing): OciError {
  return new OciError('BLOB_UNKNOWN', undefined, { cause, detail: { digest } })
}
