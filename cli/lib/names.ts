import { isDigest } from '../../oci/digest.ts'
import { isRepositoryName, isTag, projectOf } from '../../oci/reference.ts'
import { wrongUsage } from './problem.ts'

type RepositoryParams = { project_name: string; repository_name: string }

/** `team/app` or `team/web/app`: the project, and the name in it. */
export function parseRepository(text: string): RepositoryParams {
  if (!isRepositoryName(text))
    throw wrongUsage(`${text} is not the name of a repository`, 'such as team/app: <project>/<name>')
  const project = projectOf(text)
  return { project_name: project, repository_name: text.slice(project.length + 1) }
}

/** `team/app:1.0` or `team/app@sha256:...`. */
export function parseArtifact(text: string): RepositoryParams & { reference: string } {
  const { repository, reference } = splitArtifact(text)
  if (reference === undefined)
    throw wrongUsage(`${text} names no artifact`, 'add its tag or digest: team/app:1.0, team/app@sha256:...')
  return { ...parseRepository(repository), reference }
}

/** Both parts of a name; the reference is undefined for a repository alone. */
export function splitArtifact(text: string): { repository: string; reference: string | undefined } {
  const at = text.indexOf('@')
  if (at >= 0) {
    const digest = text.slice(at + 1)
    if (!isDigest(digest)) throw wrongUsage(`${digest} is not a digest`, 'such as sha256:<64 hexadecimal digits>')
    return { repository: text.slice(0, at).replace(/:[^/]*$/, ''), reference: digest }
  }
  const [, repository = text, tag] = /^(.*):([^/:]*)$/.exec(text) ?? []
  if (tag !== undefined && !isTag(tag)) throw wrongUsage(`${tag} is not a tag`)
  return { repository, reference: tag }
}

/** `team/app:1.0`, or with a digest `team/app@sha256:...`. */
export const artifactName = (repository: string, reference: string): string =>
  `${repository}${isDigest(reference) ? '@' : ':'}${reference}`
