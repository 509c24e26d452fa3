import type { Queryable } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import type { Outcome, Params, Trigger } from './type.ts'
import { jsonbText } from '../db/json.ts'

/** A task that this process has just taken. `run` is a fencing token: an earlier run can no longer change the task. */
export type Taken = {
  taskId: number
  executionId: number
  vendorId: number
  trigger: Trigger
  params: Params
  attrs: Params
  run: number
  failures: number
  maxTries: number
  priority: number
}

/**
 * Takes a task that waits; returns it, or why it cannot be taken. Throws a unique violation while another task with the
 * same alone key runs.
 */
export async function takeTask(db: Queryable, taskId: number, poolId: string): Promise<Taken | 'paused' | 'gone'> {
  const row = await db.row<Partial<Taken> & { isPaused: boolean | null }>(sql`
    with
      wanted as (
        select id, job_type,
          exists (select 1 from paused_queue where paused_queue.job_type = task.job_type) as "isPaused"
        from task where id = ${taskId} and status = 'Pending'),
      taken as (
        update task
        set status = 'Running', run_count = run_count + 1, status_revision = status_revision + 1, pool_id = ${poolId},
          started_at = coalesce(started_at, clock_timestamp()), updated_at = clock_timestamp()
        from wanted where task.id = wanted.id and task.status = 'Pending' and not wanted."isPaused"
        returning task.id as "taskId", execution_id as "executionId", params, extra_attrs as attrs,
          run_count as run, failures, max_tries as "maxTries", priority),
      begun as (
        update execution set status = 'Running', updated_at = clock_timestamp()
        from taken where execution.id = taken."executionId" and execution.status = 'Pending')
    select wanted."isPaused", taken.*, execution.vendor_id as "vendorId", execution.trigger
    from wanted left join taken on true left join execution on execution.id = taken."executionId"`)
  if (!row) return 'gone'
  if (row.taskId === undefined || row.taskId === null) return row.isPaused ? 'paused' : 'gone'
  return row as Taken
}

type Held = Pick<Taken, 'taskId' | 'run'>

/** A message without characters that PostgreSQL cannot store: it may come from a job's error or another server. */
const textOf = (message: string) => message.replaceAll('\0', '').toWellFormed()

/**
 * Ends a task that this process holds, and with the last task its execution. False when it does not hold the task any
 * more.
 */
export async function endTask(
  db: Queryable,
  { taskId, run }: Held,
  poolId: string,
  status: 'Success' | 'Error' | 'Stopped',
  { message: said = '', attrs = {} }: Outcome,
  failures: number,
): Promise<boolean> {
  const message = textOf(said)
  const row = await db.row<{ id: number }>(sql`
    with
      done as (
        update task
        set status = ${status}, status_message = left(${message}, 2000), status_revision = status_revision + 1,
          failures = ${failures}, pool_id = null, updated_at = clock_timestamp(), ended_at = clock_timestamp()
        where id = ${taskId} and status = 'Running' and pool_id = ${poolId} and run_count = ${run}
        returning id, execution_id),
      counted as (
        update execution
        set unfinished = unfinished - 1,
          succeeded = succeeded + (${status} = 'Success')::int,
          failed = failed + (${status} = 'Error')::int,
          stopped = stopped + (${status} = 'Stopped')::int,
          updated_at = clock_timestamp(), extra_attrs = extra_attrs || ${jsonbText(attrs)}::jsonb,
          status_message = case
            when ${status} <> 'Success' or tasks = 1 then left(${message}, 2000) else status_message end,
          status = case
            when unfinished > 1 then 'Running'
            when failed + (${status} = 'Error')::int > 0 then 'Error'
            when stopped + (${status} = 'Stopped')::int > 0 then 'Stopped'
            else 'Success' end,
          ended_at = case when unfinished > 1 then null else clock_timestamp() end
        from done where execution.id = done.execution_id)
    select id from done`)
  return row !== undefined
}

/**
 * Puts a task that this process holds back into the queue, to be retried in `delayMs`. When a stop was asked for
 * meanwhile, the task ends as Stopped instead. To be called inside a transaction.
 */
export async function putBack(
  tx: Queryable,
  taken: Held,
  poolId: string,
  { message = '', delayMs, failures }: { message?: string; delayMs: number; failures: number },
): Promise<'waits' | 'stopped' | 'gone'> {
  const { taskId, run } = taken
  const held = await tx.row<{ isStopped: boolean }>(sql`
    select stop_asked_at is not null as "isStopped" from task
    where id = ${taskId} and status = 'Running' and pool_id = ${poolId} and run_count = ${run} for update`)
  if (!held) return 'gone'
  if (held.isStopped) {
    await endTask(tx, taken, poolId, 'Stopped', { message }, failures)
    return 'stopped'
  }
  await tx.rows(sql`
    with waiting as (
      update task
      set status = 'Pending', status_message = left(${textOf(message)}, 2000), status_revision = status_revision + 1,
        failures = ${failures}, pool_id = null,
        run_at = clock_timestamp() + make_interval(secs => ${delayMs / 1000}), updated_at = clock_timestamp()
      where id = ${taskId} returning id, job_type, run_at, priority, lane)
    select (
      graphile_worker.add_job(
        job_type, json_build_object('task', id), run_at => run_at, job_key => id::text,
        priority => priority, flags => array_remove(array[job_type, lane], null))).id
    from waiting`)
  return 'waits'
}

/**
 * Puts the jobs of tasks that wait into the queue again, for their `run_at` or for `delayMs` from now, if that is
 * later.
 */
export async function requeue(db: Queryable, taskIds: number[], delayMs = 0): Promise<void> {
  await db.rows(sql`
    select (
      graphile_worker.add_job(
        job_type, json_build_object('task', id),
        run_at => greatest(run_at, clock_timestamp() + make_interval(secs => ${delayMs / 1000})),
        job_key => id::text, priority => priority, flags => array_remove(array[job_type, lane], null))).id as queued
    from task where id = any(${taskIds}::bigint[]) and status = 'Pending'`)
}

/** Merges progress into the task's attributes. False, and nothing is saved, when another run has the task by now. */
export async function saveProgress(db: Queryable, { taskId, run }: Held, attrs: Params): Promise<boolean> {
  const saved = await db.run(sql`
    update task
    set extra_attrs = extra_attrs || ${jsonbText(attrs)}::jsonb,
      status_revision = status_revision + 1, updated_at = clock_timestamp()
    where id = ${taskId} and status = 'Running' and run_count = ${run}`)
  return saved > 0
}

/** Requeues the next task that waits for the alone key of this one: by priority, then the oldest. */
export async function wakeAlone(db: Queryable, taskId: number): Promise<void> {
  const rows = await db.rows<{ id: number }>(sql`
    select other.id
    from task one
      join task other
        on other.alone_key = one.alone_key and other.status = 'Pending' and other.run_at <= clock_timestamp()
    where one.id = ${taskId} order by other.priority, other.id limit 1`)
  if (rows.length > 0)
    await requeue(
      db,
      rows.map(({ id }) => id),
    )
}
