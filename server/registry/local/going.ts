import type { Digest } from '../../../oci/digest.ts'
import type { Tag } from '../../../oci/reference.ts'
import { hasOwnTag } from '../../catalog/accessory.ts'
import { subjectOfList, tagOfList } from '../../catalog/referrers-list.ts'
import type { Tx } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import type { Going } from './remove.ts'

/** An artifact that is to be deleted. `takesParts`: parts of an index that only it needs are deleted as well. */
type Root = { id: number; repositoryId: number; takesParts: boolean }

/**
 * Locks the root and the artifacts that are deleted with it, and returns them with their tags, which are locked too.
 * With the root are deleted its accessories without a tag of their own (signatures, SBOMs), the index that lists these
 * (`subjectOfList`) and, with `takesParts`, its parts. The tree is read again after each lock: an artifact that got a tag or another parent meanwhile stays.
 * Undefined while an index names the root.
 */
export async function lockGoing(tx: Tx, root: Root): Promise<Going[] | undefined> {
  for (const locked = new Set([root.id]); ;) {
    const tree = await collectTree(tx, root)
    if (tree.find(({ id }) => id === root.id)!.parents.length > 0) return undefined
    const going = goingWith(root.id, tree)
    const more = going.map(({ id }) => id).filter((id) => !locked.has(id))
    if (more.length === 0) return lockTags(tx, going)
    await tx.run(sql`select id from artifact where id = any(${more}::bigint[]) order by id for update`)
    for (const id of more) locked.add(id)
  }
}

type Node = { id: number; digest: Digest; parents: number[]; subject: number | null }

/** What could be deleted with the root: parts without a tag, and accessories of all these, with lists of them. */
function collectTree(tx: Tx, { id: rootId, repositoryId, takesParts }: Root): Promise<Node[]> {
  return tx.rows<Node>(sql`
    with recursive tree (id, digest) as (
      select id, digest from artifact where id = ${rootId}
      union
      select found.id, found.digest from tree, lateral (
        select child.id, child.digest from artifact_child join artifact child on child.id = artifact_child.child_id
        where artifact_child.parent_id = tree.id and not exists (select 1 from tag where tag.artifact_id = child.id)
          and (${takesParts} or tree.id <> ${rootId})
        union all
        select held.id, held.digest from accessory join artifact held on held.id = accessory.artifact_id
        where accessory.repository_id = ${repositoryId} and accessory.subject_digest = tree.digest
          and not ${hasOwnTag}
        union all
        select artifact.id, artifact.digest from tag join artifact on artifact.id = tag.artifact_id
        where tag.repository_id = ${repositoryId} and tag.name = ${tagOfList} and ${subjectOfList} = tree.id
        union all
        select artifact.id, artifact.digest
        from artifact_child join artifact on artifact.id = artifact_child.parent_id
        where artifact_child.repository_id = ${repositoryId} and artifact_child.child_id = tree.id
          and ${subjectOfList} is not null) found)
    select tree.id, tree.digest,
      coalesce((
        select json_agg(parent_id) from artifact_child
        where artifact_child.repository_id = ${repositoryId} and artifact_child.child_id = tree.id), '[]') as parents,
      coalesce((
        select subject.id from accessory join artifact subject
          on subject.repository_id = accessory.repository_id and subject.digest = accessory.subject_digest
        where accessory.artifact_id = tree.id), ${subjectOfList}) as subject
    from tree join artifact on artifact.id = tree.id`)
}

/**
 * Returns the part of the tree that is deleted with the root: nodes that are a child or an accessory of a deleted node,
 * and whose parents are all deleted too. An accessory of an artifact that stays is no mere part: it stays.
 */
function goingWith(rootId: number, tree: Node[]): Node[] {
  const going = new Set([rootId])
  for (let before = 0; before !== going.size;) {
    before = going.size
    for (const { id, parents, subject } of tree) {
      const isHeld = parents.some((parent) => !going.has(parent))
      if (!isHeld && (subject === null ? parents.length > 0 : going.has(subject))) going.add(id)
    }
  }
  return tree.filter(({ id }) => going.has(id))
}

/** Locks the tags of the artifacts; returns the artifacts with these tags. */
async function lockTags(tx: Tx, going: Node[]): Promise<Going[]> {
  const rows = await tx.rows<{ artifactId: number; name: Tag }>(sql`
    select artifact_id as "artifactId", name from tag where artifact_id = any(${going.map(({ id }) => id)}::bigint[])
    order by name for update`)
  const tags = Map.groupBy(rows, ({ artifactId }) => artifactId)
  return going.map(({ id, digest }) => ({ id, digest, tags: (tags.get(id) ?? []).map(({ name }) => name) }))
}
