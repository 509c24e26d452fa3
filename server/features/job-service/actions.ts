import type { Actor } from '../../catalog/topics.ts'
import type { Db, Tx } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { emit } from '../../platform/events/emit.ts'
import { scheduler, skipMissed } from '../../platform/jobs/schedule.ts'
import { pauseQueue, resumeQueue, stopPending, stopTasks } from '../../platform/jobs/stop.ts'
import { facts } from './topics.ts'

type Queued = { id: number; jobType: string }

/**
 * Stops one job, named by the id that the list of workers shows. As in Harbor, it is no error when the job has ended
 * or does not exist.
 */
export async function stopJob(db: Db, by: Actor, jobId: string): Promise<void> {
  const taskId = parseJobId(jobId)
  if (taskId === undefined) return
  await db.transaction(async (tx) => {
    const task = await tx.row<Queued>(sql`select id, job_type as "jobType" from task where id = ${taskId}`)
    if (task) await stopAndTell(tx, by, [task])
  })
}

/** Stops every job that runs now, on all processes, in batches of 1000. Pending jobs are left alone. */
export async function stopAllRunning(db: Db, by: Actor): Promise<void> {
  for (let rounds = 0; rounds < 100; rounds++) {
    const stopped = await db.transaction(async (tx) => {
      const tasks = await tx.rows<Queued>(sql`
        select id, job_type as "jobType" from task
        where status = 'Running' and stop_asked_at is null
        order by id limit 1000`)
      await stopAndTell(tx, by, tasks)
      return tasks.length
    })
    if (stopped === 0) return
  }
}

async function stopAndTell(tx: Tx, by: Actor, tasks: Queued[]): Promise<void> {
  const types = new Map(tasks.map(({ id, jobType }) => [id, jobType]))
  const stopped = await stopTasks(tx, [...types.keys()])
  await emit(
    tx,
    stopped.map((taskId) => facts.jobStopped({ taskId, jobType: types.get(taskId)! }, by)),
  )
}

/** Ends every pending job of these queues as Stopped, in batches of 1000. */
export async function clearQueues(db: Db, by: Actor, jobTypes: string[]): Promise<void> {
  for (const jobType of jobTypes) while ((await db.transaction((tx) => clearSome(tx, by, jobType))) === 1000);
}

async function clearSome(tx: Tx, by: Actor, jobType: string): Promise<number> {
  const count = await stopPending(tx, jobType)
  if (count > 0) await emit(tx, [facts.queueCleared({ jobType, count }, by)])
  return count
}

export async function pauseQueues(db: Db, by: Actor, jobTypes: string[]): Promise<void> {
  await db.transaction(async (tx) => {
    for (const jobType of jobTypes)
      if (await pauseQueue(tx, jobType)) await emit(tx, [facts.queuePaused({ jobType }, by)])
  })
}

/**
 * Lets queues run again. A schedule goes on with its next time; times that passed during the pause are not made up for.
 */
export async function resumeQueues(db: Db, by: Actor, jobTypes: string[]): Promise<void> {
  await db.transaction(async (tx) => {
    if (jobTypes.includes(scheduler)) await skipMissed(tx)
    for (const jobType of jobTypes)
      if (await resumeQueue(tx, jobType)) await emit(tx, [facts.queueResumed({ jobType }, by)])
  })
}

/** A job's id is the id of its task. Undefined when the text cannot be such an id. */
export function parseJobId(text: string): number | undefined {
  return /^[1-9]\d{0,15}$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined
}
