import { isRepositoryName, projectOf } from '../../../oci/reference.ts'
import { findProject } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Caller } from '../../registry/caller.ts'
import type { DoorOptions } from '../../registry/serve.ts'
import { mayAnyone, mayRole } from './rules.ts'
import { findRights } from './store.ts'

export { roles, type Role } from './rules.ts'
export { dropMember, findRights, rightsKey, saveMember, type AccountRights } from './store.ts'

/** Every right is looked up when it is used, in the cache that forgets it the moment it changes (C-15). */
export function openRights(reader: Reader): DoorOptions['rights'] {
  const active = async (caller: Caller) => {
    if (caller.kind === 'anonymous') return undefined
    const rights = await findRights(reader, caller.id)
    return rights && !rights.isDisabled ? rights : undefined
  }
  return {
    async mayTouch(caller, repository, action) {
      const project = isRepositoryName(repository) ? await findProject(reader, projectOf(repository)) : undefined
      if (!project) return false
      if (caller.kind === 'anonymous') return mayAnyone(project.isPublic, action)
      const rights = await active(caller)
      return rights !== undefined && (rights.isAdmin || mayRole(rights.roles.get(project.id), action) || mayAnyone(project.isPublic, action))
    },
    isActive: async (caller) => caller.kind === 'anonymous' || (await active(caller)) !== undefined,
    mayListCatalog: async (caller) => (await active(caller))?.isAdmin ?? false,
    seesAll: async (caller) => (await active(caller))?.isAdmin ?? false,
    projectId: async (name) => (await findProject(reader, name))?.id,
  }
}
