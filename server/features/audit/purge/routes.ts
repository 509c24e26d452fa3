import { Type } from 'typebox'
import { ExecHistory, Schedule } from '../../../../api/jobs.ts'
import { idParam, listQuery } from '../../../../api/requests.ts'
import type { Db } from '../../../platform/db/db.ts'
import { listing } from '../../../platform/db/listing.ts'
import { Failure } from '../../../platform/http/failure.ts'
import { pageHeaders } from '../../../platform/http/paging.ts'
import { findSchedule } from '../../../platform/jobs/schedule.ts'
import { executionFields, executionOrder, findExecution, listExecutions } from '../../../platform/jobs/views.ts'
import { actorOf } from '../../../registry/caller.ts'
import { route } from '../../access/index.ts'
import { parseSchedule, presentHistory, presentSchedule, readExecutionLog } from '../../job-service/index.ts'
import { schedulePurge, startPurge, stopPurge, unschedulePurge } from './actions.ts'
import { purge } from './jobs.ts'
import { parsePurge } from './wire.ts'

const tag = 'purge'
const path = '/system/purgeaudit'
const prefix = '/api/v2.0'
const vendor = { vendorType: purge.name }
const params = Type.Object({ purge_id: idParam })
const may = (verb: 'create' | 'read' | 'update' | 'list' | 'stop') => ({ system: 'purge-audit', verb }) as const

/** The only way by which entries leave the log (C-75). */
export function purgeRoutes(db: Db, topics: ReadonlySet<string>) {
  return [
    route({
      id: 'getPurgeHistory', tag, method: 'GET', path, access: may('list'),
      summary: 'List the purges of the audit log',
      schema: { query: Type.Object(listQuery), answers: { 200: Type.Array(ExecHistory) } },
      async handler({ query, header }) {
        const asked = listing(executionFields, query, executionOrder)
        const { executions, total } = await listExecutions(db, vendor, asked)
        pageHeaders(`${prefix}${path}`, query, asked.page, asked.pageSize, total, header)
        return { status: 200, body: executions.map((one) => presentHistory(one)) }
      },
    }),
    route({
      id: 'getPurgeSchedule', tag, method: 'GET', path: `${path}/schedule`, access: may('read'),
      summary: 'Get the schedule of the purge; {} without one',
      schema: { answers: { 200: ExecHistory } },
      async handler() {
        const schedule = await findSchedule(db, purge.name)
        return { status: 200, body: schedule ? presentSchedule(schedule) : {} }
      },
    }),
    route({
      id: 'createPurgeSchedule', tag, method: 'POST', path: `${path}/schedule`, access: may('create'),
      summary: 'Purge now (type Manual), or by a schedule',
      schema: { body: Schedule, answers: { 201: null } },
      async handler({ body, caller, header }) {
        const [asked, by] = [parseSchedule(body), actorOf(caller)]
        if (asked.kind === 'manual') header('location', `${prefix}${path}/${await startPurge(db, by, parsePurge(body, topics))}`)
        else {
          if (asked.kind === 'cron') await schedulePurge(db, by, asked, parsePurge(body, topics), { isNew: true })
          header('location', `${prefix}${path}/schedule`)
        }
        return { status: 201 }
      },
    }),
    route({
      id: 'updatePurgeSchedule', tag, method: 'PUT', path: `${path}/schedule`, access: may('update'),
      summary: 'Change the schedule, or end it (type None)',
      schema: { body: Schedule, answers: { 200: null } },
      async handler({ body, caller }) {
        const [asked, by] = [parseSchedule(body), actorOf(caller)]
        if (asked.kind === 'manual') await startPurge(db, by, parsePurge(body, topics))
        else if (asked.kind === 'none') await unschedulePurge(db, by)
        else await schedulePurge(db, by, asked, parsePurge(body, topics), { isNew: false })
        return { status: 200 }
      },
    }),
    route({
      id: 'getPurgeJob', tag, method: 'GET', path: `${path}/{purge_id}`, access: may('read'),
      summary: 'Get a purge',
      schema: { params, answers: { 200: ExecHistory } },
      async handler({ params: { purge_id: id } }) {
        const execution = await findExecution(db, vendor, id)
        if (!execution) throw unknown(id)
        return { status: 200, body: presentHistory(execution) }
      },
    }),
    route({
      id: 'stopPurge', tag, method: 'PUT', path: `${path}/{purge_id}`, access: may('stop'),
      summary: 'Stop a purge; what it has removed stays removed',
      schema: { params, answers: { 200: null } },
      async handler({ params: { purge_id: id }, caller }) {
        await stopPurge(db, actorOf(caller), id)
        return { status: 200 }
      },
    }),
    route({
      id: 'getPurgeJobLog', tag, method: 'GET', path: `${path}/{purge_id}/log`, access: may('read'),
      summary: 'What a purge has said so far',
      schema: { params, answers: { 200: Type.String() } },
      async handler({ params: { purge_id: id }, header }) {
        const text = await readExecutionLog(db, vendor, id)
        if (text === undefined) throw unknown(id)
        header('content-type', 'text/plain; charset=utf-8')
        return { status: 200, body: text }
      },
    }),
  ]
}

const unknown = (id: number) => new Failure('NOT_FOUND', `there is no purge ${id}`)
