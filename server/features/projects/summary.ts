import type { Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import { mayInProject, roles, type Rights } from '../access/index.ts'
import { countMembers, countRepositories } from './store.ts'

/** A figure that another feature lends to the summary of a project. */
export type Figure = {
  /** Where it stands in the summary's JSON. */
  field: string
  /** Undefined leaves the field out: there is nothing to say, or not to this caller. */
  load(project: Project, rights: Rights): Promise<unknown>
}

/** What the caller may know of the project in figures: repositories, members by role, and those that are lent. */
export async function summarize(reader: Reader, lent: readonly Figure[], project: Project, rights: Rights) {
  const [repositories, members, more] = await Promise.all([
    countRepositories(reader, [project.id]),
    mayInProject(rights, project, 'member', 'list') ? countMembers(reader, project.id) : undefined,
    Promise.all(lent.map(async ({ field, load }) => [field, await load(project, rights)] as const)),
  ])
  return {
    repo_count: repositories.get(project.id) ?? 0,
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
