import type { Digest } from '../../../oci/digest.ts'
import type { RepositoryName, Tag } from '../../../oci/reference.ts'
import type { Description } from '../../catalog/artifact.ts'
import type { Actor } from '../../catalog/topics.ts'
import type { Db, Paged, Queryable, Tx } from '../../platform/db/db.ts'
import type { Fields, Listing } from '../../platform/db/listing.ts'
import { sql, type Sql } from '../../platform/db/sql.ts'

export type Trash = {
  id: number
  projectId: number
  kind: 'tag' | 'artifact' | 'repository'
  repository: RepositoryName
  digest: Digest | null
  tag: Tag | null
  description: string | null
  deletedBy: Actor
  deletedAt: Date
  expiresAt: Date
  artifacts: number
  tags: string[]
}

/** `size`: bytes that a deletion holds; `exclusive`: the part of them that nothing else in any project needs. */
export type ListedTrash = Trash & { size: number; exclusive: number }

const columns = (keepMs: number) => sql`
  trash.id, trash.project_id as "projectId", trash.kind, trash.repository, trash.digest, trash.tag,
  trash.description, trash.deleted_by as "deletedBy", trash.deleted_at as "deletedAt",
  trash.deleted_at + ${interval(keepMs)} as "expiresAt",
  (select count(*) from trash_artifact where trash_id = trash.id) as artifacts,
  case when trash.tag is not null then array[trash.tag::text] else array(
    select one->>'name' from trash_artifact, jsonb_array_elements(trash_artifact.tags) one
    where trash_id = trash.id order by 1 limit 100) end as tags`

const manifestBytes = sql`(
  select coalesce(sum(octet_length(content)), 0) from trash_artifact where trash_artifact.trash_id = trash.id)`
const blobBytes = (only: Sql) => sql`(
  select coalesce(sum(blob.size), 0) from trash_blob held join blob on blob.id = held.blob_id
  where held.trash_id = trash.id and ${only})`
/** Manifests are in no other place; what two deletions hold is exclusive to neither. */
const isExclusive = sql`
  not exists (select from repository_blob other where other.blob_id = blob.id)
  and not exists (select from trash_blob other where other.blob_id = blob.id and other.trash_id <> trash.id)
  and not exists (select from system_artifact other where other.blob_id = blob.id)`
const bytes = sql`
  (${blobBytes(sql`true`)} + ${manifestBytes})::bigint as size,
  (${blobBytes(isExclusive)} + ${manifestBytes})::bigint as exclusive`

const interval = (ms: number) => sql`make_interval(secs => ${ms / 1000})`
/** Deletions that can still be restored; none when `keepMs` is 0. */
const isKept = (keepMs: number): Sql => sql`trash.deleted_at > clock_timestamp() - ${interval(keepMs)}`

export const trashFields: Fields = {
  id: { type: 'integer', column: sql`trash.id` },
  kind: { type: 'text', column: sql`trash.kind` },
  repository_name: { type: 'text', column: sql`trash.repository` },
  digest: { type: 'text', column: sql`trash.digest` },
  tag: { type: 'text', column: sql`trash.tag` },
  deletion_time: { type: 'time', column: sql`trash.deleted_at` },
}
export const trashOrder = sql`trash.id desc`

type Page = Omit<Listing, 'page' | 'pageSize' | 'isFiltered'>

/** One page of a project's deletions that can still be restored. */
export function listTrash(
  db: Queryable,
  projectId: number,
  keepMs: number,
  { where, ...part }: Page,
): Promise<Paged<ListedTrash>> {
  const from = sql`from trash where trash.project_id = ${projectId} and ${isKept(keepMs)} and ${where}`
  return db.page({ columns: sql`${columns(keepMs)}, ${bytes}`, from }, part)
}

/** A deletion in any project, for the command line. */
export function findTrash(db: Queryable, id: number, keepMs: number): Promise<Trash | undefined> {
  return db.row<Trash>(sql`select ${columns(keepMs)} from trash where trash.id = ${id} and ${isKept(keepMs)}`)
}

/** Locks a deletion, so that neither another restore nor a garbage collection takes it meanwhile. */
export function lockTrash(tx: Tx, projectId: number, id: number, keepMs: number): Promise<Trash | undefined> {
  return tx.row<Trash>(sql`
    select ${columns(keepMs)} from trash
    where trash.id = ${id} and trash.project_id = ${projectId} and ${isKept(keepMs)}
    for update of trash`)
}

type TrashedTag = { name: Tag; pushed_at: string; pulled_at: string | null; pull_count: number }
export type TrashedArtifact = {
  digest: Digest
  mediaType: string
  content: Buffer
  tags: TrashedTag[]
  labels: number[]
  pullCount: number
  /** As PostgreSQL writes times: a Date would cut the microseconds. */
  pushedAt: string
  pulledAt: string | null
  description: Omit<Description, 'icon' | 'accessory'> & {
    icon: Digest | null
    accessory: Description['accessory'] | null
  }
}

/** A page of deleted artifacts after a cursor. Parts come before the indexes that name them, as in a push. */
export function listArtifacts(
  tx: Tx,
  trashId: number,
  after: { depth: number; digest: string },
  limit: number,
): Promise<(TrashedArtifact & { depth: number })[]> {
  return tx.rows(sql`
    select digest, media_type as "mediaType", content, depth, tags, labels, description,
      pull_count as "pullCount", pushed_at::text as "pushedAt", pulled_at::text as "pulledAt"
    from trash_artifact
    where trash_id = ${trashId} and (depth, digest) > (${after.depth}, ${after.digest})
    order by depth, digest limit ${limit}`)
}

export async function dropTrash(tx: Tx, id: number): Promise<void> {
  await tx.run(sql`delete from trash where id = ${id}`)
}

/** Deletions that are dropped in one transaction. */
const batch = 50

/**
 * Drops deletions that can no longer be restored. A trigger makes blobs that only they held candidates of a collection.
 */
export async function dropExpired(db: Db, keepMs: number, mayGoOn: () => boolean): Promise<number> {
  let dropped = 0
  for (let count = batch; count === batch && mayGoOn(); dropped += count) {
    count = await db.run(sql`
      delete from trash where id in (
        select id from trash where deleted_at <= clock_timestamp() - ${interval(keepMs)}
        order by deleted_at limit ${batch} for update skip locked)`)
  }
  return dropped
}
