import { algorithmOf, hexOf, type Digest } from '../../oci/digest.ts'
import type { RepositoryName } from '../../oci/reference.ts'
import { DatabaseUnavailable, isPgError, type Db, type Queryable, type Tx } from '../platform/db/db.ts'
import { keyOf } from '../platform/cache/keys.ts'
import { sql } from '../platform/db/sql.ts'
import { batching } from '../platform/gather.ts'
import type { Maybe } from '../platform/maybe.ts'
import type { Reader } from './reader.ts'
import { keepingBytes } from './unsynced.ts'

/** Size in bytes. */
export type Blob = { id: number; digest: Digest; size: number }

export const blobKey = keyOf('blob', 'repository', 'digest')

/**
 * The key in storage, in Docker Distribution's layout: Marina can take over the folder of an existing registry in
 * place.
 */
export function blobPath(digest: Digest): string {
  const hex = hexOf(digest)
  return `docker/registry/v2/blobs/${algorithmOf(digest)}/${hex.slice(0, 2)}/${hex}/data`
}

/**
 * A blob that this very repository holds (C-38): bytes that only another repository holds count as unknown here.
 * Absence is never cached, and a client asks for each blob before it pushes it: look-ups of the same moment share a
 * statement.
 */
export function findBlob({ db, cache }: Reader, repository: RepositoryName, digest: Digest): Maybe<Blob | undefined> {
  return cache.get(blobKey(repository, digest), () => lookerOf(db)({ repository, digest }))
}

type Looker = (wanted: Place) => Promise<Blob | undefined>
const lookers = new WeakMap<Queryable, Looker>()

function lookerOf(db: Queryable): Looker {
  const known = lookers.get(db)
  if (known) return known
  const look = batching({
    ask: (wanted: Place[]) => lookForBlobs(db, wanted),
    isCommon: (error) => error instanceof DatabaseUnavailable,
    atMost: 100,
    patienceMs: 100,
  })
  lookers.set(db, look)
  return look
}

type Place = { repository: RepositoryName; digest: Digest }

async function lookForBlobs(db: Queryable, wanted: Place[]): Promise<(Blob | undefined)[]> {
  // Each by itself (offset 0): joined, PostgreSQL may read a whole table for a handful of digests.
  const rows = await db.rows<Blob & { place: number }>(sql`
    select one.place, found.* from unnest(
        ${wanted.map((_, place) => place)}::int[],
        ${wanted.map(({ repository }) => repository)}::text[],
        ${wanted.map(({ digest }) => digest)}::text[]) as one (place, repository, digest),
      lateral (
        select blob.id, blob.digest, blob.size from blob
          join repository_blob held on held.blob_id = blob.id
          join repository on repository.id = held.repository_id
        where blob.digest = one.digest and repository.name = one.repository offset 0) found`)
  const found = new Map(rows.map(({ place, ...blob }) => [place, blob]))
  return wanted.map((_, place) => found.get(place))
}

/**
 * Bytes in storage, for the repository that is to hold them. Size in bytes. They are durable there, or given as `bytes`
 * as well, which the database then keeps until they are.
 */
type NewBlob = { repositoryId: number; digest: Digest; size: number; bytes?: Buffer | undefined }

/**
 * Records blobs, and which repositories hold them. Idempotent, also when many transactions record one digest at once.
 * Throws an error of `isDoubtful` when a collection may have taken the bytes of one since.
 */
export async function saveBlobs(tx: Tx, blobs: NewBlob[]): Promise<void> {
  // A concurrent insert that this statement's snapshot cannot see yet is missing in `known`; the next one sees it.
  for (let left = blobs; left.length > 0;) {
    const digests = left.map(({ digest }) => digest)
    const rows = await tx.rows<{ digest: Digest }>(sql`
      with
        given as (
          select * from unnest(
            ${digests}::text[], ${left.map(({ size }) => size)}::bigint[],
            ${left.map(({ repositoryId }) => repositoryId)}::bigint[]) as one (digest, size, repository_id)),
        made as (
          insert into blob (digest, size) select distinct on (digest) digest, size from given order by digest
          on conflict (digest) do nothing returning id, digest),
        known as (
          select id, digest from made union all
          select id, digest from blob where digest = any(${digests}::text[])),
        held as (
          insert into repository_blob (repository_id, blob_id)
          select distinct given.repository_id, known.id from given join known using (digest) order by 1, 2
          on conflict do nothing)
        ${keepingBytes(left)}
      select digest from known`)
    const known = new Set(rows.map(({ digest }) => digest))
    left = left.filter(({ digest }) => !known.has(digest))
  }
}

/** Adds a blob that the repository `from` holds; false when `from` does not hold it. */
export async function linkBlob(tx: Tx, repositoryId: number, from: RepositoryName, digest: Digest): Promise<boolean> {
  const linked = await tx.row(sql`
    with
      source as (
        select blob.id from blob
          join repository_blob held on held.blob_id = blob.id
          join repository on repository.id = held.repository_id
        where blob.digest = ${digest} and repository.name = ${from} for key share of held),
      added as (
        insert into repository_blob (repository_id, blob_id) select ${repositoryId}, id from source
        on conflict do nothing)
    select id from source`)
  return linked !== undefined
}

/**
 * Ends the repository's hold on a blob; false when it had none. Throws a foreign key violation while a manifest of the
 * repository needs the blob.
 */
export async function unlinkBlob(tx: Tx, repository: { id: number; name: string }, digest: Digest): Promise<boolean> {
  tx.changes(blobKey(repository.name, digest))
  const count = await tx.run(sql`
    delete from repository_blob using blob
    where repository_blob.repository_id = ${repository.id}
      and blob.id = repository_blob.blob_id and blob.digest = ${digest}`)
  return count > 0
}

