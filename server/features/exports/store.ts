import type { Queryable } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import type { Cell } from './csv.ts'

/** Rows per query, which are also the most rows in memory at a time. */
const page = 500

export const artifactColumns = [
  'project',
  'repository',
  'digest',
  'type',
  'tags',
  'labels',
  'size_bytes',
  'push_time',
  'pull_time',
  'pulls',
] as const

type Row = {
  id: number
  project: string
  repository: string
  digest: string
  type: string
  tags: string | null
  labels: string | null
  size: number
  pushedAt: Date
  pulledAt: Date | null
  pulls: number
}

/** Yields every artifact of these projects (null: of all projects), page by page, ordered by id. */
export async function* pagesOfArtifacts(
  db: Queryable,
  projectIds: number[] | null,
  signal: AbortSignal,
): AsyncGenerator<Cell[][]> {
  for (let after = 0; ;) {
    signal.throwIfAborted()
    const rows = await db.rows<Row>(sql`
      select artifact.id, project.name as project, repository.name as repository, artifact.digest, artifact.type,
        artifact.size, artifact.pushed_at as "pushedAt", artifact.pulled_at as "pulledAt",
        artifact.pull_count as pulls,
        (select string_agg(name, ' ' order by name) from (
          select name from tag where tag.artifact_id = artifact.id order by name limit 200) first) as tags,
        (select string_agg(name, ', ' order by name) from (
          select name from artifact_label held join label on label.id = held.label_id
          where held.artifact_id = artifact.id order by name limit 200) first) as labels
      from artifact
      join repository on repository.id = artifact.repository_id
      join project on project.id = repository.project_id
      where artifact.id > ${after} and (${projectIds}::bigint[] is null or project.id = any(${projectIds}::bigint[]))
      order by artifact.id limit ${page}`)
    if (rows.length > 0)
      yield rows.map((one) => [
        one.project,
        one.repository,
        one.digest,
        one.type,
        one.tags ?? '',
        one.labels ?? '',
        one.size,
        one.pushedAt,
        one.pulledAt,
        one.pulls,
      ])
    if (rows.length < page) return
    after = rows.at(-1)!.id
  }
}

/** Counts the rows of the report, for its progress. */
export async function countArtifacts(db: Queryable, projectIds: number[] | null): Promise<number> {
  const row = await db.row<{ count: number }>(sql`
    select count(*) from artifact join repository on repository.id = artifact.repository_id
    where ${projectIds}::bigint[] is null or repository.project_id = any(${projectIds}::bigint[])`)
  return row!.count
}
