import type { Digest } from '../../oci/digest.ts'
import type { RepositoryName, Tag } from '../../oci/reference.ts'
import type { Queryable, Tx } from '../platform/db/db.ts'
import { keyOf } from '../platform/cache/keys.ts'
import { sql } from '../platform/db/sql.ts'
import type { Maybe } from '../platform/maybe.ts'
import { linkByTag, unlinkByTags } from './accessory.ts'
import { artifactKey, changesList } from './artifact.ts'
import type { Reader } from './reader.ts'

type TagTarget = { tagId: number; digest: Digest }

const tagKey = keyOf('tag', 'repository', 'name')

/** The artifact that a tag names now. */
export function findTag({ db, cache }: Reader, repository: RepositoryName, tag: Tag): Maybe<TagTarget | undefined> {
  return cache.get(tagKey(repository, tag), () =>
    db.row<TagTarget>(sql`
      select tag.id as "tagId", artifact.digest
      from tag
        join repository on repository.id = tag.repository_id
        join artifact on artifact.id = tag.artifact_id
      where repository.name = ${repository} and tag.name = ${tag}`),
  )
}

export type MovedTag = { name: Tag; from: Digest | null }

/**
 * Creates or moves tags so that they name the artifact, in the order of their names so that two pushes cannot deadlock.
 * Returns the digest that each named before.
 */
export async function moveTags(
  tx: Tx,
  repository: { id: number; name: string },
  artifactId: number,
  tags: Tag[],
): Promise<MovedTag[]> {
  const names = [...new Set(tags)].sort()
  changesList(tx, repository.id)
  tx.changes(artifactKey(artifactId), ...names.map((tag) => tagKey(repository.name, tag)))
  const known = new Map((await lockTags(tx, repository.id, names)).map((one) => [one.name, one]))
  const missing = names.filter((name) => !known.has(name))
  if (missing.length > 0) {
    const made = await tx.rows<{ name: Tag }>(sql`
      insert into tag (repository_id, artifact_id, name)
      select ${repository.id}, ${artifactId}, name from unnest(${missing}::text[]) as name order by name
      on conflict (repository_id, name) do nothing returning name`)
    // Another push has created these tags meanwhile: what they name has to be read, too.
    const raced = missing.filter((name) => !made.some((one) => one.name === name))
    if (raced.length > 0) for (const one of await lockTags(tx, repository.id, raced)) known.set(one.name, one)
  }
  if (known.size > 0) {
    await tx.run(sql`
      update tag set artifact_id = ${artifactId}, pushed_at = now()
      where repository_id = ${repository.id} and name = any(${[...known.keys()]}::text[])`)
    const lost = [...known.values()].filter((one) => one.artifactId !== artifactId)
    tx.changes(...lost.map((one) => artifactKey(one.artifactId)))
    await unlinkByTags(tx, repository.id, lost)
  }
  return names.map((name) => ({ name, from: known.get(name)?.digest ?? null }))
}

/** In the order of their names. */
function lockTags(
  tx: Tx,
  repositoryId: number,
  names: Tag[],
): Promise<{ name: Tag; artifactId: number; digest: Digest }[]> {
  return tx.rows(sql`
    select tag.name, tag.artifact_id as "artifactId", artifact.digest
    from tag join artifact on artifact.id = tag.artifact_id
    where tag.repository_id = ${repositoryId} and tag.name = any(${names}::text[])
    order by tag.name for update of tag`)
}

/** Creates a tag; false when it exists already. */
export async function addTag(
  tx: Tx,
  repository: { id: number; name: string },
  artifactId: number,
  tag: Tag,
): Promise<boolean> {
  changesList(tx, repository.id)
  tx.changes(artifactKey(artifactId), tagKey(repository.name, tag))
  const count = await tx.run(sql`
    insert into tag (repository_id, artifact_id, name) values (${repository.id}, ${artifactId}, ${tag})
    on conflict (repository_id, name) do nothing`)
  if (count > 0) await linkByTag(tx, repository.id, artifactId, tag)
  return count > 0
}

/** The times and the count of a tag, as PostgreSQL writes them: a Date would cut the microseconds. */
export type TagState = { pushed_at: string; pulled_at: string | null; pull_count: number }

/** Removes one tag; its artifact stays. Undefined when there was none. */
export async function dropTag(
  tx: Tx,
  repository: { id: number; name: string },
  tag: Tag,
): Promise<{ digest: Digest; state: TagState } | undefined> {
  changesList(tx, repository.id)
  tx.changes(tagKey(repository.name, tag))
  const dropped = await dropRow(tx, repository.id, tag)
  if (!dropped) return undefined
  tx.changes(artifactKey(dropped.artifactId))
  await unlinkByTags(tx, repository.id, [{ ...dropped, name: tag }])
  return dropped
}

/**
 * Deletes the row of a tag by repository and name alone, also when a push moves the tag meanwhile. In a join with the
 * artifact, PostgreSQL would wait for the push, compare the row with the artifact that it named before, and find none.
 */
async function dropRow(
  tx: Tx,
  repositoryId: number,
  tag: Tag,
): Promise<{ artifactId: number; digest: Digest; state: TagState } | undefined> {
  const row = await tx.row<{ artifactId: number; state: TagState }>(sql`
    delete from tag where repository_id = ${repositoryId} and name = ${tag}
    returning artifact_id as "artifactId",
      json_build_object('pushed_at', pushed_at, 'pulled_at', pulled_at, 'pull_count', pull_count) as state`)
  const found = row && (await tx.row<{ digest: Digest }>(sql`select digest from artifact where id = ${row.artifactId}`))
  return found && { ...row, ...found }
}

/** Removes every tag of some artifacts and returns their names. */
export async function dropTagsOf(
  tx: Tx,
  repository: { id: number; name: string },
  artifactIds: number[],
): Promise<Tag[]> {
  const rows = await tx.rows<{ name: Tag }>(
    sql`delete from tag where artifact_id = any(${artifactIds}::bigint[]) returning name`,
  )
  const names = rows.map(({ name }) => name).sort()
  changesList(tx, repository.id)
  tx.changes(...artifactIds.map((id) => artifactKey(id)))
  for (const name of names) tx.changes(tagKey(repository.name, name))
  return names
}

/** Tag names in byte order after the cursor `last` (Distribution Specification 1.1, "Listing tags"). */
export async function listTags(
  db: Queryable,
  repositoryId: number,
  page: { last: string; limit: number },
): Promise<string[]> {
  const rows = await db.rows<{ name: string }>(sql`
    select name from tag where repository_id = ${repositoryId} and name > ${page.last}
    order by name limit ${page.limit}`)
  return rows.map(({ name }) => name)
}
