import type { Project } from '../../catalog/project.ts'
import {
  grantsPublicly,
  holds,
  matcherOf,
  mayInProject,
  patternsIn,
  type AccountRights,
  type ProjectResource,
  type Rights,
  type Verb,
} from '../access/index.ts'
import type { Source } from '../roles/index.ts'
import type { Because } from './sentences.ts'

/** A right that is asked about. `repository`: without the project; undefined asks about the whole project. */
export type Right = { resource: ProjectResource; action: Verb; repository: string | undefined }

/** One link of the chain by which somebody may do something; `token scope` and `disabled` only take away. */
export type Reason = Because & {
  kind:
    | 'administrator'
    | 'auditor'
    | 'role'
    | 'own role'
    | 'public project'
    | 'robot permission'
    | 'token scope'
    | 'disabled'
  roleId?: number
  roleName?: string
  groupName?: string
  repositories?: string
}

type Verdict = { isAllowed: boolean; onlyIn: string[]; because: Reason[] }

/**
 * Whether these rights allow it, by the very function that decides about requests, and each source of which one alone
 * would be enough. Without a repository, rights in parts of the project allow it in those.
 */
export function explain(rights: Rights, project: Project, right: Right, sources: readonly Source[]): Verdict {
  const { resource, action, repository } = right
  const isWhole = mayInProject(rights, project, resource, action, repository)
  const onlyIn = isWhole || repository !== undefined ? [] : patternsIn(rights, project.id, resource, action)
  return { isAllowed: isWhole || onlyIn.length > 0, onlyIn, because: reasonsFor(rights, project, right, sources) }
}

function reasonsFor(rights: Rights, project: Project, right: Right, sources: readonly Source[]): Reason[] {
  if (rights.kind !== 'anonymous' && rights.isDisabled)
    return [{ kind: 'disabled', code: 'disabled', parameters: { name: rights.name } }]
  const open = publicly(project, right)
  // What a trust rule gives to a token is told by a dry run of its own (features/workloads/examine.ts).
  if (rights.kind === 'anonymous' || rights.kind === 'workload') return open
  if (rights.kind === 'robot') return [...open, ...ofRobot(rights, project, right)]
  if (rights.kind === 'user') return [...open, ...ofAccount(rights, right, sources)]
  return [...open, ...ofAccount(rights.account, right, sources), ...ofScope(rights, project, right)]
}

const nameOf = ({ resource, action }: Right) => `${resource}:${action}`

function publicly(project: Project, right: Right): Reason[] {
  if (!project.isPublic || !grantsPublicly(right.resource, right.action)) return []
  return [{ kind: 'public project', code: 'public_project', parameters: { right: nameOf(right) } }]
}

function ofAccount({ isAdmin, audits }: AccountRights, right: Right, sources: readonly Source[]): Reason[] {
  const { resource, action } = right
  const reads = action === 'read' || action === 'list'
  const pulls = audits === 'pulling' && resource === 'repository' && action === 'pull'
  return [
    ...(isAdmin ? [{ kind: 'administrator', code: 'administrator', parameters: {} } as const] : []),
    ...(audits !== undefined && (reads || pulls)
      ? [{ kind: 'auditor', code: pulls ? 'auditor_pulls' : 'auditor_reads', parameters: {} } as const]
      : []),
    ...sources.filter((source) => gives(source, right)).map((source) => ofSource(source, right)),
  ]
}

function gives({ permissions, repositories }: Source, { resource, action, repository }: Right): boolean {
  if (!holds(permissions, resource, action)) return false
  return repositories === '' || repository === undefined || matcherOf(repositories)(repository)
}

function ofSource({ roleId, roleName, groupName, repositories }: Source, right: Right): Reason {
  const isHarbors = roleId !== undefined && roleId <= 5
  const within = repositories === '' ? {} : { repositories }
  const group = groupName === null ? {} : { group: groupName }
  return {
    kind: isHarbors ? 'role' : 'own role',
    code: 'role',
    parameters: { role: roleName, right: nameOf(right), ...group, ...within },
    ...(roleId === undefined ? {} : { roleId }),
    roleName,
    ...(groupName === null ? {} : { groupName }),
    ...within,
  }
}

function ofRobot(rights: Extract<Rights, { kind: 'robot' }>, project: Project, right: Right): Reason[] {
  const { resource, action } = right
  const isHeld = mayInProject(rights, { ...project, isPublic: false }, resource, action)
  return isHeld ? [{ kind: 'robot permission', code: 'robot_permission', parameters: { right: nameOf(right) } }] : []
}

function ofScope({ account, scope }: Extract<Rights, { kind: 'token' }>, project: Project, right: Right): Reason[] {
  const { resource, action, repository } = right
  const isInScope = [scope.projects.get(project.id), scope.projects.get('*')].some(
    (held) => held !== undefined && holds(held, resource, action),
  )
  if (isInScope || !mayInProject(account, project, resource, action, repository)) return []
  return [{ kind: 'token scope', code: 'token_scope', parameters: { right: nameOf(right) } }]
}
