import type { Static } from 'typebox'
import type * as api from '../../../api/jobs.ts'
import { Failure } from '../../platform/http/failure.ts'
import { BadCron, checkCron, namedCrons } from '../../platform/jobs/cron.ts'
import type { Schedule } from '../../platform/jobs/schedule.ts'
import type { Busy, Execution, Failures, Pool, Queue } from '../../platform/jobs/views.ts'

/** What Harbor's Schedule asks for: a run now, no schedule, or a schedule with a cron. */
type Asked = { kind: 'manual' } | { kind: 'none' } | { kind: 'cron'; cronType: string; cron: string }

/** Reads Harbor's Schedule. Hourly, Daily and Weekly need no cron. Throws BAD_REQUEST. */
export function parseSchedule({ schedule }: Static<typeof api.Schedule>): Asked {
  const { type, cron = '' } = schedule ?? {}
  if (type === 'Manual') return { kind: 'manual' }
  if (type === 'None') return { kind: 'none' }
  if (type === undefined) throw new Failure('BAD_REQUEST', 'schedule.type is missing')
  try {
    return {
      kind: 'cron',
      cronType: type === 'Schedule' ? 'Custom' : type,
      cron: checkCron(cron === '' ? (namedCrons[type] ?? '') : cron),
    }
  } catch (error) {
    throw error instanceof BadCron ? new Failure('BAD_REQUEST', error.message) : error
  }
}

/** The time plan of a schedule, as Harbor shows it. */
function presentScheduleObj({
  cronType,
  cron,
  nextAt,
}: Pick<Schedule, 'cronType' | 'cron' | 'nextAt'>): Static<typeof api.ExecHistory>['schedule'] {
  return { type: cronType, cron, next_scheduled_time: nextAt.toISOString() }
}

/** A schedule in the form of Harbor's ExecHistory: the answer for a chore that has a history of runs. */
export function presentSchedule(
  schedule: Schedule,
  parameters: Record<string, unknown> = schedule.params,
): Static<typeof api.ExecHistory> {
  const { id, vendorType, cron, createdAt, updatedAt } = schedule
  return {
    id,
    job_name: vendorType,
    job_kind: cron,
    job_parameters: JSON.stringify(parameters),
    job_status: 'Scheduled',
    deleted: false,
    schedule: presentScheduleObj(schedule),
    creation_time: createdAt.toISOString(),
    update_time: updatedAt.toISOString(),
  }
}

const titleOf = { MANUAL: 'Manual', SCHEDULE: 'Schedule', EVENT: 'Event' } satisfies Record<
  Execution['trigger'],
  string
>

/**
 * One run in a history (GCHistory, ExecHistory). `parameters`: the ones to show, by default the execution's attributes.
 */
export function presentHistory(
  execution: Execution,
  parameters: Record<string, unknown> = execution.attrs,
): Static<typeof api.ExecHistory> {
  const { id, vendorType, trigger, status, startedAt, updatedAt } = execution
  return {
    id,
    job_name: vendorType,
    job_kind: trigger,
    job_parameters: JSON.stringify(parameters),
    job_status: status,
    deleted: false,
    schedule: { type: titleOf[trigger] },
    creation_time: startedAt.toISOString(),
    update_time: updatedAt.toISOString(),
  }
}

/** An execution in the list of all kinds: without its attributes, which are a matter of its kind. */
export function presentExecution(one: Execution & { logOf: number | null }): Static<typeof api.Execution> {
  return {
    id: one.id,
    vendor_type: one.vendorType,
    vendor_id: one.vendorId,
    trigger: one.trigger,
    status: one.status,
    status_message: one.message,
    tasks: one.tasks,
    failed_tasks: one.failed,
    start_time: one.startedAt.toISOString(),
    ...(one.endedAt ? { end_time: one.endedAt.toISOString() } : {}),
    ...(one.logOf === null ? {} : { job_id: String(one.logOf) }),
  }
}

export function presentFailures({ vendorType, count, lastAt }: Failures): Static<typeof api.FailureCount> {
  return { vendor_type: vendorType, count, last_time: lastAt.toISOString() }
}

/** A schedule as an entry of the list of all schedules. */
export function presentScheduleTask(schedule: Schedule): Static<typeof api.ScheduleTask> {
  const { id, vendorType, vendorId, cron, updatedAt } = schedule
  return { id, vendor_type: vendorType, vendor_id: vendorId, cron, update_time: updatedAt.toISOString() }
}

export function presentPool(pool: Pool): Static<typeof api.WorkerPool> {
  const { id, pid, host, concurrency, startedAt, heartbeatAt } = pool
  return {
    worker_pool_id: id,
    pid,
    host,
    concurrency,
    start_at: startedAt.toISOString(),
    heartbeat_at: heartbeatAt.toISOString(),
  }
}

/** An empty queue has neither count nor latency: Harbor's clients poll until these fields are gone. */
export function presentQueue({ jobType, count, latencySeconds, isPaused }: Queue): Static<typeof api.JobQueue> {
  return {
    job_type: jobType,
    ...(count > 0 ? { count } : {}),
    ...(latencySeconds > 0 ? { latency: latencySeconds } : {}),
    paused: isPaused,
  }
}

/** A process has one worker for each job that it may run at once; a worker without a job shows its id alone. */
export function presentWorkers(pools: Pool[], busy: Busy[]): Static<typeof api.Worker>[] {
  return pools.flatMap(({ id, concurrency }) => {
    const jobs = busy.filter(({ poolId }) => poolId === id)
    return Array.from({ length: Math.max(concurrency, jobs.length) }, (_, index) => ({
      id: `${id}-${index + 1}`,
      pool_id: id,
      ...(jobs[index] ? presentBusy(jobs[index]) : {}),
    }))
  })
}

function presentBusy(busy: Busy): Omit<Static<typeof api.Worker>, 'id' | 'pool_id'> {
  const { taskId, jobType, startedAt, updatedAt, attrs } = busy
  return {
    job_id: String(taskId),
    job_name: jobType,
    start_at: startedAt.toISOString(),
    check_in: Object.keys(attrs).length === 0 ? '' : JSON.stringify(attrs),
    checkin_at: updatedAt.toISOString(),
  }
}
