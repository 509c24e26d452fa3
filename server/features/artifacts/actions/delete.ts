import type { Digest } from '../../../../oci/digest.ts'
import type { Tag } from '../../../../oci/reference.ts'
import { lockArtifact } from '../../../catalog/artifact.ts'
import type { Repository } from '../../../catalog/repository.ts'
import type { Actor } from '../../../catalog/topics.ts'
import { isReferenceViolation, type Db, type Tx } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import { Failure } from '../../../platform/http/failure.ts'
import type { UntagGates } from '../../../registry/gate.ts'
import { removeArtifacts, type Going } from '../../../registry/local/remove.ts'

const named = () =>
  new Failure('PRECONDITION', 'an index in this repository names this artifact: delete the index first')

/** Called once the artifact is locked, so that its answer holds until the artifact is deleted. */
type IsStillDue = (tx: Tx, artifactId: number) => Promise<boolean>

/**
 * Deletes an artifact with its tags, the parts that only it needs, and its accessories. Throws PRECONDITION while an
 * index names it, or when one of the tags is immutable; CONFLICT when `isStillDue` is false.
 */
export async function deleteArtifact(
  db: Db,
  gates: UntagGates,
  by: Actor,
  repository: Repository,
  digest: Digest,
  isStillDue: IsStillDue = async () => true,
): Promise<void> {
  try {
    await db.transaction(async (tx) => {
      const rootId = await lockArtifact(tx, repository.id, digest)
      if (rootId === undefined) throw new Failure('NOT_FOUND', `${digest} does not exist in ${repository.name}`)
      if (!(await isStillDue(tx, rootId)))
        throw new Failure('CONFLICT', `${digest} was pushed again, tagged or put to use meanwhile`)
      const going = await lockGoing(tx, repository.id, rootId)
      await removeArtifacts(tx, gates, repository, { kind: 'artifact', digest }, by, await lockTags(tx, going))
    })
  } catch (error) {
    // An index that names a part of the artifact was pushed meanwhile.
    throw isReferenceViolation(error) ? named() : error
  }
}

/**
 * Locks the root and the artifacts that are deleted with it, and returns them. The tree is read again after each lock:
 * an artifact that got a tag or another parent meanwhile stays.
 */
async function lockGoing(tx: Tx, repositoryId: number, rootId: number): Promise<Node[]> {
  for (const locked = new Set([rootId]); ;) {
    const tree = await collectTree(tx, repositoryId, rootId)
    if (tree.find(({ id }) => id === rootId)!.parents.length > 0) throw named()
    const going = goingWith(rootId, tree)
    const more = going.map(({ id }) => id).filter((id) => !locked.has(id))
    if (more.length === 0) return going
    await tx.run(sql`select id from artifact where id = any(${more}::bigint[]) order by id for update`)
    for (const id of more) locked.add(id)
  }
}

type Node = { id: number; digest: Digest; parents: number[]; subject: number | null }

/** Lists what could be deleted with the root: parts without a tag of their own, and accessories of all these. */
function collectTree(tx: Tx, repositoryId: number, rootId: number): Promise<Node[]> {
  return tx.rows<Node>(sql`
    with recursive tree (id, digest) as (
      select id, digest from artifact where id = ${rootId}
      union
      select found.id, found.digest from tree, lateral (
        select child.id, child.digest from artifact_child join artifact child on child.id = artifact_child.child_id
        where artifact_child.parent_id = tree.id and not exists (select 1 from tag where tag.artifact_id = child.id)
        union all
        select held.id, held.digest from accessory join artifact held on held.id = accessory.artifact_id
        where accessory.repository_id = ${repositoryId} and accessory.subject_digest = tree.digest) found)
    select tree.id, tree.digest,
      coalesce((
        select json_agg(parent_id) from artifact_child
        where artifact_child.repository_id = ${repositoryId} and artifact_child.child_id = tree.id), '[]') as parents,
      (
        select subject.id from accessory join artifact subject
          on subject.repository_id = accessory.repository_id and subject.digest = accessory.subject_digest
        where accessory.artifact_id = tree.id) as subject
    from tree`)
}

/**
 * Returns the part of the tree that is deleted with the root: nodes that are a child or an accessory of a deleted node,
 * and whose parents are all deleted too.
 */
function goingWith(rootId: number, tree: Node[]): Node[] {
  const going = new Set([rootId])
  for (let before = 0; before !== going.size;) {
    before = going.size
    for (const { id, parents, subject } of tree) {
      const isHeld = parents.some((parent) => !going.has(parent))
      if (!isHeld && (parents.length > 0 || (subject !== null && going.has(subject)))) going.add(id)
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
