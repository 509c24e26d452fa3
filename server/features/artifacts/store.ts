import type { Digest } from '../../../oci/digest.ts'
import type { RepositoryName, Tag } from '../../../oci/reference.ts'
import { listedArtifacts } from '../../catalog/listed.ts'
import type { Reader } from '../../catalog/reader.ts'
import { visibleRepositories, type Viewer } from '../../catalog/viewer.ts'
import type { Paged, Queryable } from '../../platform/db/db.ts'
import { listing, parseQ } from '../../platform/db/listing.ts'
import type { Condition, Fields, Listing, ListQuery } from '../../platform/db/listing.ts'
import { sql, type Sql } from '../../platform/db/sql.ts'
import { findListed, newestFirst } from './pages.ts'

export type ArtifactRow = {
  id: number
  repositoryId: number
  repositoryName: RepositoryName
  projectId: number
  digest: Digest
  kind: 'image' | 'index'
  type: string
  mediaType: string
  configMediaType: string | null
  artifactType: string | null
  size: number
  icon: Digest | null
  pushedAt: Date
  pulledAt: Date | null
  pullCount: number
  extraAttrs: Record<string, unknown>
  annotations: Record<string, string>
}

const fields: Fields = {
  id: { type: 'integer', column: sql`artifact.id` },
  digest: { type: 'text', column: sql`artifact.digest` },
  type: { type: 'text', column: sql`artifact.type` },
  media_type: { type: 'text', column: sql`coalesce(artifact.config_media_type, artifact.media_type)` },
  manifest_media_type: { type: 'text', column: sql`artifact.media_type` },
  artifact_type: { type: 'text', column: sql`artifact.artifact_type` },
  project_id: { type: 'integer', column: sql`repository.project_id` },
  repository_id: { type: 'integer', column: sql`artifact.repository_id` },
  repository_name: { type: 'text', column: sql`repository.name` },
  size: { type: 'integer', column: sql`artifact.size` },
  icon: { type: 'text', column: sql`artifact.icon_digest` },
  push_time: { type: 'time', column: sql`artifact.pushed_at` },
  pull_time: { type: 'time', column: sql`artifact.pulled_at` },
  pull_count: { type: 'integer', column: sql`artifact.pull_count` },
  tags: { type: 'custom', where: whereTags },
  labels: { type: 'custom', where: whereLabels },
  // `artifactListing` handles its value.
  base: { type: 'custom', where: (condition) => (isAny(condition) ? sql`true` : undefined) },
}

const isAny = (condition: Condition | undefined) => condition?.kind === 'is' && condition.value === '*'

/** `listed`: which artifacts a list shows; with `base=*` also parts and accessories, as in Harbor. */
type ArtifactListing = Listing & { listed: Sql }

export function artifactListing(query: ListQuery): ArtifactListing {
  const isWhole = isAny(parseQ(query.q ?? '')['base'])
  return { ...listing(fields, query, newestFirst), listed: isWhole ? sql`true` : listedArtifacts }
}

/** `tags=*` finds artifacts with any tag, `tags=nil` those without one. */
function whereTags(condition: Condition): Sql | undefined {
  const having = (more: Sql) => sql`exists (select 1 from tag where tag.artifact_id = artifact.id and ${more})`
  if (condition.kind === 'is') {
    if (condition.value === '*') return having(sql`true`)
    if (condition.value === 'nil') return sql`not ${having(sql`true`)}`
    return having(sql`tag.name = ${condition.value}`)
  }
  if (condition.kind === 'like') return having(sql`position(${condition.value} in tag.name) > 0`)
  return condition.kind === 'any' ? having(sql`tag.name = any(${condition.values}::text[])`) : undefined
}

/** Finds artifacts by the ids of their labels: `{1 2}` by either, `(1 2)` by both. */
function whereLabels(condition: Condition): Sql | undefined {
  if (condition.kind === 'like' || condition.kind === 'range') return undefined
  const values = 'value' in condition ? [condition.value] : condition.values
  if (!values.every((value) => /^\d{1,15}$/.test(value))) return undefined
  const ids = [...new Set(values.map(Number))]
  const found = sql`(
    select count(*) from artifact_label
    where artifact_label.artifact_id = artifact.id and artifact_label.label_id = any(${ids}::bigint[]))`
  return condition.kind === 'any' ? sql`${found} > 0` : sql`${found} = ${ids.length}`
}

const joined = sql`from artifact join repository on repository.id = artifact.repository_id`

/** The ids of one page, and the number of ids of all pages. */
type IdPage = { ids: number[]; total: number }

/** One page of a repository's artifacts. The plain list, newest first, costs the same for every page and every size. */
export async function listArtifactIds(
  reader: Reader,
  repositoryId: number,
  asked: ArtifactListing,
  isPlain: boolean,
): Promise<IdPage> {
  if (!isPlain) return pageOf(reader.db, sql`artifact.repository_id = ${repositoryId}`, asked)
  const { ids } = await findListed(reader, repositoryId)
  return { ids: [...ids.subarray(asked.offset, asked.offset + asked.limit)], total: ids.length }
}

