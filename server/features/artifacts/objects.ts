import type { Reference, RepositoryName } from '../../../oci/reference.ts'
import { accessoryKey, artifactByDigestKey, artifactKey } from '../../catalog/artifact.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Repository } from '../../catalog/repository.ts'
import { findTag } from '../../catalog/tag.ts'
import { openCache } from '../../platform/cache/cache.ts'
import type { Queryable } from '../../platform/db/db.ts'
import { findArtifactId, listArtifactRows, listHeldOf, listLabelIdsOf, listReferencesOf, listTagsOf, type ArtifactRow, type HeldRow, type ReferenceRow, type TagRow } from './store.ts'

/** An artifact with what is asked for beside it most, kept together under its id; every write to any of it names that key. */
export type ArtifactObject = ArtifactRow & { tags: TagRow[]; labelIds: number[]; references: ReferenceRow[] }

/** The same questions, always asked of the database: where lists are not to be answered from the cache. */
export const uncached = ({ db }: Reader): Reader => ({ db, cache: openCache({ limit: 0, isTrusted: () => false }) })

/** In the order of the ids; one that is gone meanwhile is left out (S1-33). Only what the cache lacks is read, in one go (S1-32). */
export async function findArtifacts({ db, cache }: Reader, ids: number[]): Promise<ArtifactObject[]> {
  const found = await cache.many(ids, artifactKey, (missing) => loadArtifacts(db, missing), sizeOf)
  return ids.flatMap((id) => found.get(id) ?? [])
}

/** By tag or digest. */
export async function findArtifact(reader: Reader, repository: Repository, reference: Reference): Promise<ArtifactObject | undefined> {
  const name = repository.name as RepositoryName
  const digest = 'digest' in reference ? reference.digest : (await findTag(reader, name, reference.tag))?.digest
  const known = digest && (await reader.cache.get(artifactByDigestKey(name, digest), () => findArtifactId(reader.db, repository.id, digest)))
  return known && (await findArtifacts(reader, [known.id]))[0]
}

/** What names each of the artifacts as its subject, by the artifact's id. */
export async function findHeld({ db, cache }: Reader, artifacts: ArtifactRow[]): Promise<Map<number, HeldRow[]>> {
  const found = await cache.many(artifacts, ({ repositoryId, digest }) => accessoryKey(repositoryId, digest), (missing) => loadHeld(db, missing), ({ held }) => 100 + held.length * 400)
  return new Map(artifacts.map((one) => [one.id, found.get(one)?.held ?? []]))
}

async function loadArtifacts(db: Queryable, ids: number[]): Promise<Map<number, ArtifactObject>> {
  const [rows, tags, labels, references] = await Promise.all([listArtifactRows(db, ids), listTagsOf(db, ids), listLabelIdsOf(db, ids), listReferencesOf(db, ids)])
  const [tagsOf, labelsOf, referencesOf] = [Map.groupBy(tags, (one) => one.artifactId), Map.groupBy(labels, (one) => one.artifactId), Map.groupBy(references, (one) => one.parentId)]
  return new Map(rows.map((row) => [row.id, { ...row, tags: tagsOf.get(row.id) ?? [], labelIds: (labelsOf.get(row.id) ?? []).map(({ labelId }) => labelId), references: referencesOf.get(row.id) ?? [] }]))
}

async function loadHeld(db: Queryable, artifacts: ArtifactRow[]): Promise<Map<ArtifactRow, { held: HeldRow[] }>> {
  const rows = Map.groupBy(await listHeldOf(db, artifacts), ({ place }) => place)
  return new Map(artifacts.map((one, index) => [one, { held: rows.get(index + 1) ?? [] }]))
}

/** About what one takes in memory, in bytes. */
const sizeOf = ({ tags, labelIds, references, extraAttrs, annotations }: ArtifactObject) =>
  1200 + tags.length * 300 + labelIds.length * 8 + references.length * 500 + (JSON.stringify(extraAttrs).length + JSON.stringify(annotations).length) * 2

