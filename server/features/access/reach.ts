import { roles, wholeParts, type AccountRights, type ProjectFacts, type Rights, type TokenRights } from './rules.ts'

/** The projects in which an account has a role, or a binding of one. */
export const projectsOf = ({ roles: held, own }: AccountRights): number[] =>
  own === undefined ? [...held.keys()] : [...new Set([...held.keys(), ...own.keys()])]

/** The projects of a token's scope in which its account has a role; 'all' for an administrator's or auditor's `*`. */
export function projectsOfToken({ account, scope }: TokenRights): number[] | 'all' {
  const named = [...scope.projects.keys()].filter((one) => one !== '*')
  if (account.isAdmin || account.audits) return scope.projects.has('*') ? 'all' : named
  const mine = projectsOf(account)
  return scope.projects.has('*') ? mine : named.filter((id) => mine.includes(id))
}

/** The projects that any part of a workload's rights names; 'all' as above. */
export function projectsOfWorkload(rights: Extract<Rights, { kind: 'workload' }>): number[] | 'all' {
  const each = wholeParts(rights).map(projectsOfToken)
  return each.includes('all') ? 'all' : [...new Set(each.flatMap((ids) => (ids === 'all' ? [] : ids)))]
}

/** Whether the caller may learn that the project exists. */
export function maySee(rights: Rights, project: ProjectFacts): boolean {
  if (project.isPublic) return true
  if (rights.kind === 'anonymous' || rights.isDisabled) return false
  if (rights.kind === 'robot' && rights.projectId !== null) return rights.projectId === project.id
  if (rights.kind === 'robot') return rights.projects.has(project.name) || rights.projects.has('*')
  if (rights.kind === 'workload') return wholeParts(rights).some((held) => maySee(held, project))
  if (rights.kind === 'token')
    return (rights.scope.projects.has(project.id) || rights.scope.projects.has('*')) && maySee(rights.account, project)
  return (
    rights.isAdmin ||
    rights.roles.has(project.id) ||
    rights.own?.has(project.id) === true ||
    rights.audits !== undefined
  )
}

/** Whether an account has the role projectAdmin in any project. */
export function isProjectAdmin(rights: Rights): boolean {
  return (
    rights.kind === 'user' &&
    !rights.isDisabled &&
    [...rights.roles.values()].some((held) => held.includes(roles.projectAdmin))
  )
}