/** One page of a project's artifacts; `latest` keeps only the newest of each repository. */
export function listArtifactIdsOfProject(
  db: Queryable,
  projectId: number,
  viewer: Viewer,
  asked: ArtifactListing,
  latest: boolean,
): Promise<IdPage> {
  const inParts = sql`repository.id in (
    select repository.id from repository join project on project.id = repository.project_id
    where project.id = ${projectId} and ${visibleRepositories(viewer)})`
  const whole = viewer.seesAll ? sql`repository.project_id = ${projectId}` : inParts
  const newest = sql`artifact.id = (
    select newest.id from artifact newest where newest.repository_id = artifact.repository_id
    order by newest.pushed_at desc, newest.id desc limit 1)`
  return pageOf(db, latest ? sql`${whole} and ${newest}` : whole, asked)
}

async function pageOf(db: Queryable, whose: Sql, { where, listed, ...part }: ArtifactListing): Promise<IdPage> {
  const from = sql`${joined} where ${whose} and ${listed} and ${where}`
  const { rows, total } = await db.page<{ id: number }>({ columns: sql`artifact.id`, from }, part)
  return { ids: rows.map(({ id }) => id), total }
}

export function findArtifactId(
  db: Queryable,
  repositoryId: number,
  digest: Digest,
): Promise<{ id: number } | undefined> {
  return db.row<{ id: number }>(
    sql`select id from artifact where repository_id = ${repositoryId} and digest = ${digest}`,
  )
}

export type TagRow = {
  id: number
  repositoryId: number
  artifactId: number
  name: Tag
  pushedAt: Date
  pulledAt: Date | null
  pullCount: number
}
export type ReferenceRow = {
  parentId: number
  childId: number
  childDigest: Digest
  platform: Record<string, unknown> | null
  annotations: Record<string, string> | null
}
/** An accessory, without its subject. */
export type HeldRow = {
  id: number
  artifactId: number
  digest: Digest
  size: number
  type: string
  icon: Digest | null
  createdAt: Date
}
export type AccessoryRow = HeldRow & { subjectId: number; subjectDigest: Digest; subjectRepository: string }

/** The most tags and accessories that are shown beside one artifact of a list; their own lists have pages. */
export const beside = 1000
export const tagColumns = sql`
  tag.id, tag.repository_id as "repositoryId", tag.artifact_id as "artifactId", tag.name,
  tag.pushed_at as "pushedAt", tag.pulled_at as "pulledAt", tag.pull_count as "pullCount"`

/** An artifact with what lists show beside it. Tags are newest first, labels ordered by their ids. */
export type ArtifactObject = ArtifactRow & { tags: TagRow[]; labelIds: number[]; references: ReferenceRow[] }

const heldColumns = sql`
  accessory.id, accessory.artifact_id as "artifactId", held.digest, held.size, held.icon_digest as icon,
  accessory.type, accessory.created_at as "createdAt"`
const accessoryColumns = sql`
  ${heldColumns}, subject.id as "subjectId", subject.digest as "subjectDigest", repository.name as "subjectRepository"`
const accessoryJoins = sql`
  accessory join artifact held on held.id = accessory.artifact_id
  join artifact subject
    on subject.repository_id = accessory.repository_id and subject.digest = accessory.subject_digest
  join repository on repository.id = accessory.repository_id`

/** The accessories of the artifacts, such as signatures and SBOMs, oldest first. `place` is the artifact's, from 1. */
export function listHeldOf(
  db: Queryable,
  artifacts: Pick<ArtifactRow, 'repositoryId' | 'digest'>[],
): Promise<(HeldRow & { place: number })[]> {
  return db.rows(sql`
    select one.*, wanted.place from unnest(
      ${artifacts.map((one) => one.repositoryId)}::bigint[], ${artifacts.map((one) => one.digest)}::text[])
      with ordinality as wanted (repository_id, digest, place), lateral (
      select ${heldColumns} from accessory join artifact held on held.id = accessory.artifact_id
      where accessory.repository_id = wanted.repository_id and accessory.subject_digest = wanted.digest
      order by accessory.id limit ${beside}) one`)
}

/** The accessories of indexes that name one of the artifacts: they hold for the artifact too. */
export function listInheritedAccessoriesOf(
  db: Queryable,
  ids: number[],
): Promise<(AccessoryRow & { belongsTo: number })[]> {
  return db.rows(sql`
    select one.*, wanted.id as "belongsTo" from unnest(${ids}::bigint[]) as wanted (id), lateral (
      select distinct ${accessoryColumns} from ${accessoryJoins}
      join artifact_child on artifact_child.parent_id = subject.id
      where artifact_child.child_id = wanted.id and artifact_child.repository_id = accessory.repository_id
      order by accessory.id limit ${beside}) one`)
}

export const accessoryFields: Fields = {
  id: { type: 'integer', column: sql`accessory.id` },
  artifact_id: { type: 'integer', column: sql`accessory.artifact_id` },
  digest: { type: 'text', column: sql`held.digest` },
  size: { type: 'integer', column: sql`held.size` },
  type: { type: 'text', column: sql`accessory.type` },
  creation_time: { type: 'time', column: sql`accessory.created_at` },
}
export const accessoryOrder = sql`accessory.id`

/** One page of the artifact's accessories. */
export function listAccessories(db: Queryable, subject: ArtifactRow, asked: Listing): Promise<Paged<AccessoryRow>> {
  const from = sql`from ${accessoryJoins}
    where accessory.repository_id = ${subject.repositoryId} and accessory.subject_digest = ${subject.digest}
      and ${asked.where}`
  return db.page({ columns: accessoryColumns, from }, asked)
}
