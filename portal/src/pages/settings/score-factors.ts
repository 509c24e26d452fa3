import type { getScoreRules } from '../../../../api/scores.ts'
import type { AnswerOf } from '../../../../api/operation.ts'

export type Factors = AnswerOf<typeof getScoreRules>['factors']
type Factor = Factors[keyof Factors]
type Tier = Factor['tiers'][number]

/** The values of a form's fields, and what is wrong with them (ui/form.tsx). */
type Values = Readonly<Record<string, string>>
type FieldErrors = Record<string, string | undefined>

/** The factors in the order of the form; the API has no others. */
export const factorNames = ['last_pull_days', 'pull_count', 'tags_count', 'age_days'] as const

/** Tiers as lines that people write: `0-31: 100`, and `31-: 50` for a tier without an end. */
export const tiersText = ({ tiers }: Factor): string =>
  tiers.map(({ from, below, multiplier }) => `${from}-${below ?? ''}: ${multiplier}`).join('\n')

/** Reads such lines; undefined when one of them is none. */
export function tiersIn(text: string): Tier[] | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const tiers = lines.map((line) => {
    const [, from, below, multiplier] = /^\s*(\d{1,9})\s*-\s*(\d{0,9})\s*:\s*(\d{1,3})\s*$/.exec(line) ?? []
    if (from === undefined) return undefined
    return { from: Number(from), ...(below ? { below: Number(below) } : {}), multiplier: Number(multiplier) }
  })
  return tiers.every((one) => one !== undefined) ? tiers : undefined
}

/** The factors that the form says; it has been checked. */
export function factorsIn(values: Values): Factors {
  const each = factorNames.map((name): [string, Factor] => [
    name,
    {
      weight: Number(values[`${name}.weight`]),
      tiers: tiersIn(values[`${name}.tiers`] ?? '') ?? [],
      beyond: Number(values[`${name}.beyond`]),
    },
  ])
  return Object.fromEntries(each) as Factors
}

/** What is wrong with lines of tiers, by the name of their field. */
export const checkTiers = (values: Values, problem: string): FieldErrors =>
  Object.fromEntries(
    factorNames
      .map((name) => `${name}.tiers`)
      .filter((field) => values[field] !== undefined && tiersIn(values[field]) === undefined)
      .map((field) => [field, problem]),
  )
