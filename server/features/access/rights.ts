import { isRepositoryName, projectOf } from '../../../oci/reference.ts'
import { findProject, missProject, type Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import { sql } from '../../platform/db/sql.ts'
import { andThen, type Maybe } from '../../platform/maybe.ts'
import type { Action, Caller } from '../../registry/caller.ts'
import type { DoorOptions } from '../../registry/door/door.ts'
import type { Viewer } from '../../catalog/viewer.ts'
import {
  mayInEvery,
  mayInProject,
  mayInRepository,
  maySystem,
  projectsOfToken,
  projectsOfWorkload,
  type ProjectResource,
  type Rights,
  type Verb,
} from './rules.ts'
import { findRights } from './store.ts'

/** The projects that a list shows: all when `seesAll` is true of the rights, else public ones and the caller's own. */
export async function viewerOf(
  reader: Reader,
  rights: Rights | undefined,
  seesAll: (rights: Rights) => boolean,
): Promise<Viewer> {
  if (!rights || rights.kind === 'anonymous' || rights.isDisabled) return { seesAll: false, projectIds: 'public only' }
  if (seesAll(rights) || (rights.kind === 'robot' && rights.projectId === null && rights.projects.has('*')))
    return { seesAll: true }
  if (rights.kind === 'user') return { seesAll: false, projectIds: [...rights.roles.keys()] }
  if (rights.kind === 'token' || rights.kind === 'workload') {
    const ids = rights.kind === 'token' ? projectsOfToken(rights) : projectsOfWorkload(rights)
    return ids === 'all' ? { seesAll: true } : { seesAll: false, projectIds: ids }
  }
  const names = [...rights.projects.keys()]
  const projects = await Promise.all(names.map(async (name) => findProject(reader, name)))
  return { seesAll: false, projectIds: projects.flatMap((project) => (project ? [project.id] : [])) }
}

/** The projects in which these rights hold this one, or 'all'; what everybody may do in public ones is left aside. */
export async function projectsHolding(
  reader: Reader,
  rights: Rights,
  resource: ProjectResource,
  verb: Verb,
): Promise<number[] | 'all'> {
  if (rights.kind === 'anonymous' || rights.isDisabled) return []
  if (mayInEvery(rights, resource, verb)) return 'all'
  const holds = (project: { id: number; name: string }) =>
    mayInProject(rights, { ...project, isPublic: false }, resource, verb)
  if (rights.kind === 'robot') {
    const names = [...rights.projects.keys()].filter((name) => name !== '*')
    const projects = await Promise.all(names.map(async (name) => findProject(reader, name)))
    return projects.flatMap((one) => (one && holds(one) ? [one.id] : []))
  }
  const ids = namedBy(rights)
  return ids === 'all' ? [] : ids.filter((id) => holds({ id, name: '' }))
}

function namedBy(rights: Exclude<Rights, { kind: 'anonymous' | 'robot' }>): number[] | 'all' {
  if (rights.kind === 'user') return [...rights.roles.keys()]
  return rights.kind === 'token' ? projectsOfToken(rights) : projectsOfWorkload(rights)
}

/** Rights below /v2: looked up at each use, from the cache, which drops an entry when its rights change (C-15). */
export function openRights(reader: Reader): DoorOptions['rights'] {
  const mayIn = (project: Project, caller: Caller, name: string, action: Action): Maybe<boolean> =>
    andThen(findRights(reader, caller), (rights) => {
      if (rights && mayInRepository(rights, project, name.slice(project.name.length + 1), action)) return true
      return project.isPublic ? false : missProject(reader).then(() => false)
    })
  return {
    mayTouch(caller, repository, action) {
      if (!isRepositoryName(repository)) return false
      if (caller.kind === 'scanner') return mayScan(reader, caller, repository, action)
      return andThen(
        findProject(reader, projectOf(repository)),
        (project) => project !== undefined && mayIn(project, caller, repository, action),
      )
    },
    mayTouchIn(caller, repository, action, projectId) {
      if (caller.kind === 'scanner') return mayScan(reader, caller, repository, action)
      const found = findProject(reader, projectOf(repository))
      return andThen(
        found,
        (project) => project !== undefined && project.id === projectId && mayIn(project, caller, repository, action),
      )
    },
    async isActive(caller) {
      if (caller.kind === 'scanner') return mayScan(reader, caller, caller.repository, 'pull')
      const rights = await findRights(reader, caller)
      return rights !== undefined && (rights.kind === 'anonymous' || !rights.isDisabled)
    },
    async mayListCatalog(caller) {
      const rights = await findRights(reader, caller)
      return rights !== undefined && maySystem(rights, 'catalog', 'read')
    },
    viewer: async (caller) =>
      viewerOf(reader, await findRights(reader, caller), (rights) => maySystem(rights, 'catalog', 'read')),
    projectId: async (name) => (await findProject(reader, name))?.id,
  }
}

/** A scanner may pull from the repository of its task, while the task runs. */
async function mayScan(
  { db }: Reader,
  { id, repository }: Extract<Caller, { kind: 'scanner' }>,
  wanted: string,
  action: Action,
): Promise<boolean> {
  if (action !== 'pull' || wanted !== repository) return false
  const task = await db.row<{ id: number }>(sql`
    select id from task where id = ${id} and status = 'Running' and stop_asked_at is null`)
  return task !== undefined
}
