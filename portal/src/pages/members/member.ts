import type { listProjectMembers } from '../../../../api/members.ts'
import type { AnswerOf } from '../../../../api/operation.ts'
import { forget } from '../../lib/query.ts'

export type Member = AnswerOf<typeof listProjectMembers>[number]

/** Asks again for what is shown of a project's members. */
export const forgetMembers = (project: string): void =>
  forget(`/projects/${project}/members`, `/projects/${project}/summary`)
