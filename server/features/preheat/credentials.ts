import { projectOf, type RepositoryName } from '../../../oci/reference.ts'
import type { Tokens } from '../../registry/token.ts'

/** The credential of a task: a value of the header `Authorization`, valid for `seconds` at most. */
export type IssueCredential = (
  image: { repository: RepositoryName; projectId: number },
  taskId: number,
  seconds: number,
) => Promise<string>

/**
 * The credential of a task: a signed token to pull from one repository. Nothing is stored. Once its task has ended or
 * is being stopped, it is refused (features/access/rights.ts).
 */
export const issuesPreheatCredentials =
  (tokens: Tokens): IssueCredential =>
  async ({ repository, projectId }, taskId, seconds) => {
    const access = [{ type: 'repository', name: repository, actions: ['pull'] }]
    const granted = { access, projects: { [projectOf(repository)]: projectId } }
    const caller = { kind: 'preheat', id: taskId, name: `preheat$${taskId}`, repository } as const
    return `Bearer ${(await tokens.issue(caller, granted, seconds)).token}`
  }
