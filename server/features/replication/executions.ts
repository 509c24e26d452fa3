import type { Paged, PagePart, Queryable } from '../../platform/db/db.ts'
import type { Fields } from '../../platform/db/listing.ts'
import { sql } from '../../platform/db/sql.ts'
import type { Params, Status, Trigger } from '../../platform/jobs/type.ts'

/** The vendor type of all executions of replication. */
export const vendorType = 'REPLICATION'
/** The types of jobs: of the task that makes the others, which Harbor's API does not show, and of those. */
export const planName = 'REPLICATION_PLAN'
export const copyName = 'REPLICATION'

/** An execution with the counts of its tasks, without the one that plans them. */
export type Execution = {
  id: number
  policyId: number
  status: Status
  trigger: Trigger
  message: string
  tasks: number
  unfinished: number
  succeeded: number
  failed: number
  stopped: number
  startedAt: Date
  endedAt: Date | null
}

/** What a task is about is in its parameters (jobs.ts). `items`: how many artifacts. */
export type Task = {
  id: number
  executionId: number
  status: Status
  operation: string
  resourceType: string
  source: string
  target: string
  items: number
  progress: Params
  createdAt: Date
  startedAt: Date | null
  endedAt: Date | null
}

const executionColumns = sql`
  execution.id, execution.vendor_id as "policyId", execution.status, execution.trigger,
  execution.status_message as message, execution.tasks - 1 as tasks,
  execution.unfinished - (plan.ended_at is null)::int as unfinished,
  execution.succeeded - (plan.status = 'Success')::int as succeeded,
  execution.failed - (plan.status = 'Error')::int as failed,
  execution.stopped - (plan.status = 'Stopped')::int as stopped,
  execution.started_at as "startedAt", execution.ended_at as "endedAt"`
const executionFrom = sql`
  from execution join lateral (
    select status, ended_at from task where execution_id = execution.id order by id limit 1) plan on true
  where execution.vendor_type = ${vendorType}`
const taskColumns = sql`
  task.id, task.execution_id as "executionId", task.status, task.params ->> 'operation' as operation,
  task.params ->> 'resourceType' as "resourceType", task.params ->> 'source' as source,
  task.params ->> 'target' as target, jsonb_array_length(task.params -> 'items') as items, task.extra_attrs as progress,
  task.created_at as "createdAt", task.started_at as "startedAt", task.ended_at as "endedAt"`

export const executionFields: Fields = {
  id: { type: 'integer', column: sql`execution.id` },
  policy_id: { type: 'integer', column: sql`execution.vendor_id` },
  status: { type: 'text', column: sql`execution.status` },
  trigger: { type: 'text', column: sql`execution.trigger` },
  start_time: { type: 'time', column: sql`execution.started_at` },
  end_time: { type: 'time', column: sql`execution.ended_at` },
}
export const executionOrder = sql`execution.id desc`
export const taskFields: Fields = {
  id: { type: 'integer', column: sql`task.id` },
  status: { type: 'text', column: sql`task.status` },
  start_time: { type: 'time', column: sql`task.started_at` },
  end_time: { type: 'time', column: sql`task.ended_at` },
}
export const taskOrder = sql`task.id desc`

type Wanted = { policyId: number | undefined; statuses: Status[] | undefined; trigger: string | undefined }

/** One page of the executions of all policies, or of one. */
export function listExecutions(
  db: Queryable,
  { policyId, statuses, trigger }: Wanted,
  part: PagePart,
): Promise<Paged<Execution>> {
  const [id, words, by] = [policyId ?? null, statuses ?? null, trigger ?? null]
  const from = sql`
    ${executionFrom} and (${id}::bigint is null or execution.vendor_id = ${id})
      and (${words}::text[] is null or execution.status = any(${words}::text[]))
      and (${by}::text is null or execution.trigger = ${by})`
  return db.page({ columns: executionColumns, from }, part)
}

export function findExecution(db: Queryable, id: number): Promise<Execution | undefined> {
  return db.row<Execution>(sql`select ${executionColumns} ${executionFrom} and execution.id = ${id}`)
}

/** One page of the tasks of an execution, without the one that plans them. */
export function listTasks(
  db: Queryable,
  executionId: number,
  { statuses, resourceType }: { statuses: Status[] | undefined; resourceType: string | undefined },
  part: PagePart,
): Promise<Paged<Task>> {
  const [words, type] = [statuses ?? null, resourceType ?? null]
  const from = sql`
    from task where execution_id = ${executionId} and job_type = ${copyName}
      and (${words}::text[] is null or status = any(${words}::text[]))
      and (${type}::text is null or params ->> 'resourceType' = ${type})`
  return db.page({ columns: taskColumns, from }, part)
}

/** The id of a task of any execution; of the planning tasks, too, whose log says what was found. */
export function findTaskExecution(db: Queryable, taskId: number): Promise<{ executionId: number } | undefined> {
  return db.row(sql`
    select execution_id as "executionId" from task where id = ${taskId} and job_type in (${copyName}, ${planName})`)
}

/** Whether an execution of the policy has not ended; `before` leaves out those from this id on. */
export async function hasUnfinished(
  db: Queryable,
  policyId: number,
  { before = null, trigger = null }: { before?: number | null; trigger?: Trigger | null } = {},
): Promise<boolean> {
  const row = await db.row(sql`
    select 1 from execution
    where vendor_type = ${vendorType} and vendor_id = ${policyId} and ended_at is null
      and (${before}::bigint is null or id < ${before}) and (${trigger}::text is null or trigger = ${trigger})
    limit 1`)
  return row !== undefined
}
