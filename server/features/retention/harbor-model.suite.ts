import type { Candidate } from './candidate.ts'
import type { HarborRule } from './harbor.ts'

/**
 * A plain model of Harbor's retention, written from its documented rules and not from plan.ts, with which the tests
 * compare: a repository that an enabled rule selects keeps each artifact that at least one rule keeps, and no other.
 * Returns the digests that stay.
 */
export function keptByModel(
  rules: HarborRule[],
  repository: string,
  candidates: Candidate[],
  now: Date,
  matches: (pattern: string, text: string) => boolean,
): Set<string> {
  const applying = rules
    .filter((rule) => !rule.disabled)
    .filter((rule) =>
      rule.scopeSelectors.every((one) => matches(one.pattern, repository) === (one.decoration === 'repoMatches')),
    )
  if (applying.length === 0) return new Set(candidates.map(({ digest }) => digest))
  const kept = new Set<string>()
  for (const rule of applying) {
    let chosen = [...candidates]
    for (const selector of rule.tagSelectors) {
      const untagged =
        selector.extras === '' ? undefined : (JSON.parse(selector.extras) as { untagged?: boolean }).untagged
      chosen = chosen.filter(({ tags }) => {
        if (selector.decoration === 'matches')
          return tags.length === 0 ? (untagged ?? true) : tags.some(({ name }) => matches(selector.pattern, name))
        return tags.length === 0 ? !(untagged ?? false) : tags.some(({ name }) => !matches(selector.pattern, name))
      })
    }
    for (const one of byTemplate(rule, chosen, now)) kept.add(one.digest)
  }
  return kept
}

const pushed = ({ pushedAt, tags }: Candidate) =>
  Math.max(pushedAt!.getTime(), ...tags.map((tag) => tag.pushedAt!.getTime()))
const pulled = ({ pulledAt, tags }: Candidate) =>
  Math.max(pulledAt?.getTime() ?? 0, ...tags.map((tag) => tag.pulledAt?.getTime() ?? 0))
const active = (one: Candidate) => Math.max(pushed(one), pulled(one))

function byTemplate({ template, params }: HarborRule, chosen: Candidate[], now: Date): Candidate[] {
  const value = params[template] ?? 0
  const newest = (time: (one: Candidate) => number) =>
    chosen.toSorted((a, b) => time(b) - time(a) || (a.digest < b.digest ? -1 : 1)).slice(0, value)
  const within = (time: (one: Candidate) => number) =>
    chosen.filter((one) => time(one) >= now.getTime() - value * 24 * 3600 * 1000)
  switch (template) {
    case 'latestPushedK':
      return newest(pushed)
    case 'latestPulledN':
      return newest(pulled)
    case 'latestActiveK':
      return newest(active)
    case 'nDaysSinceLastPush':
    case 'lastXDays':
      return within(pushed)
    case 'nDaysSinceLastPull':
      return within(pulled)
    case 'always':
      return chosen
    default:
      return []
  }
}
