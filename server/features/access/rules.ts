import { holds, ownAllows, ownRolesFor, patternsAllowing, type OwnRights } from './own.ts'

/** Project roles by Harbor's ids. */
export const roles = { projectAdmin: 1, developer: 2, guest: 3, maintainer: 4, limitedGuest: 5 } as const
export type Role = (typeof roles)[keyof typeof roles]
export const roleNames: Record<Role, string> = {
  1: 'projectAdmin',
  2: 'developer',
  3: 'guest',
  4: 'maintainer',
  5: 'limitedGuest',
}

export type Verb = 'create' | 'read' | 'update' | 'delete' | 'list' | 'operate' | 'stop' | 'pull' | 'push'
export type Permission = { resource: string; action: Verb }

const letters: Record<string, Verb> = { C: 'create', R: 'read', U: 'update', D: 'delete', L: 'list' }
const words: Record<string, Verb> = { op: 'operate', stop: 'stop', pull: 'pull', push: 'push' }

/** `CRUDL pull` → create, read, update, delete, list, pull. */
function verbs(text: string): Verb[] {
  return text
    .split(' ')
    .filter((part) => part !== '')
    .flatMap((part) => (words[part] ? [words[part]] : part.split('').map((letter) => letters[letter]!)))
}

/**
 * Rights by resource inside a project (B.1). The columns: projectAdmin, maintainer, developer, guest, limited guest,
 * anyone on a public project.
 */
const projectTable = {
  project: ['RUD', 'R', 'R', 'R', 'R', 'R'],
  member: ['CRUDL', 'RL', 'RL', 'RL', '', ''],
  metadata: ['CRUD', 'R', '', '', '', ''],
  log: ['L', '', '', '', '', ''],
  label: ['CRUDL', 'CRUDL', 'RL', 'RL', '', 'RL'],
  quota: ['R', 'R', 'R', 'R', 'R', ''],
  repository: ['CRUDL pull push', 'CRUDL pull push', 'CRUL pull push', 'RL pull', 'RL pull', 'L pull'],
  artifact: ['CRDL', 'CRDL', 'CRL', 'RL', 'RL', 'RL'],
  'artifact-addition': ['R', 'R', 'R', 'R', 'R', 'R'],
  'artifact-label': ['CD', 'CD', 'CD', '', '', ''],
  tag: ['CDL', 'CDL', 'CL', 'L', 'L', 'L'],
  accessory: ['L', 'L', 'L', 'L', 'L', 'L'],
  'tag-retention': ['CRUDL op', 'CRUDL op', 'CRUDL op', '', '', ''],
  'immutable-tag': ['CUDL', 'CUDL', '', '', '', ''],
  configuration: ['RU', 'R', 'R', 'R', 'R', ''],
  robot: ['CRUDL', 'RL', 'RL', 'RL', '', ''],
  'notification-policy': ['CRUDL', 'RL', '', '', '', ''],
  scan: ['CR stop', 'CR stop', 'R', 'R', 'R', 'R'],
  sbom: ['CR stop', 'CR stop', 'R', 'R', 'R', ''],
  scanner: ['CR', 'R', 'R', 'R', 'R', 'R'],
  'preheat-policy': ['CRUDL', '', '', '', '', ''],
  'export-cve': ['CRL', 'CRL', 'CRL', '', '', ''],
} as const
export type ProjectResource = keyof typeof projectTable

/** What a robot can be given in a project (B.4). */
const projectGrantable: Partial<Record<ProjectResource, string>> = {
  log: 'L',
  project: 'RUD',
  metadata: 'CRUDL',
  repository: 'RUDL pull push',
  artifact: 'CRDL',
  scan: 'CR stop',
  sbom: 'CR stop',
  tag: 'CDL',
  accessory: 'L',
  'artifact-addition': 'R',
  'artifact-label': 'CD',
  scanner: 'CR',
  'preheat-policy': 'CRUDL',
  'immutable-tag': 'CUDL',
  'notification-policy': 'CRUDL',
  'tag-retention': 'CRUDL',
  label: 'CRUDL',
  quota: 'R',
  robot: 'CRDL',
  'export-cve': 'CR',
  member: 'CRUDL',
}

