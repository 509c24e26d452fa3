import type { Actor, Topics } from '../../../catalog/topic.ts'
import type { Db } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import { emit } from '../../../platform/events/emit.ts'
import { handler, jobType, type Job, type JobHandler } from '../../../platform/jobs/type.ts'
import { eventTypesOf } from '../rules.ts'
import { facts } from '../topics.ts'
import { purgedTypes, type PurgeParams } from './rules.ts'
import { countMonth, dropMonth, listMonths, purgePage } from './store.ts'

export const purge = jobType<PurgeParams>({
  name: 'PURGE_AUDIT_LOG',
  isSingle: true,
  isAlone: true,
  maxTries: 3,
  keep: 50,
})

const marina: Actor = { kind: 'system', id: null, name: 'audit log purge' }
/** Entries that one statement reads. */
const pageSize = 5000

export function purgeHandler(db: Db, topics: Topics): JobHandler {
  return handler(purge, async (job) => {
    const { params, executionId, log } = job
    const types = purgedTypes(params.include_event_types, eventTypesOf(topics))
    const before = (await db.row<{ at: Date }>(
      sql`select now() - make_interval(hours => ${params.audit_retention_hour}) as at`,
    ))!.at
    const which = types === 'all' ? 'all entries' : `entries of ${types.join(', ') || 'no type'}`
    log(`${params.dry_run ? 'dry run: counting' : 'removing'} ${which} from before ${before.toISOString()}`)
    // Entries that an earlier try removed count too; a dry run removes nothing, so it counts from 0.
    const earlier = params.dry_run ? 0 : Number(job.earlier['removed'] ?? 0)
    let removed = earlier
    const count: Count = (more) => job.progress({ removed: (removed += more) })
    let isWhole = false
    try {
      if (types === 'all') await purgeMonths(db, before, job, count)
      await purgeEntries(db, before, types, job, count)
      isWhole = true
    } finally {
      // C-75: the audit log says how many entries each try removed, also one that was stopped or failed.
      log(
        `${removed} entries ${params.dry_run ? 'would be ' : ''}removed${isWhole ? '' : ' until it ended early'}`,
        'INFO',
        'last word',
      )
      if (!params.dry_run && (isWhole || removed > earlier))
        await db.transaction((tx) =>
          emit(tx, [
            facts.auditPurged(
              {
                executionId,
                before: before.toISOString(),
                eventTypes: types === 'all' ? ['*'] : types,
                removed: removed - earlier,
              },
              marina,
            ),
          ]),
        )
    }
    return { attrs: { ...params, removed } }
  })
}

/** Called with the number of entries just removed. */
type Count = (more: number) => void

/** Drops the tables of whole months that are old enough, which costs the same for any number of entries. */
async function purgeMonths(
  db: Db,
  before: Date,
  { params, signal, log }: Job<PurgeParams>,
  onRemoved: Count,
): Promise<void> {
  for (const month of await listMonths(db)) {
    signal.throwIfAborted()
    if (params.dry_run || month.end > before) continue
    const count = await countMonth(db, month)
    await dropMonth(db, month)
    log(`${month.table} dropped with ${count} entries`)
    onRemoved(count)
  }
}

/** Removes entries page by page in their order: each page begins at the cursor where the last one ended. */
async function purgeEntries(
  db: Db,
  before: Date,
  types: string[] | 'all',
  { params, signal }: Job<PurgeParams>,
  onRemoved: Count,
): Promise<void> {
  if (types.length === 0) return
  for (let after: { at: string; id: number } | undefined = { at: '-infinity', id: 0 }; after;) {
    signal.throwIfAborted()
    const page: Awaited<ReturnType<typeof purgePage>> = await purgePage(db, {
      after,
      before,
      types,
      limit: pageSize,
      isDryRun: params.dry_run,
    })
    after = page.next
    onRemoved(page.count)
  }
}
