import type { Action } from '../../registry/caller.ts'

/** Project roles by Harbor's ids. */
export const roles = { projectAdmin: 1, developer: 2, guest: 3, maintainer: 4, limitedGuest: 5 } as const
export type Role = (typeof roles)[keyof typeof roles]

/** What each role may do to a repository by way of /v2 (security.md B.1, row "repository"). */
const repositoryActions: Record<Role, readonly Action[]> = {
  [roles.projectAdmin]: ['pull', 'push', 'delete'],
  [roles.maintainer]: ['pull', 'push', 'delete'],
  [roles.developer]: ['pull', 'push'],
  [roles.guest]: ['pull'],
  [roles.limitedGuest]: ['pull'],
}

/** Anyone, signed in or not, may pull from a public project. */
export function mayAnyone(isPublic: boolean, action: Action): boolean {
  return isPublic && action === 'pull'
}

export function mayRole(role: Role | undefined, action: Action): boolean {
  return role !== undefined && repositoryActions[role].includes(action)
}
