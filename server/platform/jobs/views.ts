import type { Paged, Queryable } from '../db/db.ts'
import type { Fields, Listing } from '../db/listing.ts'
import { sql } from '../db/sql.ts'
import type { Params, Status, Trigger } from './type.ts'

export type Execution = {
  id: number
  vendorType: string
  vendorId: number
  trigger: Trigger
  status: Status
  message: string
  attrs: Params
  tasks: number
  unfinished: number
  succeeded: number
  failed: number
  stopped: number
  startedAt: Date
  updatedAt: Date
  endedAt: Date | null
}

export type Task = {
  id: number
  executionId: number
  jobType: string
  status: Status
  message: string
  revision: number
  runs: number
  params: Params
  attrs: Params
  createdAt: Date
  updatedAt: Date
  startedAt: Date | null
  endedAt: Date | null
}

const executionColumns = sql`
  id, vendor_type as "vendorType", vendor_id as "vendorId", trigger, status, status_message as message,
  extra_attrs as attrs, tasks, unfinished, succeeded, failed, stopped,
  started_at as "startedAt", updated_at as "updatedAt", ended_at as "endedAt"`
const taskColumns = sql`
  id, execution_id as "executionId", job_type as "jobType", status, status_message as message,
  status_revision as revision, run_count as runs, params, extra_attrs as attrs,
  created_at as "createdAt", updated_at as "updatedAt", started_at as "startedAt", ended_at as "endedAt"`

/** The fields for `listing`, by Harbor's names. */
export const executionFields: Fields = {
  id: { type: 'integer', column: sql`id` },
  status: { type: 'text', column: sql`status` },
  trigger: { type: 'text', column: sql`trigger` },
  start_time: { type: 'time', column: sql`started_at` },
  end_time: { type: 'time', column: sql`ended_at` },
  creation_time: { type: 'time', column: sql`started_at` },
  update_time: { type: 'time', column: sql`updated_at` },
}
export const executionOrder = sql`id desc`

/** The fields of executions of all kinds. */
export const allExecutionFields: Fields = {
  ...executionFields,
  vendor_type: { type: 'text', column: sql`vendor_type` },
  vendor_id: { type: 'integer', column: sql`vendor_id` },
}

type Page = Omit<Listing, 'page' | 'pageSize' | 'isFiltered'>
/** A vendor type, or one vendor of it. */
export type Vendor = { vendorType: string; vendorId?: number }

/** One page of the executions of a vendor, or of a type. */
export function listExecutions(db: Queryable, vendor: Vendor, { where, ...part }: Page): Promise<Paged<Execution>> {
  const vendorId = vendor.vendorId ?? null
  const from = sql`
    from execution where vendor_type = ${vendor.vendorType} and (${vendorId}::bigint is null or vendor_id = ${vendorId})
      and ${where}`
  return db.page({ columns: executionColumns, from }, part)
}

/**
 * One page of the executions of all kinds. `logOf`: the task whose log tells most, the first that failed or else the
 * first; undefined for an execution without tasks.
 */
export function listAllExecutions(
  db: Queryable,
  { where, ...part }: Page,
): Promise<Paged<Execution & { logOf: number | null }>> {
  const logOf = sql`(
    select task.id from task
    where task.execution_id = execution.id and (execution.failed = 0 or task.status = 'Error')
    order by task.id limit 1) as "logOf"`
  return db.page({ columns: sql`${executionColumns}, ${logOf}`, from: sql`from execution where ${where}` }, part)
}

export type Failures = { vendorType: string; count: number; lastAt: Date }

/** How many executions of each kind ended in error within the last days, by the index of failed ones. */
export function countFailures(db: Queryable, days: number): Promise<Failures[]> {
  return db.rows<Failures>(sql`
    select vendor_type as "vendorType", count(*) as count, max(ended_at) as "lastAt" from execution
    where status = 'Error' and ended_at > clock_timestamp() - make_interval(days => ${days})
    group by 1 order by 1 limit 1000`)
}

/** An execution of this very vendor: the id of another vendor's finds nothing (H13, H19). */
export function findExecution(
  db: Queryable,
  { vendorType, vendorId }: Vendor,
  id: number,
): Promise<Execution | undefined> {
  return db.row<Execution>(sql`
    select ${executionColumns} from execution
    where id = ${id} and vendor_type = ${vendorType}
      and (${vendorId ?? null}::bigint is null or vendor_id = ${vendorId ?? null})`)
}

