import type { Static } from 'typebox'
import type { ChoreOperations } from '../../../api/chores.ts'
import type { Schedule } from '../../../api/jobs.ts'
import type { Actor } from '../../catalog/topics.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { emit, type Fact } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { created } from '../../platform/http/reply.ts'
import { enqueue } from '../../platform/jobs/enqueue.ts'
import { dropSchedule, findSchedule, saveSchedule } from '../../platform/jobs/schedule.ts'
import { stopExecution } from '../../platform/jobs/stop.ts'
import { AlreadyRunning, type JobType, type Params } from '../../platform/jobs/type.ts'
import {
  executionFields,
  executionOrder,
  findExecution,
  listExecutions,
  withProgress,
} from '../../platform/jobs/views.ts'
import { actorOf } from '../../registry/caller.ts'
import { route, type ApiRoute, type SystemResource, type Verb } from '../access/index.ts'
import { readExecutionLog } from './logs.ts'
import { parseSchedule, presentHistory, presentSchedule } from './wire.ts'

/**
 * Maintenance of the whole system, such as garbage collection, that runs on request or by its one schedule. Harbor's
 * API has the same seven operations for each kind of chore.
 */
type Chore<P extends Params> = {
  type: JobType<P>
  /** Its name within a sentence: `garbage collection`. */
  name: string
  resource: SystemResource
  operations: ChoreOperations
  /** The parameters of a run, from the request's body. Throws BAD_REQUEST. */
  parse(body: Static<typeof Schedule>): P
  /** Throws a Failure when a run with these parameters could only fail now; a schedule may be there before its time. */
  refuse?(params: P): Promise<void>
  facts: {
    asked(executionId: number, params: P, by: Actor): Fact
    stopped(executionId: number, by: Actor): Fact
    scheduled(cron: string, params: P, by: Actor): Fact
    unscheduled(by: Actor): Fact
  }
}

/** Binds the seven operations of a chore. */
export function choreRoutes<P extends Params>(db: Db, chore: Chore<P>): ApiRoute[] {
  return [...scheduleRoutes(db, chore), ...runRoutes(db, chore)]
}

const may = ({ resource }: { resource: SystemResource }, verb: Verb) => ({ system: resource, verb })

function scheduleRoutes<P extends Params>(db: Db, chore: Chore<P>): ApiRoute[] {
  const { type, operations: api } = chore
  return [
    route(api.getSchedule, may(chore, 'read'), async () => {
      const schedule = await findSchedule(db, type.name)
      return schedule ? presentSchedule(schedule) : {}
    }),
    route(api.createSchedule, may(chore, 'create'), async ({ body, caller }) => {
      // As in Harbor: None ends the schedule here too, and a new schedule replaces the old one.
      const executionId = await follow(db, chore, actorOf(caller), body)
      return created(`../${executionId ?? 'schedule'}`)
    }),
    route(api.updateSchedule, may(chore, 'update'), async ({ body, caller }) => {
      await follow(db, chore, actorOf(caller), body)
    }),
  ]
}

function runRoutes<P extends Params>(db: Db, chore: Chore<P>): ApiRoute[] {
  const { type, operations: api } = chore
  const vendor = { vendorType: type.name }
  return [
    route(api.listRuns, may(chore, 'list'), async ({ query }) => {
      const { rows, total } = await listExecutions(db, vendor, listing(executionFields, query, executionOrder))
      return { rows: (await withProgress(db, rows)).map((one) => presentHistory(one)), total }
    }),
    route(api.getRun, may(chore, 'read'), async ({ params }) => {
      const execution = await findExecution(db, vendor, runOf(params))
      if (!execution) throw unknown(chore, runOf(params))
      const [shown] = await withProgress(db, [execution])
      return presentHistory(shown!)
    }),
    route(api.stopRun, may(chore, 'stop'), ({ params, caller }) =>
      stopChore(db, chore, actorOf(caller), runOf(params)),
    ),
    route(api.getRunLog, may(chore, 'read'), async ({ params }) => {
      const text = await readExecutionLog(db, vendor, runOf(params))
      if (text === undefined) throw unknown(chore, runOf(params))
      return text
    }),
  ]
}

/** The id of a run. The path has this one parameter, under another name for each kind of chore. */
const runOf = (params: Record<string, number>): number => Object.values(params)[0]!

const unknown = <P extends Params>({ name }: Chore<P>, id: number) =>
  new Failure('NOT_FOUND', `${name} ${id} not found`)

/**
 * Runs, schedules or unschedules a chore as Harbor's Schedule asks. Returns the id of the execution when it runs now.
 */
async function follow<P extends Params>(
  db: Db,
  chore: Chore<P>,
  by: Actor,
  body: Static<typeof Schedule>,
): Promise<number | undefined> {
  const asked = parseSchedule(body)
  if (asked.kind === 'manual') {
    const params = chore.parse(body)
    await chore.refuse?.(params)
    return startChore(db, chore, by, params)
  }
  if (asked.kind === 'none') await unscheduleChore(db, chore, by)
  else await scheduleChore(db, chore, by, asked, chore.parse(body))
  return undefined
}

/** Enqueues a run and returns the id of its execution. Throws CONFLICT while another run is unfinished. */
async function startChore<P extends Params>(
  db: Db,
  { type, name, facts }: Chore<P>,
  by: Actor,
  params: P,
): Promise<number> {
  try {
    return await db.transaction(async (tx) => {
      const { executionId } = await enqueue(tx, type, { params, trigger: 'MANUAL', attrs: params })
      await emit(tx, [facts.asked(executionId, params, by)])
      return executionId
    })
  } catch (error) {
    throw error instanceof AlreadyRunning ? new Failure('CONFLICT', `a ${name} has not ended yet`) : error
  }
}

async function scheduleChore<P extends Params>(
  db: Db,
  { type, facts }: Chore<P>,
  by: Actor,
  { cronType, cron }: { cronType: string; cron: string },
  params: P,
): Promise<void> {
  await db.transaction(async (tx) => {
    await saveSchedule(tx, type, { cronType, cron, params, attrs: params })
    await emit(tx, [facts.scheduled(cron, params, by)])
  })
}

async function unscheduleChore<P extends Params>(db: Db, { type, facts }: Chore<P>, by: Actor): Promise<void> {
  await db.transaction(async (tx) => {
    if (await dropSchedule(tx, type.name)) await emit(tx, [facts.unscheduled(by)])
  })
}

/** Stops a run; what it has done so far is kept. A run that has ended is left as it is. Throws NOT_FOUND. */
async function stopChore<P extends Params>(db: Db, chore: Chore<P>, by: Actor, executionId: number): Promise<void> {
  await db.transaction(async (tx) => {
    if (!(await findExecution(tx, { vendorType: chore.type.name }, executionId))) throw unknown(chore, executionId)
    if ((await stopExecution(tx, executionId)) > 0) await emit(tx, [chore.facts.stopped(executionId, by)])
  })
}
