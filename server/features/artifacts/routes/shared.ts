import { isDigest } from '../../../../oci/digest.ts'
import { isTag, type Reference, type RepositoryName } from '../../../../oci/reference.ts'
import { findProject, missProject, type Project } from '../../../catalog/project.ts'
import type { Reader } from '../../../catalog/reader.ts'
import type { Repository } from '../../../catalog/repository.ts'
import type { Db } from '../../../platform/db/db.ts'
import { Failure } from '../../../platform/http/failure.ts'
import type { Content } from '../../../platform/http/reply.ts'
import type { Gates } from '../../../registry/gate.ts'
import type { Registry } from '../../../registry/registry.ts'
import { mayInProject, maySee, type Rights } from '../../access/index.ts'
import { getRepositoryOf } from '../../repositories/index.ts'
import type { Column } from '../columns.ts'
import type { Artifacts, Options } from '../objects.ts'
import type { OverviewReader } from '../overviews.ts'
import type { ArtifactObject } from '../store.ts'
import type { KeptArtifact } from '../text/kept.ts'
import { objectOf } from '../text/object.ts'

export type Parts = {
  reader: Reader & { db: Db }
  gates: Gates
  registry: Pick<Registry, 'openBlob' | 'readManifest'>
  /** Whether lists are put together from cached objects (S1-34). */
  cachesLists: boolean
  artifacts: Artifacts
  /** How the overviews of `with_scan_overview` are read together with artifacts. */
  overviews?: OverviewReader
  /** The columns that a list can show: those of artifacts and of other features. */
  columns: readonly Column[]
  /** The addition `vulnerabilities`, which another feature knows. `accepted`: the header X-Accept-Vulnerabilities. */
  vulnerabilities?: (about: {
    id: number
    projectId: number
    accepted: string | string[] | undefined
  }) => Promise<Content>
}

/** A tag or a digest. Throws BAD_REQUEST. */
export function parseArtifactReference(text: string): Reference {
  if (isDigest(text)) return { digest: text }
  if (isTag(text)) return { tag: text }
  throw new Failure('BAD_REQUEST', 'an artifact is named by a tag or a digest')
}

/** Throws METHOD_NOT_ALLOWED, as Harbor does, in a project that caches another registry: all it has is from there. */
export function refuseCache({ endpointId }: Project): void {
  if (endpointId !== null)
    throw new Failure('METHOD_NOT_ALLOWED', "the operation isn't supported for a proxy cache project")
}

type Place = Pick<Parts, 'reader' | 'artifacts'>
type Params = { repository_name: string; reference: string }
type Found<Artifact> = { repository: Repository & { name: RepositoryName }; artifact: Artifact }

/** The artifact that a path names, as it is kept. Throws NOT_FOUND. */
export async function getKept(
  { reader, artifacts }: Place,
  project: Project,
  params: Params,
  options?: Options,
): Promise<Found<KeptArtifact>> {
  const reference = parseArtifactReference(params.reference)
  const repository = await getRepositoryOf(reader, project, params.repository_name)
  const artifact = await artifacts.find(repository, reference, options)
  if (!artifact) throw new Failure('NOT_FOUND', `${params.reference} does not exist in ${repository.name}`)
  return { repository, artifact }
}

/** The artifact that a path names. Throws NOT_FOUND. */
export async function getArtifact(place: Place, project: Project, params: Params): Promise<Found<ArtifactObject>> {
  const { repository, artifact } = await getKept(place, project, params)
  return { repository, artifact: objectOf(artifact) }
}

/**
 * C-80: the project of a second artifact that a request names, which the caller must be allowed to read as well. A
 * project that is absent looks like one that is forbidden.
 */
export async function getSource(
  reader: Reader,
  { project: name, repository_name: repository }: { project: string; repository_name: string },
  rights: Rights,
  resource: 'artifact' | 'artifact-addition',
): Promise<Project> {
  const project = await findProject(reader, name)
  const isAdmin = rights.kind === 'user' && rights.isAdmin
  if (!project && isAdmin) throw new Failure('NOT_FOUND', `the project ${name} does not exist`)
  const mayRead = project && maySee(rights, project) && mayInProject(rights, project, resource, 'read', repository)
  if (mayRead) return project
  if (project) await missProject(reader)
  throw new Failure('FORBIDDEN')
}

/** `project/repository:tag` or `project/repository@digest`. */
export function parseFrom(
  parameter: string,
  text: string,
): { project: string; repository_name: string; reference: string } {
  const [, project, repository, byDigest, byTag] = /^([a-z0-9._-]+)\/([^:@]+)(?:@(.+)|:([^:@]+))$/.exec(text) ?? []
  const reference = byDigest ?? byTag
  if (project === undefined || repository === undefined || reference === undefined) {
    throw new Failure('BAD_REQUEST', `${parameter} must be project/repository:tag or project/repository@digest`)
  }
  return { project, repository_name: repository, reference }
}
