import type { Actor } from '../../../catalog/topics.ts'
import type { Db } from '../../../platform/db/db.ts'
import { emit } from '../../../platform/events/emit.ts'
import { Failure } from '../../../platform/http/failure.ts'
import { enqueue } from '../../../platform/jobs/enqueue.ts'
import { dropSchedule, findSchedule, saveSchedule } from '../../../platform/jobs/schedule.ts'
import { stopExecution } from '../../../platform/jobs/stop.ts'
import { AlreadyRunning } from '../../../platform/jobs/type.ts'
import { findExecution } from '../../../platform/jobs/views.ts'
import { facts } from '../topics.ts'
import { purge } from './jobs.ts'
import type { PurgeParams } from './rules.ts'

/** Asks for a purge now; returns its execution. Throws CONFLICT while one has not ended. */
export async function startPurge(db: Db, by: Actor, params: PurgeParams): Promise<number> {
  try {
    return await db.transaction(async (tx) => {
      const { executionId } = await enqueue(tx, purge, { params, trigger: 'MANUAL', attrs: params })
      await emit(tx, [facts.purgeAsked({ executionId, ...params }, by)])
      return executionId
    })
  } catch (error) {
    throw error instanceof AlreadyRunning ? new Failure('CONFLICT', 'a purge of the audit log has not ended yet') : error
  }
}

/** `isNew`: throws CONFLICT when there is a schedule already. */
export async function schedulePurge(db: Db, by: Actor, { cronType, cron }: { cronType: string; cron: string }, params: PurgeParams, { isNew }: { isNew: boolean }): Promise<void> {
  await db.transaction(async (tx) => {
    if (isNew && (await findSchedule(tx, purge.name))) throw new Failure('CONFLICT', 'the purge of the audit log has a schedule already: change it with PUT')
    await saveSchedule(tx, purge, { cronType, cron, params, attrs: params })
    await emit(tx, [facts.purgeScheduled({ cron, ...params }, by)])
  })
}

export async function unschedulePurge(db: Db, by: Actor): Promise<void> {
  await db.transaction(async (tx) => {
    if (await dropSchedule(tx, purge.name)) await emit(tx, [facts.purgeScheduled({ cron: null }, by)])
  })
}

/** Stops a purge; what it has removed stays removed. Throws NOT_FOUND. */
export async function stopPurge(db: Db, by: Actor, executionId: number): Promise<void> {
  await db.transaction(async (tx) => {
    if (!(await findExecution(tx, { vendorType: purge.name }, executionId))) throw new Failure('NOT_FOUND', `there is no purge ${executionId}`)
    if ((await stopExecution(tx, executionId)) > 0) await emit(tx, [facts.purgeStopped({ executionId }, by)])
  })
}
