import assert from 'node:assert/strict'
import { sql } from '../../platform/db/sql.ts'
import { create } from '../../testing/api.ts'
import { eventually, expectAnswer, type Answer, type Person } from '../../testing/http.ts'
import { openScene } from '../../testing/scene.ts'

export type Rule = Record<string, unknown>
type Execution = {
  id: number
  policy_id: number
  status: string
  status_message: string
  trigger: string
  dry_run: boolean
}

export const matches = (pattern: string, extras?: string) => [
  { kind: 'doublestar', decoration: 'matches', pattern, ...(extras === undefined ? {} : { extras }) },
]
export const repositories = (pattern = '**') => ({
  repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern }],
})

/** One of Harbor's rules, for all tags of all repositories. */
export const rule = (template: string, value?: number, more: Rule = {}): Rule => ({
  action: 'retain',
  template,
  ...(value === undefined ? {} : { params: { [template]: value } }),
  tag_selectors: matches('**'),
  scope_selectors: repositories(),
  ...more,
})

/** A policy of a project with Harbor's rules. */
export const policyOf = (ref: number, rules: Rule[], more: Rule = {}) => ({
  algorithm: 'or',
  rules,
  trigger: { kind: 'Schedule', settings: { cron: '' } },
  scope: { level: 'project', ref },
  ...more,
})

/** A policy whose rules are tried in order. */
export const ordered = (rules: object[], more: object = {}) => ({
  algorithm: 'ordered',
  ordered_rules: rules,
  trigger: { kind: 'Schedule', settings: { cron: '' } },
  ...more,
})
export const inProject = (ref: number) => ({ scope: { level: 'project', ref } })
export const keepsOnly = (pattern: string) => [{ action: 'keep', tags: [{ pattern }] }, { action: 'delete' }]

/** What the tests of retention share: a Marina, and the steps of a run. */
export async function openRetention() {
  const { marina, rest, cast } = await openScene()
  const { admin } = marina
  const { db } = marina.ground
  const ask = (method: string, path: string, body?: unknown, as: Person = admin): Promise<Answer> =>
    rest(method, path, as, body)
  const get = async <Body = Record<string, unknown>>(path: string): Promise<Body> =>
    expectAnswer(await ask('GET', path), 200).json() as Body

  /** Waits for the end of an execution. */
  const ended = (policy: number, id: number): Promise<Execution> =>
    eventually(async () => {
      const all = await get<Execution[]>(`/retentions/${policy}/executions?page_size=100`)
      const found = all.find((one) => one.id === id)
      assert.ok(found && ['Success', 'Error', 'Stopped'].includes(found.status), JSON.stringify(found))
      return found
    })

  return {
    marina,
    rest,
    cast,
    admin,
    db,
    ask,
    get,
    ended,
    /** Runs a policy and waits for its end. */
    run: async (policy: number, body: object = { dry_run: false }): Promise<Execution> =>
      ended(policy, await create(marina, `/retentions/${policy}/executions`, admin, body)),
    /** The tags of a repository, in their order. */
    async tagsOf(repository: string): Promise<string[]> {
      const rows = await db.rows<{ name: string }>(sql`
        select tag.name from tag join repository on repository.id = tag.repository_id
        where repository.name = ${repository} order by tag.name`)
      return rows.map(({ name }) => name)
    },
  }
}
