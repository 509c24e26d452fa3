import { dropProject, findProject, findProjectById, saveProject, type Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import { dropEmptyRepositories, hasArtifacts } from '../../catalog/repository.ts'
import { facts, type Actor } from '../../catalog/topics.ts'
import { isReferenceViolation, isUniqueViolation, type Db } from '../../platform/db/db.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import type { Caller } from '../../registry/caller.ts'
import { findRights, roles, saveMember } from '../access/index.ts'
import { projectNameProblem } from './rules.ts'

/** Makes a project; whoever makes it administers it. Throws BAD_REQUEST or CONFLICT. */
export async function createProject(db: Db, by: Actor & { id: number }, wanted: { name: string; isPublic: boolean }): Promise<Project> {
  const problem = projectNameProblem(wanted.name)
  if (problem) throw new Failure('BAD_REQUEST', problem)
  try {
    return await db.transaction(async (tx) => {
      const project = await saveProject(tx, { ...wanted, ownerId: by.id })
      await saveMember(tx, project.id, by.id, roles.projectAdmin)
      await emit(tx, [facts.projectCreated({ projectId: project.id, ...wanted }, by)])
      return project
    })
  } catch (error) {
    if (isUniqueViolation(error)) throw new Failure('CONFLICT', `the project ${wanted.name} exists already`)
    throw error
  }
}

/** Removes an empty project. Throws PRECONDITION while an artifact is in it (C-79). */
export async function deleteProject(db: Db, by: Actor, project: Project): Promise<void> {
  const full = () => new Failure('PRECONDITION', `the project ${project.name} still holds artifacts: delete its repositories first`)
  if (await hasArtifacts(db, project.id)) throw full()
  try {
    await db.transaction(async (tx) => {
      await dropEmptyRepositories(tx, project.id)
      await dropProject(tx, project)
      await emit(tx, [facts.projectDeleted({ projectId: project.id, name: project.name }, by)])
    })
  } catch (error) {
    // A push came between the look and the delete.
    if (isReferenceViolation(error)) throw full()
    throw error
  }
}

/** By name, or by id when `isName` is false and the text is a number. Absent and forbidden look the same (C-71). */
export async function getVisibleProject(reader: Reader, caller: Caller, nameOrId: string, isName: boolean): Promise<Project> {
  const isId = !isName && /^\d{1,15}$/.test(nameOrId)
  const project = isId ? await findProjectById(reader.db, Number(nameOrId)) : await findProject(reader, nameOrId)
  if (project?.isPublic) return project
  if (caller.kind === 'anonymous') throw new Failure('UNAUTHORIZED')
  const rights = await findRights(reader, caller.id)
  if (project && (rights?.isAdmin || rights?.roles.has(project.id))) return project
  if (rights?.isAdmin) throw new Failure('NOT_FOUND', `the project ${nameOrId} does not exist`)
  throw new Failure('FORBIDDEN')
}

/** The same, for changing it: its administrator or the system's. */
export async function getOwnProject(reader: Reader, caller: Caller, nameOrId: string, isName: boolean): Promise<Project> {
  const project = await getVisibleProject(reader, caller, nameOrId, isName)
  if (caller.kind === 'anonymous') throw new Failure('UNAUTHORIZED')
  const rights = await findRights(reader, caller.id)
  if (!rights?.isAdmin && rights?.roles.get(project.id) !== roles.projectAdmin) throw new Failure('FORBIDDEN')
  return project
}
