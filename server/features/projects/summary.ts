import type { Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import { mayInProject, roles, type Rights } from '../access/index.ts'
import { countRepositories } from '../../catalog/repository.ts'
import { countSeen } from './seen.ts'
import { countMembers } from './store.ts'

/** A figure that another feature lends to the summary of a project. */
export type Figure = {
  /** Its name in the summary's JSON. */
  field: string
  /** Undefined leaves the field out: there is no value, or the caller may not see it. */
  load(project: Project, rights: Rights): Promise<unknown>
}

/**
 * The figures of a project that the caller may see: repositories, members by role, and those lent by other features.
 */
export async function summarize(reader: Reader, lent: readonly Figure[], project: Project, rights: Rights) {
  const [repositories, seen, members, more] = await Promise.all([
    countRepositories(reader, [project.id]),
    countSeen(reader, rights, [project]),
    mayInProject(rights, project, 'member', 'list') ? countMembers(reader, project.id) : undefined,
    Promise.all(lent.map(async ({ field, load }) => [field, await load(project, rights)] as const)),
  ])
  return {
    repo_count: seen.get(project.id) ?? repositories.get(project.id) ?? 0,
    ...(members && presentMembers(members)),
    ...Object.fromEntries(more.filter(([, value]) => value !== undefined)),
  }
}

function presentMembers(members: Record<number, number>) {
  const count = (role: number) => members[role] ?? 0
  return {
    project_admin_count: count(roles.projectAdmin),
    maintainer_count: count(roles.maintainer),
    developer_count: count(roles.developer),
    guest_count: count(roles.guest),
    limited_guest_count: count(roles.limitedGuest),
  }
}
