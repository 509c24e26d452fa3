import { createHash, randomUUID } from 'node:crypto'
import { finishDigest, isDigest, type Digest } from '../../../oci/digest.ts'
import { blobPath, isDoubtful, noteStrays, rescueBytes } from '../../catalog/blob.ts'
import type { Blobs, Bytes, Stage } from '../../platform/blobs/blobs.ts'
import type { Db } from '../../platform/db/db.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { lockQuota, noRoom, roomLeft, type Limits } from './quota.ts'
import { removeBytes } from './removal.ts'
import { linkPath, placeProblem, type Place } from './rules.ts'
import { createRecord, findRecord, getRecord, type SystemArtifact } from './store.ts'
import { facts, marina } from './topics.ts'

export type NewSystemArtifact = Place & {
  createTime?: Date
  attrs?: Record<string, unknown>
  digest?: Digest
  size?: number
}

type Options = { db: Db; blobs: Blobs; limits: Limits }
type Staged = { stage: Stage; digest: Digest; size: number }

export async function createArtifact(
  options: Options,
  artifact: NewSystemArtifact,
  source: Bytes,
): Promise<SystemArtifact> {
  const { db, blobs } = options
  const problem = placeProblem(artifact)
  if (problem) throw new Failure('BAD_REQUEST', problem)
  if (artifact.digest !== undefined && (await findRecord(db, artifact.repository, artifact.digest)))
    throw new Failure('CONFLICT', `${artifact.repository} holds ${artifact.digest} already`)
  const staged = await stageBytes(options, artifact, source)
  try {
    return await keep(options, artifact, staged)
  } catch (error) {
    await blobs.discard(staged.stage)
    throw error
  }
}

/** The bytes where nobody sees them, with their digest. Stops reading where a quota has no more room. */
async function stageBytes({ db, blobs, limits }: Options, artifact: NewSystemArtifact, source: Bytes): Promise<Staged> {
  const [hash, room] = [createHash('sha256'), await roomLeft(db, limits, artifact.vendor)]
  let size = 0
  const counting = async function* () {
    for await (const chunk of source) {
      size += chunk.length
      if (size > room) throw noRoom(artifact.vendor)
      hash.update(chunk)
      yield chunk
    }
  }
  const empty = blobs.stage(randomUUID())
  const { stage, cut } = await blobs.append(empty, counting())
  const digest = finishDigest(hash, 'sha256')
  const problem = cut ?? mismatch(artifact, digest, size)
  if (problem !== undefined) {
    await blobs.discard(stage)
    throw problem
  }
  return { stage, digest, size }
}

/** First the link, so that the rest of a crash can be found; then the bytes; then the record. */
async function keep(options: Options, artifact: NewSystemArtifact, staged: Staged): Promise<SystemArtifact> {
  const { db, blobs } = options
  const { vendor, repository, type } = artifact
  const { stage, digest } = staged
  const place = { vendor, repository, type }
  await blobs.write(linkPath(place, digest), textBytes(digest))
  await noteStrays(db.relaxed, [digest])
  await blobs.commit(stage, blobPath(digest))
  const save = () => saveRecord(options, artifact, staged)
  try {
    await save().catch((error: unknown) => {
      if (!isDoubtful(error)) throw error
      return rescue(options, digest).then(save)
    })
  } catch (error) {
    await undo(options, place, digest)
    throw error
  }
  return getRecord(db, repository, digest)
}

function saveRecord(
  { db, limits }: Options,
  { vendor, repository, type, createTime, attrs }: NewSystemArtifact,
  { digest, size }: Staged,
): Promise<void> {
  const record = { vendor, repository, type, digest, size }
  const given = { ...(createTime ? { createTime } : {}), ...(attrs ? { attrs } : {}) }
  return db.transaction(async (tx) => {
    await lockQuota(tx, limits)
    if (size > (await roomLeft(tx, limits, vendor))) throw noRoom(vendor)
    await createRecord(tx, { ...record, ...given })
    await emit(tx, [facts.systemArtifactCreated(record, marina)])
  })
}

/** The same bytes were let go of a moment ago; those that we have written are there still, or were taken with them. */
async function rescue({ db, blobs }: Options, digest: Digest): Promise<void> {
  const areThere = async () => (await blobs.find(blobPath(digest))) !== undefined
  if (!(await db.transaction((tx) => rescueBytes(tx, digest, areThere))))
    throw new Failure('UNAVAILABLE', 'the same bytes were just being removed: try again')
}

/** Of a record that was there before, bytes and link stay. */
async function undo(options: Options, place: Place, digest: Digest): Promise<void> {
  const { db, blobs } = options
  const known = await findRecord(db, place.repository, digest)
  if (!known) await removeBytes(options, place, digest, { dooms: true })
  else if (linkPath(known, digest) !== linkPath(place, digest)) await blobs.remove(linkPath(place, digest))
}

function mismatch({ digest, size }: NewSystemArtifact, foundDigest: Digest, foundSize: number): Failure | undefined {
  if (digest !== undefined && (!isDigest(digest) || digest !== foundDigest))
    return new Failure('BAD_REQUEST', `the bytes have the digest ${foundDigest}`)
  return size !== undefined && size !== foundSize
    ? new Failure('BAD_REQUEST', `there are ${foundSize} bytes`)
    : undefined
}

async function* textBytes(text: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(text)
}
