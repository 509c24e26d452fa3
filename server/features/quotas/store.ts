import { usageCounted } from '../../catalog/usage.ts'
import type { Paged, Queryable, Tx } from '../../platform/db/db.ts'
import type { Fields, Listing } from '../../platform/db/listing.ts'
import { sql } from '../../platform/db/sql.ts'

/** Sizes in bytes; `hard` -1: no limit. */
export type Quota = {
  id: number
  hard: number
  used: number
  createdAt: Date
  updatedAt: Date
  projectId: number
  projectName: string
  ownerName: string
}

/** Stored where there is a limit, counted where there is none: without a limit, a push writes no shared row. */
const used = sql`case when quota.hard_storage = -1 then ${usageCounted} else quota.used_storage end`

const columns = sql`
  quota.id, quota.hard_storage as hard, ${used} as used,
  quota.created_at as "createdAt", quota.updated_at as "updatedAt",
  project.id as "projectId", project.name as "projectName", owner.name as "ownerName"`
const tables = sql`
  quota join project on project.id = quota.project_id
  join account owner on owner.id = project.owner_id`

/** Fields by which a list of quotas can be filtered and sorted. */
export const quotaFields: Fields = {
  id: { type: 'integer', column: sql`quota.id` },
  reference_id: { type: 'integer', column: sql`quota.project_id` },
  // No limit (-1) is the largest, as in Harbor.
  'hard.storage': {
    type: 'integer',
    column: sql`quota.hard_storage`,
    sort: sql`nullif(quota.hard_storage, -1)`, // null sorts after all numbers
  },
  'used.storage': { type: 'integer', column: sql`(${used})` },
  creation_time: { type: 'time', column: sql`quota.created_at` },
  update_time: { type: 'time', column: sql`quota.updated_at` },
}
export const quotaOrder = sql`quota.id`

export function listQuotas(db: Queryable, { where, ...part }: Listing): Promise<Paged<Quota>> {
  return db.page({ columns, from: sql`from ${tables} where ${where}` }, part)
}

export function findQuota(db: Queryable, id: number): Promise<Quota | undefined> {
  return db.row<Quota>(sql`select ${columns} from ${tables} where quota.id = ${id}`)
}

export function findQuotaOfProject(db: Queryable, projectId: number): Promise<Quota | undefined> {
  return db.row<Quota>(sql`select ${columns} from ${tables} where quota.project_id = ${projectId}`)
}

/** Creates the quota of a new project, without a limit. Every project has one, so that it has an id in the API. */
export async function saveQuota(tx: Tx, projectId: number): Promise<void> {
  await tx.run(sql`insert into quota (project_id) values (${projectId})`)
}

/**
 * Sets a limit and recounts the project's charges. An advisory lock waits for pushes and deletes that are under way,
 * and makes new ones wait.
 */
export async function setLimit(tx: Tx, projectId: number, hard: number): Promise<void> {
  await tx.run(sql`select pg_advisory_xact_lock(1903521652, ${projectId}::int)`)
  await tx.run(sql`delete from quota_charge where project_id = ${projectId}`)
  if (hard !== -1) {
    await tx.run(sql`
      insert into quota_charge (project_id, kind, object_id, size)
      select distinct ${projectId}::bigint, 'blob', blob.id, blob.size
      from repository
      join repository_blob held on held.repository_id = repository.id
      join blob on blob.id = held.blob_id
      where repository.project_id = ${projectId}
      union all
      select ${projectId}::bigint, 'manifest', artifact.id, octet_length(manifest.content)
      from repository
      join artifact on artifact.repository_id = repository.id
      join manifest on manifest.artifact_id = artifact.id
      where repository.project_id = ${projectId}`)
  }
  await tx.run(sql`
    update quota set hard_storage = ${hard}, updated_at = now(), used_storage = (
      select coalesce(sum(size), 0) from quota_charge where project_id = ${projectId})
    where project_id = ${projectId}`)
}
