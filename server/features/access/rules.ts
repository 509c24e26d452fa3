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

/** What a personal token is limited to: `resource:action` on the system, and in projects by id, or in all (`*`). */
export type TokenScope = {
  system: ReadonlySet<string>
  projects: ReadonlyMap<number | '*', ReadonlySet<string>>
}
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
      roles: ReadonlyMap<number, readonly Role[]>
      /** It came by a personal token without a scope, with which nobody changes the account itself. */
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

/** A public project gives its public rights to everyone who is not disabled: anonymous, accounts and robots (B.2). */
export function mayInProject(rights: Rights, project: ProjectFacts, resource: ProjectResource, action: Verb): boolean {
  const wanted = `${resource}:${action}`
  if (rights.kind !== 'anonymous' && rights.isDisabled) return false
  if (project.isPublic && byRole.get('public')!.has(wanted)) return true
  switch (rights.kind) {
    case 'anonymous':
      return false
    case 'user':
      return rights.isAdmin || (rights.roles.get(project.id) ?? []).some((role) => byRole.get(role)!.has(wanted))
    case 'token':
      return (
        inScope(rights.scope, project.id, resource, action) && mayInProject(rights.account, project, resource, action)
      )
    case 'workload':
      return wholeParts(rights).some((held) => mayInProject(held, project, resource, action))
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

/** As mayInProject, below /v2, where some rights hold for some repositories of a project alone. */
export function mayInRepository(rights: Rights, project: ProjectFacts, repository: string, action: Verb): boolean {
  if (mayInProject(rights, project, 'repository', action)) return true
  return (
    rights.kind === 'workload' &&
    rights.parts.some(
      ({ rights: held, takes }) => takes?.(repository) && mayInProject(held, project, 'repository', action),
    )
  )
}

/** True when they may do this in every project, and so may know which projects do not exist. */
export function mayInEvery(rights: Rights, resource: ProjectResource, action: Verb): boolean {
  if (rights.kind === 'anonymous' || rights.isDisabled) return false
  if (rights.kind === 'user') return rights.isAdmin
  if (rights.kind === 'token') return rights.account.isAdmin && inScope(rights.scope, '*', resource, action)
  if (rights.kind === 'workload') return wholeParts(rights).some((held) => mayInEvery(held, resource, action))
  const held = rights.projectId === null ? rights.projects.get('*') : undefined
  return held !== undefined && holds(held, resource, action)
}

export function maySystem(rights: Rights, resource: SystemResource, action: Verb): boolean {
  if (rights.kind === 'anonymous' || rights.isDisabled) return false
  if (rights.kind === 'token') return rights.account.isAdmin && holds(rights.scope.system, resource, action)
  if (rights.kind === 'workload') return wholeParts(rights).some((held) => maySystem(held, resource, action))
  return rights.kind === 'user' ? rights.isAdmin : holds(rights.system, resource, action)
}

const inScope = ({ projects }: TokenScope, id: number | '*', resource: string, action: Verb): boolean =>
  [projects.get(id), projects.get('*')].some((held) => held !== undefined && holds(held, resource, action))

/** The projects of a token's scope in which its account has a role; 'all' for an administrator's `*`. */
export function projectsOfToken({ account, scope }: TokenRights): number[] | 'all' {
  const named = [...scope.projects.keys()].filter((one) => one !== '*')
  if (account.isAdmin) return scope.projects.has('*') ? 'all' : named
  return scope.projects.has('*') ? [...account.roles.keys()] : named.filter((id) => account.roles.has(id))
}

/** The projects that any part of a workload's rights names; 'all' as above. */
export function projectsOfWorkload(rights: Extract<Rights, { kind: 'workload' }>): number[] | 'all' {
  const each = wholeParts(rights).map(projectsOfToken)
  return each.includes('all') ? 'all' : [...new Set(each.flatMap((ids) => (ids === 'all' ? [] : ids)))]
}

/** A right to push includes the right to pull: a caller who may replace an image can read it anyway (B.2). */
function holds(held: ReadonlySet<string>, resource: string, action: Verb): boolean {
  if (held.has(`${resource}:${action}`) || held.has(`${resource}:*`)) return true
  return resource === 'repository' && action === 'pull' && held.has('repository:push')
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
  return rights.isAdmin || rights.roles.has(project.id)
}

const unique = (all: Permission[]) => [...new Map(all.map((one) => [`${one.resource}:${one.action}`, one])).values()]
/** Every permission that some role or robot can hold. */
export const holdable = {
  system: grantable.system as { resource: SystemResource; action: Verb }[],
  project: unique([...permissionsOf(roles.projectAdmin), ...grantable.project, ...permissionsOf('public')]) as {
    resource: ProjectResource
    action: Verb
  }[],
}

/** All that these rights allow in a project. The resource `project` itself is answered as '', as in Harbor. */
export function allInProject(rights: Rights, project: ProjectFacts): Permission[] {
  return holdable.project
    .filter(({ resource, action }) => mayInProject(rights, project, resource, action))
    .map(({ resource, action }) => ({ resource: resource === 'project' ? '' : resource, action }))
}

export function allInSystem(rights: Rights): Permission[] {
  return holdable.system.filter(({ resource, action }) => maySystem(rights, resource, action))
}

/** Whether an account has the role projectAdmin in any project. */
export function isProjectAdmin(rights: Rights): boolean {
  return (
    rights.kind === 'user' &&
    !rights.isDisabled &&
    [...rights.roles.values()].some((held) => held.includes(roles.projectAdmin))
  )
}
