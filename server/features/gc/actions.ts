import type { Actor } from '../../catalog/topics.ts'
import type { Db } from '../../platform/db/db.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { enqueue } from '../../platform/jobs/enqueue.ts'
import { dropSchedule, findSchedule, saveSchedule } from '../../platform/jobs/schedule.ts'
import { stopExecution } from '../../platform/jobs/stop.ts'
import { AlreadyRunning } from '../../platform/jobs/type.ts'
import { findExecution } from '../../platform/jobs/views.ts'
import { collection, type CollectParams } from './jobs.ts'
import { facts } from './topics.ts'

const said = ({ dry_run: isDryRun, delete_untagged: deletesUntagged }: CollectParams) => ({ isDryRun, deletesUntagged })

/** Asks for a run now; returns its execution. Throws CONFLICT while one has not ended. */
export async function startCollection(db: Db, by: Actor, params: CollectParams): Promise<number> {
  try {
    return await db.transaction(async (tx) => {
      const { executionId } = await enqueue(tx, collection, { params, trigger: 'MANUAL', attrs: params })
      await emit(tx, [facts.collectionAsked({ executionId, ...said(params) }, by)])
      return executionId
    })
  } catch (error) {
    throw error instanceof AlreadyRunning ? new Failure('CONFLICT', 'a garbage collection has not ended yet') : error
  }
}

/** `isNew`: throws CONFLICT when there is a schedule already. */
export async function scheduleCollection(db: Db, by: Actor, { cronType, cron }: { cronType: string; cron: string }, params: CollectParams, { isNew }: { isNew: boolean }): Promise<void> {
  await db.transaction(async (tx) => {
    if (isNew && (await findSchedule(tx, collection.name))) throw new Failure('CONFLICT', 'garbage collection has a schedule already: change it with PUT')
    await saveSchedule(tx, collection, { cronType, cron, params, attrs: params })
    await emit(tx, [facts.collectionScheduled({ cron, ...said(params) }, by)])
  })
}

export async function unscheduleCollection(db: Db, by: Actor): Promise<void> {
  await db.transaction(async (tx) => {
    if (await dropSchedule(tx, collection.name)) await emit(tx, [facts.collectionScheduled({ cron: null, isDryRun: false, deletesUntagged: false }, by)])
  })
}

/** Stops a run; of one that has ended nothing changes. Throws NOT_FOUND. */
export async function stopCollection(db: Db, by: Actor, executionId: number): Promise<void> {
  await db.transaction(async (tx) => {
    if (!(await findExecution(tx, { vendorType: collection.name }, executionId))) throw new Failure('NOT_FOUND', `there is no garbage collection ${executionId}`)
    if ((await stopExecution(tx, executionId)) > 0) await emit(tx, [facts.collectionStopped({ executionId }, by)])
  })
}
