import type { Paged, Queryable } from '../../../platform/db/db.ts'
import type { Fields, Listing } from '../../../platform/db/listing.ts'
import { sql } from '../../../platform/db/sql.ts'
import type { Params, Status, Trigger } from '../../../platform/jobs/type.ts'

/** The vendor type of all executions of preheating. */
export const vendorType = 'P2P_PREHEAT'
/** The types of jobs: of the task that makes the others, which Harbor's API does not show, and of those. */
export const planName = 'P2P_PREHEAT_PLAN'
export const imageName = 'P2P_PREHEAT'

/** An execution with the counts of its tasks, without the one that plans them. */
export type Execution = {
  id: number
  policyId: number
  status: Status
  trigger: Trigger
  message: string
  attrs: Params
  tasks: number
  succeeded: number
  failed: number
  stopped: number
  /** Begun, and not ended; of an execution that has ended 0. */
  running: number
  startedAt: Date
  endedAt: Date | null
}

/** `params`: see jobs.ts. */
export type Task = {
  id: number
  executionId: number
  status: Status
  message: string
  /** Tries that have failed. */
  failures: number
  params: { repository: string; tag: string; digest: string }
  createdAt: Date
  updatedAt: Date
  startedAt: Date | null
  endedAt: Date | null
}

/** A task that waits to look again how far its service is, goes on for those who look at it. */
const shownStatus = sql`
  case when task.status = 'Pending' and task.extra_attrs ? 'job' then 'Running' else task.status end`

const executionColumns = sql`
  execution.id, execution.vendor_id as "policyId", execution.status, execution.trigger,
  execution.status_message as message, execution.extra_attrs as attrs, execution.tasks - 1 as tasks,
  execution.succeeded - (plan.status = 'Success')::int as succeeded,
  execution.failed - (plan.status = 'Error')::int as failed,
  execution.stopped - (plan.status = 'Stopped')::int as stopped,
  case when execution.ended_at is not null then 0 else (
    select count(*)::int from task
    where task.execution_id = execution.id and task.job_type = ${imageName} and ${shownStatus} = 'Running')
    end as running,
  execution.started_at as "startedAt", execution.ended_at as "endedAt"`
const executionFrom = sql`
  from execution join lateral (
    select status from task where execution_id = execution.id order by id limit 1) plan on true
  where execution.vendor_type = ${vendorType}`

const taskColumns = sql`
  task.id, task.execution_id as "executionId", ${shownStatus} as status, task.status_message as message, task.failures,
  task.params, task.created_at as "createdAt", task.updated_at as "updatedAt", task.started_at as "startedAt",
  task.ended_at as "endedAt"`
const taskFrom = (executionId: number) =>
  sql`from task where task.execution_id = ${executionId} and task.job_type = ${imageName}`

/** The fields of lists, by Harbor's names. */
export const executionFields: Fields = {
  id: { type: 'integer', column: sql`execution.id` },
  status: { type: 'text', column: sql`execution.status` },
  start_time: { type: 'time', column: sql`execution.started_at` },
  end_time: { type: 'time', column: sql`execution.ended_at` },
}
export const executionOrder = sql`execution.id desc`
export const taskFields: Fields = {
  id: { type: 'integer', column: sql`task.id` },
  status: { type: 'text', column: shownStatus },
  start_time: { type: 'time', column: sql`task.started_at` },
  end_time: { type: 'time', column: sql`task.ended_at` },
  creation_time: { type: 'time', column: sql`task.created_at` },
}
export const taskOrder = sql`task.id desc`

export function listExecutions(
  db: Queryable,
  policyId: number,
  { where, ...part }: Listing,
): Promise<Paged<Execution>> {
  const from = sql`${executionFrom} and execution.vendor_id = ${policyId} and ${where}`
  return db.page({ columns: executionColumns, from }, part)
}

/** An execution of this very policy: the id of another one's finds nothing (H19). */
export function findExecution(db: Queryable, policyId: number, id: number): Promise<Execution | undefined> {
  return db.row<Execution>(sql`
    select ${executionColumns} ${executionFrom} and execution.vendor_id = ${policyId} and execution.id = ${id}`)
}

export function listTasks(db: Queryable, executionId: number, { where, ...part }: Listing): Promise<Paged<Task>> {
  return db.page({ columns: taskColumns, from: sql`${taskFrom(executionId)} and ${where}` }, part)
}

/** Whether the execution has this task; also the one that plans, whose log says what was found. */
export async function hasTask(db: Queryable, executionId: number, taskId: number): Promise<boolean> {
  const row = await db.row(sql`
    select 1 from task
    where id = ${taskId} and execution_id = ${executionId} and job_type in (${planName}, ${imageName})`)
  return row !== undefined
}
