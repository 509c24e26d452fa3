import type { Digest } from '../../../oci/digest.ts'
import type { Tag } from '../../../oci/reference.ts'
import { listedArtifacts } from '../../catalog/listed.ts'
import type { Queryable } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import type { Candidate, Known, Pulled } from './candidate.ts'

/** How many artifacts one statement reads. */
const batch = 2000

/** All candidates of a repository, those pushed last first. Costs what the repository holds, whatever others hold. */
export async function loadCandidates(db: Queryable, repositoryId: number): Promise<Candidate[]> {
  const all: Candidate[] = []
  for (let after = 0; ;) {
    const some = await readSome(db, repositoryId, { after })
    all.push(...some)
    if (some.length < batch) break
    after = some.at(-1)!.id
  }
  const known = new Set(all.map(({ id }) => id))
  for (const one of all) one.parents = one.parents.map((id) => (id !== null && known.has(id) ? id : null))
  return all.sort((a, b) => (b.pushedAt?.getTime() ?? 0) - (a.pushedAt?.getTime() ?? 0) || b.id - a.id)
}

/** What one artifact is now; undefined when it is no candidate any more. */
export async function loadState(db: Queryable, repositoryId: number, id: number): Promise<string | undefined> {
  const [found] = await readSome(db, repositoryId, { after: id - 1, limit: 1 })
  return found?.id === id ? found.state : undefined
}

type Row = {
  id: number
  digest: Digest
  type: string
  depth: number
  pushed: string
  pulled: string | null
}
type TagRow = { artifactId: number; name: Tag; pushed: string; pulled: string | null }

async function readSome(
  db: Queryable,
  repositoryId: number,
  { after, limit = batch }: { after: number; limit?: number },
): Promise<Candidate[]> {
  const rows = await db.rows<Row>(sql`
    select id, digest, type, depth, extract(epoch from pushed_at)::text as pushed,
      extract(epoch from pulled_at)::text as pulled
    from artifact
    where repository_id = ${repositoryId} and id > ${after} and ${listedArtifacts}
    order by id limit ${limit}`)
  if (rows.length === 0) return []
  const ids = rows.map(({ id }) => id)
  const digests = rows.map(({ digest }) => digest)
  // One after the other: a transaction has one connection only.
  const tags = Map.groupBy(await readTags(db, ids), ({ artifactId }) => artifactId)
  const labels = await readLabels(db, ids)
  const signed = await readSigned(db, repositoryId, digests)
  const parents = await readParents(db, repositoryId, ids)
  return rows.map(({ id, digest, type, depth, pushed, pulled }) => {
    const own = tags.get(id) ?? []
    return {
      id,
      digest,
      type,
      depth,
      pushedAt: knownOf(pushed),
      pulledAt: pulledOf(pulled),
      labels: labels.get(id) ?? [],
      isSigned: signed.has(digest),
      tags: own.map((tag) => ({ name: tag.name, pushedAt: knownOf(tag.pushed), pulledAt: pulledOf(tag.pulled) })),
      parents: parents.get(id) ?? [],
      state: [`${pushed} ${pulled}`, ...own.map((tag) => `${tag.name} ${tag.pushed} ${tag.pulled}`)].join('\n'),
    }
  })
}

const readTags = (db: Queryable, ids: number[]): Promise<TagRow[]> =>
  db.rows<TagRow>(sql`
    select artifact_id as "artifactId", name, extract(epoch from pushed_at)::text as pushed,
      extract(epoch from pulled_at)::text as pulled
    from tag where artifact_id = any(${ids}::bigint[]) order by name`)

async function readLabels(db: Queryable, ids: number[]): Promise<Map<number, string[]>> {
  const rows = await db.rows<{ id: number; names: string[] }>(sql`
    select artifact_id as id, array_agg(label.name order by label.name) as names
    from artifact_label join label on label.id = artifact_label.label_id
    where artifact_id = any(${ids}::bigint[]) group by artifact_id`)
  return new Map(rows.map(({ id, names }) => [id, names]))
}

async function readSigned(db: Queryable, repositoryId: number, digests: Digest[]): Promise<Set<Digest>> {
  const rows = await db.rows<{ digest: Digest }>(sql`
    select distinct subject_digest as digest from accessory
    where repository_id = ${repositoryId} and subject_digest = any(${digests}::text[])
      and type in ('signature.cosign', 'signature.notation')`)
  return new Set(rows.map(({ digest }) => digest))
}

async function readParents(db: Queryable, repositoryId: number, ids: number[]): Promise<Map<number, number[]>> {
  const rows = await db.rows<{ id: number; parents: number[] }>(sql`
    select child_id as id, json_agg(distinct parent_id) as parents from artifact_child
    where repository_id = ${repositoryId} and child_id = any(${ids}::bigint[]) group by child_id`)
  return new Map(rows.map(({ id, parents }) => [id, parents]))
}

/** A time of 1970 or before stands for an unknown one: it came from another registry without its time. */
function knownOf(seconds: string): Known {
  const ms = Number(seconds) * 1000
  return ms > 0 ? new Date(ms) : undefined
}

const pulledOf = (seconds: string | null): Pulled => (seconds === null ? null : knownOf(seconds))
