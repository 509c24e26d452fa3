import type { Claim, Provider } from '../accounts/index.ts'
import type { Caller } from '../../registry/caller.ts'
import { projectOf } from '../../../oci/reference.ts'
import type { Tokens } from '../../registry/token.ts'
import type { IssueCredential } from './scanners/adapter/adapter.ts'

/** `$` is in no name of an account. */
const prefix = 'scanner$'
/** How long a credential is valid at most; it ends with its task. */
const hourSeconds = 3600

/**
 * The credential of a task: a signed token to pull from one repository, as a Bearer token or as the password of Basic.
 * Nothing is stored. Beyond the hour, and once its task has ended, it is refused (features/access/rights.ts).
 */
export const issuesCredentials =
  (tokens: Tokens): IssueCredential =>
  async ({ repository, projectId }, taskId, kind) => {
    const name = `${prefix}${taskId}`
    const access = [{ type: 'repository', name: repository, actions: ['pull', 'scanner-pull'] }]
    const granted = { access, projects: { [projectOf(repository)]: projectId } }
    const { token } = await tokens.issue({ kind: 'scanner', id: taskId, name, repository }, granted, hourSeconds)
    return kind === 'Bearer' ? `Bearer ${token}` : `Basic ${Buffer.from(`${name}:${token}`).toString('base64')}`
  }

/** Logins of scanners by name and token. */
export function scannerLogin(tokens: Tokens): Provider {
  return {
    name: 'scanner',
    async claim(name): Promise<Claim | undefined> {
      if (!name.startsWith(prefix)) return undefined
      return {
        version: undefined,
        async check(password): Promise<Caller | undefined> {
          const bearer = await tokens.verify(password)
          return bearer?.caller.kind === 'scanner' && bearer.caller.name === name ? bearer.caller : undefined
        },
      }
    },
  }
}
