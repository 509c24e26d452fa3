import { Type } from 'typebox'
import { ExecHistory as GCHistory, Schedule } from '../../../api/jobs.ts'
import { idParam, ListQuery } from '../../../api/requests.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { Failure } from '../../platform/http/failure.ts'
import { pageHeaders } from '../../platform/http/paging.ts'
import { findSchedule } from '../../platform/jobs/schedule.ts'
import { executionFields, executionOrder, findExecution, listExecutions } from '../../platform/jobs/views.ts'
import { actorOf } from '../../registry/caller.ts'
import { route } from '../access/index.ts'
import { parseSchedule, presentHistory, presentSchedule, readExecutionLog } from '../job-service/index.ts'
import { scheduleCollection, startCollection, stopCollection, unscheduleCollection } from './actions.ts'
import { collection } from './jobs.ts'
import { parseParameters } from './wire.ts'

const tag = 'gc'
const path = '/system/gc'
const prefix = '/api/v2.0'
const vendor = { vendorType: collection.name }
const params = Type.Object({ gc_id: idParam })
const may = (verb: 'create' | 'read' | 'update' | 'list' | 'stop') => ({ system: 'garbage-collection', verb }) as const

export function gcRoutes(db: Db) {
  return [
    route({
      id: 'getGCHistory', tag, method: 'GET', path, access: may('list'),
      summary: 'List the runs of the garbage collection',
      schema: { query: ListQuery, answers: { 200: Type.Array(GCHistory) } },
      async handler({ query, header }) {
        const asked = listing(executionFields, query, executionOrder)
        const { executions, total } = await listExecutions(db, vendor, asked)
        pageHeaders(`${prefix}${path}`, query, asked.page, asked.pageSize, total, header)
        return { status: 200, body: executions.map((one) => presentHistory(one)) }
      },
    }),
    route({
      id: 'getGCSchedule', tag, method: 'GET', path: `${path}/schedule`, access: may('read'),
      summary: 'Get the schedule of the garbage collection; {} without one',
      schema: { answers: { 200: GCHistory } },
      async handler() {
        const schedule = await findSchedule(db, collection.name)
        return { status: 200, body: schedule ? presentSchedule(schedule) : {} }
      },
    }),
    route({
      id: 'createGCSchedule', tag, method: 'POST', path: `${path}/schedule`, access: may('create'),
      summary: 'Collect garbage now (type Manual), or by a schedule',
      schema: { body: Schedule, answers: { 201: null } },
      async handler({ body, caller, header }) {
        const [asked, parameters, by] = [parseSchedule(body), parseParameters(body), actorOf(caller)]
        if (asked.kind === 'manual') header('location', `${prefix}${path}/${await startCollection(db, by, parameters)}`)
        else {
          if (asked.kind === 'cron') await scheduleCollection(db, by, asked, parameters, { isNew: true })
          header('location', `${prefix}${path}/schedule`)
        }
        return { status: 201 }
      },
    }),
    route({
      id: 'updateGCSchedule', tag, method: 'PUT', path: `${path}/schedule`, access: may('update'),
      summary: 'Change the schedule, or end it (type None)',
      schema: { body: Schedule, answers: { 200: null } },
      async handler({ body, caller }) {
        const [asked, parameters, by] = [parseSchedule(body), parseParameters(body), actorOf(caller)]
        if (asked.kind === 'manual') await startCollection(db, by, parameters)
        else if (asked.kind === 'none') await unscheduleCollection(db, by)
        else await scheduleCollection(db, by, asked, parameters, { isNew: false })
        return { status: 200 }
      },
    }),
    route({
      id: 'getGC', tag, method: 'GET', path: `${path}/{gc_id}`, access: may('read'),
      summary: 'Get a run',
      schema: { params, answers: { 200: GCHistory } },
      async handler({ params: { gc_id: id } }) {
        const execution = await findExecution(db, vendor, id)
        if (!execution) throw unknown(id)
        return { status: 200, body: presentHistory(execution) }
      },
    }),
    route({
      id: 'stopGC', tag, method: 'PUT', path: `${path}/{gc_id}`, access: may('stop'),
      summary: 'Stop a run; what it has not looked at stays for the next one',
      schema: { params, answers: { 200: null } },
      async handler({ params: { gc_id: id }, caller }) {
        await stopCollection(db, actorOf(caller), id)
        return { status: 200 }
      },
    }),
    route({
      id: 'getGCLog', tag, method: 'GET', path: `${path}/{gc_id}/log`, access: may('read'),
      summary: 'What a run has said so far',
      schema: { params, answers: { 200: Type.String() } },
      async handler({ params: { gc_id: id } }) {
        const text = await readExecutionLog(db, vendor, id)
        if (text === undefined) throw unknown(id)
        return { status: 200, type: 'text/plain; charset=utf-8', body: text }
      },
    }),
  ]
}

const unknown = (id: number) => new Failure('NOT_FOUND', `there is no garbage collection ${id}`)
