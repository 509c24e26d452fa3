import { Type, type Static } from 'typebox'
import { ExecHistory, Schedule } from '../../../api/jobs.ts'
import { idParam, ListQuery } from '../../../api/requests.ts'
import type { Actor } from '../../catalog/topics.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { emit, type Fact } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { pageHeaders } from '../../platform/http/paging.ts'
import { enqueue } from '../../platform/jobs/enqueue.ts'
import { dropSchedule, findSchedule, saveSchedule } from '../../platform/jobs/schedule.ts'
import { stopExecution } from '../../platform/jobs/stop.ts'
import { AlreadyRunning, type JobType, type Params } from '../../platform/jobs/type.ts'
import { executionFields, executionOrder, findExecution, listExecutions, withProgress } from '../../platform/jobs/views.ts'
import { actorOf } from '../../registry/caller.ts'
import { route, type SystemResource } from '../access/index.ts'
import { readExecutionLog } from './logs.ts'
import { parseSchedule, presentHistory, presentSchedule } from './wire.ts'

type Operation = { id: string; summary: string }

/** Work on the whole system that runs when somebody asks for it or by its one schedule. Harbor gives each kind the same seven operations. */
export type Chore<P extends Params> = {
  type: JobType<P>
  /** In sentences: `garbage collection`. */
  name: string
  tag: string
  path: string
  /** What the path calls the id of a run. */
  param: string
  resource: SystemResource
  operations: Record<'history' | 'getSchedule' | 'createSchedule' | 'updateSchedule' | 'get' | 'stop' | 'log', Operation>
  /** What a run is to do. Throws BAD_REQUEST. */
  parse(body: Static<typeof Schedule>): P
  facts: {
    asked(executionId: number, params: P, by: Actor): Fact
    stopped(executionId: number, by: Actor): Fact
    scheduled(cron: string, params: P, by: Actor): Fact
    unscheduled(by: Actor): Fact
  }
}

const prefix = '/api/v2.0'

export function choreRoutes<P extends Params>(db: Db, chore: Chore<P>) {
  const { type, tag, path, param, operations, parse } = chore
  const vendor = { vendorType: type.name }
  const may = (verb: 'create' | 'read' | 'update' | 'list' | 'stop') => ({ system: chore.resource, verb }) as const
  const schema = { params: Type.Object({ [param]: idParam }) }
  return [
    route({
      ...operations.history, tag, method: 'GET', path, access: may('list'),
      schema: { query: ListQuery, answers: { 200: Type.Array(ExecHistory) } },
      async handler({ query, header }) {
        const asked = listing(executionFields, query, executionOrder)
        const { executions, total } = await listExecutions(db, vendor, asked)
        pageHeaders(prefix + path, query, asked.page, asked.pageSize, total, header)
        return { status: 200, body: (await withProgress(db, executions)).map((one) => presentHistory(one)) }
      },
    }),
    route({
      ...operations.getSchedule, tag, method: 'GET', path: `${path}/schedule`, access: may('read'),
      schema: { answers: { 200: ExecHistory } },
      async handler() {
        const schedule = await findSchedule(db, type.name)
        return { status: 200, body: schedule ? presentSchedule(schedule) : {} }
      },
    }),
    route({
      ...operations.createSchedule, tag, method: 'POST', path: `${path}/schedule`, access: may('create'),
      schema: { body: Schedule, answers: { 201: null } },
      async handler({ body, caller, header }) {
        const [asked, by] = [parseSchedule(body), actorOf(caller)]
        // As in Harbor: None ends the schedule here as well, and a schedule takes the place of the one there is.
        if (asked.kind === 'none') await unscheduleChore(db, chore, by)
        if (asked.kind === 'cron') await scheduleChore(db, chore, by, asked, parse(body))
        header('location', `${prefix}${path}/${asked.kind === 'manual' ? await startChore(db, chore, by, parse(body)) : 'schedule'}`)
        return { status: 201 }
      },
    }),
    route({
      ...operations.updateSchedule, tag, method: 'PUT', path: `${path}/schedule`, access: may('update'),
      schema: { body: Schedule, answers: { 200: null } },
      async handler({ body, caller }) {
        const [asked, by] = [parseSchedule(body), actorOf(caller)]
        if (asked.kind === 'manual') await startChore(db, chore, by, parse(body))
        else if (asked.kind === 'none') await unscheduleChore(db, chore, by)
        else await scheduleChore(db, chore, by, asked, parse(body))
        return { status: 200 }
      },
    }),
    route({
      ...operations.get, tag, method: 'GET', path: `${path}/{${param}}`, access: may('read'),
      schema: { ...schema, answers: { 200: ExecHistory } },
      async handler({ params }) {
        const execution = await findExecution(db, vendor, params[param]!)
        if (!execution) throw unknown(chore, params[param]!)
        const [shown] = await withProgress(db, [execution])
        return { status: 200, body: presentHistory(shown!) }
      },
    }),
    route({
      ...operations.stop, tag, method: 'PUT', path: `${path}/{${param}}`, access: may('stop'),
      schema: { ...schema, answers: { 200: null } },
      async handler({ params, caller }) {
        await stopChore(db, chore, actorOf(caller), params[param]!)
        return { status: 200 }
      },
    }),
    route({
      ...operations.log, tag, method: 'GET', path: `${path}/{${param}}/log`, access: may('read'),
      schema: { ...schema, answers: { 200: Type.String() } },
      async handler({ params }) {
        const text = await readExecutionLog(db, vendor, params[param]!)
        if (text === undefined) throw unknown(chore, params[param]!)
        return { status: 200, type: 'text/plain; charset=utf-8', body: text }
      },
    }),
  ]
}

const unknown = <P extends Params>({ name }: Chore<P>, id: number) => new Failure('NOT_FOUND', `there is no ${name} ${id}`)

/** Asks for a run now; returns its execution. Throws CONFLICT while one has not ended. */
async function startChore<P extends Params>(db: Db, { type, name, facts }: Chore<P>, by: Actor, params: P): Promise<number> {
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

async function scheduleChore<P extends Params>(db: Db, { type, facts }: Chore<P>, by: Actor, { cronType, cron }: { cronType: string; cron: string }, params: P): Promise<void> {
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

/** What a run has done stays done; of one that has ended nothing changes. Throws NOT_FOUND. */
async function stopChore<P extends Params>(db: Db, chore: Chore<P>, by: Actor, executionId: number): Promise<void> {
  await db.transaction(async (tx) => {
    if (!(await findExecution(tx, { vendorType: chore.type.name }, executionId))) throw unknown(chore, executionId)
    if ((await stopExecution(tx, executionId)) > 0) await emit(tx, [chore.facts.stopped(executionId, by)])
  })
}
