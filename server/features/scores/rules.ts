/**
 * How a repository is scored: each factor has a weight, and tiers that say how much of the weight a value earns. All
 * arithmetic is in whole hundredths, so that equal scores are equal: 0.45 + 0.30 + 0.08 is not 0.83 in floating point
 * (S2-18).
 */

/**
 * What is measured of a repository, all as whole numbers: days since its last pull, pulls, tags, days since it was
 * created. Marina has no stars, so that the stars of the design notes are no factor (S2-09).
 */
export const factorNames = ['last_pull_days', 'pull_count', 'tags_count', 'age_days'] as const
export type FactorName = (typeof factorNames)[number]
export type Measured = Readonly<Record<FactorName, number>>

/** Values from `from` to less than `below` (null: without an end) earn `multiplier` hundredths of the weight. */
export type Tier = { from: number; below: number | null; multiplier: number }
/** `weight` in hundredths. `beyond`: the multiplier, in hundredths, of values that are in no tier. */
export type Factor = { weight: number; tiers: readonly Tier[]; beyond: number }
export type Rules = Readonly<Record<FactorName, Factor>>

/** The tier undefined: the value is in none. `share` and `multiplier` in hundredths. */
type Share = { tier: Tier | undefined; multiplier: number; share: number }
type Score = { score: number; shares: Record<FactorName, Share> }

/** The score in hundredths: the sum of what each factor earns (S2-12). Low means that nobody uses it. */
export function scoreOf(rules: Rules, measured: Measured): Score {
  const shares = Object.fromEntries(
    factorNames.map((name) => [name, shareOf(rules[name], measured[name])]),
  ) as Score['shares']
  return { score: factorNames.reduce((sum, name) => sum + shares[name].share, 0), shares }
}

function shareOf(factor: Factor, value: number): Share {
  const tier = factor.tiers.find(({ from, below }) => value >= from && (below === null || value < below))
  const multiplier = tier?.multiplier ?? factor.beyond
  return { tier, multiplier, share: productOf(factor.weight, multiplier) }
}

/** Hundredths of hundredths as hundredths; whole for rules without a problem. */
export const productOf = (weight: number, multiplier: number): number => (weight * multiplier) / 100

/** What is wrong with rules, in one sentence that names the factor; undefined when they can be used. */
export function rulesProblem(rules: Rules): string | undefined {
  const sum = factorNames.reduce((total, name) => total + rules[name].weight, 0)
  if (sum > 100) return `the weights add up to ${sum} hundredths: at most 100`
  if (sum === 0) return 'all weights are 0: give one of the factors a weight'
  return factorNames.map((name) => factorProblem(name, rules[name])).find((problem) => problem !== undefined)
}

function factorProblem(name: FactorName, { weight, tiers, beyond }: Factor): string | undefined {
  const inOrder = tiers.toSorted((a, b) => a.from - b.from)
  const empty = inOrder.find(({ from, below }) => below !== null && below <= from)
  if (empty) return `${name}: a tier from ${empty.from} below ${empty.below} holds no value`
  const overlap = inOrder.find(({ below }, at) => {
    const next = inOrder[at + 1]
    return next !== undefined && (below === null || below > next.from)
  })
  if (overlap) return `${name}: the tier from ${overlap.from} overlaps the next one`
  const broken = [...tiers.map(({ multiplier }) => multiplier), beyond].find(
    (multiplier) => !Number.isInteger(productOf(weight, multiplier)),
  )
  if (broken === undefined) return undefined
  const product = productOf(weight, broken)
  return `${name}: ${broken} hundredths of the weight ${weight} are ${product}; scores are whole hundredths`
}

/** `8 to 30`, `50 or more`, `less than 3`; `in no tier`. */
export function nameTier(tier: Tier | undefined): string {
  if (!tier) return 'in no tier'
  const { from, below } = tier
  if (below === null) return `${from} or more`
  if (from === 0) return `less than ${below}`
  return below === from + 1 ? String(from) : `${from} to ${below - 1}`
}
