import type { Digest } from '../../oci/digest.ts'
import type { Db, Queryable } from '../platform/db/db.ts'
import { sql, type Sql } from '../platform/db/sql.ts'

/**
 * A small blob whose file is not synced yet: its bytes are also in the database. `revision` changes when the bytes are
 * pushed again. `isSuspect`: a sync of its file has failed. Size in bytes.
 */
export type UnsyncedBlob = { id: number; revision: number; digest: Digest; size: number; isSuspect: boolean }

/**
 * The part of the statement that records blobs which keeps the bytes of those that have some. It refers to `known`, the
 * ids and digests of all blobs of the statement.
 */
export function keepingBytes(blobs: { digest: Digest; bytes?: Buffer | undefined }[]): Sql {
  const each = [...new Map(blobs.flatMap(({ digest, bytes }) => (bytes ? [[digest, bytes] as const] : [])))]
  if (each.length === 0) return sql``
  // One value for the bytes of all: an array of them would be sent as text, in twice the size.
  let end = 1
  const starts = each.map(([, bytes]) => (end += bytes.length) - bytes.length)
  return sql`,
    kept as (
      insert into blob_unsynced (blob_id, bytes)
      select known.id, substring(${Buffer.concat(each.map(([, bytes]) => bytes))}::bytea from one.start for one.length)
      from known join unnest(
        ${each.map(([digest]) => digest)}::text[], ${starts}::int[],
        ${each.map(([, bytes]) => bytes.length)}::int[]) as one (digest, start, length) using (digest)
      order by known.id
      on conflict (blob_id) do update set revision = default, made_at = excluded.made_at)`
}

/** The bytes of a blob whose file is not synced yet; undefined for every other blob. */
export async function findUnsynced(db: Queryable, digest: Digest): Promise<Buffer | undefined> {
  const row = await db.row<{ bytes: Buffer }>(
    sql`select bytes from blob_unsynced join blob on blob.id = blob_id where digest = ${digest}`,
  )
  return row?.bytes
}

/** Lists those older than `olderMs` (by the database's clock) after the revision `after`, in order of revisions. */
export function listUnsynced(
  db: Queryable,
  { after, olderMs, limit }: { after: number; olderMs: number; limit: number },
): Promise<UnsyncedBlob[]> {
  return db.rows(sql`
    select blob_id as id, revision, digest, size, is_suspect as "isSuspect"
    from blob_unsynced join blob on blob.id = blob_id
    where revision > ${after} and made_at <= clock_timestamp() - make_interval(secs => ${olderMs / 1000})
    order by revision limit ${limit}`)
}

/** How many there are, and the bytes of all. */
export async function measureUnsynced(db: Queryable): Promise<{ blobs: number; bytes: number }> {
  const measured = await db.row<{ blobs: number; bytes: number }>(
    sql`select count(*) as blobs, coalesce(sum(octet_length(bytes)), 0) as bytes from blob_unsynced`,
  )
  return measured!
}

/** Deletes the rows of blobs whose files are durable now, except where the bytes were pushed again meanwhile. */
export async function dropUnsynced(db: Queryable, blobs: Pick<UnsyncedBlob, 'id' | 'revision'>[]): Promise<void> {
  // Locked rows are skipped, so that two processes cannot deadlock: a later round deletes them.
  await db.run(sql`
    delete from blob_unsynced where blob_id in (
      select blob_id from blob_unsynced join unnest(
        ${blobs.map(({ id }) => id)}::bigint[], ${blobs.map(({ revision }) => revision)}::bigint[])
        as one (blob_id, revision) using (blob_id, revision)
      order by blob_id for update of blob_unsynced skip locked)`)
}

/** Notes that the file of this blob is to be written again, whatever a later sync says. */
export async function suspectUnsynced(db: Queryable, { id }: Pick<UnsyncedBlob, 'id'>): Promise<void> {
  await db.run(sql`update blob_unsynced set is_suspect = true where blob_id = ${id}`)
}

/**
 * Writes the bytes to storage again by `write`, which returns once they are durable, and deletes the row. False when
 * the row is gone: the blob was collected, or its file was synced. A collection of the blob waits until this is over,
 * so that it finds the file.
 */
export function healUnsynced(
  db: Db,
  { id }: Pick<UnsyncedBlob, 'id'>,
  write: (digest: Digest, bytes: Buffer) => Promise<unknown>,
): Promise<boolean> {
  return db.transaction(async (tx) => {
    const row = await tx.row<{ digest: Digest; bytes: Buffer }>(sql`
      select digest, bytes from blob_unsynced join blob on blob.id = blob_id
      where blob_id = ${id} for update of blob_unsynced`)
    if (!row) return false
    await write(row.digest, row.bytes)
    await tx.run(sql`delete from blob_unsynced where blob_id = ${id}`)
    return true
  })
}