/** Removes an execution that has ended, with its tasks. */
export async function dropExecution(tx: Queryable, id: number): Promise<void> {
  await tx.run(sql`delete from execution where id = ${id} and ended_at is not null`)
}

/**
 * Adds the progress of the task, and the time when that was told, to executions that are not Success; those have it in
 * their own attributes. For executions of one task.
 */
export async function withProgress(db: Queryable, executions: Execution[]): Promise<Execution[]> {
  const ids = executions.filter(({ status }) => status !== 'Success').map(({ id }) => id)
  if (ids.length === 0) return executions
  const rows = await db.rows<Pick<Execution, 'id' | 'attrs' | 'updatedAt'>>(sql`
    select execution_id as id, extra_attrs as attrs, updated_at as "updatedAt"
    from task where execution_id = any(${ids}::bigint[])`)
  const told = new Map(rows.map((one) => [one.id, one]))
  return executions.map((one) => {
    const { attrs, updatedAt = one.updatedAt } = told.get(one.id) ?? {}
    return {
      ...one,
      attrs: { ...one.attrs, ...attrs },
      updatedAt: updatedAt > one.updatedAt ? updatedAt : one.updatedAt,
    }
  })
}

/** The first task; executions that `enqueue` made have no other. */
export function findFirstTask(db: Queryable, executionId: number): Promise<Task | undefined> {
  return db.row<Task>(sql`select ${taskColumns} from task where execution_id = ${executionId} order by id limit 1`)
}

/** One page of the tasks of one type that an execution has. */
export function listTasks(
  db: Queryable,
  executionId: number,
  jobType: string,
  { where, ...part }: Page,
): Promise<Paged<Task>> {
  const from = sql`from task where execution_id = ${executionId} and job_type = ${jobType} and ${where}`
  return db.page({ columns: taskColumns, from }, part)
}

/** A task of this very execution and type. */
export function findTask(db: Queryable, executionId: number, jobType: string, id: number): Promise<Task | undefined> {
  return db.row<Task>(sql`
    select ${taskColumns} from task where id = ${id} and execution_id = ${executionId} and job_type = ${jobType}`)
}

export type Pool = { id: string; pid: number; host: string; concurrency: number; startedAt: Date; heartbeatAt: Date }
export type Busy = { poolId: string; taskId: number; jobType: string; startedAt: Date; updatedAt: Date; attrs: Params }
export type Queue = { jobType: string; count: number; latencySeconds: number; isPaused: boolean }

/** Processes that run jobs; a dead one is listed until its lease runs out. */
export function listPools(db: Queryable): Promise<Pool[]> {
  // `forgetPools` writes 'epoch' for processes that were killed: the next worker removes them.
  return db.rows<Pool>(sql`
    select id, pid, host, concurrency, started_at as "startedAt", heartbeat_at as "heartbeatAt"
    from worker_pool where heartbeat_at > 'epoch' order by started_at, id limit 1000`)
}

/** The tasks that one process runs, or all processes. */
export function listBusy(db: Queryable, poolId: string | undefined): Promise<Busy[]> {
  return db.rows<Busy>(sql`
    select pool_id as "poolId", id as "taskId", job_type as "jobType",
      started_at as "startedAt", updated_at as "updatedAt", extra_attrs as attrs
    from task
    where status = 'Running' and pool_id is not null
      and (${poolId ?? null}::text is null or pool_id = ${poolId ?? null})
    order by pool_id, id limit 10000`)
}

/**
 * How many tasks wait in each queue and for how long the oldest has been due: for these types, and for others that have
 * waiting tasks or are paused.
 */
export function listQueues(db: Queryable, jobTypes: string[]): Promise<Queue[]> {
  return db.rows<Queue>(sql`
    with waiting as (
      select job_type, count(*) as count,
        greatest(0, extract(epoch from clock_timestamp() - min(run_at)))::bigint as latency
      from task where status = 'Pending' group by job_type)
    select job_type as "jobType", coalesce(count, 0) as count, coalesce(latency, 0) as "latencySeconds",
      exists (select 1 from paused_queue where paused_queue.job_type = each.job_type) as "isPaused"
    from (
      select unnest(${jobTypes}::text[]) as job_type
      union select job_type from waiting
      union select job_type from paused_queue) each
      left join waiting using (job_type)
    order by job_type limit 1000`)
}

export async function isPaused(db: Queryable, jobType: string): Promise<boolean> {
  return (await db.row(sql`select 1 from paused_queue where job_type = ${jobType}`)) !== undefined
}