/** What a robot can be given system-wide (B.3); everything here is also what a system administrator may do. */
const systemGrantable = {
  'audit-log': 'L',
  'preheat-instance': 'CRUDL',
  project: 'CL',
  'replication-policy': 'CRUDL',
  replication: 'CRL',
  'replication-adapter': 'L',
  registry: 'CRUDL',
  'scan-all': 'CRU stop',
  'system-volumes': 'R',
  'garbage-collection': 'CRUL stop',
  'purge-audit': 'CRUL stop',
  'jobservice-monitor': 'L stop',
  scanner: 'CRUDL',
  label: 'CRUD',
  'security-hub': 'RL',
  catalog: 'R',
  quota: 'RUL',
  robot: 'CRDL',
  user: 'CRUDL',
  'ldap-user': 'CL',
  'user-group': 'CRUDL',
} as const
export type SystemResource = keyof typeof systemGrantable | 'configuration'

const list = (table: Readonly<Partial<Record<string, string>>>): Permission[] =>
  Object.entries(table).flatMap(([resource, text]) => verbs(text ?? '').map((action) => ({ resource, action })))
export const grantable = { system: list(systemGrantable), project: list(projectGrantable) }

const columns: Role[] = [1, 4, 2, 3, 5]
/** `resource:action` held by each role, and by anyone on a public project. */
const byRole = new Map<Role | 'public', Set<string>>(
  [...columns, 'public' as const].map((role, index) => [role, new Set(heldIn(index))]),
)

function heldIn(column: number): string[] {
  return Object.entries(projectTable).flatMap(([resource, row]) =>
    verbs(row[column]!).map((action) => `${resource}:${action}`),
  )
}

export function permissionsOf(role: Role | 'public'): Permission[] {
  return [...byRole.get(role)!].map((text) => ({
    resource: text.slice(0, text.indexOf(':')),
    action: text.slice(text.indexOf(':') + 1) as Verb,
  }))
}

/** Whether a public project gives this to everybody. */
export const grantsPublicly = (resource: ProjectResource, action: Verb): boolean =>
  byRole.get('public')!.has(`${resource}:${action}`)

/** The same as texts, which all holders of the role share. */
export const heldBy = (role: Role): ReadonlySet<string> => byRole.get(role)!

/** What a personal token is limited to: `resource:action` on the system, and in projects by id, or in all (`*`). */
export type TokenScope = {
  system: ReadonlySet<string>
  projects: ReadonlyMap<number | '*', ReadonlySet<string>>
}
/** What the provider of an account last said of it, and when, in ms since 1970. */
export type OutsideState = { provider: string; confirmedAt: number; isGone: boolean }

/** A scope as JSON holds it: projects by their ids, or `*`. */
export type StoredScope = { system: string[]; projects: Record<string, string[]> }

export type AccountRights = Extract<Rights, { kind: 'user' }>
export type TokenRights = Extract<Rights, { kind: 'token' }>

/**
 * What one trust rule gives to a workload: what both the rule and its maker allow. With `takes`, which is given the
 * name of a repository without its project, it is pull, push and delete of those repositories below /v2, and no more.
 */
export type TrustedRights = { rights: TokenRights; takes?: (repository: string) => boolean }

/** All that decides what somebody may do. A token with a scope may do what both its scope and its account allow. */
export type Rights =
  | { kind: 'anonymous' }
  | {
      kind: 'user'
      id: number
      name: string
      isAdmin: boolean
      isDisabled: boolean
      /** Harbor's roles, by memberships, in projects by id. */
      roles: ReadonlyMap<number, readonly Role[]>
      /** Set for an account that another system vouches for. */
      outside?: OutsideState
      /** What bindings of roles give, in projects by id. */
      own?: ReadonlyMap<number, OwnRights>
      /** An auditor reads all that an administrator reads; one of this kind may pull as well. */
      audits?: 'reading' | 'pulling'
      /** It came by a personal token without a scope, or by a certificate: nobody changes the account itself so. */
      byToken?: true
    }
  | { kind: 'token'; id: number; name: string; isDisabled: boolean; account: AccountRights; scope: TokenScope }
  | { kind: 'workload'; id: number; name: string; isDisabled: false; parts: readonly TrustedRights[] }
  | {
      kind: 'robot'
      id: number
      name: string
      projectId: number | null
      isDisabled: boolean
      system: ReadonlySet<string>
      projects: ReadonlyMap<string, ReadonlySet<string>>
    }

export type ProjectFacts = { id: number; name: string; isPublic: boolean }

/**
 * A public project gives its public rights to everyone who is not disabled: anonymous, accounts and robots (B.2).
 * `repository`: the name, without the project, of the repository that is meant; without it, rights in parts of the
 * project do not count.
 */
