import type { Db, Paged, PagePart, Queryable } from '../db/db.ts'
import { jsonbText } from '../db/json.ts'
import { sql } from '../db/sql.ts'
import { BadCron, nextAfter } from './cron.ts'
import { enqueue } from './enqueue.ts'
import { AlreadyRunning, type JobType, type Params } from './type.ts'

export type Schedule = {
  id: number
  vendorType: string
  vendorId: number
  jobType: string
  /** Harbor's word: Hourly, Daily, Weekly, Custom. */
  cronType: string
  cron: string
  params: Params
  attrs: Params
  nextAt: Date
  createdAt: Date
  updatedAt: Date
}

/** The name of the queue whose pause stops all schedules, as in Harbor. */
export const scheduler = 'SCHEDULER'

const columns = sql`
  id, vendor_type as "vendorType", vendor_id as "vendorId", job_type as "jobType", cron_type as "cronType", cron,
  params, extra_attrs as attrs, next_at as "nextAt", created_at as "createdAt", updated_at as "updatedAt"`

type NewSchedule<P extends Params> = {
  vendorType?: string
  vendorId?: number
  cronType: string
  cron: string
  params: P
  attrs?: Params
}

/**
 * Upserts the one schedule of a vendor. `cron` must be checked already (checkCron). To be called inside a transaction.
 */
export async function saveSchedule<P extends Params>(
  tx: Queryable,
  type: JobType<P>,
  { vendorType = type.name, vendorId = -1, cronType, cron, params, attrs = {} }: NewSchedule<P>,
): Promise<number> {
  const { now } = (await tx.row<{ now: Date }>(sql`select clock_timestamp() as now`))!
  const nextAt = nextAfter(cron, now)
  if (!nextAt) throw new BadCron('this cron never fires')
  const row = await tx.row<{ id: number }>(sql`
    insert into schedule (vendor_type, vendor_id, job_type, cron_type, cron, params, extra_attrs, next_at)
    values (
      ${vendorType}, ${vendorId}, ${type.name}, ${cronType}, ${cron},
      ${jsonbText(params)}::jsonb, ${jsonbText(attrs)}::jsonb, ${nextAt})
    on conflict (vendor_type, vendor_id) do update
      set job_type = excluded.job_type, cron_type = excluded.cron_type, cron = excluded.cron, params = excluded.params,
        extra_attrs = excluded.extra_attrs, next_at = excluded.next_at, updated_at = now()
    returning id`)
  return row!.id
}

/** Creates the schedule of one of Marina's own chores; an existing one stays as the administrator set it. */
export async function ensureSchedule<P extends Params>(db: Db, type: JobType<P>, given: NewSchedule<P>): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.run(sql`select pg_advisory_xact_lock(hashtext('schedule'), hashtext(${type.name}))`)
    if (!(await findSchedule(tx, given.vendorType ?? type.name, given.vendorId))) await saveSchedule(tx, type, given)
  })
}

export function findSchedule(db: Queryable, vendorType: string, vendorId = -1): Promise<Schedule | undefined> {
  return db.row<Schedule>(
    sql`select ${columns} from schedule where vendor_type = ${vendorType} and vendor_id = ${vendorId}`,
  )
}

export async function dropSchedule(tx: Queryable, vendorType: string, vendorId = -1): Promise<boolean> {
  return (await tx.run(sql`delete from schedule where vendor_type = ${vendorType} and vendor_id = ${vendorId}`)) > 0
}

/** The default order of lists of schedules. */
export const scheduleOrder = sql`id`

/** One page of all schedules. */
export function listSchedules(db: Queryable, part: PagePart): Promise<Paged<Schedule>> {
  return db.page({ columns, from: sql`from schedule` }, part)
}

/**
 * Skips the times that were missed while schedules were paused: each fires next in the future. To be called inside a
 * transaction.
 */
export async function skipMissed(tx: Queryable): Promise<void> {
  const due = await tx.rows<{ id: number; cron: string; now: Date }>(
    sql`select id, cron, clock_timestamp() as now from schedule where next_at <= clock_timestamp() for update`,
  )
  for (const { id, cron, now } of due)
    await tx.run(sql`update schedule set next_at = ${nextAfter(cron, now) ?? 'infinity'}::timestamptz where id = ${id}`)
}

/**
 * Enqueues the jobs of due schedules. Each fires once for all processes: its row is locked, and its next time is set in
 * the transaction that enqueues the job. After a time without any process each fires once, however often it was missed.
 * Returns how many were due, and in how many ms the next one is.
 */
export async function fireDue(
  db: Db,
  types: ReadonlyMap<string, JobType>,
): Promise<{ fired: number; nextMs: number | undefined }> {
  const names = [...types.keys()]
  let fired = 0
  let nextMs = await dueIn(db.relaxed, names)
  if (nextMs !== undefined && nextMs <= 0) {
    while (await db.transaction((tx) => fireOne(tx, types, names)).catch(isLateRace)) fired++
    nextMs = await dueIn(db.relaxed, names)
  }
  return { fired, nextMs }
}

/** When the next schedule fires, in ms from now; undefined when none will. */
async function dueIn(db: Queryable, names: string[]): Promise<number | undefined> {
  const row = await db.row<{ ms: number | null }>(sql`
    select extract(epoch from min(next_at) - clock_timestamp())::float8 * 1000 as ms
    from schedule where job_type = any(${names}::text[]) and next_at < 'infinity'`)
  return row?.ms ?? undefined
}

async function fireOne(tx: Queryable, types: ReadonlyMap<string, JobType>, names: string[]): Promise<boolean> {
  const due = await tx.row<Schedule & { now: Date; isSkipped: boolean }>(sql`
    select ${columns}, clock_timestamp() as now,
      exists (
        select 1 from execution
        where execution.single_key = schedule.vendor_type || '/' || schedule.vendor_id
          and ended_at is null) as "isSkipped"
    from schedule
    where next_at <= clock_timestamp() and job_type = any(${names}::text[])
      and not exists (select 1 from paused_queue where job_type = ${scheduler})
    order by next_at limit 1 for update skip locked`)
  if (!due) return false
  await tx.run(
    sql`update schedule set next_at = ${nextAfter(due.cron, due.now) ?? 'infinity'}::timestamptz where id = ${due.id}`,
  )
  if (due.isSkipped) return true
  const { vendorType, vendorId, params, attrs } = due
  await enqueue(tx, types.get(due.jobType)!, { params, trigger: 'SCHEDULE', vendorType, vendorId, attrs })
  return true
}

/**
 * True when the same single job was started by hand in this very moment: the transaction was lost with the schedule's
 * turn, which comes again at once and is skipped. Throws any other error.
 */
function isLateRace(error: unknown): true {
  if (error instanceof AlreadyRunning) return true
  throw error
}
