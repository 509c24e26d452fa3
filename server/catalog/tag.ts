import type { Digest } from '../../oci/digest.ts'
import type { RepositoryName, Tag } from '../../oci/reference.ts'
import type { Queryable, Tx } from '../platform/db/db.ts'
import { keyOf } from '../platform/cache/keys.ts'
import { sql } from '../platform/db/sql.ts'
import type { Maybe } from '../platform/maybe.ts'
import { linkByTag, unlinkByTags } from './accessory.ts'
import { artifactKey, changesList } from './artifact.ts'
import type { Reader } from './reader.ts'

/** `isProxied`: the tag is in a project that caches another registry. */
type TagTarget = { tagId: number; digest: Digest; isProxied: boolean }

const tagKey = keyOf('tag', 'repository', 'name')

/** The artifact that a tag names now. */
export function findTag({ db, cache }: Reader, repository: RepositoryName, tag: Tag): Maybe<TagTarget | undefined> {
  return cache.get(tagKey(repository, tag), () =>
    db.row<TagTarget>(sql`
      select tag.id as "tagId", artifact.digest, project.endpoint_id is not null as "isProxied"
      from tag
        join repository on repository.id = tag.repository_id
        join project on project.id = repository.project_id
        join artifact on artifact.id = tag.artifact_id
      where repository.name = ${repository} and tag.name = ${tag}`),
  )
}

/**
 * Locks the names of tags until the transaction ends, so that the second of two first pushes to one of them waits until
 * it sees the tag of the first. The locks are taken in the order of the names, so that two pushes cannot deadlock.
 */
export async function lockTagNames(tx: Tx, repository: RepositoryName, tags: readonly Tag[]): Promise<void> {
  const names = [...new Set(tags)].sort().map((tag) => `${repository}:${tag}`)
  await tx.rows(sql`select pg_advisory_xact_lock(hashtextextended(name, 0)) from unnest(${names}::text[]) as name`)
}

/** Those of the tags that the repository has, in the order of their names. */
export async function existingTags(tx: Tx, repository: RepositoryName, tags: readonly Tag[]): Promise<Tag[]> {
  const rows = await tx.rows<{ name: Tag }>(sql`
    select tag.name from tag join repository on repository.id = tag.repository_id
    where repository.name = ${repository} and tag.name = any(${tags}::text[]) order by tag.name`)
  return rows.map(({ name }) => name)
}

export type MovedTag = { name: Tag; from: Digest | null }

/**
 * Moves the tags that exist to the artifact, in the order of their names so that two pushes cannot deadlock; `made`
 * were created by the push before. Returns the digest that each named before.
 */
export async function moveTags(
  tx: Tx,
  repository: { id: number; name: string },
  artifactId: number,
  tags: Tag[],
  made: Tag[],
): Promise<MovedTag[]> {
  const names = [...new Set(tags)].sort()
  changesList(tx, repository.id)
  tx.changes(artifactKey(artifactId), ...names.map((tag) => tagKey(repository.name, tag)))
  const before = new Map<Tag, Digest>()
  const created = new Set(made)
  for (;;) {
    const wanted = names.filter((name) => !created.has(name) && !before.has(name))
    if (wanted.length === 0) break
    const moved = await moveExisting(tx, repository.id, artifactId, wanted)
    for (const { name, digest } of moved) before.set(name, digest)
    const lost = moved.filter((one) => one.artifactId !== artifactId)
    tx.changes(...lost.map((one) => artifactKey(one.artifactId)))
    await unlinkByTags(tx, repository.id, lost)
    // A tag that another transaction has deleted meanwhile is created; one that it has moved is found by the next try.
    const gone = wanted.filter((name) => !before.has(name))
    if (gone.length > 0) for (const { name } of await createTags(tx, repository.id, artifactId, gone)) created.add(name)
  }
  return names.map((name) => ({ name, from: before.get(name) ?? null }))
}

/** Moves the tags that exist, in the order of their names; returns what they named before. */
function moveExisting(
  tx: Tx,
  repositoryId: number,
  artifactId: number,
  names: Tag[],
): Promise<{ name: Tag; artifactId: number; digest: Digest }[]> {
  return tx.rows(sql`
    with old as (
      select tag.id, tag.artifact_id, artifact.digest
      from tag join artifact on artifact.id = tag.artifact_id
      where tag.repository_id = ${repositoryId} and tag.name = any(${names}::text[])
      order by tag.name for update of tag)
    update tag set artifact_id = ${artifactId}, pushed_at = now() from old where tag.id = old.id
    returning tag.name, old.artifact_id as "artifactId", old.digest`)
}

function createTags(tx: Tx, repositoryId: number, artifactId: number, names: Tag[]): Promise<{ name: Tag }[]> {
  return tx.rows(sql`
    insert into tag (repository_id, artifact_id, name)
    select ${repositoryId}, ${artifactId}, name from unnest(${names}::text[]) as name order by name
    on conflict (repository_id, name) do nothing returning name`)
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

/**
 * Tag names in byte order after the cursor `last` (Distribution Specification 1.1, "Listing tags"). As one value, not a
 * row for each: ten thousand rows take several times as long.
 */
export async function listTags(
  db: Queryable,
  repositoryId: number,
  page: { last: string; limit: number },
): Promise<string[]> {
  const row = await db.row<{ names: string[] }>(sql`
    select coalesce(json_agg(name), '[]') as names from (
      select name from tag where repository_id = ${repositoryId} and name > ${page.last}
      order by name limit ${page.limit}) page`)
  return row!.names
}
