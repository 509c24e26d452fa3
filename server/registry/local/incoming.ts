import { hash } from 'node:crypto'
import { Readable } from 'node:stream'
import { algorithmOf, type Digest } from '../../../oci/digest.ts'
import { OciError } from '../../../oci/errors.ts'
import type { RepositoryName } from '../../../oci/reference.ts'
import { blobPath, noteStrays } from '../../catalog/blob.ts'
import { FileBytes, type Blobs, type Bytes } from '../../platform/blobs/blobs.ts'
import type { Db } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { failpoint } from '../../platform/failpoint.ts'
import { gathering } from '../../platform/gather.ts'
import type { Upload } from '../registry.ts'
import type { Claimed } from './claim.ts'
import { isCommitted, noteCommit } from './committed.ts'
import { openHashes } from './hash.ts'
import { gather, type Placing } from './unsynced/place.ts'

/** Bytes that took longer than this, in ms, are noted once more when all are there: the note would be old by then. */
const noteAgainMs = 60_000

/** Where bytes on their way in are written, hashed and noted. */
type Incoming = {
  db: Db
  blobs: Blobs
  hashes: ReturnType<typeof openHashes>
  /** Tells the database that the bytes of this digest come. */
  note(digest: Digest): Promise<unknown>
  /** For small blobs, whose bytes the database keeps until their files are synced; undefined where that is off. */
  placing: Placing | undefined
}

/** What has arrived, in bytes. `bytes`: those of a small blob, which its row has to keep until its file is synced. */
type Stored = { size: number; bytes?: Buffer }

export function openIncoming({ db, blobs, placing }: Pick<Incoming, 'db' | 'blobs' | 'placing'>): Incoming {
  // A crowd of uploads is noted by a few statements: one each would wear out the connections.
  const note = gathering((digests: Digest[]) => noteStrays(db.relaxed, digests), 200)
  return { db, blobs, hashes: openHashes(blobs), note, placing }
}

/** The usual case: all bytes in one request, straight to their place, visible only once the digest is right. */
export async function storeWhole(incoming: Incoming, digest: Digest, bytes: Bytes): Promise<Stored> {
  const { blobs, placing } = incoming
  const algorithm = algorithmOf(digest)
  const check = (hex: string) => checkDigest(digest, `${algorithm}:${hex}` as Digest)
  if (bytes instanceof FileBytes) {
    check(bytes.hex)
    if (await isTaken(incoming, digest, bytes)) return { size: bytes.size }
  }
  const write = async (source: Bytes): Promise<Stored> => {
    const coming = noted(incoming, digest, source)
    const size = await blobs.write(blobPath(digest), coming, (_, hex) => check(hex), algorithm)
    failpoint('blob.written')
    return { size }
  }
  if (!placing) return write(bytes)
  const gathered = await gather(bytes, placing.largestBytes)
  if (!Buffer.isBuffer(gathered)) {
    try {
      return await write(gathered)
    } finally {
      await gathered.end()
    }
  }
  check(hash(algorithm, gathered))
  // Its row makes it durable; the file follows.
  return placing.takes(gathered.length) ? { size: gathered.length, bytes: gathered } : write(Readable.from([gathered]))
}

/** Whether the storage has taken the file itself. */
async function isTaken({ blobs, note }: Incoming, digest: Digest, { path }: FileBytes): Promise<boolean> {
  if (!blobs.takeFile) return false
  await note(digest)
  const isMoved = await blobs.takeFile(blobPath(digest), path)
  if (isMoved) failpoint('blob.written')
  return isMoved
}

/** The same bytes. Before the last of them is through, the database knows that they come. */
async function* noted({ note }: Incoming, digest: Digest, bytes: Bytes): Bytes {
  const begun = performance.now()
  const told = note(digest)
  told.catch(() => {}) // told below, or the source failed first
  yield* bytes
  await told
  if (performance.now() - begun > noteAgainMs) await note(digest)
}

/** The last bytes of an upload in chunks, then all of them to their place. */
export async function storeStaged(
  incoming: Incoming,
  upload: Claimed,
  digest: Digest,
  bytes: Bytes,
  at: number | undefined,
): Promise<Stored> {
  const { db, blobs, hashes, note } = incoming
  if (await isCommitted(blobs, upload, digest, note)) return { size: await wholeWithout(upload, bytes) }
  const { size } = await append(incoming, upload, bytes, at)
  checkDigest(digest, await hashes.digestOf(upload, algorithmOf(digest)))
  await Promise.all([note(digest), noteCommit(db, upload, digest)])
  await blobs.commit(upload.stage, blobPath(digest))
  failpoint('blob.written')
  return { size }
}

/** The size of an upload whose bytes are in their place already; throws when more bytes come. */
async function wholeWithout({ stage }: Claimed, bytes: Bytes): Promise<number> {
  for await (const chunk of bytes)
    if (chunk.length > 0) throw new OciError('BLOB_UPLOAD_UNKNOWN', 'this upload has all its bytes: start again')
  return stage.size
}

export async function abandon({ db, blobs }: Incoming, upload: Claimed) {
  const { id, claim, stage, young } = upload
  if (young && !(await young.seal())) {
    young.end()
    upload.isOver = true
    return
  }
  await db.run(sql`delete from upload where id = ${id} and claim = ${claim}`)
  await blobs.discard(stage)
}

/** One chunk. Throws RANGE_INVALID when it does not begin at the next byte. */
export async function append(
  { db, blobs, hashes }: Incoming,
  upload: Claimed,
  bytes: Bytes,
  at: number | undefined,
): Promise<Upload> {
  const { id, stage } = upload
  if (at !== undefined && at !== stage.size) throw rangeInvalid(upload.name, id, stage.size)
  const digest = hashes.take(upload)
  const { stage: longer, cut } = await blobs.append(stage, bytes, digest).catch((error: unknown) => {
    digest?.drop()
    throw error
  })
  failpoint('upload.appended')
  upload.stage = longer
  upload.grownBy = upload.claim
  if (digest) hashes.keep(upload, digest)
  const kept = await db.relaxed.run(sql`
    update upload set stage = ${JSON.stringify(longer)}::jsonb, grown_by = ${upload.claim}, updated_at = now()
    where id = ${id} and claim = ${upload.claim}`)
  if (kept === 0) throw new OciError('BLOB_UPLOAD_UNKNOWN')
  if (cut !== undefined) throw cut
  return { id, size: longer.size }
}

function checkDigest(wanted: Digest, found: Digest) {
  if (wanted !== found)
    throw new OciError('DIGEST_INVALID', 'the digest does not match the uploaded bytes', {
      detail: { provided: wanted, computed: found },
    })
}

/** 416 with the place to go on from, as "Pushing a blob in chunks" asks. */
function rangeInvalid(name: RepositoryName, id: string, size: number): OciError {
  return new OciError('RANGE_INVALID', `the next byte of this upload is number ${size}`, {
    headers: {
      location: `/v2/${name}/blobs/uploads/${id}`,
      range: `0-${Math.max(0, size - 1)}`,
      'docker-upload-uuid': id,
    },
  })
}
