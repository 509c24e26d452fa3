import { isUniqueViolation, type Queryable } from '../db/db.ts'
import { jsonbText } from '../db/json.ts'
import { sql } from '../db/sql.ts'
import { laneOf } from './lanes.ts'
import { AlreadyRunning, type JobType, type Params, type Trigger } from './type.ts'

type Ask<P extends Params> = {
  params: P
  trigger: Trigger
  /** The id of what the job is run for, such as a policy; -1 when there is only one. */
  vendorId?: number
  /** Harbor's name of the part that asks; the job's own name when it is absent. */
  vendorType?: string
  /** Shown with the execution. */
  attrs?: Params
  /** The job does not start before this; now when it is absent. */
  runAt?: Date
}

/**
 * Puts a job into the queue, as an execution of one task, in the transaction of its cause: when that is rolled back,
 * there is no job. Throws AlreadyRunning when the type is single and its last execution has not ended; the transaction
 * is lost then.
 */
export async function enqueue<P extends Params>(
  tx: Queryable,
  type: JobType<P>,
  ask: Ask<P>,
): Promise<{ executionId: number; taskId: number }> {
  const { vendorId = -1, vendorType = type.name, attrs = {}, trigger, runAt = null } = ask
  const [single, alone] = [type.isSingle ? `${vendorType}/${vendorId}` : null, aloneKey(type, vendorId)]
  try {
    const row = await tx.row<{ executionId: number; taskId: number }>(sql`
      with made as (
        insert into execution (vendor_type, vendor_id, trigger, extra_attrs, single_key, tasks, unfinished)
        values (${vendorType}, ${vendorId}, ${trigger}, ${jsonbText(attrs)}::jsonb, ${single}, 1, 1) returning id),
      asked as (
        insert into task (
          execution_id, job_type, max_tries, counts_losses, priority, params, alone_key, lane, run_at)
        select id, ${type.name}, ${type.maxTries}, ${type.countsLosses}, ${type.priority},
          ${jsonbText(ask.params)}::jsonb, ${alone}, ${laneOf(type, ask.params)},
          coalesce(${runAt}::timestamptz, clock_timestamp())
        from made
        returning id, execution_id, job_type, priority, lane, run_at)
      select execution_id as "executionId", id as "taskId", (
        graphile_worker.add_job(
          job_type, json_build_object('task', id), run_at => run_at, job_key => id::text,
          priority => priority, flags => array_remove(array[job_type, lane], null))).id
      from asked`)
    return { executionId: row!.executionId, taskId: row!.taskId }
  } catch (error) {
    if (isUniqueViolation(error, 'execution_single'))
      throw new AlreadyRunning(`${vendorType} has not ended yet`, { cause: error })
    throw error
  }
}

/**
 * Creates an execution whose tasks `addTasks` adds. Without a task it stays Pending, so add one in the same
 * transaction.
 */
export async function openExecution(
  tx: Queryable,
  {
    vendorType,
    vendorId = -1,
    trigger,
    attrs = {},
  }: { vendorType: string; vendorId?: number; trigger: Trigger; attrs?: Params },
): Promise<number> {
  const row = await tx.row<{ id: number }>(sql`
    insert into execution (vendor_type, vendor_id, trigger, extra_attrs)
    values (${vendorType}, ${vendorId}, ${trigger}, ${jsonbText(attrs)}::jsonb) returning id`)
  return row!.id
}

/** Adds at most 1,000 tasks of one type to an execution that has not ended. Returns their ids in order. */
export async function addTasks<P extends Params>(
  tx: Queryable,
  executionId: number,
  type: JobType<P>,
  all: P[],
): Promise<number[]> {
  if (all.length > 1000) throw new RangeError('at most 1000 tasks at a time')
  const rows = await tx.rows<{ id: number }>(sql`
    with grown as (
      update execution
      set tasks = tasks + ${all.length}, unfinished = unfinished + ${all.length}, updated_at = clock_timestamp()
      where id = ${executionId} and ended_at is null returning id, vendor_id),
    asked as (
      insert into task (execution_id, job_type, max_tries, counts_losses, priority, params, alone_key, lane)
      select grown.id, ${type.name}, ${type.maxTries}, ${type.countsLosses}, ${type.priority}, one.params::jsonb,
        case when ${type.isAlone} then ${type.name} || '/' || grown.vendor_id end, one.lane
      from grown, unnest(
        ${all.map((one) => jsonbText(one))}::text[],
        ${all.map((one) => laneOf(type, one))}::text[]) with ordinality as one (params, lane, place)
      order by place
      returning id, job_type, priority, lane)
    select asked.id, (
      graphile_worker.add_job(
        job_type, json_build_object('task', asked.id), job_key => asked.id::text,
        priority => priority, flags => array_remove(array[job_type, lane], null))).id as queued
    from asked order by asked.id`)
  return rows.map(({ id }) => id)
}

function aloneKey({ isAlone, name }: Pick<JobType, 'isAlone' | 'name'>, vendorId: number): string | null {
  return isAlone ? `${name}/${vendorId}` : null
}
