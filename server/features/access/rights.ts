import { isRepositoryName, projectOf } from '../../../oci/reference.ts'
import { findProject, missProject, type Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import { sql } from '../../platform/db/sql.ts'
import { andThen, type Maybe } from '../../platform/maybe.ts'
import { isForTask, type Action, type Caller, type TaskCaller } from '../../registry/caller.ts'
import type { DoorOptions } from '../../registry/door/door.ts'
import type { RepositoryPart, Viewer } from '../../catalog/viewer.ts'
import { regexOf } from '../../platform/doublestar-regex.ts'
import { projectsOf, projectsOfToken, projectsOfWorkload } from './reach.ts'
import {
  mayInEvery,
  mayInProject,
  mayInRepository,
  maySystem,
  patternsIn,
  wholeParts,
  type AccountRights,
  type ProjectResource,
  type Rights,
  type Verb,
} from './rules.ts'
import { findRights, type RightsReader } from './store.ts'

/** The projects that a list shows: all when `seesAll` is true of the rights, else public ones and the caller's own. */
export async function viewerOf(
  reader: Reader,
  rights: Rights | undefined,
  seesAll: (rights: Rights) => boolean,
): Promise<Viewer> {
  if (!rights || rights.kind === 'anonymous' || rights.isDisabled) return { seesAll: false, projectIds: 'public only' }
  if (seesAll(rights) || (rights.kind === 'robot' && rights.projectId === null && rights.projects.has('*')))
    return { seesAll: true }
  if (rights.kind === 'user') return { seesAll: false, projectIds: projectsOf(rights) }
  if (rights.kind === 'token' || rights.kind === 'workload') {
    const ids = rights.kind === 'token' ? projectsOfToken(rights) : projectsOfWorkload(rights)
    return ids === 'all' ? { seesAll: true } : { seesAll: false, projectIds: ids }
  }
  const names = [...rights.projects.keys()]
  const projects = await Promise.all(names.map(async (name) => findProject(reader, name)))
  return { seesAll: false, projectIds: projects.flatMap((project) => (project ? [project.id] : [])) }
}

/**
 * The same viewer for a list of what is in repositories: an account with roles of one's own sees only the repositories
 * in which it holds this right. Harbor's roles all hold it, so that for others nothing changes.
 */
export function viewerInside(
  viewer: Viewer,
  rights: Rights | undefined,
  resource: ProjectResource = 'repository',
  verb: Verb = 'list',
): Viewer {
  if (!rights || viewer.seesAll || viewer.projectIds === 'public only') return viewer
  const accounts = accountsOf(rights).filter(({ own }) => own !== undefined)
  if (accounts.length === 0) return viewer
  const holds = (id: number) =>
    accounts.every((one) => !one.own!.has(id) || mayInProject(one, { id, name: '', isPublic: false }, resource, verb))
  const projectIds = viewer.projectIds.filter(holds)
  return { seesAll: false, projectIds, parts: partsHolding(rights, resource, verb) }
}

/** The accounts that rights are taken from: its own, or those that made the trust rules of a workload. */
function accountsOf(rights: Rights): AccountRights[] {
  if (rights.kind === 'user') return [rights]
  if (rights.kind === 'token') return [rights.account]
  return rights.kind === 'workload' ? wholeParts(rights).map(({ account }) => account) : []
}

/** The parts of projects in which these rights hold this one, where they do not in the whole project. */
export function partsHolding(rights: Rights, resource: ProjectResource, verb: Verb): RepositoryPart[] {
  const projects = new Set(accountsOf(rights).flatMap(({ own }) => [...(own?.keys() ?? [])]))
  return [...projects].flatMap((projectId) => {
    const patterns = patternsIn(rights, projectId, resource, verb)
    return patterns.length === 0 ? [] : [{ projectId, regex: regexOf(patterns) }]
  })
}

/** What a list in one project shows: all, or the repositories in which these rights hold this one. */
export function viewerIn(rights: Rights, project: Project, resource: ProjectResource, verb: Verb): Viewer {
  if (mayInProject(rights, project, resource, verb)) return { seesAll: true }
  const parts = partsHolding(rights, resource, verb).filter(({ projectId }) => projectId === project.id)
  return { seesAll: false, projectIds: [], parts }
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
  if (rights.kind === 'user') return projectsOf(rights)
  return rights.kind === 'token' ? projectsOfToken(rights) : projectsOfWorkload(rights)
}

/** Rights below /v2: looked up at each use, from the cache, which drops an entry when its rights change (C-15). */
export function openRights(reader: RightsReader): DoorOptions['rights'] {
  const mayIn = (project: Project, caller: Caller, name: string, action: Action): Maybe<boolean> =>
    andThen(findRights(reader, caller), (rights) => {
      if (rights && mayInRepository(rights, project, name.slice(project.name.length + 1), action)) return true
      return project.isPublic ? false : missProject(reader).then(() => false)
    })
  return {
    mayTouch(caller, repository, action) {
      if (!isRepositoryName(repository)) return false
      if (isForTask(caller)) return mayPullForTask(reader, caller, repository, action)
      return andThen(
        findProject(reader, projectOf(repository)),
        (project) => project !== undefined && mayIn(project, caller, repository, action),
      )
    },
    mayTouchIn(caller, repository, action, projectId) {
      if (isForTask(caller)) return mayPullForTask(reader, caller, repository, action)
      const found = findProject(reader, projectOf(repository))
      return andThen(
        found,
        (project) => project !== undefined && project.id === projectId && mayIn(project, caller, repository, action),
      )
    },
    async isActive(caller) {
      if (isForTask(caller)) return mayPullForTask(reader, caller, caller.repository, 'pull')
      const rights = await findRights(reader, caller)
      return rights !== undefined && (rights.kind === 'anonymous' || !rights.isDisabled)
    },
    async mayListCatalog(caller) {
      const rights = await findRights(reader, caller)
      return rights !== undefined && maySystem(rights, 'catalog', 'read')
    },
    async viewer(caller) {
      const rights = await findRights(reader, caller)
      return viewerInside(await viewerOf(reader, rights, (one) => maySystem(one, 'catalog', 'read')), rights)
    },
    projectId: async (name) => (await findProject(reader, name))?.id,
  }
}

/**
 * A scanner may pull from the repository of its task while the task runs; a service that preheats also while the task
 * waits to ask how far it is.
 */
async function mayPullForTask(
  { db }: Reader,
  { kind, id, repository }: TaskCaller,
  wanted: string,
  action: Action,
): Promise<boolean> {
  if (action !== 'pull' || wanted !== repository) return false
  const task = await db.row<{ id: number }>(sql`
    select id from task
    where id = ${id} and stop_asked_at is null
      and (status = 'Running' or (status = 'Pending' and ${kind} = 'preheat'))`)
  return task !== undefined
}
