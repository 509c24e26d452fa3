import type { Blobs, Stage } from '../../platform/blobs/blobs.ts'
import type { Db, Queryable } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'

type SweepOptions = { db: Db; blobs: Blobs; ttlMs: number; signal?: AbortSignal }

/** Uploads removed per statement: small, so that a sweep never holds up a push. */
const batch = 100

/**
 * Removes uploads that got no bytes for `ttlMs`, and staged bytes of that age that belong to no upload, as a crash
 * leaves them. Times are those of the database and of the store. Returns how many of each were removed.
 */
export async function sweepUploads({
  db,
  blobs,
  ttlMs,
  signal,
}: SweepOptions): Promise<{ uploads: number; stages: number }> {
  const removed = { uploads: 0, stages: 0 }
  for (;;) {
    signal?.throwIfAborted()
    const rows = await db.rows<{ stage: Stage }>(sql`
      delete from upload where id in (
        select id from upload where updated_at < now() - make_interval(secs => ${ttlMs / 1000})
          and (claim is null or claimed_at < now() - interval '1 minute')
        order by updated_at limit ${batch} for update skip locked)
      returning stage`)
    for (const { stage } of rows) await blobs.discard(stage)
    removed.uploads += rows.length
    if (rows.length < batch) break
  }
  for await (const { stage, modifiedAt } of blobs.listStages()) {
    signal?.throwIfAborted()
    if (modifiedAt.getTime() > Date.now() - ttlMs) continue
    if (await db.row(sql`select id from upload where id = ${stage.id}`)) continue
    await blobs.discard(stage)
    removed.stages++
  }
  return removed
}

/**
 * Ends the claims of dead processes on uploads: otherwise a client could not go on with such an upload for up to 30 s.
 * Only for a database that no other process uses yet.
 */
export async function forgetClaims(db: Queryable): Promise<void> {
  await db.run(sql`update upload set claim = null where claim is not null`)
}
