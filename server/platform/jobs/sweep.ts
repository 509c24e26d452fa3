import type { Db, Queryable } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import { requeue } from './store.ts'

/** What is done about lost workers at a time. */
const batch = 500

/**
 * Finds processes whose heartbeat is older than `leaseMs` and tasks that no living process holds: they run again, or end in
 * error after their last try, or are stopped when somebody had asked for it. Without `leaseMs` no heartbeat is too old. Returns how
 * many tasks. Safe on many processes.
 */
export async function rescueTasks(db: Db, leaseMs: number | undefined): Promise<number> {
  let count = 0
  for (;;) {
    const found = await db.transaction(async (tx) => {
      const dead =
        leaseMs === undefined
          ? []
          : await tx.rows<{ id: string }>(
              sql`delete from worker_pool where heartbeat_at < clock_timestamp() - make_interval(secs => ${leaseMs / 1000}) returning id`,
            )
      // The queue's own hold of a dead process lasts four hours otherwise.
      if (dead.length > 0)
        await tx.rows(sql`select graphile_worker.force_unlock_workers(${dead.map(({ id }) => id)}::text[])`)
      return rescueBatch(tx)
    })
    count += found
    if (found < batch) return count
  }
}

/**
 * Makes the heartbeats of all processes too old, so that what they ran is taken up at once. Only for a database that no
 * other process uses yet.
 */
export async function forgetPools(db: Queryable): Promise<void> {
  await db.run(sql`update worker_pool set heartbeat_at = 'epoch'`)
}

async function rescueBatch(tx: Queryable): Promise<number> {
  const lost = await tx.rows<{ id: number; status: string }>(sql`
    with lost as (
      select id from task where status = 'Running' and not exists (select 1 from worker_pool where worker_pool.id = task.pool_id) order by id limit ${batch} for update skip locked)
    update task set failures = failures + 1, pool_id = null, status_revision = status_revision + 1, updated_at = clock_timestamp(), run_at = clock_timestamp(),
      status = case when stop_asked_at is not null then 'Stopped' when failures + 1 >= max_tries then 'Error' else 'Pending' end,
      status_message = case when stop_asked_at is not null then '' else 'the process that ran this job is gone' end,
      ended_at = case when stop_asked_at is not null or failures + 1 >= max_tries then clock_timestamp() end
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

/** Tells executions of tasks that have just ended. */
async function settle(tx: Queryable, taskIds: number[]): Promise<void> {
  await tx.run(sql`
    with each as (
      select execution_id, count(*)::int as count, (count(*) filter (where status = 'Error'))::int as failed, (count(*) filter (where status = 'Stopped'))::int as stopped
      from task where id = any(${taskIds}::bigint[]) group by execution_id)
    update execution set unfinished = unfinished - count, failed = execution.failed + each.failed, stopped = execution.stopped + each.stopped, updated_at = clock_timestamp(),
      status_message = case when each.failed > 0 then 'the process that ran this job is gone' else status_message end,
      status = case when unfinished > count then 'Running' when execution.failed + each.failed > 0 then 'Error' else 'Stopped' end,
      ended_at = case when unfinished > count then null else clock_timestamp() end
    from each where execution.id = each.execution_id`)
}

/**
 * Tasks that wait although the queue will never hand them out: it has no note of them, as a crash of PostgreSQL may leave it, or
 * it takes them for being run, by a process that then could not ask the database. Queued again. Returns how many.
 */
export async function requeueForgotten(db: Queryable): Promise<number> {
  const rows = await db.rows<{ id: number }>(sql`
    select id from task where status = 'Pending' and run_at < clock_timestamp() - interval '1 minute' and updated_at < clock_timestamp() - interval '1 minute'
      and not exists (
        select 1 from graphile_worker.jobs where jobs.key = task.id::text and jobs.attempts < jobs.max_attempts
          and (jobs.locked_at is null or jobs.locked_at > clock_timestamp() - interval '1 minute')) order by id limit ${batch}`)
  if (rows.length > 0)
    await requeue(
      db,
      rows.map(({ id }) => id),
    )
  // What was queued again left a note without a key, which nobody will take or remove otherwise.
  await db.rows(
    sql`select id from graphile_worker.complete_jobs(array(select id from graphile_worker.jobs where key is null and attempts >= max_attempts limit ${batch}))`,
  )
  return rows.length
}

/**
 * Lets go of tasks that stand as running here, and do not: their end could not be written while the database was away. They
 * are rescued like those of a dead process. `running` are the ids of those that really run in this process.
 */
export async function giveUpLost(db: Queryable, poolId: string, running: (taskId: number) => boolean): Promise<number> {
  const held = await db.rows<{ id: number; run: number }>(
    sql`select id, run_count as run from task where pool_id = ${poolId} and status = 'Running'`,
  )
  // Asked after the answer came: who had just ended is no longer in the table as this run.
  const lost = held.filter(({ id }) => !running(id))
  if (lost.length === 0) return 0
  return db.run(sql`
    update task set pool_id = null from unnest(${lost.map(({ id }) => id)}::bigint[], ${lost.map(({ run }) => run)}::int[]) as one (id, run)
    where task.id = one.id and run_count = one.run and pool_id = ${poolId} and status = 'Running'`)
}

/** How many ended executions of a vendor type are kept, per vendor id. */
type Kept = { vendorType: string; keep: number }

/**
 * Deletes ended executions beyond those that are kept, the oldest first, and all that ended before `days` days, with their
 * tasks and logs; in small steps, so that it never holds up a job. Returns how many.
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
      // By tasks, not by executions: one of them may have thousands, and the statement must end before its timeout.
      const gone = await db.run(sql`
        delete from execution where id in (
          select id from (
            select id, sum(tasks + 1) over (order by id) - tasks as before from (
              select id, tasks from execution where vendor_type = ${vendorType} and vendor_id = ${vendorId} and ended_at is not null
                and (ended_at < now() - make_interval(days => ${days})
                  or id < (select id from execution where vendor_type = ${vendorType} and vendor_id = ${vendorId} order by id desc offset ${keep} limit 1) + 1)
              order by id limit 1000) old) old where before <= 5000)`)
      count += gone
      if (gone === 0) break
    }
  }
  return count
}

/** Every vendor that has executions, found by jumping along the index. */
function listVendors(db: Queryable): Promise<{ vendorType: string; vendorId: number }[]> {
  return db.rows(sql`
    with recursive each as (
      (select vendor_type, vendor_id from execution order by vendor_type, vendor_id limit 1)
      union all
      select next.vendor_type, next.vendor_id from each cross join lateral (
        select vendor_type, vendor_id from execution where (execution.vendor_type, execution.vendor_id) > (each.vendor_type, each.vendor_id) order by vendor_type, vendor_id limit 1) next)
    select vendor_type as "vendorType", vendor_id as "vendorId" from each limit 100000`)
}
