import type { Queryable } from '../platform/db/db.ts'
import { sql, type Sql } from '../platform/db/sql.ts'

/**
 * Bytes that a project uses, for any statement over `project`: every manifest, and each blob once, however many of its
 * repositories hold it. Counted from the rows, not read from the quota.
 */
export const usageCounted: Sql = sql`(
  (select coalesce(sum(size), 0) from (
    select distinct blob.id, blob.size
    from repository
      join repository_blob held on held.repository_id = repository.id
      join blob on blob.id = held.blob_id
    where repository.project_id = project.id) each)
  + (select coalesce(sum(octet_length(manifest.content)), 0)
    from repository
      join artifact on artifact.repository_id = repository.id
      join manifest on manifest.artifact_id = artifact.id
    where repository.project_id = project.id))::bigint`

export async function countUsage(db: Queryable, projectId: number): Promise<number> {
  const row = await db.row<{ used: number }>(sql`select ${usageCounted} as used from project where id = ${projectId}`)
  return row?.used ?? 0
}
