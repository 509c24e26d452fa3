import { countStars, patternLimits, patternProblem } from '../../catalog/selector.ts'
import { holdable } from '../access/index.ts'

/** A role of one's own as a client wants it; fields left out stay as they are. */
export type RoleChange = { name?: string; description?: string; permissions?: string[] }
export type NewRole = Required<RoleChange>

/** The most roles for every project, and of one project. */
export const rolesLimit = 100
/** The most bindings of a project. */
export const bindingsLimit = 1000

const known: ReadonlySet<string> = new Set(holdable.project.map(({ resource, action }) => `${resource}:${action}`))

/** Resources of a repository: what a binding with a pattern can give. The others belong to a project as a whole. */
const ofRepositories: readonly string[] = [
  'repository',
  'artifact',
  'artifact-addition',
  'artifact-label',
  'tag',
  'accessory',
  'scan',
  'sbom',
]

/** Why the fields that are given are no role; undefined when they are fine. */
export function roleProblem({ name, description, permissions }: RoleChange): string | undefined {
  if (name !== undefined && !/^[A-Za-z0-9](?:[A-Za-z0-9 _.-]{0,62}[A-Za-z0-9])?$/.test(name))
    return 'a role has a name of 1 to 64 letters, digits, spaces, _ . and -, with a letter or digit at both ends'
  if (description !== undefined && (description.length > 1024 || description.includes('\0')))
    return 'a description has at most 1024 characters'
  if (permissions === undefined) return undefined
  if (permissions.length === 0) return 'a role needs permissions, such as repository and pull'
  const strange = permissions.find((one) => !known.has(one))
  return strange === undefined
    ? undefined
    : `there is no permission ${strange.slice(0, 80)}: GET /api/v2.0/roles shows those that projectAdmin has`
}

/** Why the pattern cannot bound a binding of these permissions; undefined when it can. */
export function boundProblem(pattern: string, permissions: readonly string[]): string | undefined {
  if (pattern === '') return undefined
  if (pattern.length > patternLimits.length || pattern.includes('\0'))
    return `repositories: a pattern has 1 to ${patternLimits.length} characters`
  if (countStars([pattern]) > patternLimits.stars)
    return `repositories: a pattern has at most ${patternLimits.stars} stars`
  const problem = patternProblem(pattern)
  if (problem !== undefined) return `repositories: ${problem}`
  const isUseful = permissions.some((one) => ofRepositories.includes(one.slice(0, one.indexOf(':'))))
  return isUseful
    ? undefined
    : `this role gives nothing in single repositories: bind it to the whole project (${ofRepositories.join(', ')} ` +
        'are resources of a repository)'
}
