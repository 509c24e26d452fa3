import type { Digest } from '../../../oci/digest.ts'
import { blobKey } from '../../catalog/blob.ts'
import type { Tx } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { failpoint } from '../../platform/failpoint.ts'
import type { Run } from './run.ts'

/** The most blobs that one transaction checks: small, so that a push waits for milliseconds at most. */
const batch = 200

/**
 * Ends holds that no manifest needs, deletes the notes of holds that ended before the delay, and deletes the rows of
 * blobs that nothing holds. A dry run does the same and rolls each transaction back.
 */
export async function collectBlobs(run: Run): Promise<void> {
  for (let after = 0; run.step();) {
    const ids = await listDue(run, after)
    if (ids.length === 0) return
    await judgeBatch(run, ids)
    failpoint('collect.doomed')
    run.told()
    after = ids.at(-1)!
  }
}

/**
 * The ids of the next blobs with a due entry in one of the queues. For a dry run also blobs of expired trash, which a
 * real run has dropped before.
 */
async function listDue({ db, before, options }: Run, after: number): Promise<number[]> {
  const trashed = options.isDryRun
    ? sql`union (
        select blob_id from trash_blob where blob_id > ${after} and deleted_at < ${expiry(options.keepMs)}
        order by blob_id limit ${batch})`
    : sql``
  const rows = await db.rows<{ id: number }>(sql`
    select blob_id as id from (
      (
        select blob_id from unused_link where blob_id > ${after} and noted_at < ${before}
        order by blob_id limit ${batch})
      union (
        select blob_id from released_link where blob_id > ${after} and released_at < ${before}
        order by blob_id limit ${batch})
      union (
        select blob_id from blob_candidate where blob_id > ${after} and noted_at < ${before}
        order by blob_id limit ${batch})
      ${trashed}) due
    order by 1 limit ${batch}`)
  return rows.map(({ id }) => id)
}

const expiry = (keepMs: number) => sql`clock_timestamp() - make_interval(secs => ${keepMs / 1000})`

class RolledBack extends Error {}

async function judgeBatch(run: Run, ids: number[]): Promise<void> {
  tell(run, await (run.options.isDryRun ? judgeAndRollBack(run, ids) : judgeAndCommit(run, ids)))
}

function judgeAndCommit(run: Run, ids: number[]): Promise<Found> {
  return run.counted(async (tx, count) => {
    const found = await judge(tx, run, ids)
    count({ links: found.links.length, blobs: found.blobs.length })
    failpoint('collect.marked')
    return found
  })
}

async function judgeAndRollBack(run: Run, ids: number[]): Promise<Found> {
  let found: Found = { links: [], blobs: [] }
  const work = async (tx: Tx) => {
    found = await judge(tx, run, ids)
    throw new RolledBack()
  }
  await run.db.transaction(work).catch((error: unknown) => {
    if (!(error instanceof RolledBack)) throw error
  })
  run.totals.links += found.links.length
  run.totals.blobs += found.blobs.length
  return found
}

type Found = { links: { repository: string; digest: Digest }[]; blobs: { digest: Digest; size: number }[] }

/**
 * Ends unused holds and deletes unheld blobs among `ids`. It cannot deadlock with a push or a delete: it locks queue
 * entries first and in order, as every delete does, and later skips rows that are locked, leaving them to the next run.
 */
async function judge(tx: Tx, run: Run, ids: number[]): Promise<Found> {
  await tx.run(sql`
    insert into blob_candidate (blob_id, noted_at)
    select id, 'epoch' from unnest(${ids}::bigint[]) as id order by id
    on conflict (blob_id) do update set noted_at = blob_candidate.noted_at`)
  const links = await endUnused(tx, run, ids)
  await tx.run(sql`
    with due as (
      select repository_id, blob_id from released_link
      where blob_id = any(${ids}::bigint[]) and released_at < ${run.before} for update skip locked)
    delete from released_link using due
    where released_link.repository_id = due.repository_id and released_link.blob_id = due.blob_id`)
  if (run.options.isDryRun)
    await tx.run(
      sql`delete from trash_blob
        where blob_id = any(${ids}::bigint[]) and deleted_at < ${expiry(run.options.keepMs)}`,
    )
  return { links, blobs: await deleteUnheld(tx, run, ids) }
}

