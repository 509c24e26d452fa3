import type { Db, Queryable } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import { requeue } from './store.ts'

/** A task that was started so often ends in Error when its process is lost once more: it may be the cause. */
const mostRuns = 100
/** Tasks per statement. */
const batch = 500

/**
 * Removes processes whose heartbeat is older than `leaseMs` (without it none is too old), and rescues tasks that no
 * living process holds: they run again, end in Error after their last try, or are Stopped when that was asked for.
 * Returns how many tasks. Several processes may do so at once.
 */
export async function rescueTasks(db: Db, leaseMs: number | undefined): Promise<number> {
  let count = 0
  while (await isAnyLost(db.relaxed, leaseMs)) {
    const found = await db.transaction(async (tx) => {
      const dead =
        leaseMs === undefined
          ? []
          : await tx.rows<{ id: string }>(sql`
              delete from worker_pool
              where heartbeat_at < clock_timestamp() - make_interval(secs => ${leaseMs / 1000}) returning id`)
      // Otherwise the queue library keeps the locks of a dead process for four hours.
      if (dead.length > 0)
        await tx.rows(sql`select graphile_worker.force_unlock_workers(${dead.map(({ id }) => id)}::text[])`)
      return rescueBatch(tx)
    })
    count += found
    if (found < batch) break
  }
  return count
}

/** Most often nothing is, and then no transaction is needed. */
async function isAnyLost(db: Queryable, leaseMs: number | undefined): Promise<boolean> {
  const limit = leaseMs === undefined ? null : leaseMs / 1000
  const row = await db.row<{ isAny: boolean }>(sql`
    select exists (
      select from worker_pool where heartbeat_at < clock_timestamp() - make_interval(secs => ${limit}::float8)
    ) or exists (
      select from task
      where status = 'Running' and not exists (select 1 from worker_pool where worker_pool.id = task.pool_id)
    ) as "isAny"`)
  return row!.isAny
}

/**
 * Makes the heartbeats of all processes too old, so that their tasks are rescued at once. Only for a database that no
 * other process uses yet.
 */
export async function forgetPools(db: Queryable): Promise<void> {
  await db.run(sql`update worker_pool set heartbeat_at = 'epoch'`)
}

async function rescueBatch(tx: Queryable): Promise<number> {
  const lost = await tx.rows<{ id: number; status: string }>(sql`
    with lost as (
      select id, failures + counts_losses::int as tries,
        failures + counts_losses::int >= max_tries or run_count >= ${mostRuns} as is_over
      from task
      where status = 'Running' and not exists (select 1 from worker_pool where worker_pool.id = task.pool_id)
      order by id limit ${batch} for update skip locked)
    update task
    set failures = tries, pool_id = null, status_revision = status_revision + 1,
      updated_at = clock_timestamp(), run_at = clock_timestamp(),
      status = case
        when stop_asked_at is not null then 'Stopped'
        when is_over then 'Error'
        else 'Pending' end,
      status_message = case when stop_asked_at is not null then '' else 'the process that ran this job is gone' end,
      ended_at = case when stop_asked_at is not null or is_over then clock_timestamp() end
    from lost where task.id = lost.id returning task.id, status`)
  const ended = lost.filter(({ status }) => status !== 'Pending')
  if (ended.length > 0)
    await settle(
      tx,
      ended.map(({ id }) => id),
    )
  const again = lost.filter(({ status }) => status === 'Pending')
  if (again.length > 0)
    await requeue(
      tx,
      again.map(({ id }) => id),
    )
  return lost.length
}

/** Counts tasks that have just ended in their executions. */
async function settle(tx: Queryable, taskIds: number[]): Promise<void> {
  await tx.run(sql`
    with each as (
      select execution_id, count(*)::int as count,
        (count(*) filter (where status = 'Error'))::int as failed,
        (count(*) filter (where status = 'Stopped'))::int as stopped
      from task where id = any(${taskIds}::bigint[]) group by execution_id)
    update execution
    set unfinished = unfinished - count,
      failed = execution.failed + each.failed,
      stopped = execution.stopped + each.stopped,
      updated_at = clock_timestamp(),
      status_message = case when each.failed > 0 then 'the process that ran this job is gone' else status_message end,
      status = case
        when unfinished > count then 'Running'
        when execution.failed + each.failed > 0 then 'Error'
        else 'Stopped' end,
      ended_at = case when unfinished > count then null else clock_timestamp() end
    from each where execution.id = each.execution_id`)
}

