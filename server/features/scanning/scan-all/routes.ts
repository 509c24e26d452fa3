import type { Static } from 'typebox'
import * as api from '../../../../api/scan-all.ts'
import type { Schedule as ScheduleAsked } from '../../../../api/jobs.ts'
import type { Actor } from '../../../catalog/topics.ts'
import type { Db, Queryable } from '../../../platform/db/db.ts'
import { emit } from '../../../platform/events/emit.ts'
import { Failure } from '../../../platform/http/failure.ts'
import { created } from '../../../platform/http/reply.ts'
import { enqueue } from '../../../platform/jobs/enqueue.ts'
import { dropSchedule, findSchedule, saveSchedule } from '../../../platform/jobs/schedule.ts'
import { stopTasksOf } from '../../../platform/jobs/stop.ts'
import { AlreadyRunning, type Trigger } from '../../../platform/jobs/type.ts'
import { actorOf } from '../../../registry/caller.ts'
import { route, type ApiRoute, type Verb } from '../../access/index.ts'
import { parseSchedule } from '../../job-service/index.ts'
import type { ScanJob } from '../reports/jobs.ts'
import { tellStopped } from '../reports/told.ts'
import { facts } from '../topics.ts'
import { scanAllJob } from './jobs.ts'
import { countScans, findDefaultScanner, findLastRun, listSubjectsOf } from './store.ts'
import { presentScanSchedule, presentStats } from './wire.ts'

const vendorType = scanAllJob.name
const may = (verb: Verb) => ({ system: 'scan-all', verb }) as const

/** Scans of all images: now, by a schedule, stopped, and how far they are. Statuses and texts are Harbor's. */
export function scanAllRoutes(db: Db, type: ScanJob): ApiRoute[] {
  const stats = async (trigger?: Trigger) => {
    const run = await findLastRun(db, vendorType, trigger)
    return presentStats(run, run && (await countScans(db, run.id, type.name)))
  }
  return [
    route(api.getLatestScanAllMetrics, may('read'), () => stats()),
    route(api.getLatestScheduledScanAllMetrics, may('read'), () => stats('SCHEDULE')),
    route(api.getScanAllSchedule, may('read'), async () => {
      await requireScanner(db)
      const schedule = await findSchedule(db, vendorType)
      return schedule ? presentScanSchedule(schedule) : {}
    }),
    route(api.createScanAllSchedule, may('create'), async ({ body, caller }) => {
      await requireScanner(db)
      const asked = parse(body)
      if (asked.kind === 'manual') return created(`../${await start(db, actorOf(caller))}`)
      if (asked.kind === 'cron') await schedule(db, actorOf(caller), asked, false)
      return created('../schedule')
    }),
    route(api.updateScanAllSchedule, may('update'), async ({ body, caller }) => {
      await requireScanner(db)
      const asked = parse(body)
      if (asked.kind === 'manual')
        throw new Failure('BAD_REQUEST', 'fail to update scan all schedule as wrong schedule type: Manual')
      if (asked.kind === 'cron') await schedule(db, actorOf(caller), asked, true)
      else await unschedule(db, actorOf(caller))
    }),
    route(api.stopScanAll, may('stop'), async ({ caller }) => {
      await requireScanner(db)
      await stop(db, actorOf(caller))
    }),
  ]
}

async function requireScanner(db: Queryable): Promise<void> {
  const scanner = await findDefaultScanner(db)
  if (!scanner) throw new Failure('PRECONDITION', "no scanner is configured, it's not possible to scan")
  if (scanner.isDisabled)
    throw new Failure('PRECONDITION', `scanner ${scanner.name} is deactivated, it's not possible to scan`)
}

function parse(body: Static<typeof ScheduleAsked>): ReturnType<typeof parseSchedule> {
  try {
    return parseSchedule(body)
  } catch (error) {
    if (!(error instanceof Failure) || body.schedule?.cron === undefined) throw error
    const cron = body.schedule.cron.slice(0, 60)
    const said = `invalid cron string for scheduled scan all: ${cron}, error: ${error.message}`
    throw new Failure(error.code, said, { cause: error })
  }
}

/** Returns the id of the execution. Throws CONFLICT while another run is unfinished. */
async function start(db: Db, by: Actor): Promise<number> {
  try {
    return await db.transaction(async (tx) => {
      const { executionId } = await enqueue(tx, scanAllJob, { params: {}, trigger: 'MANUAL' })
      await emit(tx, [facts.scanAllRequested({ executionId }, by)])
      return executionId
    })
  } catch (error) {
    if (!(error instanceof AlreadyRunning)) throw error
    throw new Failure('CONFLICT', 'a previous scan all job aleady exits, its status is Running', { cause: error })
  }
}

/** Throws PRECONDITION for a second schedule, unless it replaces the first. */
async function schedule(
  db: Db,
  by: Actor,
  { cronType, cron }: { cronType: string; cron: string },
  replaces: boolean,
): Promise<void> {
  await db.transaction(async (tx) => {
    if (!replaces && (await findSchedule(tx, vendorType)))
      throw new Failure(
        'PRECONDITION',
        'fail to set schedule for scan all as always had one, please delete it firstly then to re-schedule',
      )
    await saveSchedule(tx, scanAllJob, { cronType, cron, params: {} })
    await emit(tx, [facts.scanAllScheduled({ cron }, by)])
  })
}

async function unschedule(db: Db, by: Actor): Promise<void> {
  await db.transaction(async (tx) => {
    if (await dropSchedule(tx, vendorType)) await emit(tx, [facts.scanAllScheduled({ cron: null }, by)])
  })
}

/** What is finished stays; a run that has ended is left as it is. Throws BAD_REQUEST when there was never one. */
async function stop(db: Db, by: Actor): Promise<void> {
  await db.transaction(async (tx) => {
    const run = await findLastRun(tx, vendorType)
    if (!run) throw new Failure('BAD_REQUEST', 'there is no scan all job')
    const taskIds = await stopTasksOf(tx, run.id)
    if (taskIds.length === 0) return
    await emit(tx, [facts.scanAllStopped({ executionId: run.id }, by)])
    await tellStopped(tx, await listSubjectsOf(tx, taskIds), by)
  })
}
