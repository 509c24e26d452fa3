import { findProjectById } from '../../catalog/project.ts'
import type { Queryable } from '../../platform/db/db.ts'
import { Failure } from '../../platform/http/failure.ts'
import { mayInProject, type Rights, type Verb } from '../access/index.ts'
import type { Policy } from './policy.ts'
import { findPolicy } from './store.ts'

/** Rights to policies, which are named by an id alone: the stored row says whose they are. */
export function openRightsOf(db: Queryable) {
  return { demand, getPolicy }

  /** Throws unless the caller has the right in the project; null: to the system's policies, for administrators. */
  async function demand(rights: Rights, projectId: number | null, verb: Verb): Promise<void> {
    if (projectId === null && isAdmin(rights)) return
    const project = projectId === null ? undefined : await findProjectById(db, projectId)
    if (project && mayInProject(rights, project, 'tag-retention', verb)) return
    throw new Failure(rights.kind === 'anonymous' ? 'UNAUTHORIZED' : 'FORBIDDEN')
  }

  /** The policy, when the caller has the right to it; only administrators learn that there is none. */
  async function getPolicy(rights: Rights, id: number, verb: Verb, missing: Failure): Promise<Policy> {
    const policy = await findPolicy(db, id)
    if (!policy && isAdmin(rights)) throw missing
    if (!policy) throw new Failure('FORBIDDEN')
    await demand(rights, policy.projectId, verb)
    return policy
  }
}

const isAdmin = (rights: Rights): boolean => rights.kind === 'user' && rights.isAdmin && !rights.isDisabled
