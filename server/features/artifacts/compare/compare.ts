import type { Static } from 'typebox'
import type { Comparison } from '../../../../api/compare.ts'
import { parseManifest, type Descriptor, type Manifest } from '../../../../oci/manifest.ts'
import { Failure } from '../../../platform/http/failure.ts'
import type { Registry } from '../../../registry/registry.ts'
import { readWhole } from '../additions/read.ts'
import { isImageConfig } from '../processors/image.ts'
import type { ArtifactObject, ReferenceRow } from '../store.ts'
import { presentPlatform } from '../wire.ts'
import { compareAnnotations, compareConfigs, compareLayers, layersOf, type Layer } from './rules.ts'

type Source = Pick<Registry, 'openBlob' | 'readManifest'>
type Platform = Record<string, unknown> | null
/** One of the two, and of which platform it is, where it was chosen from an index. */
export type Side = { artifact: ArtifactObject; platform: Platform }
type Config = Record<string, unknown>

/** Reads the manifests and configs of two artifacts, and says what differs. */
export async function compare(source: Source, before: Side, after: Side): Promise<Static<typeof Comparison>> {
  const [was, is] = await Promise.all([before, after].map(async ({ artifact }) => readManifest(source, artifact)))
  const images =
    was!.kind === 'image' && is!.kind === 'image' ? await readConfigs(source, before, after, was!, is!) : {}
  return {
    before: presentSide(before),
    after: presentSide(after),
    ...images,
    annotations: compareAnnotations(was!.annotations, is!.annotations),
    ...(was!.kind === 'index' && is!.kind === 'index' ? { platforms: comparePlatforms(before, after) } : {}),
  }
}

async function readManifest(source: Source, { repositoryName, digest }: ArtifactObject): Promise<Manifest> {
  const { content, mediaType } = await source.readManifest(repositoryName, { digest })
  return parseManifest(content, mediaType)
}

async function readConfigs(source: Source, before: Side, after: Side, was: Manifest, is: Manifest) {
  const [own, other] = await Promise.all([
    readConfig(source, before.artifact, was.config),
    readConfig(source, after.artifact, is.config),
  ])
  const areImages = [was, is].every(({ config }) => config !== undefined && isImageConfig(config.mediaType))
  const [left, right]: [Layer[], Layer[]] = [layersOf(was.layers, own), layersOf(is.layers, other)]
  return { config: compareConfigs(own, other, areImages), layers: compareLayers(left, right) }
}

/** A config that is no JSON object has no values to compare; one beyond 1 MiB throws BAD_REQUEST. */
async function readConfig(source: Source, { repositoryName }: ArtifactObject, config?: Descriptor): Promise<Config> {
  if (!config) return {}
  const text = (await readWhole(await source.openBlob(repositoryName, config.digest))).toString('utf8')
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Config) : {}
  } catch {
    return {}
  }
}

const presentSide = ({ artifact, platform }: Side) => ({
  repository_name: artifact.repositoryName,
  digest: artifact.digest,
  type: artifact.type,
  manifest_media_type: artifact.mediaType,
  size: artifact.size,
  push_time: artifact.pushedAt.toISOString(),
  ...(platform ? { platform: presentPlatform(platform) } : {}),
})

function comparePlatforms(before: Side, after: Side) {
  const known = new Map<string, { platform: Record<string, unknown>; before?: string; after?: string }>()
  const note = (side: 'before' | 'after', { platform, childDigest }: ReferenceRow) => {
    const name = platform ? platformName(platform) : childDigest
    known.set(name, { platform: platform ?? {}, ...known.get(name), [side]: childDigest })
  }
  for (const one of before.artifact.references) note('before', one)
  for (const one of after.artifact.references) note('after', one)
  return [...known.values()].map(({ platform, ...digests }) => ({ platform: presentPlatform(platform), ...digests }))
}

/** `linux/arm/v7`, as docker writes it. */
function platformName(platform: Record<string, unknown>): string {
  return ['os', 'architecture', 'variant']
    .map((key) => platform[key])
    .filter((one) => typeof one === 'string' && one !== '')
    .join('/')
}

/** The entry of an index for a platform. Without a variant in the name, the first of that architecture. */
export function entryFor({ references, digest }: ArtifactObject, wanted: string): ReferenceRow {
  const found =
    references.find(({ platform }) => platform && platformName(platform) === wanted) ??
    references.find(({ platform }) => platform && platformName(platform).startsWith(`${wanted}/`))
  if (!found) throw new Failure('NOT_FOUND', `${digest} has no part for the platform ${wanted}`)
  return found
}
