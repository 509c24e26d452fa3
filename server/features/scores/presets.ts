import type { Factor, Rules, Tier } from './rules.ts'

export type PresetName = 'default' | 'few-tags'

const tier = (from: number, below: number | null, multiplier: number): Tier => ({ from, below, multiplier })
const factor = (weight: number, tiers: Tier[], beyond: number): Factor => ({ weight, tiers, beyond })
/** The age of a repository counts in no preset (S2-11); rules of one's own can give it a weight. */
const age = factor(0, [], 100)

/** The two presets (S2-22). Days are whole, so that "7 days at most" is "less than 8". */
export const presets: Readonly<Record<PresetName, Rules>> = {
  /** S2-07, S2-08, S2-10: pulled lately, pulled often, many tags. */
  default: {
    last_pull_days: factor(50, [tier(0, 8, 100), tier(8, 31, 90), tier(31, null, 80)], 0),
    pull_count: factor(30, [tier(50, null, 100), tier(10, 50, 90), tier(0, 10, 80)], 100),
    tags_count: factor(10, [tier(10, null, 100), tier(3, 10, 90), tier(0, 3, 80)], 100),
    age_days: age,
  },
  /** Fewer tags are better, only a thousand pulls are many, and nothing is left after a year without a pull (S2-23). */
  'few-tags': {
    last_pull_days: factor(50, [tier(0, 7, 100), tier(7, 30, 90), tier(30, 365, 80)], 0),
    pull_count: factor(30, [tier(1000, null, 100), tier(100, 1000, 90), tier(0, 100, 80)], 100),
    tags_count: factor(10, [tier(0, 5, 100), tier(5, 20, 90), tier(20, 3000, 80)], 100),
    age_days: age,
  },
}
