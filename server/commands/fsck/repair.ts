import type { Queryable } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import type { Finding } from './check.ts'

export type Queued = { files: number; blobs: number; holds: number }

/** How many digests one statement queues. */
const page = 500

/** How many ids of blobs one statement looks at. */
const stretch = 10_000

/**
 * Queues litter for the next garbage collection: bytes without a blob, blobs that nobody holds, holds that no manifest
 * needs. The collection takes them after its delay, unless somebody needs them by then. Losses cannot be repaired here:
 * they have to be pushed again.
 */
export async function queueLitter(db: Queryable, findings: Finding[]): Promise<Queued> {
  const digests = findings.flatMap(({ digest }) => digest ?? [])
  const queued = { files: 0, blobs: 0, holds: 0 }
  for (let at = 0; at < digests.length; at += page) queued.files += await queueFiles(db, digests.slice(at, at + page))
  const last = (await db.row<{ id: number | null }>(sql`select max(id) as id from blob`))?.id ?? 0
  for (let after = 0; after < last; after += stretch) {
    queued.blobs += await queueBlobs(db, after)
    queued.holds += await queueHolds(db, after)
  }
  return queued
}

function queueFiles(db: Queryable, digests: string[]): Promise<number> {
  return db.run(sql`
    insert into stray (digest) select digest from unnest(${digests}::text[]) as digest order by digest
    on conflict do nothing`)
}

function queueBlobs(db: Queryable, after: number): Promise<number> {
  return db.run(sql`
    insert into blob_candidate (blob_id)
      select id from blob where id > ${after} and id <= ${after + stretch} and not is_blob_held(id) order by id
    on conflict do nothing`)
}

function queueHolds(db: Queryable, after: number): Promise<number> {
  return db.run(sql`
    insert into unused_link (repository_id, blob_id)
      select repository_id, blob_id from repository_blob held where blob_id > ${after} and blob_id <= ${after + stretch}
        and not exists (select from artifact_blob used
          where used.repository_id = held.repository_id and used.blob_id = held.blob_id)
      order by 1, 2
    on conflict do nothing`)
}
