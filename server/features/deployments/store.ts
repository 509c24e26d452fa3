import type { Digest } from '../../../oci/digest.ts'
import type { Actor } from '../../catalog/topics.ts'
import type { Paged, PagePart, Queryable, Tx } from '../../platform/db/db.ts'
import { jsonbText } from '../../platform/db/json.ts'
import { sql } from '../../platform/db/sql.ts'

type Deployment = {
  cluster: string
  repository: string
  digest: Digest
  workload: string
  reportedBy: Actor
  reportedAt: Date
  expiresAt: Date
}

/** One image of a report, in a repository that Marina has. */
export type Running = { projectId: number; repositoryId: number; digest: string; workload: string }

const place = sql`
  deployment.cluster || case when deployment.workload = '' then '' else ' (' || deployment.workload || ')' end`

/**
 * Where the artifacts of a repository run now, by digest, for people. An index runs where one of its parts does, since
 * it goes with its parts.
 */
export async function findRunning(db: Queryable, repositoryId: number): Promise<Map<string, string>> {
  const rows = await db.rows<{ digest: string; places: string }>(sql`
    with recursive held (digest, artifact_id, place) as (
      select deployment.digest, artifact.id, ${place}
      from deployment left join artifact
        on artifact.repository_id = deployment.repository_id and artifact.digest = deployment.digest
      where deployment.repository_id = ${repositoryId} and deployment.expires_at > clock_timestamp()
      union
      select artifact.digest, artifact.id, held.place
      from held
        join artifact_child
          on artifact_child.repository_id = ${repositoryId} and artifact_child.child_id = held.artifact_id
        join artifact on artifact.id = artifact_child.parent_id)
    select digest, string_agg(distinct place, ', ' order by place) as places
    from held group by digest limit 100000`)
  return new Map(rows.map(({ digest, places }) => [digest, places]))
}

/** The ids of the repositories of which a cluster runs something now, as a subquery. */
export const runningRepositories = sql`select repository_id from deployment where expires_at > clock_timestamp()`

/** Where something of these repositories runs now, for people. Repositories of which nothing runs are left out. */
export async function findRunningPlaces(db: Queryable, repositoryIds: number[]): Promise<Map<number, string>> {
  if (repositoryIds.length === 0) return new Map()
  const rows = await db.rows<{ id: number; places: string }>(sql`
    select repository_id as id, string_agg(distinct ${place}, ', ' order by ${place}) as places
    from deployment
    where repository_id = any(${repositoryIds}::bigint[]) and expires_at > clock_timestamp()
    group by repository_id`)
  return new Map(rows.map(({ id, places }) => [id, places]))
}

/** The first of these artifacts of a repository that runs somewhere. */
export function findFirstRunning(
  db: Queryable,
  repository: string,
  digests: string[],
): Promise<{ digest: string; place: string; expiresAt: Date } | undefined> {
  return db.row(sql`
    select deployment.digest, ${place} as place, deployment.expires_at as "expiresAt"
    from deployment join repository on repository.id = deployment.repository_id
    where repository.name = ${repository} and deployment.digest = any(${digests}::text[])
      and deployment.expires_at > clock_timestamp()
    order by deployment.digest, place limit 1`)
}

/** One page of what clusters run of a project now. */
export function listRunning(db: Queryable, projectId: number, part: PagePart): Promise<Paged<Deployment>> {
  const columns = sql`
    deployment.cluster, repository.name as repository, deployment.digest, deployment.workload,
    deployment.reported_by as "reportedBy", deployment.reported_at as "reportedAt",
    deployment.expires_at as "expiresAt"`
  const from = sql`
    from deployment join repository on repository.id = deployment.repository_id
    where deployment.project_id = ${projectId} and deployment.expires_at > clock_timestamp()`
  return db.page({ columns, from }, part)
}

export const runningOrder = sql`deployment.cluster, repository.name, deployment.digest`

/** Repositories by their names, with their projects. */
export function findRepositories(
  db: Queryable,
  names: string[],
): Promise<{ id: number; name: string; projectId: number; project: string; isPublic: boolean }[]> {
  return db.rows(sql`
    select repository.id, repository.name, project.id as "projectId", project.name as project,
      project.is_public as "isPublic"
    from repository join project on project.id = repository.project_id
    where repository.name = any(${names}::text[])`)
}

/** The projects of which a cluster has reported something. */
export function findProjectsOf(
  db: Queryable,
  cluster: string,
): Promise<{ id: number; name: string; isPublic: boolean }[]> {
  return db.rows(sql`
    select id, name, is_public as "isPublic" from project
    where id in (select project_id from deployment where cluster = ${cluster}) order by id limit 100000`)
}

/** Puts a report in the place of the cluster's last one, in these projects. Returns when it runs out. */
export async function saveReport(
  tx: Tx,
  { cluster, ttlSeconds, by }: { cluster: string; ttlSeconds: number; by: Actor },
  projectIds: number[],
  images: Running[],
): Promise<Date> {
  await tx.run(sql`select pg_advisory_xact_lock(hashtext('deployment'), hashtext(${cluster}))`)
  await tx.run(sql`delete from deployment where cluster = ${cluster} and project_id = any(${projectIds}::bigint[])`)
  const { at } = (await tx.row<{ at: Date }>(
    sql`select clock_timestamp() + make_interval(secs => ${ttlSeconds}) as at`,
  ))!
  await tx.run(sql`
    insert into deployment (project_id, repository_id, digest, cluster, workload, reported_by, expires_at)
    select project_id, repository_id, digest, ${cluster}, workload, ${jsonbText(by)}::jsonb, ${at}
    from unnest(
      ${images.map((one) => one.projectId)}::bigint[], ${images.map((one) => one.repositoryId)}::bigint[],
      ${images.map((one) => one.digest)}::text[], ${images.map((one) => one.workload)}::text[])
      as one (project_id, repository_id, digest, workload)
    order by repository_id, digest
    on conflict (repository_id, digest, cluster) do nothing`)
  return at
}

/** Returns how many entries were forgotten. */
export function dropReport(tx: Tx, projectId: number, cluster: string): Promise<number> {
  return tx.run(sql`delete from deployment where project_id = ${projectId} and cluster = ${cluster}`)
}

/** Removes reports that have run out. */
export async function dropExpired(db: Queryable): Promise<void> {
  await db.run(sql`delete from deployment where expires_at <= clock_timestamp()`)
}
