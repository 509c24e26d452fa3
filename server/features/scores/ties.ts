import { factorNames, nameTier, productOf, type Factor, type FactorName, type Rules, type Tier } from './rules.ts'

/** One way to reach a score: the tier of each factor that has a weight. */
type Combination = Partial<Record<FactorName, string>>
/** A score in hundredths that several combinations reach. */
type Tie = { score: number; combinations: Combination[] }
/** `combinations`: how many there are; `scores`: how many different scores they reach, from lowest to highest. */
type Check = { combinations: number; scores: number; lowest: number; highest: number; ties: Tie[] }

/** Finds scores that combinations of tiers share, so that repositories in them cannot be told apart (S2-21). */
export function checkTies(rules: Rules): Check {
  const all = combine(rules)
  const byScore = Map.groupBy(all, ({ score }) => score)
  const scores = [...byScore.keys()].toSorted((a, b) => a - b)
  const ties = scores.flatMap((score) => {
    const reached = byScore.get(score)!
    return reached.length > 1 ? [{ score, combinations: reached.map(({ tiers }) => tiers) }] : []
  })
  return { combinations: all.length, scores: scores.length, lowest: scores[0]!, highest: scores.at(-1)!, ties }
}

type Reached = { score: number; tiers: Combination }

/** Every choice of one tier for each factor with a weight: at most 11 tiers of four factors. */
function combine(rules: Rules): Reached[] {
  const counting = factorNames.filter((name) => rules[name].weight > 0)
  return counting.reduce<Reached[]>(
    (all, name) =>
      all.flatMap(({ score, tiers }) =>
        tiersOf(rules[name]).map((tier) => ({
          score: score + productOf(rules[name].weight, tier?.multiplier ?? rules[name].beyond),
          tiers: { ...tiers, [name]: nameTier(tier) },
        })),
      ),
    [{ score: 0, tiers: {} }],
  )
}

/** The tiers, and undefined when values from 0 on are left that are in none of them. */
function tiersOf({ tiers }: Factor): (Tier | undefined)[] {
  let covered: number | null = 0
  for (const { from, below } of tiers.toSorted((a, b) => a.from - b.from)) {
    if (covered === null || from > covered) break
    covered = below
  }
  return covered === null ? [...tiers] : [...tiers, undefined]
}