export function mayInProject(
  rights: Rights,
  project: ProjectFacts,
  resource: ProjectResource,
  action: Verb,
  repository?: string,
): boolean {
  const wanted = `${resource}:${action}`
  if (rights.kind !== 'anonymous' && rights.isDisabled) return false
  if (project.isPublic && byRole.get('public')!.has(wanted)) return true
  switch (rights.kind) {
    case 'anonymous':
      return false
    case 'user':
      return (
        rights.isAdmin ||
        (rights.roles.get(project.id) ?? []).some((role) => byRole.get(role)!.has(wanted)) ||
        ownAllows(rights.own?.get(project.id), resource, action, repository) ||
        auditAllows(rights, resource, action)
      )
    case 'token':
      return (
        inScope(rights.scope, project.id, resource, action) &&
        mayInProject(rights.account, project, resource, action, repository)
      )
    case 'workload':
      return wholeParts(rights).some((held) => mayInProject(held, project, resource, action, repository))
    case 'robot':
      // A project made again under an old name is another project (H30).
      if (rights.projectId !== null && rights.projectId !== project.id) return false
      return [rights.projects.get(project.name), rights.projectId === null ? rights.projects.get('*') : undefined].some(
        (held) => held !== undefined && holds(held, resource, action),
      )
  }
}

/** The parts of a workload's rights that hold in the API as well. */
export const wholeParts = ({ parts }: Extract<Rights, { kind: 'workload' }>): TokenRights[] =>
  parts.flatMap(({ rights, takes }) => (takes ? [] : [rights]))

/** As mayInProject, below /v2, where trust rules give rights in some repositories of a project alone. */
export function mayInRepository(rights: Rights, project: ProjectFacts, repository: string, action: Verb): boolean {
  if (mayInProject(rights, project, 'repository', action, repository)) return true
  return (
    rights.kind === 'workload' &&
    rights.parts.some(
      ({ rights: held, takes }) => takes?.(repository) && mayInProject(held, project, 'repository', action, repository),
    )
  )
}

/** An auditor reads everything, and pulls only where that was said. */
function auditAllows({ audits }: AccountRights, resource: string, action: Verb): boolean {
  if (audits === undefined) return false
  return (
    action === 'read' || action === 'list' || (audits === 'pulling' && resource === 'repository' && action === 'pull')
  )
}

/** The patterns of the repositories in which they may do this, where they may not in the whole project. */
export function patternsIn(rights: Rights, projectId: number, resource: ProjectResource, action: Verb): string[] {
  if (rights.kind === 'token')
    return inScope(rights.scope, projectId, resource, action)
      ? patternsIn(rights.account, projectId, resource, action)
      : []
  if (rights.kind === 'workload')
    return wholeParts(rights).flatMap((held) => patternsIn(held, projectId, resource, action))
  if (rights.kind !== 'user' || rights.isDisabled) return []
  return patternsAllowing(rights.own?.get(projectId), resource, action)
}

/** The ids of the roles that an account has for a repository, Harbor's and those of one's own. */
export const rolesFor = (rights: AccountRights, projectId: number, repository: string): number[] => [
  ...(rights.roles.get(projectId) ?? []),
  ...ownRolesFor(rights.own?.get(projectId), repository),
]

/** True when they may do this in every project, and so may know which projects do not exist. */
export function mayInEvery(rights: Rights, resource: ProjectResource, action: Verb): boolean {
  if (rights.kind === 'anonymous' || rights.isDisabled) return false
  if (rights.kind === 'user') return rights.isAdmin || auditAllows(rights, resource, action)
  if (rights.kind === 'token')
    return mayInEvery(rights.account, resource, action) && inScope(rights.scope, '*', resource, action)
  if (rights.kind === 'workload') return wholeParts(rights).some((held) => mayInEvery(held, resource, action))
  const held = rights.projectId === null ? rights.projects.get('*') : undefined
  return held !== undefined && holds(held, resource, action)
}

export function maySystem(rights: Rights, resource: SystemResource, action: Verb): boolean {
  if (rights.kind === 'anonymous' || rights.isDisabled) return false
  if (rights.kind === 'token')
    return maySystem(rights.account, resource, action) && holds(rights.scope.system, resource, action)
  if (rights.kind === 'workload') return wholeParts(rights).some((held) => maySystem(held, resource, action))
  if (rights.kind === 'robot') return holds(rights.system, resource, action)
  return rights.isAdmin || auditAllows(rights, resource, action)
}

const inScope = ({ projects }: TokenScope, id: number | '*', resource: string, action: Verb): boolean =>
  [projects.get(id), projects.get('*')].some((held) => held !== undefined && holds(held, resource, action))
