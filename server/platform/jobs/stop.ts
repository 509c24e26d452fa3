import type { Queryable } from '../db/db.ts'
import { sql } from '../db/sql.ts'

/** The channel of NOTIFY that makes every process with workers look at once; each also polls every few seconds. */
export const channel = 'marina_jobs'
export type Message = { kind: 'stop'; taskIds: number[] } | { kind: 'queues' }

async function tell(tx: Queryable, message: Message): Promise<void> {
  await tx.run(sql`select pg_notify(${channel}, ${JSON.stringify(message)})`)
}

/**
 * Stops tasks that have not ended, at most 1,000: a task that waits is Stopped at once, a running one within seconds,
 * as soon as its process notices. To be called inside a transaction. Returns the ids of both kinds.
 */
export async function stopTasks(tx: Queryable, taskIds: number[]): Promise<number[]> {
  // A statement of its own, only to lock: the next one sees the present status of a task that was just being put back.
  const wanted = await tx.rows<{ id: number }>(
    sql`select id from task where id = any(${taskIds}::bigint[]) order by id limit 1000 for update`,
  )
  const ids = wanted.map(({ id }) => id)
  const ended = await tx.rows<{ id: number }>(sql`
    with done as (
      update task
      set status = 'Stopped', status_revision = status_revision + 1,
        stop_asked_at = clock_timestamp(), updated_at = clock_timestamp(), ended_at = clock_timestamp()
      where id = any(${ids}::bigint[]) and status = 'Pending' returning id, execution_id),
    each as (select execution_id, count(*)::int as count from done group by execution_id),
    counted as (
      update execution set unfinished = unfinished - count, stopped = stopped + count, updated_at = clock_timestamp(),
        status = case when unfinished > count then status when failed > 0 then 'Error' else 'Stopped' end,
        ended_at = case when unfinished > count then null else clock_timestamp() end
      from each where execution.id = each.execution_id)
    select id from done`)
  // Their jobs in the queue are removed, too; a worker that has taken one already finds the task ended.
  if (ended.length > 0)
    await tx.rows(sql`
      select (graphile_worker.remove_job(id::text)).id as removed
      from unnest(${ended.map(({ id }) => id)}::bigint[]) as id`)
  const asked = await tx.rows<{ id: number }>(sql`
    update task set stop_asked_at = clock_timestamp(), updated_at = clock_timestamp()
    where id = any(${ids}::bigint[]) and status = 'Running' and stop_asked_at is null returning id`)
  if (asked.length > 0) await tell(tx, { kind: 'stop', taskIds: asked.map(({ id }) => id) })
  return [...ended, ...asked].map(({ id }) => id)
}

/** Stops all tasks of an execution that have not ended; returns how many. To be called inside a transaction. */
export const stopExecution = async (tx: Queryable, executionId: number): Promise<number> =>
  (await stopTasksOf(tx, executionId)).length

/** The same; returns the ids of the tasks. */
export async function stopTasksOf(tx: Queryable, executionId: number): Promise<number[]> {
  const ids: number[] = []
  for (;;) {
    const rows = await tx.rows<{ id: number }>(sql`
      select id from task
      where execution_id = ${executionId}
        and (status = 'Pending' or status = 'Running' and stop_asked_at is null)
      order by id limit 1000`)
    if (rows.length === 0) return ids
    const stopped = await stopTasks(
      tx,
      rows.map(({ id }) => id),
    )
    ids.push(...stopped)
  }
}

/** Stops at most 1,000 tasks of a type that wait; returns how many. To be called inside a transaction. */
export async function stopPending(tx: Queryable, jobType: string): Promise<number> {
  const rows = await tx.rows<{ id: number }>(sql`
    select id from task where status = 'Pending' and job_type = ${jobType}
    order by run_at limit 1000 for update skip locked`)
  return rows.length === 0
    ? 0
    : (
        await stopTasks(
          tx,
          rows.map(({ id }) => id),
        )
      ).length
}

/**
 * Pauses a type: no process takes another job of it until it is resumed. Running jobs go on. False when it was paused
 * already.
 */
export async function pauseQueue(tx: Queryable, jobType: string): Promise<boolean> {
  const count = await tx.run(sql`insert into paused_queue (job_type) values (${jobType}) on conflict do nothing`)
  await tell(tx, { kind: 'queues' })
  return count > 0
}

export async function resumeQueue(tx: Queryable, jobType: string): Promise<boolean> {
  const count = await tx.run(sql`delete from paused_queue where job_type = ${jobType}`)
  await tell(tx, { kind: 'queues' })
  return count > 0
}