/**
 * Ends holds that no manifest needs, and notes them for another delay (releaseBlobs says why). One statement locks them
 * and the next one decides, so that it sees the manifest of a push that committed before the lock.
 */
async function endUnused(tx: Tx, { before }: Run, ids: number[]): Promise<Found['links']> {
  const locked = await tx.rows<{ repositoryId: number; blobId: number }>(sql`
    select held.repository_id as "repositoryId", held.blob_id as "blobId"
    from repository_blob held join unused_link using (repository_id, blob_id)
    where held.blob_id = any(${ids}::bigint[]) and unused_link.noted_at < ${before}
    for update of held, unused_link skip locked`)
  const ended = await tx.rows<{ repository: string; digest: Digest }>(sql`
    with due as (
      select repository_id, blob_id from unnest(
        ${locked.map((one) => one.repositoryId)}::bigint[],
        ${locked.map((one) => one.blobId)}::bigint[]) as due (repository_id, blob_id)),
    settled as (
      delete from unused_link using due
      where unused_link.repository_id = due.repository_id and unused_link.blob_id = due.blob_id),
    ended as (
      delete from repository_blob held using due
      where held.repository_id = due.repository_id and held.blob_id = due.blob_id
        and not exists (
          select from artifact_blob used
          where used.repository_id = held.repository_id and used.blob_id = held.blob_id)
      returning held.repository_id, held.blob_id),
    noted as (
      insert into released_link (repository_id, blob_id)
      select repository_id, blob_id from ended order by 1, 2
      on conflict (repository_id, blob_id) do update set released_at = excluded.released_at)
    select repository.name as repository, blob.digest from ended
    join repository on repository.id = ended.repository_id
    join blob on blob.id = ended.blob_id`)
  // Queue entries of holds that something else has ended.
  await tx.run(sql`
    delete from unused_link where blob_id = any(${ids}::bigint[]) and noted_at < ${before}
      and not exists (
        select from repository_blob held
        where held.repository_id = unused_link.repository_id and held.blob_id = unused_link.blob_id)`)
  tx.changes(...ended.map(({ repository, digest }) => blobKey(repository, digest)))
  return ended
}

/**
 * Deletes blobs that nothing holds, checked again under the lock. If the check were wrong, a foreign key would refuse
 * the delete and end the run. A trigger dooms the bytes.
 */
async function deleteUnheld(tx: Tx, { before }: Run, ids: number[]): Promise<Found['blobs']> {
  const due = idsOf(
    await tx.rows(
      sql`select blob_id as id from blob_candidate where blob_id = any(${ids}::bigint[]) and noted_at < ${before}`,
    ),
  )
  const locked = idsOf(await tx.rows(sql`select id from blob where id = any(${due}::bigint[]) for update skip locked`))
  const gone = await tx.rows<{ digest: Digest; size: number }>(
    sql`delete from blob where id = any(${locked}::bigint[]) and not is_blob_held(id) returning digest, size`,
  )
  await tx.run(sql`
    delete from blob_candidate where blob_id = any(${due}::bigint[])
      and (blob_id = any(${locked}::bigint[]) or not exists (select from blob where blob.id = blob_candidate.blob_id))`)
  return gone
}

const idsOf = (rows: { id: number }[]) => rows.map(({ id }) => id)

/** Logs what was found. A dry run dooms no bytes that a later step would count, so they are counted here. */
function tell({ totals, say, options }: Run, { links, blobs }: Found) {
  const verb = options.isDryRun ? 'would ' : ''
  for (const { repository, digest } of links)
    say('holds of repositories', `${verb}end the hold of ${repository} on ${digest}: no manifest there needs it`)
  for (const { digest, size } of blobs) {
    say('blobs', `${verb}delete the blob ${digest} (${size} bytes): nobody holds it`)
    if (!options.isDryRun) continue
    totals.files++
    totals.freed += size
  }
}
