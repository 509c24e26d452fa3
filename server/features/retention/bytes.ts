import type { Queryable } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { hasOwnTag } from '../../catalog/accessory.ts'

/**
 * Bytes that only these artifacts need, with the parts and accessories that go with them: manifests, and blobs that no
 * other artifact of the registry names.
 */
export async function measureBytes(db: Queryable, artifactIds: readonly number[]): Promise<number> {
  if (artifactIds.length === 0) return 0
  const row = await db.row<{ bytes: number }>(sql`
    with recursive root (id) as (select unnest(${artifactIds}::bigint[])),
    tree (id, repository_id, digest) as (
      select artifact.id, artifact.repository_id, artifact.digest from root join artifact using (id)
      union
      select found.id, found.repository_id, found.digest from tree, lateral (
        select child.id, child.repository_id, child.digest
        from artifact_child join artifact child on child.id = artifact_child.child_id
        where artifact_child.parent_id = tree.id and not exists (select from tag where tag.artifact_id = child.id)
        union all
        select held.id, held.repository_id, held.digest
        from accessory join artifact held on held.id = accessory.artifact_id
        where accessory.repository_id = tree.repository_id and accessory.subject_digest = tree.digest
          and not ${hasOwnTag}) found),
    going (id) as materialized (
      select tree.id from tree
      where tree.id in (select id from root) or not exists (
        select from artifact_child
        where artifact_child.repository_id = tree.repository_id and artifact_child.child_id = tree.id
          and artifact_child.parent_id not in (select id from tree))),
    freed (blob_id) as materialized (
      select distinct blob_id from artifact_blob join going on going.id = artifact_blob.artifact_id)
    select (
      (select coalesce(sum(octet_length(content)), 0) from going join manifest on manifest.artifact_id = going.id)
      + (select coalesce(sum(blob.size), 0) from freed join blob on blob.id = freed.blob_id
        where not exists (
          select from repository_blob held
            join artifact_blob other on other.repository_id = held.repository_id and other.blob_id = held.blob_id
          where held.blob_id = freed.blob_id and other.artifact_id not in (select id from going))))::bigint as bytes`)
  return row!.bytes
}
