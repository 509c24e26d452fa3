import { createHash, randomUUID } from 'node:crypto'
import { finishDigest, isDigest, type Digest } from '../../../oci/digest.ts'
import { blobPath } from '../../catalog/blob.ts'
import type { Blobs, BlobStream, Bytes } from '../../platform/blobs/blobs.ts'
import type { Db, Tx } from '../../platform/db/db.ts'
import type { ListQuery } from '../../platform/db/listing.ts'
import { sql } from '../../platform/db/sql.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { linkPath, linksPrefix, parseLink, placeProblem, type Place } from './rules.ts'
import { createRecord, databaseNow, dropRecord, findRecord, getRecord, listOld, listRecords, pageOfRecords, sumSizes, type SystemArtifact } from './store.ts'
import { facts } from './topics.ts'

export type NewSystemArtifact = Place & { createTime?: Date; attrs?: Record<string, unknown>; digest?: Digest; size?: number }

/** Which of its own artifacts a vendor lets go now. */
export type Criteria = { list(): Promise<SystemArtifact[]> }

/** A thing in storage that no record knows. `text` is Harbor's `<repository>:<digest>`. */
export type Untracked = Place & { digest: Digest; text: string; modifiedAt: Date }

export type SystemArtifacts = {
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
  /** In storage without a record; those written less than `ageMs` ago may be on their way in and are left out. */
  findUntracked(ageMs?: number): AsyncIterable<Untracked>
  /** Records whose bytes are gone. */
  findStale(): AsyncIterable<SystemArtifact>
  /** Bytes of all together. */
  size(): Promise<number>
  /** A vendor decides itself when artifacts of a type go; without, they go at an age. */
  registerCleanup(vendor: string, type: string, criteria: Criteria): void
  /** Removes what may go, vendor by vendor; one that fails is told to `onTrouble` and stops no other. */
  cleanup(options: { signal: AbortSignal; onTrouble(vendor: string, error: unknown): void }): Promise<{ deleted: number; bytes: number }>
  /** Both passes: removes untracked bytes from storage, and records whose bytes are gone. */
  reconcile(options: { signal: AbortSignal; ageMs?: number }): Promise<{ untracked: number; stale: number }>
}

type Options = {
  db: Db
  blobs: Blobs
  /** Age at which the cleanup takes what has no criteria of its own, in ms. */
  ttlMs: number
  /** Bytes of all, and of each vendor; 0 is no limit. */
  limits: { all: number; vendor: number }
}

/** What is in storage without a record for less than this, in ms, may be about to get one. */
const youngMs = 3_600_000
/** Records looked at, or removed, per step. */
const page = 200

