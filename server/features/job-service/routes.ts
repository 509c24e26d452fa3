import * as api from '../../../api/jobs.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { Failure } from '../../platform/http/failure.ts'
import { readJobLog } from '../../platform/jobs/log.ts'
import { listSchedules, scheduleOrder, scheduler } from '../../platform/jobs/schedule.ts'
import {
  allExecutionFields,
  countFailures,
  executionOrder,
  isPaused,
  listAllExecutions,
  listBusy,
  listPools,
  listQueues,
} from '../../platform/jobs/views.ts'
import { actorOf } from '../../registry/caller.ts'
import { route, type ApiRoute } from '../access/index.ts'
import { clearQueues, parseJobId, pauseQueues, resumeQueues, stopAllRunning, stopJob } from './actions.ts'
import {
  presentExecution,
  presentFailures,
  presentPool,
  presentQueue,
  presentScheduleTask,
  presentWorkers,
} from './wire.ts'

const sees = { system: 'jobservice-monitor', verb: 'list' } as const
const stops = { system: 'jobservice-monitor', verb: 'stop' } as const
const isAll = (text: string) => text.toLowerCase() === 'all'

/** The runs of all kinds. */
function runRoutes(db: Db): ApiRoute[] {
  return [
    route(api.listExecutions, sees, async ({ query }) => {
      const { rows, total } = await listAllExecutions(db, listing(allExecutionFields, query, executionOrder))
      return { rows: rows.map(presentExecution), total }
    }),
    route(api.countFailures, sees, async ({ query: { days = 7 } }) =>
      (await countFailures(db, days)).map(presentFailures),
    ),
  ]
}

/** `jobTypes`: the types of jobs that this version of Marina can run. */
export function jobServiceRoutes(db: Db, jobTypes: () => string[]): ApiRoute[] {
  const queueNames = () => [...jobTypes(), scheduler]

  return [
    route(api.listWorkerPools, sees, async () => (await listPools(db)).map(presentPool)),
    route(api.listWorkers, sees, async ({ params: { pool_id: id } }) => {
      const pools = (await listPools(db)).filter((pool) => isAll(id) || pool.id === id)
      if (pools.length === 0 && !isAll(id)) throw new Failure('NOT_FOUND', 'there is no such process')
      return presentWorkers(pools, await listBusy(db, isAll(id) ? undefined : id))
    }),
    route(api.stopJob, stops, ({ params: { job_id: id }, caller }) =>
      isAll(id) ? stopAllRunning(db, actorOf(caller)) : stopJob(db, actorOf(caller), id),
    ),
    route(api.getJobLog, sees, async ({ params }) => {
      const id = parseJobId(params.job_id)
      const text = id === undefined ? undefined : await readJobLog(db, id)
      if (text === undefined) throw new Failure('NOT_FOUND', 'there is no such job')
      return text
    }),
    ...runRoutes(db),
    route(api.listJobQueues, sees, async () => (await listQueues(db, queueNames())).map(presentQueue)),
    route(api.changeJobQueue, stops, async ({ params, body: { action }, caller }) => {
      if (action === undefined) throw new Failure('BAD_REQUEST', 'action is missing')
      const change = { stop: clearQueues, pause: pauseQueues, resume: resumeQueues }[action]
      await change(db, actorOf(caller), await namesOf(params.job_type))
    }),
    route(api.listSchedules, sees, async ({ query }) => {
      const { rows, total } = await listSchedules(db, listing({}, query, scheduleOrder))
      return { rows: rows.map(presentScheduleTask), total }
    }),
    route(api.getSchedulesPaused, 'user', async ({ params }) => {
      if (!isAll(params.job_type)) throw new Failure('BAD_REQUEST', "job_type can only be 'all'")
      return { paused: await isPaused(db, scheduler) }
    }),
  ]

  /**
   * The queues that a path names, in upper or lower case as in Harbor. A newer process may have queues unknown here.
   */
  async function namesOf(text: string): Promise<string[]> {
    const known = (await listQueues(db, queueNames())).map(({ jobType }) => jobType)
    const names = isAll(text) ? known : known.filter((one) => one === text.toUpperCase())
    if (names.length === 0) throw new Failure('NOT_FOUND', 'there is no such queue')
    return names
  }
}
