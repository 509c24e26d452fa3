import type { Digest } from '../../../oci/digest.ts'
import type { Reference } from '../../../oci/reference.ts'
import { accessoryKey, artifactByDigestKey, artifactKey } from '../../catalog/artifact.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Repository } from '../../catalog/repository.ts'
import { findTag } from '../../catalog/tag.ts'
import { gathered } from '../../platform/cache/gather.ts'
import type { Kind } from '../../platform/cache/many.ts'
import { andThen, type Maybe } from '../../platform/maybe.ts'
import type { OverviewReader } from './overviews.ts'
import { findArtifactId, listHeldOf, type ArtifactObject, type ArtifactRow, type HeldRow } from './store.ts'
import { pack, sizeOfKept, unpack, type KeptArtifact } from './text/kept.ts'
import { objectOf } from './text/object.ts'
import { keptReader, type KeptReader } from './text/store.ts'

export type Options = { withOverviews?: boolean }
/** Whose accessories are looked for. */
type Subject = Pick<ArtifactRow, 'id' | 'repositoryId' | 'digest'>

/** Artifacts by their ids, with tags, labels and references: from the cache, and those it lacks by one read (S1-32). */
export type Artifacts = {
  /**
   * As they are kept, in the order of the ids; an artifact that was deleted meanwhile is left out (S1-33).
   * `withOverviews`: each has its `overviews`, where somebody has lent how to read them.
   */
  listKept(ids: number[], options?: Options): Maybe<KeptArtifact[]>
  list(ids: number[]): Promise<ArtifactObject[]>
  /** By tag or digest. */
  find(repository: Repository, reference: Reference, options?: Options): Promise<KeptArtifact | undefined>
  /** The accessories of each artifact, by the artifact's id. */
  listHeld(artifacts: Subject[]): Promise<Map<number, HeldRow[]>>
}

/** At most 3 reads at once, in batches of up to 150 artifacts: hundreds of clients with cold pages share statements. */
const gathering = { atOnce: 3, most: 150 }

const readPlain = keptReader()

/**
 * Caches an artifact by its id and its accessories by its digest; every write to either invalidates those keys, and so
 * does every change of a report, since the artifact may hold its overview.
 */
export function openArtifacts({ db, cache }: Reader, overviews?: OverviewReader): Artifacts {
  const kindOf = (read: KeptReader): KeptKind => ({
    ...keptKind,
    load: gathered((ids) => byId(read(db, ids)), gathering),
  })
  const plain = kindOf(readPlain)
  const whole = overviews && { ...kindOf(keptReader(overviews)), isEnough: hasOverviews }
  const loadHeld = gathered(async (artifacts: Subject[]) => {
    const rows = Map.groupBy(await listHeldOf(db, artifacts), ({ place }) => place)
    return new Map(artifacts.map((one, index) => [one, { held: rows.get(index + 1) ?? [] }]))
  }, gathering)

  const listKept: Artifacts['listKept'] = (ids, { withOverviews = false } = {}) =>
    andThen(cache.list(ids, withOverviews && whole ? whole : plain), withoutHoles)
  return {
    listKept,
    list: async (ids) => (await listKept(ids)).map((one) => objectOf(one)),
    async find(repository, reference, options) {
      const name = repository.name
      const digest =
        'digest' in reference ? reference.digest : (await findTag({ db, cache }, name, reference.tag))?.digest
      const known =
        digest && (await cache.get(artifactByDigestKey(name, digest), () => findArtifactId(db, repository.id, digest)))
      return known && (await listKept([known.id], options))[0]
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

type KeptKind = Kind<number, KeptArtifact>
const keptKind = { keyOf: (id: number) => artifactKey(id), sizeOf: sizeOfKept, packing: { pack, unpack } }
const byId = async (read: Promise<KeptArtifact[]>) => new Map((await read).map((one) => [one.id, one]))
const hasOverviews = ({ overviews }: KeptArtifact) => overviews !== undefined

/** Most lists have no holes, and are returned as they are. */
const withoutHoles = (found: (KeptArtifact | undefined)[]): KeptArtifact[] =>
  (found.includes(undefined) ? found.filter((one) => one !== undefined) : found) as KeptArtifact[]

/** The artifact, by its id. From the cache, at once where memory has it: pulls ask for it. */
export function findKept({ db, cache }: Reader, id: number): Maybe<KeptArtifact | undefined> {
  const load = (ids: number[]) => byId(readPlain(db, ids))
  return andThen(cache.list([id], { ...keptKind, load }), ([one]) => one)
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
