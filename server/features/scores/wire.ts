import type { Static } from 'typebox'
import type * as api from '../../../api/scores.ts'
import { Failure } from '../../platform/http/failure.ts'
import { presets } from './presets.ts'
import {
  factorNames,
  nameTier,
  rulesProblem,
  scoreOf,
  type Factor,
  type FactorName,
  type Measured,
  type Rules,
} from './rules.ts'
import type { ScoredRepository, StoredRules, UsedRepository } from './store.ts'
import { checkTies } from './ties.ts'

/** The ids of a query's `project_ids`; undefined without one, [] when it is empty (S2-04). Throws BAD_REQUEST. */
export function parseProjectIds(text: string | undefined): number[] | undefined {
  if (text === undefined) return undefined
  const ids = text === '' ? [] : text.split(',').map(Number)
  if (ids.length > 1000) throw new Failure('BAD_REQUEST', 'project_ids has at most 1000 ids')
  return ids
}

/** Rules of a body or query: a preset or factors of its own; undefined when it has neither. Throws BAD_REQUEST. */
export function parseRules({ preset, factors }: Static<typeof api.ScoreRulesReq>): StoredRules | undefined {
  if (preset !== undefined && factors !== undefined)
    throw new Failure('BAD_REQUEST', 'preset and factors exclude each other: send one of them')
  if (preset !== undefined) return { preset, rules: presets[preset] }
  if (factors === undefined) return undefined
  const rules = Object.fromEntries(factorNames.map((name) => [name, parseFactor(factors[name])])) as Rules
  const problem = rulesProblem(rules)
  if (problem !== undefined) throw new Failure('BAD_REQUEST', problem)
  return { preset: 'custom', rules }
}

const parseFactor = ({ weight, tiers, beyond }: Static<typeof api.ScoreFactor>): Factor => ({
  weight,
  beyond,
  tiers: tiers.map(({ from, below = null, multiplier }) => ({ from, below, multiplier })),
})

export function presentRules({ preset, rules }: StoredRules): Static<typeof api.ScoreRules> {
  const factors = Object.fromEntries(factorNames.map((name) => [name, presentFactor(rules[name])])) as Static<
    typeof api.ScoreFactors
  >
  return { preset, factors, ...checkTies(rules) }
}

const presentFactor = ({ weight, tiers, beyond }: Factor): Static<typeof api.ScoreFactor> => ({
  weight,
  tiers: tiers.map(({ from, below, multiplier }) => ({ from, ...(below === null ? {} : { below }), multiplier })),
  beyond,
})

export function presentUsed(one: UsedRepository): Static<typeof api.UsedRepository> {
  return {
    id: one.id,
    project_id: one.projectId,
    name: one.name,
    description: one.description,
    pull_count: one.pulls,
    star_count: 0,
    tags_count: one.tags,
    creation_time: one.createdAt.toISOString(),
    update_time: one.updatedAt.toISOString(),
    ...(one.pulledAt ? { last_pull_time: one.pulledAt.toISOString() } : {}),
    ...(one.pushedAt ? { last_push_time: one.pushedAt.toISOString() } : {}),
  }
}

/** `running`: that a cluster runs something of it, and where, if the caller may know that. */
export function presentScored(
  rules: Rules,
  one: ScoredRepository,
  running?: { places?: string | undefined },
): Static<typeof api.ScoredRepository> {
  return {
    ...presentUsed(one),
    score: one.score,
    ...(running && { running: true, ...(running.places === undefined ? {} : { running_in: running.places }) }),
    factors: presentShares(rules, one.measured),
  }
}

/** For callers that may know where a repository runs: those who may delete it. */
export function runningIn(places: ReadonlyMap<number, string>, { id }: ScoredRepository) {
  const found = places.get(id)
  return found === undefined ? undefined : { places: found }
}

type Shares = Static<typeof api.ScoredRepository>['factors']

/** Factors without a weight are left out. */
function presentShares(rules: Rules, measured: Measured): Shares {
  const { shares } = scoreOf(rules, measured)
  const counting = factorNames.filter((name) => rules[name].weight > 0)
  const shown = (name: FactorName) => {
    const { tier, multiplier, share } = shares[name]
    return { value: measured[name], tier: nameTier(tier), weight: rules[name].weight, multiplier, share }
  }
  return Object.fromEntries(counting.map((name) => [name, shown(name)]))
}
