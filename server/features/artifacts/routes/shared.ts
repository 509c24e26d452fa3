import { Type } from 'typebox'
import { isDigest } from '../../../../oci/digest.ts'
import { isTag, type Reference } from '../../../../oci/reference.ts'
import { ProjectName } from '../../../../api/requests.ts'
import type { Project } from '../../../catalog/project.ts'
import type { Reader } from '../../../catalog/reader.ts'
import type { Repository } from '../../../catalog/repository.ts'
import type { Db } from '../../../platform/db/db.ts'
import { Failure } from '../../../platform/http/failure.ts'
import type { Gates } from '../../../registry/gate.ts'
import type { Registry } from '../../../registry/registry.ts'
import { getRepositoryOf } from '../../repositories/index.ts'
import type { Column } from '../columns.ts'
import type { Artifacts } from '../objects.ts'
import type { ArtifactObject } from '../store.ts'

export type Parts = {
  reader: Reader & { db: Db }; gates: Gates; registry: Pick<Registry, 'openBlob' | 'readManifest'>
  /** Whether lists are put together from cached objects (S1-34). */
  cachesLists: boolean
  artifacts: Artifacts
  /** What may stand beside an artifact. */
  columns: readonly Column[]
}

export const tag = 'artifact'
export const listPath = '/projects/{project_name}/repositories/{repository_name}/artifacts'
export const onePath = `${listPath}/{reference}`

const repositoryParams = { ...ProjectName.properties, repository_name: Type.String({ minLength: 1, maxLength: 1024 }) }
const referenceParam = Type.String({ minLength: 1, maxLength: 255 })
export const ListParams = Type.Object(repositoryParams)
export const oneParams = { ...repositoryParams, reference: referenceParam }
export const OneParams = Type.Object(oneParams)

const flag = (fallback: boolean) => Type.Optional(Type.Boolean({ default: fallback }))
export const wantedQuery = {
  with_tag: flag(true), with_label: flag(false), with_accessory: flag(false), with_inherited_accessory: flag(false), with_immutable_status: flag(false),
  with_scan_overview: flag(false), with_sbom_overview: flag(false),
}

/** A tag or a digest. Throws BAD_REQUEST. */
export function parseArtifactReference(text: string): Reference {
  if (isDigest(text)) return { digest: text }
  if (isTag(text)) return { tag: text }
  throw new Failure('BAD_REQUEST', 'an artifact is named by a tag or a digest')
}

/** The artifact that a path names. Throws NOT_FOUND. */
export async function getArtifact({ reader, artifacts }: Pick<Parts, 'reader' | 'artifacts'>, project: Project, params: { repository_name: string; reference: string }): Promise<{ repository: Repository; artifact: ArtifactObject }> {
  const reference = parseArtifactReference(params.reference)
  const repository = await getRepositoryOf(reader, project, params.repository_name)
  const artifact = await artifacts.find(repository, reference)
  if (!artifact) throw new Failure('NOT_FOUND', `${params.reference} does not exist in ${repository.name}`)
  return { repository, artifact }
}
