import { createHash, randomUUID } from 'node:crypto'
import { finishDigest, isDigest, type Digest } from '../../../oci/digest.ts'
import { blobPath, isDoubtful, noteStrays, rescueBytes, takeBytes } from '../../catalog/blob.ts'
import { BlobMissing, type Blobs, type BlobStream, type Bytes } from '../../platform/blobs/blobs.ts'
import type { Db, Tx } from '../../platform/db/db.ts'
import type { ListQuery } from '../../platform/db/listing.ts'
import { sql } from '../../platform/db/sql.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { linkPath, placeProblem, type Place } from './rules.ts'
import {
  createRecord,
  dropRecord,
  findRecord,
  getRecord,
  listRecords,
  notFound,
  sumSizes,
  type SystemArtifact,
} from './store.ts'
import { facts, marina } from './topics.ts'
import { openUpkeep, type Upkeep } from './upkeep.ts'

export type NewSystemArtifact = Place & {
  createTime?: Date
  attrs?: Record<string, unknown>
  digest?: Digest
  size?: number
}

export type SystemArtifacts = Upkeep & {
  /**
   * Stores the bytes of `source` and the record of them; when one fails, the other is not there. The digest is worked out here,
   * and compared when given. Throws CONFLICT for what exists, DENIED when a quota leaves no room, BAD_REQUEST for a bad place.
   */
  create(artifact: NewSystemArtifact, source: Bytes): Promise<SystemArtifact>
  /** The bytes, flowing; the caller ends the stream. Throws NOT_FOUND. */
  read(repository: string, digest: Digest): Promise<{ size: number; bytes: BlobStream }>
  /** Removes record and bytes; bytes that somebody else holds stay. Throws NOT_FOUND. */
  delete(repository: string, digest: Digest): Promise<void>
  /** True when both the record and the bytes are there. */
  exists(repository: string, digest: Digest): Promise<boolean>
  get(repository: string, digest: Digest): Promise<SystemArtifact>
  list(query: ListQuery): Promise<SystemArtifact[]>
  /** Bytes of all together. */
  size(): Promise<number>
}

type Options = {
  db: Db
  blobs: Blobs
  /** Age at which the cleanup takes what has no criteria of its own, in ms. */
  ttlMs: number
  /** Bytes of all, and of each vendor; 0 is no limit. */
  limits: { all: number; vendor: number }
}

