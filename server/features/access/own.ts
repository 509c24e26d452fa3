import { compilePattern } from '../../platform/doublestar.ts'
import { openLru } from '../../platform/lru.ts'

/** Rights, as `resource:action`. */
type Held = ReadonlySet<string>
/** What bindings of roles give an account in a project: in all of it, with the ids of the roles, and in parts of it. */
export type OwnRights = { whole: Held; roleIds: readonly number[]; parts: readonly Part[] }
/** Rights in the repositories whose names, without the project, a doublestar pattern matches. */
type Part = { repositories: string; held: Held; roleId: number }

/** A right to push includes the right to pull: a caller who may replace an image can read it anyway (B.2). */
export function holds(held: Held, resource: string, action: string): boolean {
  if (held.has(`${resource}:${action}`) || held.has(`${resource}:*`)) return true
  return resource === 'repository' && action === 'pull' && held.has('repository:push')
}

/** Whether own rights allow this: in the whole project, or in the repository that is named. */
export function ownAllows(
  own: OwnRights | undefined,
  resource: string,
  action: string,
  repository: string | undefined,
): boolean {
  if (own === undefined) return false
  if (holds(own.whole, resource, action)) return true
  if (repository === undefined) return false
  return own.parts.some((part) => holds(part.held, resource, action) && matcherOf(part.repositories)(repository))
}

/** The patterns of the repositories in which own rights allow this. */
export const patternsAllowing = (own: OwnRights | undefined, resource: string, action: string): string[] =>
  (own?.parts ?? []).filter(({ held }) => holds(held, resource, action)).map(({ repositories }) => repositories)

/** The ids of the roles that bindings give for this repository. */
export const ownRolesFor = (own: OwnRights | undefined, repository: string): number[] =>
  own === undefined
    ? []
    : [
        ...own.roleIds,
        ...own.parts.filter((part) => matcherOf(part.repositories)(repository)).map(({ roleId }) => roleId),
      ]

/** Compiled patterns, since every pull of a holder asks. */
const compiled = openLru<string, (name: string) => boolean>(1000)

export function matcherOf(pattern: string): (name: string) => boolean {
  let known = compiled.get(pattern)
  if (!known) compiled.set(pattern, (known = compilePattern(pattern).matches))
  return known
}

/** A binding as the database has it. `permissions` of Harbor's roles are those that rules.ts gives them. */
export type Bound = { projectId: number; roleId: number; repositories: string; permissions: readonly string[] }

/** Bindings of one account by project. An account with a binding in a project sees that project, as members do. */
export function ownRightsOf(bindings: readonly Bound[]): ReadonlyMap<number, OwnRights> {
  const all = [...Map.groupBy(bindings, ({ projectId }) => projectId)]
  return new Map(
    all.map(([projectId, bound]) => {
      const isWhole = ({ repositories }: Bound) => repositories === ''
      const inAll = bound.filter(isWhole)
      const whole = new Set(['project:read', ...inAll.flatMap(({ permissions }) => permissions)])
      const parts = bound
        .filter((one) => !isWhole(one))
        .map(({ repositories, permissions, roleId }) => ({ repositories, held: new Set(permissions), roleId }))
      return [projectId, { whole, roleIds: inAll.map(({ roleId }) => roleId), parts }]
    }),
  )
}
