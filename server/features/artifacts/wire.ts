import type { Static } from 'typebox'
import type * as api from '../../../api/artifacts.ts'
import type { Digest } from '../../../oci/digest.ts'
import { projectOf, type RepositoryName } from '../../../oci/reference.ts'
import type { Project } from '../../catalog/project.ts'
import { iconOf } from '../icons/index.ts'
import type { Immutable } from '../immutability/index.ts'
import type { AccessoryRow, ArtifactObject, ReferenceRow, TagRow } from './store.ts'

const prefix = '/api/v2.0'
/** What Harbor answers for a time that is not set. */
const never = '0001-01-01T00:00:00.000Z'
const timeOf = (time: Date | null) => time?.toISOString() ?? never

/** The path of a repository's artifacts in the API, with the slashes of the repository's name encoded. */
export function artifactsPath(repository: RepositoryName): string {
  const project = projectOf(repository)
  const name = encodeURIComponent(repository.slice(project.length + 1))
  return `${prefix}/projects/${project}/repositories/${name}/artifacts/`
}

export function presentTag(
  tag: TagRow,
  project: Project,
  repository: string,
  isImmutable: Immutable | undefined,
): Static<typeof api.Tag> {
  const { id, repositoryId, artifactId, name, pushedAt, pulledAt, pullCount } = tag
  return {
    id,
    repository_id: repositoryId,
    artifact_id: artifactId,
    name,
    push_time: pushedAt.toISOString(),
    pull_time: timeOf(pulledAt),
    pull_count: pullCount,
    immutable: isImmutable?.(repository.slice(project.name.length + 1), name) ?? false,
  }
}

export function presentReference(row: ReferenceRow): Static<typeof api.Reference> {
  const { parentId, childId, childDigest, platform, annotations } = row
  return {
    parent_id: parentId,
    child_id: childId,
    child_digest: childDigest,
    ...(platform ? { platform: presentPlatform(platform) } : {}),
    ...(annotations ? { annotations } : {}),
  }
}

/** The author of an index may write anything into its platforms: values that are no text are left out. */
export function presentPlatform(platform: Record<string, unknown>): Static<typeof api.Platform> {
  const texts = ['architecture', 'os', 'os.version', 'variant'].flatMap((key) =>
    typeof platform[key] === 'string' ? [[key, platform[key]]] : [],
  )
  const features = platform['os.features']
  return {
    ...Object.fromEntries(texts),
    ...(Array.isArray(features) ? { 'os.features': features.filter((one) => typeof one === 'string') } : {}),
  }
}

/** The platform of an image, by its config; those of an index, by its entries. */
export function platformsOf({ references, extraAttrs }: ArtifactObject): Static<typeof api.Platform>[] {
  if (references.length > 0) return references.flatMap(({ platform }) => (platform ? presentPlatform(platform) : []))
  const { os, architecture, variant } = extraAttrs
  return os || architecture ? [presentPlatform({ os, architecture, variant })] : []
}

export function presentAccessory(row: AccessoryRow): Static<typeof api.Accessory> {
  const { id, artifactId, digest, size, type, subjectId, subjectDigest, subjectRepository, icon, createdAt } = row
  return {
    id,
    artifact_id: artifactId,
    digest,
    size,
    type,
    icon: icon ?? (iconOf(type) satisfies Digest),
    creation_time: createdAt.toISOString(),
    subject_artifact_id: subjectId,
    subject_artifact_digest: subjectDigest,
    subject_artifact_repo: subjectRepository,
  }
}
