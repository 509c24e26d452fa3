import { OciError } from '../../../oci/errors.ts'
import { findProjectsById, type OwnedProject } from '../../catalog/project.ts'
import { countRepositories } from '../../catalog/repository.ts'
import { visibleProjects, type Viewer } from '../../catalog/viewer.ts'
import type { Reader } from '../../catalog/reader.ts'
import { keyOf } from '../../platform/cache/keys.ts'
import type { Paged, Queryable, Tx } from '../../platform/db/db.ts'
import type { Fields, Listing } from '../../platform/db/listing.ts'
import { sql } from '../../platform/db/sql.ts'
import { andThen, type Maybe } from '../../platform/maybe.ts'
import { cacheRulesKey, cacheRulesOf, type CacheRules } from '../../registry/views/proxied/rules.ts'
import { memberCountKey } from '../access/index.ts'
import { findAllowlists, type Allowlist } from '../cve-allowlist/index.ts'

/** A project with the related data that an answer shows. */
export type DescribedProject = OwnedProject & {
  repositories: number
  metadata: Record<string, string>
  allowlist: Allowlist | undefined
}

/** Fields by which a list of projects can be filtered and sorted. */
export const projectFields: Fields = {
  name: { type: 'text', column: sql`project.name` },
  project_id: { type: 'integer', column: sql`project.id` },
  public: { type: 'boolean', column: sql`project.is_public` },
  owner_id: { type: 'integer', column: sql`project.owner_id` },
  owner: { type: 'text', column: sql`owner.name` },
  creation_time: { type: 'time', column: sql`project.created_at` },
  update_time: { type: 'time', column: sql`project.updated_at` },
}

export const projectOrder = sql`project.name`

/** One page of the projects that a viewer may see, and their total: ids from the database, the rest cached (S1-32). */
export async function listProjects(
  reader: Reader,
  viewer: Viewer,
  { where, ...part }: Listing,
): Promise<Paged<DescribedProject>> {
  const from = sql`
    from project join account owner on owner.id = project.owner_id
    where ${visibleProjects(viewer)} and ${where}`
  const { rows, total } = await reader.db.page<{ id: number }>({ columns: sql`project.id`, from }, part)
  return {
    rows: await describeProjects(
      reader,
      rows.map(({ id }) => id),
    ),
    total,
  }
}

/** Projects in the order of the ids; ids without a project are left out. */
export async function describeProjects(reader: Reader, ids: number[]): Promise<DescribedProject[]> {
  const [projects, metadata, repositories, allowlists] = await Promise.all([
    findProjectsById(reader, ids),
    findMetadataOf(reader, ids),
    countRepositories(reader, ids),
    findAllowlists(reader, ids),
  ])
  return ids.flatMap((id) => {
    const project = projects.get(id)
    return project
      ? {
          ...project,
          metadata: metadata.get(id) ?? {},
          repositories: repositories.get(id) ?? 0,
          allowlist: allowlists.get(id),
        }
      : []
  })
}

/** The number of members by role, accounts and groups together. From the cache. */
export async function countMembers({ db, cache }: Reader, projectId: number): Promise<Record<number, number>> {
  const load = async () => {
    const rows = await db.rows<{ role: number; count: number }>(
      sql`select role, count(*) from project_member where project_id = ${projectId} group by role`,
    )
    return { counts: Object.fromEntries(rows.map(({ role, count }) => [role, count])) as Record<number, number> }
  }
  return (await cache.get(memberCountKey(projectId), load))!.counts
}

/** How a project caches its endpoint, compiled from its metadata. From the cache: each pull from it asks. */
export function findCacheRules({ db, cache }: Reader, projectId: number): Maybe<CacheRules> {
  const load = async () => {
    const row = await db.row<{ name: string; type: string; metadata: Record<string, string> }>(sql`
      select endpoint.name, endpoint.type, (
        select coalesce(json_object_agg(one.name, one.value), '{}')
        from project_metadata one where one.project_id = project.id) as metadata
      from project join endpoint on endpoint.id = project.endpoint_id where project.id = ${projectId}`)
    return row && cacheRulesOf(row.metadata, { name: row.name, type: row.type })
  }
  return andThen(
    cache.get(cacheRulesKey(projectId), load, () => 5000),
    (rules) => {
      if (!rules) throw new OciError('NAME_UNKNOWN', 'the project was deleted')
      return rules
    },
  )
}

/** Says that the metadata of a project change. */
const changesMetadata = (tx: Tx, projectId: number) => tx.changes(metadataKey(projectId), cacheRulesKey(projectId))

const metadataKey = keyOf('project_metadata', 'project_id')

/** All metadata but `public`, which is a column of the project. From the cache. */
export async function findMetadata(reader: Reader, projectId: number): Promise<Record<string, string>> {
  return (await findMetadataOf(reader, [projectId])).get(projectId) ?? {}
}

/** The same without a promise for what memory holds: pulls ask. The object stays the same until it changes. */
export function readMetadata({ db, cache }: Reader, projectId: number): Maybe<Readonly<Record<string, string>>> {
  const load = async () => (await loadMetadata(db, [projectId])).get(projectId)
  return andThen(cache.get(metadataKey(projectId), load, sizeOfMetadata), (kept) => kept!.metadata)
}

/** The metadata of several projects, by the project's id. */
async function findMetadataOf(
  { db, cache }: Reader,
  projectIds: number[],
): Promise<Map<number, Record<string, string>>> {
  const found = await cache.many(projectIds, metadataKey, (ids) => loadMetadata(db, ids), sizeOfMetadata)
  return new Map([...found].map(([id, { metadata }]) => [id, metadata]))
}

type Metadata = { metadata: Record<string, string> }
const sizeOfMetadata = ({ metadata }: Metadata) => 200 + JSON.stringify(metadata).length * 2

async function loadMetadata(db: Queryable, ids: number[]): Promise<Map<number, Metadata>> {
  const rows = await db.rows<{ id: number; name: string; value: string }>(sql`
    select project_id as id, name, value from project_metadata
    where project_id = any(${ids}::bigint[]) order by project_id, name`)
  const held = Map.groupBy(rows, ({ id }) => id)
  return new Map(
    ids.map((id) => [
      id,
      { metadata: Object.fromEntries((held.get(id) ?? []).map(({ name, value }) => [name, value])) },
    ]),
  )
}

export async function saveMetadata(tx: Tx, projectId: number, metadata: Record<string, string>): Promise<void> {
  if (Object.keys(metadata).length === 0) return
  changesMetadata(tx, projectId)
  await tx.run(sql`
    insert into project_metadata (project_id, name, value) select ${projectId}, name, value
    from unnest(${Object.keys(metadata)}::text[], ${Object.values(metadata)}::text[]) as one (name, value) order by name
    on conflict (project_id, name) do update set value = excluded.value`)
}

/** False when the project has this metadata already. */
export async function addMetadata(tx: Tx, projectId: number, name: string, value: string): Promise<boolean> {
  changesMetadata(tx, projectId)
  return (
    (await tx.run(sql`
      insert into project_metadata (project_id, name, value) values (${projectId}, ${name}, ${value})
      on conflict do nothing`)) > 0
  )
}

/** False when the project does not have this metadata. */
export async function dropMetadata(tx: Tx, projectId: number, name: string): Promise<boolean> {
  changesMetadata(tx, projectId)
  return (await tx.run(sql`delete from project_metadata where project_id = ${projectId} and name = ${name}`)) > 0
}
