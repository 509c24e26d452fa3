import type { Digest } from '../../../oci/digest.ts'
import { isReferenceViolation, isUniqueViolation, type Queryable, type Tx } from '../../platform/db/db.ts'
import { jsonbText } from '../../platform/db/json.ts'
import { listing, type Fields, type ListQuery } from '../../platform/db/listing.ts'
import { sql } from '../../platform/db/sql.ts'
import { Failure } from '../../platform/http/failure.ts'
import type { Place } from './rules.ts'

/** `size` in bytes. */
export type SystemArtifact = Place & {
  id: number
  digest: Digest
  size: number
  createTime: Date
  attrs: Record<string, unknown>
  blobId: number
}
type NewRecord = Place & { digest: Digest; size: number; createTime?: Date; attrs?: Record<string, unknown> }

const columns = sql`
  id, repository, digest, size, vendor, type,
  create_time as "createTime", extra_attrs as attrs, blob_id as "blobId"`

/**
 * Inserts a record and its hold on the blob. Throws CONFLICT when it exists, or when another vendor has the repository.
 */
export async function createRecord(tx: Tx, record: NewRecord): Promise<number> {
  const { repository, vendor, type, digest, size, createTime = null, attrs = {} } = record
  await tx.run(
    sql`insert into system_repository (name, vendor) values (${repository}, ${vendor}) on conflict do nothing`,
  )
  const blobId = await saveBytes(tx, digest, size)
  try {
    const row = await tx.row<{ id: number }>(sql`
      insert into system_artifact (repository, digest, size, vendor, type, create_time, extra_attrs, blob_id)
      values (
        ${repository}, ${digest}, ${size}, ${vendor}, ${type},
        coalesce(${createTime}::timestamptz, now()), ${jsonbText(attrs)}::jsonb, ${blobId})
      returning id`)
    return row!.id
  } catch (error) {
    if (isUniqueViolation(error)) throw new Failure('CONFLICT', `${repository} holds ${digest} already`)
    if (isReferenceViolation(error)) throw new Failure('CONFLICT', `${repository} belongs to another vendor`)
    throw error
  }
}

/** Inserts the blob's row unless it exists. The bytes must be durable by now: the row promises it. */
async function saveBytes(tx: Tx, digest: Digest, size: number): Promise<number> {
  for (;;) {
    const made = await tx.row<{ id: number }>(
      sql`insert into blob (digest, size) values (${digest}, ${size}) on conflict (digest) do nothing returning id`,
    )
    const row = made ?? (await tx.row<{ id: number }>(sql`select id from blob where digest = ${digest} for key share`))
    if (row) return row.id
  }
}

export function findRecord(db: Queryable, repository: string, digest: Digest): Promise<SystemArtifact | undefined> {
  return db.row<SystemArtifact>(
    sql`select ${columns} from system_artifact where repository = ${repository} and digest = ${digest}`,
  )
}

export const notFound = (repository: string, digest: Digest) =>
  new Failure('NOT_FOUND', `there is no system artifact ${repository}:${digest}`)

/** Throws NOT_FOUND. */
export async function getRecord(db: Queryable, repository: string, digest: Digest): Promise<SystemArtifact> {
  const record = await findRecord(db, repository, digest)
  if (!record) throw notFound(repository, digest)
  return record
}

/**
 * Deletes a record, its repository when that is then empty, and the blob's row when nothing else holds the blob: then
 * its bytes are doomed. Undefined when there is no such record.
 */
export async function dropRecord(tx: Tx, repository: string, digest: Digest): Promise<SystemArtifact | undefined> {
  const record = await tx.row<SystemArtifact>(
    sql`delete from system_artifact where repository = ${repository} and digest = ${digest} returning ${columns}`,
  )
  if (!record) return undefined
  await tx.run(sql`
    delete from system_repository
    where name = ${repository} and not exists (
      select 1 from system_artifact where system_artifact.repository = system_repository.name)`)
  // With the lock, a transaction that is about to hold the blob waits, and then finds it deleted or kept.
  await tx.row(sql`select id from blob where id = ${record.blobId} for update`)
  await tx.run(sql`delete from blob where id = ${record.blobId} and not is_blob_held(id)`)
  return record
}

const fields: Fields = {
  id: { type: 'integer', column: sql`id` },
  repository: { type: 'text', column: sql`repository` },
  digest: { type: 'text', column: sql`digest` },
  size: { type: 'integer', column: sql`size` },
  vendor: { type: 'text', column: sql`vendor` },
  type: { type: 'text', column: sql`type` },
  create_time: { type: 'time', column: sql`create_time` },
}

/** Lists records by the q, sort, page and page_size of the API's lists. */
export function listRecords(db: Queryable, query: ListQuery): Promise<SystemArtifact[]> {
  const { where, order, limit, offset } = listing(fields, query, sql`id`)
  return db.rows<SystemArtifact>(
    sql`select ${columns} from system_artifact where ${where} order by ${order} limit ${limit} offset ${offset}`,
  )
}

/** The next records after an id (a cursor). */
export function pageOfRecords(db: Queryable, after: number, limit: number): Promise<SystemArtifact[]> {
  return db.rows<SystemArtifact>(
    sql`select ${columns} from system_artifact where id > ${after} order by id limit ${limit}`,
  )
}

/**
 * Records older than `before`, oldest first, except those of the (vendor, type) pairs that have criteria of their own.
 */
export function listOld(
  db: Queryable,
  before: Date,
  without: { vendor: string; type: string }[],
  limit: number,
): Promise<SystemArtifact[]> {
  return db.rows<SystemArtifact>(sql`
    select ${columns} from system_artifact
    where create_time < ${before} and not exists (
      select 1
      from unnest(
        ${without.map((one) => one.vendor)}::text[], ${without.map((one) => one.type)}::text[]
      ) as own (vendor, type)
      where own.vendor = system_artifact.vendor and own.type = system_artifact.type)
    order by create_time, id limit ${limit}`)
}

/** The sum of all sizes in bytes, or of one vendor's. */
export async function sumSizes(db: Queryable, vendor?: string): Promise<number> {
  const row = await db.row<{ bytes: number }>(sql`
    select coalesce(sum(size), 0)::bigint as bytes from system_artifact
    where ${vendor ?? null}::text is null or vendor = ${vendor ?? null}`)
  return row!.bytes
}

export async function databaseNow(db: Queryable): Promise<Date> {
  return (await db.row<{ now: Date }>(sql`select clock_timestamp() as now`))!.now
}
