import { artifactsKey } from '../../catalog/artifact.ts'
import { listedArtifacts } from '../../catalog/listed.ts'
import type { Reader } from '../../catalog/reader.ts'
import { sql, type Sql } from '../../platform/db/sql.ts'

/** Rows between two marks: what a deep page walks at most, whatever the size of the repository. */
const stride = 200

type Mark = { pushedAt: string; id: number }
/** How many artifacts a repository lists, and every 200th of them, newest first. */
export type Pages = { total: number; marks: Mark[] }

export const newestFirst = sql`artifact.pushed_at desc, artifact.id desc`

/**
 * Counting 100,000 rows takes longer than the rest of a page, so it is done once after each change of the repository; every
 * push, tag and delete there forgets it (catalog's artifactsKey).
 */
export async function findPages({ db, cache }: Reader, repositoryId: number): Promise<Pages> {
  const load = async (): Promise<Pages> => {
    // Each mark's time as text: a Date would cut its microseconds.
    const rows = await db.rows<Mark & { total: number }>(sql`
      select pushed_at::text as "pushedAt", id, total from (
        select pushed_at, id, row_number() over (order by pushed_at desc, id desc) as place, count(*) over () as total
        from artifact where repository_id = ${repositoryId} and ${listedArtifacts}) listed
      where place % ${stride} = 1 order by place`)
    return { total: rows[0]?.total ?? 0, marks: rows.map(({ pushedAt, id }) => ({ pushedAt, id })) }
  }
  return (await cache.get(artifactsKey(repositoryId), load, ({ marks }) => 100 + marks.length * 120))!
}

/** Where to begin reading for an offset: a condition, and how many rows to pass over from there. Undefined beyond the end. */
export function beginAt({ total, marks }: Pages, offset: number): { from: Sql; offset: number } | undefined {
  if (offset >= total) return undefined
  const mark = marks[Math.floor(offset / stride)]!
  return { from: sql`(artifact.pushed_at, artifact.id) <= (${mark.pushedAt}::timestamptz, ${mark.id})`, offset: offset % stride }
}
