import { Type } from 'typebox'
import { ActionRequest, JobQueue, ScheduleTask, SchedulerStatus, Worker, WorkerPool } from '../../../api/jobs.ts'
import { PageQuery } from '../../../api/requests.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { sql } from '../../platform/db/sql.ts'
import { Failure } from '../../platform/http/failure.ts'
import { pageHeaders } from '../../platform/http/paging.ts'
import { readJobLog } from '../../platform/jobs/log.ts'
import { listSchedules, scheduler } from '../../platform/jobs/schedule.ts'
import { isPaused, listBusy, listPools, listQueues } from '../../platform/jobs/views.ts'
import { actorOf } from '../../registry/caller.ts'
import { route } from '../access/index.ts'
import { clearQueues, parseJobId, pauseQueues, resumeQueues, stopAllRunning, stopJob } from './actions.ts'
import { presentPool, presentQueue, presentWorkers } from './wire.ts'

const tag = 'jobservice'
const sees = { system: 'jobservice-monitor', verb: 'list' } as const
const stops = { system: 'jobservice-monitor', verb: 'stop' } as const
const JobId = Type.Object({ job_id: Type.String({ minLength: 1, maxLength: 64, description: 'as workers and queues show it; all for every running job' }) })
const JobType = Type.Object({ job_type: Type.String({ minLength: 1, maxLength: 255 }) })
const isAll = (text: string) => text.toLowerCase() === 'all'

/** `jobTypes`: what this version of Marina can run. */
export function jobServiceRoutes(db: Db, jobTypes: () => string[]) {
  const queueNames = () => [...jobTypes(), scheduler]

  return [
    route({
      id: 'getWorkerPools', tag, method: 'GET', path: '/jobservice/pools', access: sees,
      summary: 'List the processes that run jobs',
      schema: { answers: { 200: Type.Array(WorkerPool) } },
      handler: async () => ({ status: 200, body: (await listPools(db)).map(presentPool) }),
    }),
    route({
      id: 'getWorkers', tag, method: 'GET', path: '/jobservice/pools/{pool_id}/workers', access: sees,
      summary: 'List the workers of a process and what they run; all for every process',
      schema: { params: Type.Object({ pool_id: Type.String({ minLength: 1, maxLength: 255 }) }), answers: { 200: Type.Array(Worker) } },
      async handler({ params: { pool_id: id } }) {
        const pools = (await listPools(db)).filter((pool) => isAll(id) || pool.id === id)
        if (pools.length === 0 && !isAll(id)) throw new Failure('NOT_FOUND', 'there is no such process')
        return { status: 200, body: presentWorkers(pools, await listBusy(db, isAll(id) ? undefined : id)) }
      },
    }),
    route({
      id: 'stopRunningJob', tag, method: 'PUT', path: '/jobservice/jobs/{job_id}', access: stops,
      summary: 'Stop a job, or all that run',
      schema: { params: JobId, answers: { 200: null } },
      async handler({ params: { job_id: id }, caller }) {
        await (isAll(id) ? stopAllRunning(db, actorOf(caller)) : stopJob(db, actorOf(caller), id))
        return { status: 200 }
      },
    }),
    route({
      id: 'actionGetJobLog', tag, method: 'GET', path: '/jobservice/jobs/{job_id}/log', access: sees,
      summary: 'What a job has said so far',
      schema: { params: JobId, answers: { 200: Type.String() } },
      async handler({ params }) {
        const id = parseJobId(params.job_id)
        const text = id === undefined ? undefined : await readJobLog(db, id)
        if (text === undefined) throw new Failure('NOT_FOUND', 'there is no such job')
        return { status: 200, body: text }
      },
    }),
    route({
      id: 'listJobQueues', tag, method: 'GET', path: '/jobservice/queues', access: sees,
      summary: 'List the queues: how much waits, and for how long',
      schema: { answers: { 200: Type.Array(JobQueue) } },
      async handler() {
        const queues = await listQueues(db, queueNames())
        return { status: 200, body: queues.map(presentQueue) }
      },
    }),
    route({
      id: 'actionPendingJobs', tag, method: 'PUT', path: '/jobservice/queues/{job_type}', access: stops,
      summary: 'Stop what waits in a queue, pause or resume it; all for every queue, SCHEDULER for the schedules',
      schema: { params: JobType, body: ActionRequest, answers: { 200: null } },
      async handler({ params, body: { action }, caller }) {
        if (action === undefined) throw new Failure('BAD_REQUEST', 'action is missing')
        const change = { stop: clearQueues, pause: pauseQueues, resume: resumeQueues }[action]
        await change(db, actorOf(caller), await namesOf(params.job_type))
        return { status: 200 }
      },
    }),
    route({
      id: 'listSchedules', tag: 'schedule', method: 'GET', path: '/schedules', access: sees,
      summary: 'List all schedules',
      schema: { query: PageQuery, answers: { 200: Type.Array(ScheduleTask) } },
      async handler({ query, header }) {
        const asked = listing({}, query, sql`id`)
        const { schedules, total } = await listSchedules(db, asked)
        pageHeaders('/api/v2.0/schedules', query, asked.page, asked.pageSize, total, header)
        return { status: 200, body: schedules.map(({ id, vendorType, vendorId, cron, updatedAt }) => ({ id, vendor_type: vendorType, vendor_id: vendorId, cron, update_time: updatedAt.toISOString() })) }
      },
    }),
    route({
      id: 'getSchedulePaused', tag: 'schedule', method: 'GET', path: '/schedules/{job_type}/paused', access: 'user',
      summary: 'Are schedules paused? The only job_type is all',
      schema: { params: JobType, answers: { 200: SchedulerStatus } },
      async handler({ params }) {
        if (!isAll(params.job_type)) throw new Failure('BAD_REQUEST', "job_type can only be 'all'")
        return { status: 200, body: { paused: await isPaused(db, scheduler) } }
      },
    }),
  ]

  /** Queues that exist here or in a newer process, in any letters, as Harbor takes them. */
  async function namesOf(text: string): Promise<string[]> {
    const known = (await listQueues(db, queueNames())).map(({ jobType }) => jobType)
    const names = isAll(text) ? known : known.filter((one) => one === text.toUpperCase())
    if (names.length === 0) throw new Failure('NOT_FOUND', 'there is no such queue')
    return names
  }
}
