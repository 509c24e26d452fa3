import { OciError } from '../../../../oci/errors.ts'
import { projectOf, type RepositoryName } from '../../../../oci/reference.ts'
import { remoteName } from '../../remote/name.ts'
import type { CacheProject } from './types.ts'
import type { CacheRules } from './rules.ts'

/**
 * The name of a repository as it is kept here. Docker Hub's own images have `library/` before their name, which people
 * leave out: `hub/nginx` is `hub/library/nginx`, as in Harbor.
 */
export function keptName(name: RepositoryName, type: string): RepositoryName {
  const project = projectOf(name)
  const rest = name.slice(project.length + 1)
  return type === 'docker-hub' && !rest.includes('/') ? (`${project}/library/${rest}` as RepositoryName) : name
}

/** The repository's name at the upstream: without the project. */
export const upstreamName = (kept: RepositoryName): RepositoryName => remoteName(kept.slice(projectOf(kept).length + 1))

/** Throws DENIED for a repository that the project's filter leaves out. */
export function checkFilter(rules: CacheRules, project: CacheProject, kept: RepositoryName): void {
  const name = upstreamName(kept)
  if (rules.takes(name)) return
  const why = `the filter of the project ${project.name} leaves out the repository ${name} of ${rules.upstream.name}`
  throw new OciError('DENIED', why)
}
