import { countStars, patternLimits, patternProblem } from '../../catalog/selector.ts'
import { isVisible } from '../../platform/visible.ts'
import { matcherOf } from '../access/index.ts'

const protectable = ['push', 'overwrite', 'delete'] as const
/** What a rule keeps to some: to make a tag, to move or push again one that is there, to delete one. */
export type Protected = (typeof protectable)[number]

/** Who may do it: by a role in the project, or as one of these robots. */
export type NewRule = {
  name: string
  repositories: string
  tags: string
  actions: Protected[]
  roleIds: number[]
  robotIds: number[]
  isDisabled: boolean
}
export type Rule = NewRule & { id: number }

/** The most rules of a project: each push evaluates all of them. */
export const rulesLimit = 100
/** The most roles, and robots, that a rule names. */
const mostNamed = 100

/** Why this is no rule; undefined when it is one. */
export function ruleProblem({ name, repositories, tags, actions, roleIds, robotIds }: NewRule): string | undefined {
  if (name.length < 1 || name.length > 64 || !isVisible(name))
    return 'a rule has a name of 1 to 64 characters, without invisible ones'
  if (actions.length === 0) return `actions are missing: some of ${protectable.join(', ')}`
  const strange = actions.find((one) => !protectable.includes(one))
  if (strange !== undefined) return `actions: there is no ${strange.slice(0, 40)}, only ${protectable.join(', ')}`
  if (roleIds.length > mostNamed || robotIds.length > mostNamed)
    return `a rule names at most ${mostNamed} roles and ${mostNamed} robots`
  return problemOf('repositories', repositories) ?? problemOf('tags', tags)
}

function problemOf(where: string, pattern: string): string | undefined {
  if (pattern === '' || pattern.length > patternLimits.length || pattern.includes('\0'))
    return `${where}: a pattern has 1 to ${patternLimits.length} characters`
  if (countStars([pattern]) > patternLimits.stars) return `${where}: a pattern has at most ${patternLimits.stars} stars`
  const problem = patternProblem(pattern)
  return problem === undefined ? undefined : `${where}: ${problem}`
}

/** Who wants to do something with a tag: the roles that they have for the repository, and the id of a robot. */
export type Doer = { roleIds: readonly number[]; robotId?: number }

export const isAllowed = ({ roleIds, robotIds }: Rule, doer: Doer): boolean =>
  doer.roleIds.some((id) => roleIds.includes(id)) || (doer.robotId !== undefined && robotIds.includes(doer.robotId))

/** Whether a rule is about this tag. `repository` is without the project. */
export const isAbout = ({ repositories, tags, isDisabled }: Rule, repository: string, tag: string): boolean =>
  !isDisabled && matcherOf(repositories)(repository) && matcherOf(tags)(tag)

/** The first rule that keeps the action with this tag from the doer. Every rule about a tag has to allow it. */
export const refusing = (
  rules: readonly Rule[],
  repository: string,
  tag: string,
  action: Protected,
  doer: Doer,
): Rule | undefined =>
  rules.find((rule) => rule.actions.includes(action) && isAbout(rule, repository, tag) && !isAllowed(rule, doer))
