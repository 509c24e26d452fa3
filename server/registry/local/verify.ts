import { createHash } from 'node:crypto'
import { Readable, type Writable } from 'node:stream'
import { LRUCache } from 'lru-cache'
import { algorithmOf, finishDigest, type Digest } from '../../../oci/digest.ts'
import { OciError } from '../../../oci/errors.ts'
import { blobPath } from '../../catalog/blob.ts'
import { BlobMissing, type Blobs, type BlobInfo, type BlobStream, type ByteRange } from '../../platform/blobs/blobs.ts'
import type { BlobStat } from '../registry.ts'
import { openSmallBlobs, streamOf, type SmallBlobLimits } from './small-blobs.ts'
import { isRight, mostUnsyncedBytes, readWhole } from './unsynced/right.ts'

/** How long this process does not hash bytes again that it has verified, in ms; bytes written anew are hashed again. */
const trustMs = 60 * 60_000

/**
 * Never sends a wrong blob whole (F16): the first full read of each stored version is hashed on its way, and its last
 * chunk is held back until the digest is known to be right. Bytes that are missing, of another length or known to be
 * wrong are BLOB_UNKNOWN for every request, so that a client which asks before it pushes does push, and thereby repairs
 * them (F17). Where a power cut has taken, shortened or garbled a small file before its sync, `findUnsynced` gives the
 * bytes.
 */
export function openVerifier(
  blobs: Blobs,
  limits: SmallBlobLimits,
  findUnsynced: (digest: Digest) => Promise<Buffer | undefined> = async () => undefined,
) {
  const small = openSmallBlobs(limits)
  const seen = new LRUCache<string, { version: string; isRight: boolean }>({ max: 50_000, ttl: trustMs })

  return { check, read, trust }

  /** Notes that the bytes of this digest were hashed as they arrived: the first read need not hash them again. */
  async function trust(digest: Digest): Promise<void> {
    const found = await blobs.find(blobPath(digest))
    if (found) seen.set(digest, { version: found.version, isRight: true })
  }

  /** What storage has of a blob, or its bytes where only the database has them. Throws BLOB_UNKNOWN. */
  async function check({ digest, size }: BlobStat): Promise<BlobInfo | Buffer> {
    const found = await blobs.find(blobPath(digest))
    const known = seen.get(digest)
    const isThere = found?.size === size && (known?.version !== found.version || known.isRight)
    if (isThere) return found
    if (!found) small.forget(digest)
    const bytes = await findUnsynced(digest)
    if (bytes) return bytes
    const which = found ? `${blobPath(digest)} (its ${found.size} bytes are not the ${size} pushed)` : blobPath(digest)
    throw unknown(digest, new BlobMissing(which))
  }

  async function read(blob: BlobStat, range?: ByteRange): Promise<BlobStream> {
    const { digest } = blob
    const found = await check(blob)
    if (Buffer.isBuffer(found)) return streamOf(found, range)
    const { version } = found
    const inMemory = small.find(digest, version)
    if (inMemory) return streamOf(inMemory, range)
    const isVerified = seen.get(digest)?.version === version
    if (!isVerified && blobs.unsynced && blob.size <= mostUnsyncedBytes) {
      const bytes = await readUnverified(digest, version)
      if (bytes) return streamOf(bytes, range)
    }
    const stored = await blobs.read(blobPath(digest), range).catch((error: unknown) => {
      throw error instanceof BlobMissing ? unknown(digest, error) : error
    })
    if (range) return stored
    if (isVerified) return small.takes(blob.size) ? keep(digest, version, stored) : stored
    return verified(stored, digest, (isRight) => void seen.set(digest, { version, isRight }))
  }

  /**
   * The bytes of a small blob whose file another process may have left garbled: read whole before any are sent, also
   * for a range. Undefined when they are wrong and the database does not have them.
   */
  async function readUnverified(digest: Digest, version: string): Promise<Buffer | undefined> {
    const bytes = await readWhole(blobs, digest).catch((error: unknown) => {
      if (!(error instanceof BlobMissing)) throw error
    })
    if (!bytes || !isRight(digest, bytes)) return findUnsynced(digest)
    seen.set(digest, { version, isRight: true })
    return bytes
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
