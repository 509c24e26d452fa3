import { compileSelection, type Yield } from '../../catalog/selector.ts'
import { later, type Candidate, type CandidateTag, type Known, type Pulled } from './candidate.ts'
import { compileRegex } from '../../platform/regex.ts'
import { choiceMatcher } from './patterns.ts'
import type { Newest, Rule } from './rules.ts'
import { compareVersions, parseVersion, type Version } from './version.ts'

/** What rules decide about: an artifact with all its tags, or one of its tags. */
export type Subject = {
  candidate: Candidate
  /** Undefined: the artifact as a whole. */
  tag: CandidateTag | undefined
  names: readonly string[]
  pushedAt: Known
  pulledAt: Pulled
}

/** Why a rule picks something: the value that decided, and the time at which that changes by itself, if it is known. */
type Pick = { value: string; until: Date | null }
export type Picks = Map<Subject, Pick>

const dayMs = 86_400_000
/** The end of the times that a Date can hold; what lies beyond counts as never. */
const latestMs = 8.64e15
export const timeText = (at: Pulled): string =>
  at === undefined ? 'at an unknown time' : at === null ? 'never' : at.toISOString().replace(/\.\d+Z$/, 'Z')

/** All that a rule picks among the subjects of one repository. `repository` is without the project's name. */
export async function pickBy(
  rule: Rule,
  repository: string,
  subjects: readonly Subject[],
  now: Date,
  yieldNow: Yield,
): Promise<Picks> {
  const picks: Picks = new Map()
  if (!compileSelection({ repositories: rule.repositories, tags: [] }).takesRepository(repository)) return picks
  const choices = rule.tags.map(choiceMatcher)
  const labels = new Set(rule.labels)
  for (const [index, subject] of subjects.entries()) {
    if (index % 64 === 0) await yieldNow()
    const { candidate, names } = subject
    const isChosen =
      choices.every((takes) => takes(names)) &&
      (labels.size === 0 || candidate.labels.some((label) => labels.has(label))) &&
      (rule.isSigned === null || rule.isSigned === candidate.isSigned)
    const pick = isChosen ? byTimes(rule, subject, now) : undefined
    if (pick) picks.set(subject, pick)
  }
  return rule.newest ? newestOf(rule.newest, picks) : picks
}

type Condition = { days: number; at: Pulled; isWithin: boolean; what: string }

/** The pick when the rule's conditions on times are met. An unknown time meets those of keep rules only. */
function byTimes(rule: Rule, { pushedAt, pulledAt }: Subject, now: Date): Pick | undefined {
  const idleAt = pulledAt === null ? pushedAt : pulledAt
  const all: (Omit<Condition, 'days'> & { days: number | null })[] = [
    { days: rule.pushedWithinDays, at: pushedAt, isWithin: true, what: 'pushed' },
    { days: rule.pulledWithinDays, at: pulledAt, isWithin: true, what: 'pulled' },
    { days: rule.notPushedDays, at: pushedAt, isWithin: false, what: 'pushed' },
    {
      days: rule.notPulledDays,
      at: idleAt,
      isWithin: false,
      what: pulledAt === null ? 'never pulled, pushed' : 'pulled',
    },
  ]
  const asked = all.filter((one): one is Condition => one.days !== null)
  const values: string[] = []
  let until: Date | null = null
  for (const { days, at, isWithin, what } of asked) {
    if (at === undefined && rule.action === 'delete') return undefined
    if (at !== undefined) {
      const isRecent = at !== null && at.getTime() >= now.getTime() - days * dayMs
      if (isRecent !== isWithin) return undefined
    }
    values.push(`${what} ${timeText(at)}`)
    const end = at && isWithin ? at.getTime() + days * dayMs : Infinity
    if (end < Math.min(until?.getTime() ?? Infinity, latestMs)) until = new Date(end)
  }
  return { value: values.length > 0 ? values.join(', ') : 'always', until }
}

/** Of these, the newest `count` of each group. What has an unknown time is picked beside them, and not counted. */
function newestOf(newest: Newest, picks: Picks): Picks {
  const groupName = groupNamer(newest)
  const groups = new Map<string, Ranked[]>()
  const chosen: Picks = new Map()
  for (const subject of picks.keys()) {
    const name = groupName(subject)
    const rank = name === undefined ? undefined : rankOf(newest, subject)
    if (name === undefined || rank === undefined) continue
    if (rank === 'unknown') chosen.set(subject, { value: `${newest.by} at an unknown time`, until: null })
    else if (groups.has(name)) groups.get(name)!.push({ subject, rank })
    else groups.set(name, [{ subject, rank }])
  }
  for (const [name, group] of groups) {
    group.sort((a, b) => compareRanks(b.rank, a.rank) || compareSubjects(a.subject, b.subject))
    for (const [index, { subject }] of group.slice(0, newest.count).entries())
      chosen.set(subject, {
        value: `number ${index + 1} of ${group.length} by ${orderWords[newest.by]}${name === '' ? '' : ` in ${name}`}`,
        until: null,
      })
  }
  return chosen
}

type Rank = number | Version
type Ranked = { subject: Subject; rank: Rank }

const orderWords = {
  pushed: 'time of push',
  pulled: 'time of pull',
  active: 'time of push or pull',
  version: 'version',
}

/** The place of a subject in the order; undefined when it has none: a tag that is no version, or a pre-release. */
function rankOf({ by }: Newest, { names, pushedAt, pulledAt }: Subject): Rank | 'unknown' | undefined {
  if (by === 'version') return highest(names)
  const at = by === 'pushed' ? pushedAt : by === 'pulled' ? pulledAt : later(pushedAt, pulledAt)
  return at === undefined ? 'unknown' : (at?.getTime() ?? 0)
}

const compareRanks = (a: Rank, b: Rank): number =>
  typeof a === 'object' && typeof b === 'object' ? compareVersions(a, b) : Number(a) - Number(b)

/** Ties are broken by digest and tag, so that every run decides alike. */
function compareSubjects(a: Subject, b: Subject): number {
  const [one, other] = [`${a.candidate.digest} ${a.tag?.name}`, `${b.candidate.digest} ${b.tag?.name}`]
  return one < other ? -1 : Number(one > other)
}

/** Names the group that something is counted in; undefined when the rule does not count it. */
function groupNamer(newest: Newest): (subject: Subject) => string | undefined {
  if (newest.per === 'repository') return () => ''
  if (newest.per === 'pattern') {
    const { group } = compileRegex(newest.pattern)
    return ({ names }) => names.map(group).find((one) => one !== undefined)
  }
  return ({ names }) => {
    const version = highest(names)
    return version && (newest.per === 'major' ? `${version.major}` : `${version.major}.${version.minor}`)
  }
}

/** The highest released version among the tags. */
function highest(names: readonly string[]): Version | undefined {
  const versions = names.map(parseVersion).filter((one): one is Version => one !== undefined && one.pre.length === 0)
  return versions.toSorted(compareVersions).at(-1)
}