/**
 * Queues tasks again that wait although the queue will never hand them out: their job is missing in it, as after a
 * crash of PostgreSQL, or it is locked by a process that could not begin it, as the database was away. Returns how
 * many.
 */
export async function requeueForgotten(db: Queryable): Promise<number> {
  const rows = await db.rows<{ id: number }>(sql`
    select id from task
    where status = 'Pending'
      and run_at < clock_timestamp() - interval '1 minute' and updated_at < clock_timestamp() - interval '1 minute'
      and not exists (
        select 1 from graphile_worker.jobs
        where jobs.key = task.id::text and jobs.attempts < jobs.max_attempts
          and (jobs.locked_at is null or jobs.locked_at > clock_timestamp() - interval '1 minute'))
    order by id limit ${batch}`)
  if (rows.length > 0)
    await requeue(
      db,
      rows.map(({ id }) => id),
    )
  // Queueing a locked job again leaves the old one without a key: no worker takes or removes it.
  await db.rows(sql`
    select id from graphile_worker.complete_jobs(array(
      select id from graphile_worker.jobs where key is null and attempts >= max_attempts limit ${batch}))`)
  return rows.length
}

/**
 * Gives up tasks that the database says this process runs, but which it does not: their end could not be written while
 * the database was away. They are rescued like those of a dead process. `running` says whether a task really runs here.
 */
export async function giveUpLost(db: Queryable, poolId: string, running: (taskId: number) => boolean): Promise<number> {
  const held = await db.rows<{ id: number; run: number }>(
    sql`select id, run_count as run from task where pool_id = ${poolId} and status = 'Running'`,
  )
  // `running` is asked after the query: a task that ended meanwhile no longer has this run in the database.
  const lost = held.filter(({ id }) => !running(id))
  if (lost.length === 0) return 0
  return db.run(sql`
    update task set pool_id = null
    from unnest(${lost.map(({ id }) => id)}::bigint[], ${lost.map(({ run }) => run)}::int[]) as one (id, run)
    where task.id = one.id and run_count = one.run and pool_id = ${poolId} and status = 'Running'`)
}

/** How many ended executions of a vendor type are kept, per vendor id. */
type Kept = { vendorType: string; keep: number }

/**
 * Deletes ended executions with their tasks and logs: those beyond the number that is kept, the oldest first, and all
 * that ended more than `days` days ago. In small batches, so that it never holds up a job. Returns how many.
 */
export async function sweepExecutions(
  db: Db,
  { kept, keepOthers, days, signal }: { kept: Kept[]; keepOthers: number; days: number; signal: AbortSignal },
): Promise<number> {
  let count = 0
  for (const { vendorType, vendorId } of await listVendors(db)) {
    const keep = kept.find((one) => one.vendorType === vendorType)?.keep ?? keepOthers
    for (;;) {
      signal.throwIfAborted()
      // A batch is bounded by tasks, not by executions: one may have thousands, and the statement must end before its
      // timeout.
      const gone = await db.run(sql`
        delete from execution where id in (
          select id from (
            select id, sum(tasks + 1) over (order by id) - tasks as before from (
              select id, tasks from execution
              where vendor_type = ${vendorType} and vendor_id = ${vendorId} and ended_at is not null
                and (ended_at < now() - make_interval(days => ${days})
                  or id < (
                    select id from execution where vendor_type = ${vendorType} and vendor_id = ${vendorId}
                    order by id desc offset ${keep} limit 1) + 1)
              order by id limit 1000) old) old where before <= 5000)`)
      count += gone
      if (gone === 0) break
    }
  }
  return count
}

/** Every vendor that has executions, by a skip scan of the index. */
function listVendors(db: Queryable): Promise<{ vendorType: string; vendorId: number }[]> {
  return db.rows(sql`
    with recursive each as (
      (select vendor_type, vendor_id from execution order by vendor_type, vendor_id limit 1)
      union all
      select next.vendor_type, next.vendor_id from each cross join lateral (
        select vendor_type, vendor_id from execution
        where (execution.vendor_type, execution.vendor_id) > (each.vendor_type, each.vendor_id)
        order by vendor_type, vendor_id limit 1) next)
    select vendor_type as "vendorType", vendor_id as "vendorId" from each limit 100000`)
}
