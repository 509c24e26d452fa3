import { Type } from './type.ts'
import { operation } from './operation.ts'
import { ListQuery, nameParam, ownBounds, PageQuery } from './requests.ts'

const time = Type.String({ format: 'date-time' })
const text = Type.Optional(Type.String())
const count = Type.Optional(Type.Integer())
const attrs = Type.Record(Type.String(), Type.Unknown())

/** When something is to run. */
export const ScheduleObj = Type.Object({
  type: Type.Optional(
    Type.Union([
      Type.Literal('Hourly'),
      Type.Literal('Daily'),
      Type.Literal('Weekly'),
      Type.Literal('Custom'),
      Type.Literal('Manual'),
      Type.Literal('None'),
      Type.Literal('Schedule'),
    ]),
  ),
  cron: text,
  next_scheduled_time: Type.Optional(time),
})

/** What a client sets for a chore: when it runs, and with which parameters. */
export const Schedule = Type.Object({
  id: count,
  status: text,
  creation_time: Type.Optional(time),
  update_time: Type.Optional(time),
  schedule: Type.Optional(ScheduleObj),
  parameters: Type.Optional(attrs),
})

/** One run of a chore, or its schedule: Harbor's GCHistory and ExecHistory. A run has no `cron` and no next time. */
export const ExecHistory = Type.Object({
  id: Type.Integer(),
  job_name: Type.String(),
  job_kind: Type.String(),
  job_parameters: Type.String(),
  schedule: Type.Object({ type: Type.String(), cron: text, next_scheduled_time: Type.Optional(time) }),
  job_status: Type.String(),
  deleted: Type.Boolean(),
  creation_time: time,
  update_time: time,
})

export const WorkerPool = Type.Object({
  pid: Type.Integer(),
  worker_pool_id: Type.String(),
  start_at: time,
  heartbeat_at: time,
  concurrency: Type.Integer(),
  host: Type.String(),
})

/** A worker that runs nothing has only its ids. */
export const Worker = Type.Object({
  id: Type.String(),
  pool_id: Type.String(),
  job_name: text,
  job_id: text,
  start_at: Type.Optional(time),
  check_in: text,
  checkin_at: Type.Optional(time),
})

/** An empty queue has neither `count` nor `latency`. */
export const JobQueue = Type.Object({ job_type: Type.String(), count, latency: count, paused: Type.Boolean() })

export const ActionRequest = Type.Object({
  action: Type.Optional(Type.Union([Type.Literal('stop'), Type.Literal('pause'), Type.Literal('resume')])),
})

export const ScheduleTask = Type.Object({
  id: Type.Integer(),
  vendor_type: Type.String(),
  vendor_id: Type.Integer(),
  cron: Type.String(),
  update_time: time,
})

/** One run of anything, finished or not. */
export const Execution = Type.Object({
  id: Type.Integer(),
  vendor_type: Type.String({ description: 'what was run, such as GARBAGE_COLLECTION' }),
  vendor_id: Type.Integer({ description: 'for what, such as a policy; -1 for what there is only once' }),
  trigger: Type.String({ description: 'MANUAL, SCHEDULE or EVENT' }),
  status: Type.String({ description: 'Pending, Running, Success, Error or Stopped' }),
  status_message: Type.String({ description: 'why it ended so' }),
  tasks: Type.Integer(),
  failed_tasks: Type.Integer(),
  start_time: time,
  end_time: Type.Optional(time),
  job_id: Type.Optional(Type.String({ description: 'whose log to read: its first task that failed, or its first' })),
})

export const FailureCount = Type.Object({
  vendor_type: Type.String(),
  count: Type.Integer({ description: 'executions that ended in error' }),
  last_time: time,
})

export const SchedulerStatus = Type.Object({ paused: Type.Boolean() })

const tag = 'jobservice'
const JobId = Type.Object({
  job_id: Type.String({
    minLength: 1,
    maxLength: 64,
    ...ownBounds,
    description: 'as workers and queues show it; all for every running job',
  }),
})
const JobType = Type.Object({ job_type: nameParam })

export const listWorkerPools = operation({
  id: 'getWorkerPools',
  tag,
  method: 'GET',
  path: '/jobservice/pools',
  summary: 'List the processes that run jobs',
  status: 200,
  answer: Type.Array(WorkerPool),
})

export const listWorkers = operation({
  id: 'getWorkers',
  tag,
  method: 'GET',
  path: '/jobservice/pools/{pool_id}/workers',
  summary: 'List the workers of a process and what they run; all for every process',
  params: Type.Object({ pool_id: nameParam }),
  status: 200,
  answer: Type.Array(Worker),
})

export const stopJob = operation({
  id: 'stopRunningJob',
  tag,
  method: 'PUT',
  path: '/jobservice/jobs/{job_id}',
  summary: 'Stop a job, or all that run',
  params: JobId,
  status: 200,
})

export const getJobLog = operation({
  id: 'actionGetJobLog',
  tag,
  method: 'GET',
  path: '/jobservice/jobs/{job_id}/log',
  summary: 'Read the log of a job, as far as it is written',
  params: JobId,
  status: 200,
  answer: Type.String(),
})

export const listExecutions = operation({
  id: 'listExecutions',
  tag,
  method: 'GET',
  path: '/jobservice/executions',
  summary: 'List the runs of all kinds, the latest first: those that go on and those that ended',
  query: ListQuery,
  status: 200,
  answer: Type.Array(Execution),
  page: true,
})

export const countFailures = operation({
  id: 'countFailedExecutions',
  tag,
  method: 'GET',
  path: '/jobservice/failures',
  summary: 'Count the runs of each kind that failed in the last days',
  query: Type.Object({
    days: Type.Optional(Type.Integer({ minimum: 1, maximum: 366, default: 7, ...ownBounds })),
  }),
  status: 200,
  answer: Type.Array(FailureCount),
})

export const listJobQueues = operation({
  id: 'listJobQueues',
  tag,
  method: 'GET',
  path: '/jobservice/queues',
  summary: 'List the queues: how much waits, and for how long',
  status: 200,
  answer: Type.Array(JobQueue),
})

export const changeJobQueue = operation({
  id: 'actionPendingJobs',
  tag,
  method: 'PUT',
  path: '/jobservice/queues/{job_type}',
  summary: 'Stop what waits in a queue, pause or resume it; all for every queue, SCHEDULER for the schedules',
  params: JobType,
  body: ActionRequest,
  status: 200,
})

export const listSchedules = operation({
  id: 'listSchedules',
  tag: 'schedule',
  method: 'GET',
  path: '/schedules',
  summary: 'List all schedules',
  query: PageQuery,
  status: 200,
  answer: Type.Array(ScheduleTask),
  page: true,
})

export const getSchedulesPaused = operation({
  id: 'getSchedulePaused',
  tag: 'schedule',
  method: 'GET',
  path: '/schedules/{job_type}/paused',
  summary: 'Are schedules paused? The only job_type is all',
  params: JobType,
  status: 200,
  answer: SchedulerStatus,
})
