import { isUniqueViolation, type Queryable } from '../db/db.ts'
import { jsonbText } from '../db/json.ts'
import { sql } from '../db/sql.ts'
import { AlreadyRunning, type JobType, type Params, type Trigger } from './type.ts'

type Ask<P extends Params> = {
  params: P
  trigger: Trigger
  /** What it is run for, such as a policy; -1 for what there is only once. */
  vendorId?: number
  /** Harbor's name of who asked, when it is not the job's own. */
  vendorType?: string
  /** Shown with the execution. */
  attrs?: Params
  /** Not before this; now when absent. */
  runAt?: Date
}

/**
 * Puts a job into the queue, as an execution of one task, in the transaction of its cause: when that is rolled back, there was
 * no job. Throws AlreadyRunning for a single one that has not ended (the transaction is then lost).
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
        insert into task (execution_id, job_type, max_tries, priority, params, alone_key, run_at)
        select id, ${type.name}, ${type.maxTries}, ${type.priority}, ${jsonbText(ask.params)}::jsonb, ${alone}, coalesce(${runAt}::timestamptz, clock_timestamp()) from made
        returning id, execution_id, job_type, priority, run_at)
      select execution_id as "executionId", id as "taskId", (graphile_worker.add_job(job_type, json_build_object('task', id), run_at => run_at, job_key => id::text, priority => priority, flags => array[job_type])).id from asked`)
    return { executionId: row!.executionId, taskId: row!.taskId }
  } catch (error) {
    if (isUniqueViolation(error, 'execution_single'))
      throw new AlreadyRunning(`${vendorType} has not ended yet`, { cause: error })
    throw error
  }
}

/** Begins an execution that gets its tasks by `addTasks`. With none it stays Pending, so add one in the same transaction. */
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
    insert into execution (vendor_type, vendor_id, trigger, extra_attrs) values (${vendorType}, ${vendorId}, ${trigger}, ${jsonbText(attrs)}::jsonb) returning id`)
  return row!.id
}

/** Adds tasks of one type to an execution that has not ended; at most a thousand at a time. Returns their ids in order. */
export async function addTasks<P extends Params>(
  tx: Queryable,
  executionId: number,
  type: JobType<P>,
  all: P[],
): Promise<number[]> {
  if (all.length > 1000) throw new RangeError('at most 1000 tasks at a time')
  const rows = await tx.rows<{ id: number }>(sql`
    with grown as (
      update execution set tasks = tasks + ${all.length}, unfinished = unfinished + ${all.length}, updated_at = clock_timestamp()
      where id = ${executionId} and ended_at is null returning id, vendor_id),
    asked as (
      insert into task (execution_id, job_type, max_tries, priority, params, alone_key)
      select grown.id, ${type.name}, ${type.maxTries}, ${type.priority}, one.params::jsonb, case when ${type.isAlone} then ${type.name} || '/' || grown.vendor_id end
      from grown, unnest(${all.map((one) => jsonbText(one))}::text[]) with ordinality as one (params, place) order by place
      returning id, job_type, priority)
    select asked.id, (graphile_worker.add_job(job_type, json_build_object('task', asked.id), job_key => asked.id::text, priority => priority, flags => array[job_type])).id as queued from asked order by asked.id`)
  return rows.map(({ id }) => id)
}

function aloneKey({ isAlone, name }: Pick<JobType, 'isAlone' | 'name'>, vendorId: number): string | null {
  return isAlone ? `${name}/${vendorId}` : null
}
