import { grantable, type Rights } from '../access/index.ts'

/** One right in one place. `namespace`: a project's name or `*` for kind project, `/` for kind system. */
export type Grant = { kind: 'system' | 'project'; namespace: string; resource: string; action: string }
export type Level = 'system' | 'project'

/** 100 years, in days. */
const longestDuration = 36_500
const nameForm = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/

type Block = { kind?: string; namespace?: string; access?: { resource?: string; action?: string; effect?: string }[] }

export function robotNameProblem(name: string): string | undefined {
  return name.length > 255 || !nameForm.test(name)
    ? 'a robot name must have at most 255 characters: lower-case letters and digits, with single . _ - between them'
    : undefined
}

export function durationProblem(days: number): string | undefined {
  return days === -1 || (days > 0 && days <= longestDuration)
    ? undefined
    : `duration must be -1 (for ever) or 1 to ${longestDuration} days`
}

/** The rights that a request names, or the text of what is wrong with it (B.4, H33). */
export function parseGrants(level: Level, blocks: Block[]): Grant[] | string {
  if (blocks.length === 0) return 'permissions are missing'
  if (level === 'project' && (blocks.length !== 1 || blocks[0]!.kind !== 'project' || blocks[0]!.namespace === '*'))
    return 'a robot of a project needs exactly one permission, of kind project and with the name of its project'
  const grants: Grant[] = []
  for (const { kind, namespace = '', access = [] } of blocks) {
    if (kind !== 'system' && kind !== 'project') return 'the kind of a permission must be system or project'
    if (kind === 'system' ? namespace !== '/' : !isProjectSpace(namespace))
      return 'the namespace of a permission must be / for kind system, a project name or * for kind project'
    if (access.length === 0) return 'a permission needs access'
    for (const { resource = '', action = '', effect = 'allow' } of access) {
      if (effect !== 'allow' && effect !== '') return 'the effect of an access must be allow'
      if (!grantable[kind].some((one) => one.resource === resource && one.action === action))
        return `a robot cannot be given ${kind} permission ${resource}:${action}`
      grants.push({ kind, namespace, resource, action })
    }
  }
  return grants
}

const isProjectSpace = (namespace: string) => namespace === '*' || (namespace.length <= 255 && nameForm.test(namespace))

/** The rights among the grants that the granting robot does not have itself (B.2). */
export function grantsBeyond(rights: Extract<Rights, { kind: 'robot' }>, grants: Grant[]): Grant[] {
  return grants.filter(({ kind, namespace, resource, action }) => {
    const places =
      kind === 'system'
        ? [rights.system]
        : [rights.projects.get(namespace), rights.projectId === null ? rights.projects.get('*') : undefined]
    return !places.some((held) => held?.has(`${resource}:${action}`))
  })
}
