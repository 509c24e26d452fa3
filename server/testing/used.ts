import { createHash } from 'node:crypto'
import type { Db } from '../platform/db/db.ts'
import { sql } from '../platform/db/sql.ts'

const dayMs = 86_400_000

/** A repository with a past, written straight into the tables: nobody can wait for days to pass. */
export type Used = {
  name: string
  projectId: number
  pulls: number
  /** Undefined: never. */
  pulledAt?: Date | undefined
  pushedAt?: Date
  createdAt?: Date
  tags?: number
}

export const daysAgo = (days: number): Date => new Date(Date.now() - days * dayMs)
/** The day in UTC that was so many days ago: YYYY-MM-DD. */
export const dayAgo = (days: number): string => daysAgo(days).toISOString().slice(0, 10)

/** Makes the repository with one artifact that all its tags name; returns the ids of both. */
export async function givenUsed(db: Db, used: Used): Promise<{ id: number; artifactId: number; digest: string }> {
  const { name, projectId, pulls, pulledAt = null, tags = 1 } = used
  const { pushedAt = daysAgo(100), createdAt = daysAgo(200) } = used
  const digest = `sha256:${createHash('sha256').update(`${name} ${Math.random()}`).digest('hex')}`
  const made = await db.row<{ id: number; artifactId: number }>(sql`
    with made as (
      insert into repository (project_id, name, pull_count, pulled_at, created_at)
      values (${projectId}, ${name}, ${pulls}, ${pulledAt}, ${createdAt}) returning id),
    held as (
      insert into artifact (repository_id, digest, media_type, kind, size, pushed_at)
      select id, ${digest}, 'application/vnd.oci.image.manifest.v1+json', 'image', 2, ${pushedAt}
      from made returning id, repository_id)
    select repository_id as id, id as "artifactId" from held`)
  const { id, artifactId } = made!
  await db.run(sql`insert into manifest (artifact_id, content) values (${artifactId}, ${Buffer.from('{}')})`)
  await db.run(sql`
    insert into tag (repository_id, artifact_id, name, pushed_at)
    select ${id}, ${artifactId}, 'v' || place, ${pushedAt} from generate_series(1, ${tags}) place`)
  return { id, artifactId, digest }
}

/** Records pulls of an artifact on a day that was so many days ago. */
export async function givenPulls(
  db: Db,
  of: { id: number; artifactId: number },
  days: number,
  count: number,
): Promise<void> {
  await db.run(sql`
    insert into pull_day (day, repository_id, artifact_id, count)
    values (${dayAgo(days)}::date, ${of.id}, ${of.artifactId}, ${count})`)
}

/** Lets a repository have so many pulls, the last of them so many days ago, and a creation a hundred days ago. */
export async function setPast(db: Db, name: string, pulls: number, pulledDays: number): Promise<void> {
  await db.run(sql`
    update repository set pull_count = ${pulls}, pulled_at = ${daysAgo(pulledDays)}, created_at = ${daysAgo(100)}
    where name = ${name}`)
  await db.run(sql`
    update artifact set pushed_at = ${daysAgo(100)} from repository
    where repository.id = artifact.repository_id and repository.name = ${name}`)
}

/** Lets a tag have been pushed so many days ago. */
export async function setPushed(db: Db, repository: string, tag: string, days: number): Promise<void> {
  await db.run(sql`
    update tag set pushed_at = ${daysAgo(days)} from repository
    where repository.id = tag.repository_id and repository.name = ${repository} and tag.name = ${tag}`)
}

/** Records pulls of each artifact of a repository, today. */
export async function givenPullsToday(db: Db, repository: string, count: number): Promise<void> {
  const rows = await db.rows<{ id: number; artifactId: number }>(sql`
    select repository.id, artifact.id as "artifactId"
    from repository join artifact on artifact.repository_id = repository.id where repository.name = ${repository}`)
  for (const row of rows) await givenPulls(db, row, 0, count)
}