export function openSystemArtifacts({ db, blobs, ttlMs, limits }: Options): SystemArtifacts {
  const criteria = new Map<string, { vendor: string; type: string; list: Criteria['list'] }>()

  return {
    create,
    async read(repository, digest) {
      const { size } = await getRecord(db, repository, digest)
      return { size, bytes: await blobs.read(blobPath(digest)) }
    },
    async delete(repository, digest) {
      if (!(await remove(repository, digest))) throw new Failure('NOT_FOUND', `there is no system artifact ${repository}:${digest}`)
    },
    exists: async (repository, digest) => (await findRecord(db, repository, digest)) !== undefined && (await blobs.find(blobPath(digest))) !== undefined,
    get: (repository, digest) => getRecord(db, repository, digest),
    list: (query) => listRecords(db, query),
    findUntracked,
    findStale,
    size: () => sumSizes(db),
    registerCleanup: (vendor, type, { list }) => void criteria.set(`${vendor}/${type}`, { vendor, type, list }),
    cleanup,
    reconcile,
  }

  async function create(artifact: NewSystemArtifact, source: Bytes): Promise<SystemArtifact> {
    const problem = placeProblem(artifact)
    if (problem) throw new Failure('BAD_REQUEST', problem)
    if (artifact.digest !== undefined && (await findRecord(db, artifact.repository, artifact.digest))) throw new Failure('CONFLICT', `${artifact.repository} holds ${artifact.digest} already`)
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
  async function keep(artifact: NewSystemArtifact, { stage: full, digest, size }: Awaited<ReturnType<typeof stage>>): Promise<SystemArtifact> {
    const { vendor, repository, type, createTime, attrs } = artifact
    const place = { vendor, repository, type }
    await blobs.write(linkPath(place, digest), textBytes(digest))
    await blobs.commit(full, blobPath(digest))
    const version = (await blobs.find(blobPath(digest)))!.version
    try {
      await db.transaction(async (tx) => {
        await lockQuota(tx)
        if (size > (await roomLeft(tx, vendor))) throw noRoom(vendor)
        await createRecord(tx, { ...place, digest, size, version, ...(createTime ? { createTime } : {}), ...(attrs ? { attrs } : {}) })
        await emit(tx, [facts.systemArtifactCreated({ ...place, digest, size })])
      })
    } catch (error) {
      await undo(place, digest, version)
      throw error
    }
    return getRecord(db, repository, digest)
  }

  /** Of a record that was there before, bytes and link stay. */
  async function undo(place: Place, digest: Digest, version: string): Promise<void> {
    await db.run(sql`update system_artifact set version = ${version} where digest = ${digest}`)
    const known = await findRecord(db, place.repository, digest)
    if (!known) await removeBytes(place, digest, version)
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
      if (dropped) await emit(tx, [facts.systemArtifactDeleted({ vendor: dropped.vendor, repository, type: dropped.type, digest, size: dropped.size })])
      return dropped
    })
    if (!record) return undefined
    if (record.isLast) await removeBytes(record, digest, record.version)
    else await blobs.remove(linkPath(record, digest))
    return record
  }

  /**
   * Bytes that nobody holds any more, then their link: should this end in between, `reconcile` finds the link. Bytes that were
   * written anew since are somebody's push of the very same content, which is about to hold them.
   */
  async function removeBytes(place: Place, digest: Digest, version: string): Promise<void> {
    const isHeld = await db.row(sql`select 1 from blob where digest = ${digest}`)
    const stored = isHeld ? undefined : await blobs.find(blobPath(digest))
    if (stored?.version === version) await blobs.remove(blobPath(digest))
    await blobs.remove(linkPath(place, digest))
  }

  async function* findUntracked(ageMs = youngMs): AsyncIterable<Untracked> {
    const before = (await databaseNow(db)).getTime() - ageMs
    for await (const { key, modifiedAt } of blobs.list(linksPrefix)) {
      const link = parseLink(key)
      if (!link || modifiedAt.getTime() > before || (await findRecord(db, link.repository, link.digest))) continue
      yield { ...link, text: `${link.repository}:${link.digest}`, modifiedAt }
    }
  }

  async function* findStale(): AsyncIterable<SystemArtifact> {
    for (let after = 0; ; ) {
      const records = await pageOfRecords(db, after, page)
      for (const record of records) if (!(await blobs.find(blobPath(record.digest)))) yield record
      if (records.length < page) return
      after = records.at(-1)!.id
    }
  }

  async function cleanup({ signal, onTrouble }: Parameters<SystemArtifacts['cleanup']>[0]) {
    const before = new Date((await databaseNow(db)).getTime() - ttlMs)
    const totals = { deleted: 0, bytes: 0 }
    const removeAll = async (records: SystemArtifact[]) => {
      for (const { repository, digest } of records) {
        signal.throwIfAborted()
        const gone = await remove(repository, digest)
        if (gone) totals.deleted++
        totals.bytes += gone?.size ?? 0
      }
      return records.length
    }
    const own = [...criteria.values()]
    const attempt = (name: string, work: () => Promise<unknown>) =>
      work().catch((error: unknown) => {
        signal.throwIfAborted()
        onTrouble(name, error)
      })
    for (const { vendor, list } of own) await attempt(vendor, async () => removeAll(await list()))
    await attempt('default', async () => {
      while ((await removeAll(await listOld(db, before, own, page))) === page);
    })
    return totals
  }

  async function reconcile({ signal, ageMs = youngMs }: { signal: AbortSignal; ageMs?: number }) {
    const totals = { untracked: 0, stale: 0 }
    for await (const one of findUntracked(ageMs)) {
      signal.throwIfAborted()
      const stored = await blobs.find(blobPath(one.digest))
      await removeBytes(one, one.digest, stored?.version ?? '')
      totals.untracked++
    }
    for await (const { repository, digest } of findStale()) {
      signal.throwIfAborted()
      if (await remove(repository, digest)) totals.stale++
    }
    return totals
  }
}

function mismatch({ digest, size }: NewSystemArtifact, foundDigest: Digest, foundSize: number): Failure | undefined {
  if (digest !== undefined && (!isDigest(digest) || digest !== foundDigest)) return new Failure('BAD_REQUEST', `the bytes have the digest ${foundDigest}`)
  return size !== undefined && size !== foundSize ? new Failure('BAD_REQUEST', `there are ${foundSize} bytes`) : undefined
}

const noRoom = (vendor: string) => new Failure('DENIED', `there is no room left for system artifacts of ${vendor}`)

async function* textBytes(text: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(text)
}
