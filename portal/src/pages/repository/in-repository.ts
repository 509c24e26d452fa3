import type { AnswerOf } from '../../../../api/operation.ts'
import type { listRepositories } from '../../../../api/repositories.ts'
import type { InProject } from '../../ui/project-frame.tsx'

export type Repository = AnswerOf<typeof listRepositories>[number]

/** A repository's page: the repository, its name without the project, and who looks. */
export type InRepository = InProject & { repository: Repository; name: string }
