import type { Paged, Queryable } from '../../platform/db/db.ts'
import { sql, type Sql } from '../../platform/db/sql.ts'

export type Order = '-size' | '-exclusive' | 'name'
export type Part = { limit: number; offset: number }
/** In bytes: all that a thing needs, and the part of it that nothing beside it needs. */
export type Used = { size: number; exclusive: number }

const orders: Record<Order, Sql> = {
  '-size': sql`size desc, name`,
  '-exclusive': sql`exclusive desc, name`,
  name: sql`name`,
}

type UsedByProject = Used & {
  kind: 'project' | 'system-artifacts' | 'uploads' | 'trash'
  name: string
  projectId: number | null
  repositories: number
  limit: number
}

/** Bytes of manifests by project; they count, as a quota counts them. */
const manifests = sql`
  select repository.project_id, sum(octet_length(manifest.content))::bigint as bytes
  from repository
    join artifact on artifact.repository_id = repository.id
    join manifest on manifest.artifact_id = artifact.id
  group by 1`

/** What takes storage beside the projects. Of the trash: what nothing else holds. */
const beside = sql`
  select 'system-artifacts' as kind, 'system artifacts' as name, coalesce(sum(size), 0)::bigint as size
  from system_artifact
  union all
  select 'uploads', 'unfinished uploads', coalesce(sum((stage->>'size')::bigint), 0)::bigint from upload
  union all
  select 'trash', 'trash', ((
    select coalesce(sum(blob.size), 0) from (select distinct blob_id from trash_blob) gone
      join blob on blob.id = gone.blob_id
    where not exists (select from repository_blob held where held.blob_id = gone.blob_id)
      and not exists (select from system_artifact where system_artifact.blob_id = gone.blob_id))
    + (select coalesce(sum(octet_length(content)), 0) from trash_artifact))::bigint`

/** One page of the projects and of what takes storage beside them. Reads every hold of every repository once. */
export async function listUsageOfProjects(
  db: Queryable,
  { limit, offset }: Part,
  order: Order = '-size',
): Promise<Paged<UsedByProject>> {
  const [rows, counted] = await Promise.all([
    db.rows<UsedByProject>(sql`
      with
        link as (
          select distinct held.blob_id, repository.project_id
          from repository_blob held join repository on repository.id = held.repository_id),
        each as (select blob_id, project_id, count(*) over (partition by blob_id) as holders from link),
        blobs as (
          select each.project_id, sum(blob.size)::bigint as size,
            coalesce(sum(blob.size) filter (where holders = 1 and not exists (
              select from system_artifact where system_artifact.blob_id = blob.id)), 0)::bigint as exclusive
          from each join blob on blob.id = each.blob_id group by 1),
        manifests as (${manifests})
      select * from (
        select 'project' as kind, project.name, project.id as "projectId",
          (coalesce(blobs.size, 0) + coalesce(manifests.bytes, 0))::bigint as size,
          (coalesce(blobs.exclusive, 0) + coalesce(manifests.bytes, 0))::bigint as exclusive,
          (select count(*) from repository where repository.project_id = project.id) as repositories,
          coalesce((select hard_storage from quota where quota.project_id = project.id), -1) as "limit"
        from project
          left join blobs on blobs.project_id = project.id
          left join manifests on manifests.project_id = project.id
        union all
        select kind, name, null, size, size, 0, -1 from (${beside}) beside) used
      order by ${orders[order]} limit ${limit} offset ${offset}`),
    db.row<{ total: number }>(sql`select count(*) + 3 as total from project`),
  ])
  return { rows, total: counted!.total }
}

type UsedByRepository = Used & { id: number; name: string; artifacts: number; inStorage: number }

/** One page of a project's repositories. `exclusive` within the project, `inStorage` among all projects. */
export async function listUsageOfRepositories(
  db: Queryable,
  projectId: number,
  { limit, offset }: Part,
  order: Order = '-size',
): Promise<Paged<UsedByRepository>> {
  const [rows, counted] = await Promise.all([
    db.rows<UsedByRepository>(sql`
      with
        each as (
          select held.blob_id, held.repository_id, count(*) over (partition by held.blob_id) as holders
          from repository join repository_blob held on held.repository_id = repository.id
          where repository.project_id = ${projectId}),
        blobs as (
          select each.repository_id, sum(blob.size)::bigint as size,
            coalesce(sum(blob.size) filter (where holders = 1), 0)::bigint as exclusive,
            coalesce(sum(blob.size) filter (where holders = 1 and not exists (
              select from repository_blob other
              where other.blob_id = each.blob_id and other.repository_id <> each.repository_id)), 0)::bigint
              as in_storage
          from each join blob on blob.id = each.blob_id group by 1),
        manifests as (
          select artifact.repository_id, count(*) as artifacts, sum(octet_length(manifest.content))::bigint as bytes
          from repository
            join artifact on artifact.repository_id = repository.id
            join manifest on manifest.artifact_id = artifact.id
          where repository.project_id = ${projectId} group by 1)
      select repository.id, repository.name, coalesce(artifacts, 0) as artifacts,
        (coalesce(blobs.size, 0) + coalesce(bytes, 0))::bigint as size,
        (coalesce(blobs.exclusive, 0) + coalesce(bytes, 0))::bigint as exclusive,
        (coalesce(blobs.in_storage, 0) + coalesce(bytes, 0))::bigint as "inStorage"
      from repository
        left join blobs on blobs.repository_id = repository.id
        left join manifests on manifests.repository_id = repository.id
      where repository.project_id = ${projectId}
      order by ${orders[order]} limit ${limit} offset ${offset}`),
    db.row<{ total: number }>(sql`select count(*) as total from repository where project_id = ${projectId}`),
  ])
  return { rows, total: counted!.total }
}
