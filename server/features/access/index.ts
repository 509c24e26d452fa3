import { isRepositoryName, projectOf } from '../../../oci/reference.ts'
import { findProject, peekProject, type Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Action, Caller } from '../../registry/caller.ts'
import type { DoorOptions } from '../../registry/serve.ts'
import type { Viewer } from '../../catalog/viewer.ts'
import { mayInProject, maySystem, type Rights } from './rules.ts'
import { findRights, peekRights } from './store.ts'

export * from './rules.ts'
export { accountRightsKey, changesMembersOf, changesRightsOfGroup, dropMember, dropRightsIn, memberCountKey, robotFullName, robotKey, robotRightsKey, saveMember } from './store.ts'
export { heldIn } from './held.ts'
export { permissionRoutes } from './routes.ts'
export { openAccess, route, type Access, type Granted } from './api.ts'

/** For lists: all projects for whoever `seesAll`, else public ones and those of one's own. */
export async function viewerOf(reader: Reader, rights: Rights | undefined, seesAll: (rights: Rights) => boolean): Promise<Viewer> {
  if (!rights || rights.kind === 'anonymous' || rights.isDisabled) return { seesAll: false, projectIds: 'public only' }
  if (seesAll(rights) || (rights.kind === 'robot' && rights.projectId === null && rights.projects.has('*'))) return { seesAll: true }
  if (rights.kind === 'user') return { seesAll: false, projectIds: [...rights.roles.keys()] }
  const projects = await Promise.all([...rights.projects.keys()].map((name) => findProject(reader, name)))
  return { seesAll: false, projectIds: projects.flatMap((project) => (project ? [project.id] : [])) }
}

/** Rights below /v2: looked up when they are used, in the cache that forgets them the moment they change (C-15). */
export function openRights(reader: Reader): DoorOptions['rights'] {
  const mayIn = async (project: Project | undefined, caller: Caller, action: Action) => {
    const rights = project && (await findRights(reader, caller))
    return rights !== undefined && mayInProject(rights, project!, 'repository', action)
  }
  return {
    async mayTouch(caller, repository, action) {
      const project = isRepositoryName(repository) ? await findProject(reader, projectOf(repository)) : undefined
      return mayIn(project, caller, action)
    },
    surelyMayTouchIn(caller, repository, action, projectId) {
      const project = peekProject(reader, projectOf(repository))
      const rights = project && peekRights(reader, caller)
      return rights !== undefined && project!.id === projectId && mayInProject(rights, project!, 'repository', action)
    },
    async mayTouchIn(caller, repository, action, projectId) {
      const project = await findProject(reader, projectOf(repository))
      return project?.id === projectId && mayIn(project, caller, action)
    },
    async isActive(caller) {
      const rights = await findRights(reader, caller)
      return rights !== undefined && (rights.kind === 'anonymous' || !rights.isDisabled)
    },
    async mayListCatalog(caller) {
      const rights = await findRights(reader, caller)
      return rights !== undefined && maySystem(rights, 'catalog', 'read')
    },
    viewer: async (caller) => viewerOf(reader, await findRights(reader, caller), (rights) => maySystem(rights, 'catalog', 'read')),
    projectId: async (name) => (await findProject(reader, name))?.id,
  }
}
