import type { Actor } from '../../../catalog/topics.ts'
import type { Db, Queryable, Tx } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import { emit } from '../../../platform/events/emit.ts'
import type { Subject } from '../sboms/store.ts'
import { facts, type ScanEnded } from '../topics.ts'
import { listOverviews, type ReportRow } from './store.ts'
import { presentOverview, typeOf } from './wire.ts'

export type Run = { executionId: number; taskId: number }

/** The most tags that a fact names. */
const mostTags = 100

/** Tells webhooks and the audit log, in the transaction that has saved the report. */
export async function tellCompleted(tx: Tx, image: Subject, run: Run): Promise<void> {
  const by = await operatorOf(tx, run)
  await emit(tx, [facts.scanCompleted(await endedOf(tx, image), by)])
}

/** Tells that a scan has failed for good; a task that is not the newest of its image tells nothing. */
export function tellFailed(db: Db, image: Subject, run: Run, reason: string): Promise<void> {
  return db.transaction(async (tx) => {
    const by = await operatorOf(tx, run)
    await emit(tx, [facts.scanFailed({ ...(await endedOf(tx, image, 'Error')), reason }, by)])
  })
}

/** Images of which one statement tells. */
const batch = 200

/** Tells of each image whose scan a caller has stopped. */
export async function tellStopped(tx: Tx, images: Subject[], by: Actor): Promise<void> {
  for (let from = 0; from < images.length; from += batch) {
    const ended = await listEnded(tx, images.slice(from, from + batch), 'Stopped')
    await emit(
      tx,
      ended.map((one) => facts.scanStopped(one, by)),
    )
  }
}

/** Who asked for the scan, as its execution says; Marina itself after a push. */
export async function operatorOf(tx: Queryable, { executionId }: Run): Promise<Actor> {
  const row = await tx.row<{ name: string | null }>(
    sql`select extra_attrs ->> 'operator' as name from execution where id = ${executionId}`,
  )
  return { kind: 'system', id: null, name: row?.name ?? 'scan' }
}

/** The newest tags of an image. */
export const tagsOf = async (tx: Queryable, artifactId: number): Promise<string[]> =>
  (await listTags(tx, [artifactId])).get(artifactId) ?? []

/** The newest tags of images. */
export async function listTags(tx: Queryable, artifactIds: number[]): Promise<Map<number, string[]>> {
  const rows = await tx.rows<{ id: number; names: string[] }>(sql`
    select id, array(
        select name from tag where artifact_id = one.id order by tag.id desc limit ${mostTags}) as names
    from unnest(${artifactIds}::bigint[]) as one (id)`)
  return new Map(rows.map(({ id, names }) => [id, names]))
}

/** `status`: what the task ends with, which it is about to say itself. */
async function listEnded(
  tx: Queryable,
  images: Subject[],
  status: 'Error' | 'Stopped' | undefined,
): Promise<ScanEnded[]> {
  const ids = images.map(({ id }) => id)
  const tags = await listTags(tx, ids)
  const overviews = new Map((await listOverviews(tx, ids)).map((row) => [row.artifactId, row]))
  return images.map(({ id, projectId, repository, digest }) => {
    const row = overviews.get(id)
    const overview = row ? { scan_overview: { [typeOf(row)]: shownOf(row, status) } } : {}
    return { projectId, repository, digest, tags: tags.get(id) ?? [], scanType: 'vulnerability', overview }
  })
}

const endedOf = async (tx: Queryable, image: Subject, status?: 'Error'): Promise<ScanEnded> =>
  (await listEnded(tx, [image], status))[0]!

/** As in Harbor, a scan that did not succeed shows no findings, also where those of the last one are still valid. */
function shownOf(row: ReportRow, status: 'Error' | 'Stopped' | undefined): object {
  if (!status) return presentOverview([row], row.finished ?? undefined)
  const ended: ReportRow = { ...row, status, endedAt: new Date(), finished: null }
  return { ...presentOverview([ended], undefined), severity: '', summary: null, complete_percent: 0 }
}
