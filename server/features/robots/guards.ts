import { findProject, findProjectById, type Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Queryable } from '../../platform/db/db.ts'
import { Failure } from '../../platform/http/failure.ts'
import {
  demandGiving,
  mayInEvery,
  mayInProject,
  maySee,
  maySystem,
  roles,
  type Rights,
  type Verb,
} from '../access/index.ts'
import { grantsBeyond, type Grant } from './rules.ts'
import { findRobot, type Robot } from './store.ts'

/**
 * As in Harbor (H15): 404 for an id that does not exist, 403 for a robot that the caller has no right to. An account
 * with a role of one's own changes only robots whose rights it has itself: their secrets would give it the others.
 */
export async function getRobot(db: Queryable, id: number, rights: Rights, verb: Verb): Promise<Robot> {
  const robot = await findRobot(db, id)
  if (!robot) throw new Failure('NOT_FOUND', `robot ${id} not found`)
  await demand(db, rights, robot.projectId, verb)
  const project = robot.projectId === null ? undefined : await findProjectById(db, robot.projectId)
  if (verb === 'update' && project) demandHeld(rights, project, robot.grants)
  return robot
}

/** Throws FORBIDDEN unless the caller has this right to a project's robots (`projectId` null: to the system's). */
export async function demand(db: Queryable, rights: Rights, projectId: number | null, verb: Verb): Promise<void> {
  const isAllowed =
    projectId === null
      ? maySystem(rights, 'robot', verb)
      : mayInEvery(rights, 'robot', verb) || mayIn(rights, await findProjectById(db, projectId), verb)
  if (!isAllowed) throw new Failure('FORBIDDEN')
}

const mayIn = (rights: Rights, project: Project | undefined, verb: Verb): boolean =>
  project !== undefined && maySee(rights, project) && mayInProject(rights, project, 'robot', verb)

/** An absent project is answered like a forbidden one, unless the caller may list all projects. */
export async function getProject(reader: Reader, rights: Rights, name: string): Promise<Project> {
  const project = await findProject(reader, name)
  if (project) return project
  if (maySystem(rights, 'project', 'list')) throw new Failure('NOT_FOUND', `project ${name} not found`)
  throw new Failure('FORBIDDEN')
}

/** Throws unless every project of the grants exists, and a robot that grants holds all of these rights itself. */
export async function checkPlaces(reader: Reader, rights: Rights, grants: Grant[]): Promise<void> {
  if (rights.kind === 'robot' && grantsBeyond(rights, grants).length > 0) {
    throw new Failure('DENIED', 'a robot can give another one only rights that it has itself')
  }
  if (rights.kind === 'token' && !(await holdsAll(reader, rights, grants))) {
    throw new Failure('DENIED', 'a token can give a robot only rights that it has itself')
  }
  const inProjects = grants.filter(({ kind, namespace }) => kind === 'project' && namespace !== '*')
  const names = new Set(inProjects.map(({ namespace }) => namespace))
  if (names.size > 100) throw new Failure('BAD_REQUEST', 'at most 100 projects: use * for all')
  const projects = await Promise.all([...names].map((name) => getProject(reader, rights, name)))
  for (const project of projects)
    demandHeld(
      rights,
      project,
      inProjects.filter(({ namespace }) => namespace === project.name),
    )
}

/** Throws DENIED when an account that is no administrator gives a robot of the project what it lacks there. */
function demandHeld(rights: Rights, project: Project, grants: Grant[]): void {
  if (rights.kind !== 'user' || rights.isAdmin) return
  // As in Harbor, an administrator of the project gives all that a robot can have.
  if (rights.roles.get(project.id)?.includes(roles.projectAdmin)) return
  demandGiving(
    rights,
    project,
    grants.map(({ resource, action }) => `${resource}:${action}`),
  )
}

async function holdsAll(reader: Reader, rights: Rights, grants: Grant[]): Promise<boolean> {
  for (const { kind, namespace, resource, action } of grants) {
    const [what, verb] = [resource as never, action as Verb]
    if (kind === 'system' ? maySystem(rights, what, verb) : mayInEvery(rights, what, verb)) continue
    const project = kind === 'project' && namespace !== '*' ? await findProject(reader, namespace) : undefined
    if (!project || !mayInProject(rights, { ...project, isPublic: false }, what, verb)) return false
  }
  return true
}
