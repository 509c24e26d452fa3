import { hasOwnTag } from '../../catalog/accessory.ts'
import { listedArtifacts } from '../../catalog/listed.ts'
import type { Paged, Queryable } from '../../platform/db/db.ts'
import { sql, type Sql } from '../../platform/db/sql.ts'
import type { Part, Used } from './store.ts'

export type UsedByArtifact = Used & {
  digest: string
  type: string
  tags: string[]
  tagCount: number
  pushedAt: Date
  inStorage: number
}

type Place = { id: number; projectId: number }
type Row = Omit<UsedByArtifact, keyof Used | 'inStorage'> & { id: number }
type Measured = Used & { id: number; inStorage: number }

/** One page of a repository's artifacts, by two statements however large they are, and one that counts. */
export async function listUsageOfArtifacts(
  db: Queryable,
  { id, projectId }: Place,
  { limit, offset }: Part,
  order: string = '-size',
): Promise<Paged<UsedByArtifact>> {
  const listed = sql`from artifact where artifact.repository_id = ${id} and ${listedArtifacts}`
  const by = order === '-push_time' ? sql`artifact.pushed_at desc` : sql`artifact.size desc`
  const columns = sql`
    artifact.id, artifact.digest, artifact.type, artifact.pushed_at as "pushedAt",
    (select count(*) from tag where tag.artifact_id = artifact.id) as "tagCount",
    array(select name::text from tag where tag.artifact_id = artifact.id order by id desc limit 20) as tags`
  const part = { order: sql`${by}, artifact.id desc`, limit, offset }
  const { rows, total } = await db.page<Row>({ columns, from: listed }, part)
  const measured = new Map(
    (
      await measure(
        db,
        projectId,
        rows.map((one) => one.id),
      )
    ).map((one) => [one.id, one]),
  )
  const nothing = { size: 0, exclusive: 0, inStorage: 0 }
  return { total, rows: rows.map((one) => ({ ...one, ...(measured.get(one.id) ?? nothing) })) }
}

/**
 * The bytes of each artifact with the parts and accessories that would go with it. `exclusive`: what no other artifact
 * of the project needs; `inStorage`: none of any project. Whether a blob is shared is asked of an index, blob by blob,
 * up to the first artifact that needs it as well: a base layer of 10,000 images costs no more than one of two.
 */
function measure(db: Queryable, projectId: number, ids: number[]): Promise<Measured[]> {
  if (ids.length === 0) return Promise.resolve([])
  const ofProject = sql`held.repository_id in (select id from repository where project_id = ${projectId})`
  return db.rows<Measured>(sql`
    with recursive tree (root, id, repository_id, digest) as (
      select artifact.id, artifact.id, artifact.repository_id, artifact.digest
      from artifact where artifact.id = any(${ids}::bigint[])
      union
      select tree.root, found.id, found.repository_id, found.digest from tree, lateral (
        select child.id, child.repository_id, child.digest
        from artifact_child join artifact child on child.id = artifact_child.child_id
        where artifact_child.parent_id = tree.id and not exists (select from tag where tag.artifact_id = child.id)
        union all
        select held.id, held.repository_id, held.digest
        from accessory join artifact held on held.id = accessory.artifact_id
        where accessory.repository_id = tree.repository_id and accessory.subject_digest = tree.digest
          and not ${hasOwnTag}) found),
    all_of as materialized (select root, array_agg(id) as ids from tree group by root),
    going as materialized (
      select tree.root, tree.id from tree join all_of using (root)
      where tree.id = tree.root or (
        select 1 from artifact_child
        where artifact_child.repository_id = tree.repository_id and artifact_child.child_id = tree.id
          and artifact_child.parent_id <> all(all_of.ids) limit 1) is null),
    gone as materialized (select root, array_agg(id) as ids from going group by root),
    needs as materialized (
      select distinct tree.root, used.blob_id from tree join artifact_blob used on used.artifact_id = tree.id),
    blobs as (
      select needs.root, blob.size,
        ${isFree(ofProject)} as is_exclusive,
        ${isFree(sql`true`)} as is_free
      from needs join gone using (root) join blob on blob.id = needs.blob_id),
    sums as (
      select root, sum(size)::bigint as size,
        coalesce(sum(size) filter (where is_exclusive), 0)::bigint as exclusive,
        coalesce(sum(size) filter (where is_free), 0)::bigint as in_storage
      from blobs group by 1),
    manifests as (
      select tree.root, sum(octet_length(content))::bigint as size,
        coalesce(sum(octet_length(content)) filter (where tree.id = any(gone.ids)), 0)::bigint as exclusive
      from tree join gone using (root) join manifest on manifest.artifact_id = tree.id group by 1)
    select manifests.root as id, manifests.size + coalesce(sums.size, 0) as size,
      manifests.exclusive + coalesce(sums.exclusive, 0) as exclusive,
      manifests.exclusive + coalesce(sums.in_storage, 0) as "inStorage"
    from manifests left join sums using (root)`)
}

/** Whether no artifact but those that would go needs the blob, among the holds that `which` chooses. */
function isFree(which: Sql): Sql {
  return sql`((
    select 1 from repository_blob held
      join artifact_blob other on other.repository_id = held.repository_id and other.blob_id = held.blob_id
    where held.blob_id = needs.blob_id and ${which} and other.artifact_id <> all(gone.ids) limit 1) is null)`
}
