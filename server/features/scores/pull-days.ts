import type { Db, Queryable } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { startOf } from './store.ts'

/** Pulls of one artifact on one day (YYYY-MM-DD in UTC); `digest` null when it is deleted. */
type PullsOfDay = { repositoryId: number; day: string; digest: string | null; count: number }
/** Pulls of one repository: `lastDay` is the last day on which one failed. */
type FailedPulls = { repositoryId: number; count: number; lastDay: string }

const dayText = sql`to_char(pull_day.day, 'YYYY-MM-DD')`

/** The first of the last `days` days in UTC, today included. */
export async function dayBefore(db: Queryable, days: number): Promise<string> {
  const row = await db.row<{ day: string }>(
    sql`select to_char((now() at time zone 'UTC')::date - ${days - 1}::integer, 'YYYY-MM-DD') as day`,
  )
  return row!.day
}

/** The oldest day with a recorded pull; null when there is none. */
export async function firstDay(db: Queryable): Promise<string | null> {
  const row = await db.row<{ day: string | null }>(sql`select to_char(min(day), 'YYYY-MM-DD') as day from pull_day`)
  return row!.day
}

/** A pull fails when what it asked for was there before `day`, and so would be deleted, or is gone meanwhile. */
const failing = (ids: number[], day: string) => sql`
  pull_day left join artifact on artifact.id = pull_day.artifact_id
  where pull_day.repository_id = any(${ids}::bigint[]) and pull_day.day >= ${day}::date
    and (artifact.id is null or artifact.pushed_at < ${startOf(day)}::timestamptz)`

/** Pulls since a day that would have failed, for each repository that has any. */
export function countFailing(db: Queryable, ids: number[], day: string): Promise<FailedPulls[]> {
  return db.rows<FailedPulls>(sql`
    select pull_day.repository_id as "repositoryId", sum(pull_day.count)::bigint as count,
      to_char(max(pull_day.day), 'YYYY-MM-DD') as "lastDay"
    from ${failing(ids, day)} group by 1 order by 1`)
}

/** The newest of these pulls, at most `most` rows for each repository. */
export function listFailing(db: Queryable, ids: number[], day: string, most: number): Promise<PullsOfDay[]> {
  return db.rows<PullsOfDay>(sql`
    select "repositoryId", day, digest, count from (
      select pull_day.repository_id as "repositoryId", ${dayText} as day, artifact.digest, pull_day.count,
        row_number() over (
          partition by pull_day.repository_id order by pull_day.day desc, pull_day.count desc, artifact.digest) as place
      from ${failing(ids, day)}) pulls
    where place <= ${most} order by "repositoryId", place`)
}

/** How many days are kept: today, and those of the time `ms` before it. */
export const keptDays = (ms: number): number => Math.ceil(ms / 86_400_000)

/** Deletes the pulls of old days, every hour; `keepMs`: how long they are kept. */
export const pullDaySweep = ({ relaxed }: Db, keepMs: number) => ({
  trouble: 'pulls of old days not removed',
  everyMs: 60 * 60_000,
  run: (signal: AbortSignal) => sweepPullDays(relaxed, keptDays(keepMs), signal),
})

/** Rows that one statement deletes. */
const batch = 5000

/** Deletes the pulls of days that are more than `days` days ago, of artifacts and of tags, in batches. */
async function sweepPullDays(db: Queryable, days: number, signal: AbortSignal): Promise<void> {
  const tables = [
    () =>
      db.run(sql`
        delete from pull_day where (repository_id, day, artifact_id) in (
          select repository_id, day, artifact_id from pull_day
          where day < (now() at time zone 'UTC')::date - ${days}::integer
          order by day limit ${batch} for update skip locked)`),
    () =>
      db.run(sql`
        delete from tag_pull_day where (repository_id, tag, day) in (
          select repository_id, tag, day from tag_pull_day
          where day < (now() at time zone 'UTC')::date - ${days}::integer
          order by day limit ${batch} for update skip locked)`),
  ]
  for (const sweep of tables) while (!signal.aborted && (await sweep()) === batch);
}

/** Which pulls are counted: of a repository, of one of its artifacts, or of a tag, whatever it named on each day. */
type PullsOf = { repositoryId: number; artifactId?: number; tag?: string }

/** Pulls on each of the last `days` days in UTC, the oldest first and today last. */
export function listPulls(
  db: Queryable,
  { repositoryId, artifactId, tag }: PullsOf,
  days: number,
): Promise<{ day: string; count: number }[]> {
  const counted =
    tag !== undefined
      ? sql`select count from tag_pull_day where repository_id = ${repositoryId} and tag = ${tag} and day = wanted.day`
      : artifactId !== undefined
        ? sql`
          select count from pull_day
          where repository_id = ${repositoryId} and artifact_id = ${artifactId} and day = wanted.day`
        : sql`select sum(count) from pull_day where repository_id = ${repositoryId} and day = wanted.day`
  return db.rows(sql`
    select to_char(wanted.day, 'YYYY-MM-DD') as day, coalesce((${counted}), 0)::bigint as count
    from (
      select (now() at time zone 'UTC')::date - back as day
      from generate_series(0, ${days - 1}::integer) as back) wanted
    order by wanted.day`)
}
