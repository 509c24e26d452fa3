/**
 * Why somebody may do something or not, as a code with its parameters: what a client shows in its reader's language.
 * `right` is `resource:action`. Codes are never renamed, as clients know them.
 */
export type Because = { [Code in keyof Named]: { code: Code; parameters: Named[Code] } }[keyof Named]

/** What each sentence names. */
type Named = {
  disabled: { name: string }
  public_project: { right: string }
  robot_permission: { right: string }
  token_scope: { right: string }
  administrator: Record<string, never>
  auditor_reads: Record<string, never>
  auditor_pulls: Record<string, never>
  role: { role: string; right: string; group?: string; repositories?: string }
  tag_rule: { tags: string; repositories: string; only: string; actions: string }
}

const sentences: { [Code in keyof Named]: (named: Named[Code]) => string } = {
  disabled: ({ name }) => `${name} is disabled or has expired, and may do nothing`,
  public_project: ({ right }) => `the project is public, which gives everybody ${right}`,
  robot_permission: ({ right }) => `the robot has ${right} here`,
  token_scope: ({ right }) => `the token is not for ${right}, whatever its account may do`,
  administrator: () => 'an administrator of the system may do everything',
  auditor_reads: () => 'an auditor of the system reads everything',
  auditor_pulls: () => 'an auditor of the system who may pull',
  role: ({ role, right, group, repositories }) => {
    const through = group === undefined ? '' : ` through the group ${group}`
    return `the role ${role}${through} gives ${right}${repositories === undefined ? '' : ` in repositories ${repositories}`}`
  },
  tag_rule: ({ tags, repositories, only, actions }) => {
    const who = only === '' ? 'nobody may' : `only ${only} may`
    return `tags ${tags} of repositories ${repositories}: ${who} ${actions.split(', ').join(' and ')} them`
  },
}

/** The same as a sentence in English. */
export const sentenceOf = ({ code, parameters }: Because): string =>
  (sentences[code] as (of: Because['parameters']) => string)(parameters)
