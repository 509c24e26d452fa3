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

/**
 * One page of the projects and of what takes storage beside them. By size or by what a deletion would free, it reads
 * every hold of every repository once; by name, only those of the page.
 */
export async function listUsageOfProjects(
  db: Queryable,
  part: Part,
  order: Order = '-size',
): Promise<Paged<UsedByProject>> {
  const { limit, offset } = part
  const isByName = order === 'name'
  const [rows, counted] = await Promise.all([
    db.rows<UsedByProject>(sql`
      with
        page as materialized (
          select id, name from (
            select id, name::text from project
            union all
            select null, name from (values ('system artifacts'), ('trash'), ('unfinished uploads')) other (name)
          ) named ${isByName ? sql`order by name, id limit ${limit} offset ${offset}` : sql``}),
        link as (
          select distinct held.blob_id, repository.project_id
          from repository_blob held join repository on repository.id = held.repository_id
          where repository.project_id in (select id from page)),
        each as (select blob_id, project_id, ${isByName ? sharedByOtherProject : sharedInPage} as is_shared from link),
        blobs as (
          select each.project_id, sum(blob.size)::bigint as size,
            coalesce(sum(blob.size) filter (where not is_shared and not exists (
              select from system_artifact where system_artifact.blob_id = blob.id)), 0)::bigint as exclusive
          from each join blob on blob.id = each.blob_id group by 1),
        manifests as (
          select repository.project_id, sum(octet_length(manifest.content))::bigint as bytes
          from repository
            join artifact on artifact.repository_id = repository.id
            join manifest on manifest.artifact_id = artifact.id
          where repository.project_id in (select id from page) group by 1)
      select * from (
        select 'project' as kind, project.name, project.id as "projectId",
          (coalesce(blobs.size, 0) + coalesce(manifests.bytes, 0))::bigint as size,
          (coalesce(blobs.exclusive, 0) + coalesce(manifests.bytes, 0))::bigint as exclusive,
          (select count(*) from repository where repository.project_id = project.id) as repositories,
          coalesce((select hard_storage from quota where quota.project_id = project.id), -1) as "limit"
        from project
          left join blobs on blobs.project_id = project.id
          left join manifests on manifests.project_id = project.id
        where project.id in (select id from page)
        union all
        select kind, name, null, size, size, 0, -1 from (${beside}) beside
        where name in (select name from page where id is null)) used
      order by ${orders[order]}, "projectId" limit ${limit} offset ${isByName ? 0 : offset}`),
    db.row<{ total: number }>(sql`select count(*) + 3 as total from project`),
  ])
  return { rows, total: counted!.total }
}

/** Whether another project holds the blob of a link, where the links are those of all projects. */
const sharedInPage = sql`count(*) over (partition by blob_id) > 1`

/** The same for the links of a few projects: the index is asked for each blob, up to the first hold elsewhere. */
const sharedByOtherProject = sql`(
  select 1 from repository_blob other join repository elsewhere on elsewhere.id = other.repository_id
  where other.blob_id = link.blob_id and elsewhere.project_id <> link.project_id limit 1) is not null`

type UsedByRepository = Used & { id: number; name: string; artifacts: number; inStorage: number }

/**
 * One page of a project's repositories. `exclusive` within the project, `inStorage` among all projects. By name it
 * reads the holds of the page alone, otherwise those of the project.
 */
export async function listUsageOfRepositories(
  db: Queryable,
  projectId: number,
  { limit, offset }: Part,
  order: Order = '-size',
): Promise<Paged<UsedByRepository>> {
  const isByName = order === 'name'
  const holders = isByName ? sharedByOtherRepository(projectId) : sql`count(*) over (partition by held.blob_id) > 1`
  const [rows, counted] = await Promise.all([
    db.rows<UsedByRepository>(sql`
      with
        page as materialized (
          select id from repository where project_id = ${projectId}
          ${isByName ? sql`order by name limit ${limit} offset ${offset}` : sql``}),
        each as (
          select held.blob_id, held.repository_id, ${holders} as is_shared
          from repository_blob held where held.repository_id in (select id from page)),
        blobs as (
          select each.repository_id, sum(blob.size)::bigint as size,
            coalesce(sum(blob.size) filter (where not is_shared), 0)::bigint as exclusive,
            coalesce(sum(blob.size) filter (where not is_shared and not exists (
              select from repository_blob other
              where other.blob_id = each.blob_id and other.repository_id <> each.repository_id)), 0)::bigint
              as in_storage
          from each join blob on blob.id = each.blob_id group by 1),
        manifests as (
          select artifact.repository_id, count(*) as artifacts, sum(octet_length(manifest.content))::bigint as bytes
          from artifact join manifest on manifest.artifact_id = artifact.id
          where artifact.repository_id in (select id from page) group by 1)
      select repository.id, repository.name, coalesce(artifacts, 0) as artifacts,
        (coalesce(blobs.size, 0) + coalesce(bytes, 0))::bigint as size,
        (coalesce(blobs.exclusive, 0) + coalesce(bytes, 0))::bigint as exclusive,
        (coalesce(blobs.in_storage, 0) + coalesce(bytes, 0))::bigint as "inStorage"
      from repository
        left join blobs on blobs.repository_id = repository.id
        left join manifests on manifests.repository_id = repository.id
      where repository.id in (select id from page)
      order by ${orders[order]} limit ${limit} offset ${isByName ? 0 : offset}`),
    db.row<{ total: number }>(sql`select count(*) as total from repository where project_id = ${projectId}`),
  ])
  return { rows, total: counted!.total }
}

/** Whether another repository of the project holds the blob of a hold: asked of the index, up to the first one. */
const sharedByOtherRepository = (projectId: number) => sql`(
  select 1 from repository_blob other join repository next on next.id = other.repository_id
  where other.blob_id = held.blob_id and other.repository_id <> held.repository_id
    and next.project_id = ${projectId} limit 1) is not null`
