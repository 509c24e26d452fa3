import { isRepositoryName } from '../../../oci/reference.ts'
import type { Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import { findRepository, type Repository } from '../../catalog/repository.ts'
import { Failure } from '../../platform/http/failure.ts'

/** The repository that a path names within its project. Throws NOT_FOUND. */
export async function getRepositoryOf(reader: Reader, project: Project, shortName: string): Promise<Repository> {
  const name = `${project.name}/${shortName}`
  const found = isRepositoryName(name) ? await findRepository(reader, name) : undefined
  if (!found || found.projectId !== project.id)
    throw new Failure('NOT_FOUND', `the repository ${name.slice(0, 300)} does not exist`)
  return found
}
