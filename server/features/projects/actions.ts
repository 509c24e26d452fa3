import { dropProject, saveProject, type Project } from '../../catalog/project.ts'
import { dropEmptyRepositories, hasArtifacts } from '../../catalog/repository.ts'
import { facts, type Actor } from '../../catalog/topics.ts'
import { isReferenceViolation, isUniqueViolation, type Db, type Tx } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { dropRightsIn, roles, saveMember } from '../access/index.ts'
import { projectNameProblem } from './rules.ts'

/** Makes a project; whoever makes it administers it. Throws BAD_REQUEST or CONFLICT. */
export async function createProject(db: Db, by: Actor, wanted: { name: string; isPublic: boolean }): Promise<Project> {
  const problem = projectNameProblem(wanted.name)
  if (problem) throw new Failure('BAD_REQUEST', problem)
  try {
    return await db.transaction(async (tx) => {
      const ownerId = by.kind === 'user' ? by.id! : await firstAdminId(tx)
      const project = await saveProject(tx, { ...wanted, ownerId })
      if (by.kind === 'user') await saveMember(tx, project.id, ownerId, roles.projectAdmin)
      await emit(tx, [facts.projectCreated({ projectId: project.id, ...wanted }, by)])
      return project
    })
  } catch (error) {
    if (isUniqueViolation(error)) throw new Failure('CONFLICT', `the project ${wanted.name} exists already`)
    throw error
  }
}

/** A project that no account made belongs to the administrator. */
async function firstAdminId(tx: Tx): Promise<number> {
  const row = await tx.row<{ id: number }>(sql`select id from account where is_admin order by id limit 1`)
  return row!.id
}

/** Removes an empty project. Throws PRECONDITION while an artifact is in it (C-79). */
export async function deleteProject(db: Db, by: Actor, project: Project): Promise<void> {
  const full = () => new Failure('PRECONDITION', `the project ${project.name} still holds artifacts: delete its repositories first`)
  if (await hasArtifacts(db, project.id)) throw full()
  try {
    await db.transaction(async (tx) => {
      await dropEmptyRepositories(tx, project.id)
      await dropRightsIn(tx, project)
      await dropProject(tx, project)
      await emit(tx, [facts.projectDeleted({ projectId: project.id, name: project.name }, by)])
    })
  } catch (error) {
    // A push came between the look and the delete.
    if (isReferenceViolation(error)) throw full()
    throw error
  }
}
