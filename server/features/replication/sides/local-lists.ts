import type { Digest } from '../../../../oci/digest.ts'
import type { RepositoryName, Tag } from '../../../../oci/reference.ts'
import { accessoryOfTag, hasOwnTag } from '../../../catalog/accessory.ts'
import { listedArtifacts } from '../../../catalog/listed.ts'
import type { Queryable } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import type { ListedArtifact, WantedNames } from './side.ts'

/** Rows of one statement. */
const batch = 1000

/** Marina's repositories that are wanted, in the order of their names. */
export async function* listNames(db: Queryable, wanted: WantedNames): AsyncGenerator<RepositoryName> {
  if (wanted.names) {
    const rows = await db.rows<{ name: RepositoryName }>(sql`
      select name from repository where name = any(${wanted.names}::text[])
        and exists (select 1 from artifact where artifact.repository_id = repository.id) order by name limit ${batch}`)
    for (const { name } of rows) if (wanted.takes(name)) yield name
    return
  }
  for (let last = ''; ;) {
    const rows = await db.rows<{ name: RepositoryName }>(sql`
      select name from repository where name > ${last} and starts_with(name, ${wanted.prefix})
        and exists (select 1 from artifact where artifact.repository_id = repository.id)
      order by name limit ${batch}`)
    for (const { name } of rows) if (wanted.takes(name)) yield name
    if (rows.length < batch) return
    last = rows.at(-1)!.name
  }
}

type Row = { id: number; digest: Digest; kind: string; tags: Tag[]; labels: string[] }

/**
 * The artifacts of a repository that are copied by themselves: those with a tag, and those without one that belong to
 * no other. Each comes with the digests of all accessories that belong to it or to its children.
 */
export async function* listArtifacts(db: Queryable, repositoryId: number): AsyncGenerator<ListedArtifact> {
  const accessoriesOf = await readAccessories(db, repositoryId)
  for (let last = 0; ;) {
    const rows = await db.rows<Row>(sql`
      select artifact.id, artifact.digest, artifact.type as kind,
        array(select tag.name from tag where tag.artifact_id = artifact.id order by tag.name) as tags,
        array(
          select label.name from artifact_label join label on label.id = artifact_label.label_id
          where artifact_label.artifact_id = artifact.id) as labels
      from artifact left join accessory on accessory.artifact_id = artifact.id
      where artifact.repository_id = ${repositoryId} and artifact.id > ${last}
        and (${listedArtifacts} or (accessory.id is not null and ${hasOwnTag}))
      order by artifact.id limit ${batch}`)
    for (const { digest, kind, tags, labels } of rows) {
      const isLinked = accessoriesOf.isAccessory(digest)
      // A tag by which cosign finds a signature goes with the image that it belongs to.
      const own = isLinked ? tags.filter((tag) => !accessoryOfTag(tag)) : tags
      yield { digest, kind, tags: own, labels, accessories: accessoriesOf.of(digest) }
    }
    if (rows.length < batch) return
    last = rows.at(-1)!.id
  }
}

type Edge = { from: Digest; to: Digest; isAccessory: boolean }

/** All accessories of a repository, by what they belong to. */
async function readAccessories(db: Queryable, repositoryId: number) {
  const accessories = await db.rows<Edge>(sql`
    select accessory.subject_digest as "from", artifact.digest as "to", true as "isAccessory"
    from accessory join artifact on artifact.id = accessory.artifact_id
    where accessory.repository_id = ${repositoryId} limit 1000000`)
  const children =
    accessories.length === 0
      ? []
      : await db.rows<Edge>(sql`
          select parent.digest as "from", child.digest as "to", false as "isAccessory"
          from artifact_child join artifact parent on parent.id = artifact_child.parent_id
            join artifact child on child.id = artifact_child.child_id
          where artifact_child.repository_id = ${repositoryId} limit 1000000`)
  const edges = Map.groupBy([...accessories, ...children], ({ from }) => from)
  const linked = new Set(accessories.map(({ to }) => to))
  return {
    isAccessory: (digest: Digest) => linked.has(digest),
    of(root: Digest): Digest[] {
      const [found, seen] = [new Set<Digest>(), new Set([root])]
      for (const digest of seen)
        for (const { to, isAccessory } of edges.get(digest) ?? []) {
          if (isAccessory) found.add(to)
          seen.add(to)
        }
      return [...found]
    },
  }
}
