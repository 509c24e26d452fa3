import type { Digest } from '../../../oci/digest.ts'
import type { Reference } from '../../../oci/reference.ts'
import { accessoryKey, artifactByDigestKey, artifactKey } from '../../catalog/artifact.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Repository } from '../../catalog/repository.ts'
import { findTag } from '../../catalog/tag.ts'
import { gathered } from '../../platform/cache/gather.ts'
import type { Maybe } from '../../platform/maybe.ts'
import {
  findArtifactId,
  listArtifactObjects,
  listHeldOf,
  type ArtifactObject,
  type ArtifactRow,
  type HeldRow,
} from './store.ts'
import type { OverviewReader } from './overviews.ts'

/** Artifacts by their ids, with tags, labels and references: from the cache, and those it lacks by one read (S1-32). */
export type Artifacts = {
  /**
   * In the order of the ids; an artifact that was deleted meanwhile is left out (S1-33). `withOverviews`: each has its
   * `overviews`, where somebody has lent how to read them.
   */
  list(ids: number[], options?: { withOverviews?: boolean }): Promise<ArtifactObject[]>
  /** By tag or digest. */
  find(repository: Repository, reference: Reference): Promise<ArtifactObject | undefined>
  /** The accessories of each artifact, by the artifact's id. */
  listHeld(artifacts: ArtifactRow[]): Promise<Map<number, HeldRow[]>>
}

/** At most 3 reads at once, in batches of up to 150 artifacts: hundreds of clients with cold pages share statements. */
const gathering = { atOnce: 3, most: 150 }

/**
 * Caches an artifact by its id and its accessories by its digest; every write to either invalidates those keys, and so
 * does every change of a report, since the artifact may hold its overview.
 */
export function openArtifacts({ db, cache }: Reader, overviews?: OverviewReader): Artifacts {
  const loadBy = (reading?: OverviewReader) =>
    gathered(
      async (ids: number[]) => new Map((await listArtifactObjects(db, ids, reading)).map((one) => [one.id, one])),
      gathering,
    )
  const load = loadBy()
  const loadWhole = overviews && loadBy(overviews)
  const loadHeld = gathered(async (artifacts: ArtifactRow[]) => {
    const rows = Map.groupBy(await listHeldOf(db, artifacts), ({ place }) => place)
    return new Map(artifacts.map((one, index) => [one, { held: rows.get(index + 1) ?? [] }]))
  }, gathering)

  const list: Artifacts['list'] = async (ids, { withOverviews = false } = {}) => {
    const found = await (withOverviews && loadWhole
      ? cache.many(ids, artifactKey, loadWhole, sizeOfArtifact, hasOverviews)
      : cache.many(ids, artifactKey, load, sizeOfArtifact))
    return ids.flatMap((id) => found.get(id) ?? [])
  }
  return {
    list,
    async find(repository, reference) {
      const name = repository.name
      const digest =
        'digest' in reference ? reference.digest : (await findTag({ db, cache }, name, reference.tag))?.digest
      const known =
        digest && (await cache.get(artifactByDigestKey(name, digest), () => findArtifactId(db, repository.id, digest)))
      return known && (await list([known.id]))[0]
    },
    async listHeld(artifacts) {
      const found = await cache.many(
        artifacts,
        ({ repositoryId, digest }) => accessoryKey(repositoryId, digest),
        loadHeld,
        sizeOfHeld,
      )
      return new Map(artifacts.map((one) => [one.id, found.get(one)?.held ?? []]))
    },
  }
}

/** The accessories of an artifact, which need not exist, oldest first. From the cache; the pull gates ask for them. */
export function findAccessories(
  { db, cache }: Reader,
  repositoryId: number,
  digest: Digest,
): Maybe<{ held: HeldRow[] }> {
  const load = async () => ({ held: await listHeldOf(db, [{ repositoryId, digest }]) })
  return cache.get(accessoryKey(repositoryId, digest), load, sizeOfHeld) as Maybe<{ held: HeldRow[] }>
}

const sizeOfHeld = ({ held }: { held: HeldRow[] }) => 100 + held.length * 400

const hasOverviews = ({ overviews }: ArtifactObject) => overviews !== undefined

/** Roughly the bytes that an artifact takes in memory. */
export const sizeOfArtifact = ({ tags, labelIds, references, extraAttrs, annotations, overviews }: ArtifactObject) =>
  1200 +
  tags.length * 300 +
  labelIds.length * 8 +
  references.length * 500 +
  (overviews?.length ?? 0) * 600 +
  (lengthOf(extraAttrs) + lengthOf(annotations)) * 2

const lengthOf = (value: object) => JSON.stringify(value).length
