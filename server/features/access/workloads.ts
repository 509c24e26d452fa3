import type { Reader } from '../../catalog/reader.ts'
import { keyOf } from '../../platform/cache/keys.ts'
import { sql } from '../../platform/db/sql.ts'
import { compilePattern } from '../../platform/doublestar.ts'
import { andThen, type Maybe } from '../../platform/maybe.ts'
import type { Caller, TrustedBy } from '../../registry/caller.ts'
import type { Rights, StoredScope, TokenRights, TrustedRights } from './rules.ts'

/** What a trust rule gives, and to which version of it. */
export const workloadRightsKey = keyOf('workload_rights', 'rule_id')

/** What a scope and the account of its maker allow both. */
type HeldByMaker = (makerId: number, scope: StoredScope) => Maybe<TokenRights | undefined>

type Kept = {
  version: number
  isDisabled: boolean
  /** The account that saved the rule last; null once it is deleted. */
  makerId: number | null
  scope: StoredScope
  takes: TrustedRights['takes'] | undefined
  size: number
}

/**
 * The rights of a workload: of each trust rule that took its token, as long as the rule is the same, what both the rule
 * and its maker's account allow. Undefined when nothing is left, or the time is over.
 */
export function findWorkloadRights(
  reader: Reader,
  { id, name, rules, until }: Extract<Caller, { kind: 'workload' }>,
  held: HeldByMaker,
): Maybe<Rights | undefined> {
  if (until * 1000 <= Date.now()) return undefined
  return andThen(findParts({ reader, held }, rules, 0), (parts) =>
    parts.length === 0 ? undefined : { kind: 'workload', id, name, isDisabled: false, parts },
  )
}

type Lent = { reader: Reader; held: HeldByMaker }

/** Without a promise where the cache holds everything, which is why this is no loop with await. */
function findParts(lent: Lent, rules: readonly TrustedBy[], at: number): Maybe<TrustedRights[]> {
  const rule = rules[at]
  if (!rule) return []
  return andThen(findPart(lent, rule), (part) =>
    andThen(findParts(lent, rules, at + 1), (others) => (part ? [part, ...others] : others)),
  )
}

function findPart({ reader, held }: Lent, [ruleId, version]: TrustedBy): Maybe<TrustedRights | undefined> {
  return andThen(findRule(reader, ruleId), (rule) => {
    if (!rule || rule.version !== version || rule.isDisabled || rule.makerId === null) return undefined
    const { takes } = rule
    return andThen(held(rule.makerId, rule.scope), (rights) => rights && (takes ? { rights, takes } : { rights }))
  })
}

/** From the cache, since every request of a workload asks. */
function findRule({ db, cache }: Reader, id: number): Maybe<Kept | undefined> {
  type Row = Omit<Kept, 'takes' | 'size'> & { repositories: string[] }
  const load = async (): Promise<Kept | undefined> => {
    const row = await db.row<Row>(sql`
      select version, is_disabled as "isDisabled", maker_id as "makerId", scope, repositories
      from workload_rule where id = ${id}`)
    if (!row) return undefined
    const { repositories, ...rule } = row
    return { ...rule, takes: takesAny(repositories), size: JSON.stringify(row).length }
  }
  return cache.get(workloadRightsKey(id), load, ({ size }) => 300 + size * 10)
}

/** Undefined for no pattern, which means every repository. */
function takesAny(patterns: string[]): TrustedRights['takes'] | undefined {
  if (patterns.length === 0) return undefined
  const compiled = patterns.map(compilePattern)
  return (repository) => compiled.some((pattern) => pattern.matches(repository))
}
