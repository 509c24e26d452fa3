import type { Queryable } from '../../platform/db/db.ts'
import type { Rules } from './rules.ts'
import { scopeRunning, type Scope } from './scope.ts'
import { listScored, type ScoredRepository } from './store.ts'

/** `rows`: to be deleted. `running`: those that would stand among them, and stay as a cluster runs them. */
type Lowest = { rows: ScoredRepository[]; running: ScoredRepository[] }

/** The most repositories that are named as running. */
const mostRunning = 100

/** The `count` repositories with the lowest scores of which no cluster runs anything. */
export async function listLowest(db: Queryable, scope: Scope, rules: Rules, count: number): Promise<Lowest> {
  const { rows } = await listScored(db, scopeRunning(scope, false), rules, { limit: count, offset: 0 })
  const runs = await listScored(db, scopeRunning(scope, true), rules, { limit: mostRunning, offset: 0 })
  const last = rows.length < count ? undefined : rows.at(-1)
  return { rows, running: last ? runs.rows.filter((one) => isLower(one, last)) : runs.rows }
}

/** The order of `listScored`. */
function isLower(a: ScoredRepository, b: ScoredRepository): boolean {
  const [pulledA, pulledB] = [a, b].map(({ pulledAt }) => pulledAt?.getTime() ?? -Infinity) as [number, number]
  if (a.score !== b.score) return a.score < b.score
  if (pulledA !== pulledB) return pulledA < pulledB
  return a.pulls === b.pulls ? a.name < b.name : a.pulls < b.pulls
}
