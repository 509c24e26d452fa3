import { findProject, findProjectById, type Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Queryable } from '../../platform/db/db.ts'
import { Failure } from '../../platform/http/failure.ts'
import { mayInEvery, mayInProject, maySee, maySystem, type Rights, type Verb } from '../access/index.ts'
import { grantsBeyond, type Grant } from './rules.ts'
import { findRobot, type Robot } from './store.ts'

/** As in Harbor (H15): 404 for an id that does not exist, 403 for a robot where the caller lacks the right. */
export async function getRobot(db: Queryable, id: number, rights: Rights, verb: Verb): Promise<Robot> {
  const robot = await findRobot(db, id)
  if (!robot) throw new Failure('NOT_FOUND', `there is no robot ${id}`)
  await demand(db, rights, robot.projectId, verb)
  return robot
}

/** The right to robots of a project, or with null of the system. Throws FORBIDDEN. */
export async function demand(db: Queryable, rights: Rights, projectId: number | null, verb: Verb): Promise<void> {
  const isAllowed =
    projectId === null
      ? maySystem(rights, 'robot', verb)
      : mayInEvery(rights, 'robot', verb) || mayIn(rights, await findProjectById(db, projectId), verb)
  if (!isAllowed) throw new Failure('FORBIDDEN')
}

const mayIn = (rights: Rights, project: Project | undefined, verb: Verb): boolean =>
  project !== undefined && maySee(rights, project) && mayInProject(rights, project, 'robot', verb)

/** Absent and forbidden projects look the same to those who do not see all of them. */
export async function getProject(reader: Reader, rights: Rights, name: string): Promise<Project> {
  const project = await findProject(reader, name)
  if (project) return project
  if (maySystem(rights, 'project', 'list')) throw new Failure('NOT_FOUND', `there is no project ${name}`)
  throw new Failure('FORBIDDEN')
}

/** Every project named must be there; a robot gives only what it has itself. */
export async function checkPlaces(reader: Reader, rights: Rights, grants: Grant[]): Promise<void> {
  if (rights.kind === 'robot' && grantsBeyond(rights, grants).length > 0) {
    throw new Failure('FORBIDDEN', 'a robot cannot give what it does not have')
  }
  const inProjects = grants.filter(({ kind, namespace }) => kind === 'project' && namespace !== '*')
  const names = new Set(inProjects.map(({ namespace }) => namespace))
  if (names.size > 100) throw new Failure('BAD_REQUEST', 'at most 100 projects: use * for all')
  await Promise.all([...names].map((name) => getProject(reader, rights, name)))
}
