import { createHash } from 'node:crypto'
import { Readable, type Writable } from 'node:stream'
import type { LRUCache } from 'lru-cache'
import { algorithmOf, finishDigest, type Digest } from '../../../oci/digest.ts'
import { OciError } from '../../../oci/errors.ts'
import { blobPath } from '../../catalog/blob.ts'
import { BlobMissing, type Blobs, type BlobInfo, type BlobStream, type ByteRange } from '../../platform/blobs/blobs.ts'
import { openLru } from '../../platform/lru.ts'
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
  findUnsynced: FindUnsynced = async () => undefined,
) {
  const small = openSmallBlobs(limits)
  const seen: Seen = openLru(50_000, { ttl: trustMs })
  return { check, recall, read, trust }

  /** Notes that the bytes of this digest were hashed as they arrived: the first read need not hash them again. */
  async function trust(digest: Digest): Promise<void> {
    const found = await blobs.find(blobPath(digest))
    if (found) seen.set(digest, { version: found.version, isRight: true })
  }

  /** What storage has of a blob, or its bytes where only the database has them. Throws BLOB_UNKNOWN. */
  async function check({ digest, size }: BlobStat): Promise<BlobInfo | Buffer> {
    const found = await blobs.find(blobPath(digest))
    const known = seen.get(digest)
    if (found?.size === size && (known?.version !== found.version || known.isRight)) return found
    if (!found) small.forget(digest)
    return (await findUnsynced(digest)) ?? writtenAgain(blobs, { digest, size }, found)
  }

  /** All bytes of a blob, where memory or the database has those of the stored version. Throws BLOB_UNKNOWN. */
  async function recall(blob: BlobStat): Promise<Buffer | undefined> {
    const found = await check(blob)
    return Buffer.isBuffer(found) ? found : small.find(blob.digest, found.version)
  }

  async function read(blob: BlobStat, range?: ByteRange): Promise<BlobStream> {
    const { digest, size } = blob
    const found = await check(blob)
    if (Buffer.isBuffer(found)) return streamOf(found, range)
    const { version } = found
    const inMemory = small.find(digest, version)
    if (inMemory) return streamOf(inMemory, range)
    const isVerified = seen.get(digest)?.version === version
    if (!isVerified && blobs.unsynced && size <= mostUnsyncedBytes) {
      const bytes = await readUnverified(blobs, seen, findUnsynced, digest, version)
      if (bytes) return streamOf(bytes, range)
    }
    const stored = await blobs.read(blobPath(digest), range).catch((error: unknown) => {
      throw error instanceof BlobMissing ? unknown(digest, error) : error
    })
    if (range) return stored
    if (isVerified) return small.takes(size) ? keep(small, seen, digest, version, stored) : stored
    return verified(stored, digest, (isRight) => void seen.set(digest, { version, isRight }))
  }
}

/** The bytes of a small blob whose file is not synced yet. */
export type FindUnsynced = (digest: Digest) => Promise<Buffer | undefined>
type SmallBlobs = ReturnType<typeof openSmallBlobs>
type Seen = LRUCache<string, { version: string; isRight: boolean }>

/**
 * The bytes of a small blob whose file another process may have left garbled: read whole before any are sent, also for
 * a range. Undefined when they are wrong and the database does not have them.
 */
async function readUnverified(
  blobs: Blobs,
  seen: Seen,
  findUnsynced: FindUnsynced,
  digest: Digest,
  version: string,
): Promise<Buffer | undefined> {
  const bytes = await readWhole(blobs, digest).catch((error: unknown) => {
    if (!(error instanceof BlobMissing)) throw error
  })
  if (!bytes || !isRight(digest, bytes)) return findUnsynced(digest)
  seen.set(digest, { version, isRight: true })
  return bytes
}

/** Keeps a small blob from the second read on, so that those which are read once take no memory. */
async function keep(
  small: SmallBlobs,
  seen: Seen,
  digest: Digest,
  version: string,
  stored: BlobStream,
): Promise<BlobStream> {
  const bytes = await small.fill(digest, version, stored)
  if (bytes) return streamOf(bytes)
  seen.set(digest, { version, isRight: false })
  throw new Error(alteredText(digest))
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

/** A round may have written a lost file again, and deleted the row, since storage was asked. Throws BLOB_UNKNOWN. */
async function writtenAgain(blobs: Blobs, { digest, size }: BlobStat, found: BlobInfo | undefined): Promise<BlobInfo> {
  const now = await blobs.find(blobPath(digest))
  if (now?.size === size && now.version !== found?.version) return now
  const which = blobPath(digest) + (found ? ` (its ${found.size} bytes are not the ${size} pushed)` : '')
  throw unknown(digest, new BlobMissing(which))
}

function unknown(digest: Digest, cause: BlobMissing): OciError {
  return new OciError('BLOB_UNKNOWN', undefined, { cause, detail: { digest } })
}
