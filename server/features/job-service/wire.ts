import type { Static } from 'typebox'
import type * as api from '../../../api/jobs.ts'
import { Failure } from '../../platform/http/failure.ts'
import { BadCron, checkCron, namedCrons } from '../../platform/jobs/cron.ts'
import type { Schedule } from '../../platform/jobs/schedule.ts'
import type { Busy, Execution, Pool, Queue } from '../../platform/jobs/views.ts'

/** What a client asks with Harbor's Schedule: now, never, or by a cron. */
type Asked = { kind: 'manual' } | { kind: 'none' } | { kind: 'cron'; cronType: string; cron: string }

/** Throws BAD_REQUEST for a schedule that cannot be. Hourly, Daily and Weekly may come without their cron. */
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

/** When a schedule runs, as Harbor shows it. */
function presentScheduleObj({
  cronType,
  cron,
  nextAt,
}: Pick<Schedule, 'cronType' | 'cron' | 'nextAt'>): Static<typeof api.ExecHistory>['schedule'] {
  return { type: cronType, cron, next_scheduled_time: nextAt.toISOString() }
}

/** A schedule as Harbor shows it where it has a history of runs. */
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

/** One run in a history: GCHistory and ExecHistory. `parameters`: what to show of them, the execution's attributes when absent. */
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

/** A schedule in the list of all. */
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

/** An empty queue has neither count nor latency: Harbor's clients wait for them to go. */
export function presentQueue({ jobType, count, latencySeconds, isPaused }: Queue): Static<typeof api.JobQueue> {
  return {
    job_type: jobType,
    ...(count > 0 ? { count } : {}),
    ...(latencySeconds > 0 ? { latency: latencySeconds } : {}),
    paused: isPaused,
  }
}

/** A process has as many workers as it runs jobs at once; those without a job have their ids alone. */
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
