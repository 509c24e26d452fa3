import { Type } from 'typebox'

const time = Type.Optional(Type.String({ format: 'date-time' }))
const text = Type.Optional(Type.String())
const count = Type.Optional(Type.Integer())

export const ScheduleObj = Type.Object({
  type: Type.Optional(Type.Union([
    Type.Literal('Hourly'), Type.Literal('Daily'), Type.Literal('Weekly'), Type.Literal('Custom'), Type.Literal('Manual'), Type.Literal('None'), Type.Literal('Schedule'),
  ])),
  cron: text,
  next_scheduled_time: time,
})

export const Schedule = Type.Object({
  id: count,
  status: text,
  creation_time: time,
  update_time: time,
  schedule: Type.Optional(ScheduleObj),
  parameters: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
})

/** One run of a chore: Harbor's GCHistory and ExecHistory. */
export const ExecHistory = Type.Object({
  id: count,
  job_name: text,
  job_kind: text,
  job_parameters: text,
  schedule: Type.Optional(Type.Object({ type: text, cron: text, next_scheduled_time: time })),
  job_status: text,
  deleted: Type.Optional(Type.Boolean()),
  creation_time: time,
  update_time: time,
})

export const WorkerPool = Type.Object({ pid: count, worker_pool_id: text, start_at: time, heartbeat_at: time, concurrency: count, host: text })
export const Worker = Type.Object({ id: text, pool_id: text, job_name: text, job_id: text, start_at: time, check_in: text, checkin_at: time })
export const JobQueue = Type.Object({ job_type: text, count, latency: count, paused: Type.Optional(Type.Boolean()) })
export const ActionRequest = Type.Object({ action: Type.Optional(Type.Union([Type.Literal('stop'), Type.Literal('pause'), Type.Literal('resume')])) })
export const ScheduleTask = Type.Object({ id: count, vendor_type: text, vendor_id: count, cron: text, update_time: time })
export const SchedulerStatus = Type.Object({ paused: Type.Optional(Type.Boolean()) })