/**
 * Notes digests before their bytes appear in storage, so that a collection finds bytes that are never recorded as a
 * blob. Need not wait for PostgreSQL's disk: a note that a crash loses leaves litter, which fsck finds.
 */
export async function noteStrays(db: Queryable, digests: Digest[]): Promise<void> {
  // Each once and sorted: two processes that note the same digests at once would otherwise deadlock.
  const each = [...new Set(digests)].toSorted((a, b) => (a < b ? -1 : 1))
  await db.run(sql`
    insert into stray (digest) select digest from unnest(${each}::text[]) as digest
    on conflict (digest) do update set noted_at = excluded.noted_at`)
}

/** Notes those digests that no blob has: their files were written although the blobs were collected meanwhile. */
export async function noteOrphans(db: Queryable, digests: Digest[]): Promise<void> {
  await db.run(sql`
    insert into stray (digest)
    select digest from unnest(${digests}::text[]) as digest
    where not exists (select from blob where blob.digest = digest.digest) order by digest
    on conflict (digest) do update set noted_at = excluded.noted_at, doomed_at = null, gone_at = null`)
}

/**
 * Removes doomed bytes that have no blob's row at once, as a collection would later. A writer that stores the same
 * bytes again meanwhile gets an error of `isDoubtful`. With `dooms`, also bytes that are not doomed yet, such as those
 * of a record that failed.
 */
export function takeBytes(
  db: Db,
  digest: Digest,
  { dooms, remove }: { dooms: boolean; remove(): Promise<unknown> },
): Promise<void> {
  return db.transaction(async (tx) => {
    if (dooms) {
      await tx.run(sql`
        insert into stray (digest, noted_at, doomed_at)
        select ${digest}, 'epoch', clock_timestamp() where not exists (select from blob where digest = ${digest})
        on conflict (digest) do update
          set doomed_at = coalesce(stray.doomed_at, excluded.doomed_at), gone_at = null`)
    }
    // A statement of its own: it sees the blob of a transaction that the first statement waited for.
    const row = await tx.row(sql`
      select digest from stray
      where digest = ${digest} and doomed_at is not null and gone_at is null
        and not exists (select from blob where blob.digest = stray.digest)
      for update`)
    if (row) {
      await remove()
      await tx.run(sql`update stray set gone_at = clock_timestamp() where digest = ${digest}`)
    } else if (dooms)
      await tx.run(sql`delete from stray using blob where stray.digest = ${digest} and blob.digest = stray.digest`)
  })
}

/**
 * True of the error that a write gets when its bytes are doomed: they may be gone, although they were written just now.
 */
export const isDoubtful = (error: unknown): boolean => isPgError(error) && error.code === 'BYTES'

/**
 * Saves doomed bytes that are still in storage from the collection; false when they are gone. Until they are recorded
 * as a blob, they count as noted just now.
 */
export async function rescueBytes(tx: Tx, digest: Digest, areThere: () => Promise<boolean>): Promise<boolean> {
  const row = await tx.row(sql`select digest from stray where digest = ${digest} and doomed_at is not null for update`)
  if (!row) return true
  if (!(await areThere())) return false
  await tx.run(
    sql`update stray set doomed_at = null, gone_at = null, noted_at = clock_timestamp() where digest = ${digest}`,
  )
  return true
}

/**
 * Ends the repository's hold on those of the blobs that no manifest of it needs any more, and returns how many: their
 * bytes count against its quota no longer. A push that relied on such a blob may take the hold up again (`takeUp`)
 * until a collection forgets it.
 */
export async function releaseBlobs(
  tx: Tx,
  repository: { id: number; name: string },
  blobIds: number[],
): Promise<number> {
  // Only locks; the next statement decides, as it sees the manifest of a push that this one waited for.
  await tx.run(sql`
    select blob_id from repository_blob
    where repository_id = ${repository.id} and blob_id = any(${blobIds}::bigint[])
    order by blob_id for update`)
  const released = await tx.rows<{ digest: Digest }>(sql`
    with
      ended as (
        delete from repository_blob held
        where repository_id = ${repository.id} and blob_id = any(${blobIds}::bigint[])
          and not exists (
            select from artifact_blob used
            where used.repository_id = held.repository_id and used.blob_id = held.blob_id)
        returning blob_id),
      noted as (
        insert into released_link (repository_id, blob_id) select ${repository.id}, blob_id from ended order by blob_id
        on conflict (repository_id, blob_id) do update set released_at = excluded.released_at),
      settled as (
        delete from unused_link using ended
        where unused_link.repository_id = ${repository.id} and unused_link.blob_id = ended.blob_id)
    select blob.digest from ended join blob on blob.id = ended.blob_id`)
  tx.changes(...released.map(({ digest }) => blobKey(repository.name, digest)))
  return released.length
}

/**
 * Gives the repository back its hold on blobs that it held a moment ago, for a push that relied on them. Returns those
 * of the digests for which that was possible.
 */
export async function takeUp(tx: Tx, repository: { id: number; name: string }, digests: Digest[]): Promise<Blob[]> {
  const taken = await tx.rows<Blob>(sql`
    with
      taken as (
        delete from released_link using blob
        where released_link.repository_id = ${repository.id}
          and blob.id = released_link.blob_id and blob.digest = any(${digests}::text[])
        returning blob.id, blob.digest, blob.size),
      held as (
        insert into repository_blob (repository_id, blob_id) select ${repository.id}, id from taken order by id
        on conflict do nothing)
    select id, digest, size from taken`)
  tx.changes(...taken.map(({ digest }) => blobKey(repository.name, digest)))
  return taken
}
