import { forget } from '../lib/query.ts'

/** An artifact, or a tag of it, to do something with. The repository's name is without the project. */
export type Target = {
  projectId: number
  project: string
  repository: string
  digest: string
  tag?: string
  isImmutable?: boolean
}

/** What a dialog about an artifact gets. `onGone`: after a deletion. */
export type TargetProps = { target: Target; onClose(): void; onGone?: () => void }

export const paramsOf = ({ project, repository, digest }: Target) => ({
  project_name: project,
  repository_name: repository,
  reference: digest,
})

/** Lists of repositories, tags and artifacts, and figures of the project: all stand below this path. */
export const forgetArtifacts = (): void => forget('/projects', '/repositories')