export function openSystemArtifacts({ db, blobs, ttlMs, limits }: Options): SystemArtifacts {
  const upkeep = openUpkeep({ db, blobs, ttlMs, remove, removeBytes })

  return {
    create,
    async read(repository, digest) {
      const { size } = await getRecord(db, repository, digest)
      return {
        size,
        bytes: await blobs.read(blobPath(digest)).catch((error: unknown) => {
          // Somebody removed it since its record was read, or its bytes are lost.
          throw error instanceof BlobMissing ? notFound(repository, digest) : error
        }),
      }
    },
    async delete(repository, digest) {
      if (!(await remove(repository, digest))) throw notFound(repository, digest)
    },
    exists: async (repository, digest) =>
      (await findRecord(db, repository, digest)) !== undefined && (await blobs.find(blobPath(digest))) !== undefined,
    get: (repository, digest) => getRecord(db, repository, digest),
    list: (query) => listRecords(db, query),
    size: () => sumSizes(db),
    ...upkeep,
  }

  async function create(artifact: NewSystemArtifact, source: Bytes): Promise<SystemArtifact> {
    const problem = placeProblem(artifact)
    if (problem) throw new Failure('BAD_REQUEST', problem)
    if (artifact.digest !== undefined && (await findRecord(db, artifact.repository, artifact.digest)))
      throw new Failure('CONFLICT', `${artifact.repository} holds ${artifact.digest} already`)
    const staged = await stage(artifact, source)
    try {
      return await keep(artifact, staged)
    } catch (error) {
      await blobs.discard(staged.stage)
      throw error
    }
  }

  /** The bytes where nobody sees them, with their digest. Stops reading where a quota has no more room. */
  async function stage(artifact: NewSystemArtifact, source: Bytes) {
    const [hash, room] = [createHash('sha256'), await roomLeft(db, artifact.vendor)]
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
    const { stage: full, cut } = await blobs.append(empty, counting())
    const digest = finishDigest(hash, 'sha256')
    const problem = cut ?? mismatch(artifact, digest, size)
    if (problem !== undefined) {
      await blobs.discard(full)
      throw problem
    }
    return { stage: full, digest, size }
  }

  /** First the link, so that whatever a crash leaves can be found; then the bytes; then the record. */
  async function keep(
    artifact: NewSystemArtifact,
    { stage: full, digest, size }: Awaited<ReturnType<typeof stage>>,
  ): Promise<SystemArtifact> {
    const { vendor, repository, type, createTime, attrs } = artifact
    const place = { vendor, repository, type }
    await blobs.write(linkPath(place, digest), textBytes(digest))
    await noteStrays(db.relaxed, [digest])
    await blobs.commit(full, blobPath(digest))
    const save = () =>
      db.transaction(async (tx) => {
        await lockQuota(tx)
        if (size > (await roomLeft(tx, vendor))) throw noRoom(vendor)
        await createRecord(tx, {
          ...place,
          digest,
          size,
          ...(createTime ? { createTime } : {}),
          ...(attrs ? { attrs } : {}),
        })
        await emit(tx, [facts.systemArtifactCreated({ ...place, digest, size }, marina)])
      })
    try {
      await save().catch((error: unknown) => {
        if (!isDoubtful(error)) throw error
        return rescue(digest).then(save)
      })
    } catch (error) {
      await undo(place, digest)
      throw error
    }
    return getRecord(db, repository, digest)
  }

  /** The same bytes were let go of a moment ago; those that we have written are there still, or were taken with them. */
  async function rescue(digest: Digest): Promise<void> {
    const areThere = async () => (await blobs.find(blobPath(digest))) !== undefined
    if (!(await db.transaction((tx) => rescueBytes(tx, digest, areThere))))
      throw new Failure('UNAVAILABLE', 'the same bytes were just being removed: try again')
  }

  /** Of a record that was there before, bytes and link stay. */
  async function undo(place: Place, digest: Digest): Promise<void> {
    const known = await findRecord(db, place.repository, digest)
    if (!known) await removeBytes(place, digest, { dooms: true })
    else if (linkPath(known, digest) !== linkPath(place, digest)) await blobs.remove(linkPath(place, digest))
  }

  /** Two that are made at once must not both find the last room. The number is 'sysa' in ASCII. */
  async function lockQuota(tx: Tx): Promise<void> {
    if (limits.all > 0 || limits.vendor > 0) await tx.run(sql`select pg_advisory_xact_lock(1937337185)`)
  }

  async function roomLeft(from: Db | Tx, vendor: string): Promise<number> {
    const all = limits.all > 0 ? limits.all - (await sumSizes(from)) : Infinity
    return Math.min(all, limits.vendor > 0 ? limits.vendor - (await sumSizes(from, vendor)) : Infinity)
  }

  async function remove(repository: string, digest: Digest): Promise<SystemArtifact | undefined> {
    const record = await db.transaction(async (tx) => {
      const dropped = await dropRecord(tx, repository, digest)
      if (dropped)
        await emit(tx, [
          facts.systemArtifactDeleted(
            { vendor: dropped.vendor, repository, type: dropped.type, digest, size: dropped.size },
            marina,
          ),
        ])
      return dropped
    })
    if (!record) return undefined
    await removeBytes(record, digest)
    return record
  }

  /** Bytes that nobody holds any more, then their link: should this end in between, `reconcile` finds the link. */
  async function removeBytes(place: Place, digest: Digest, { dooms = false } = {}): Promise<void> {
    await takeBytes(db, digest, { dooms, remove: () => blobs.remove(blobPath(digest)) })
    await blobs.remove(linkPath(place, digest))
  }
}

function mismatch({ digest, size }: NewSystemArtifact, foundDigest: Digest, foundSize: number): Failure | undefined {
  if (digest !== undefined && (!isDigest(digest) || digest !== foundDigest))
    return new Failure('BAD_REQUEST', `the bytes have the digest ${foundDigest}`)
  return size !== undefined && size !== foundSize
    ? new Failure('BAD_REQUEST', `there are ${foundSize} bytes`)
    : undefined
}

const noRoom = (vendor: string) => new Failure('DENIED', `there is no room left for system artifacts of ${vendor}`)

async function* textBytes(text: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(text)
}
