import { openYield, type Yield } from '../../catalog/selector.ts'
import type { Candidate, CandidateTag } from './candidate.ts'
import { later } from './candidate.ts'
import { pickBy, timeText, type Picks, type Subject } from './picks.ts'
import type { Rule, RuleSet } from './rules.ts'

/** `rule`: a rule decided; `no-rule`: none picks it; the others keep what a rule would delete. */
type Reason = 'rule' | 'no-rule' | 'immutable' | 'protected' | 'running' | 'index'

/** What is done with an artifact or a tag, and why. `position` is that of the rule that decided. */
export type Decision = {
  isKept: boolean
  reason: Reason
  position: number | null
  /** The value that decided, for people. */
  value: string
  /** When the value changes by itself; null when that is not known. */
  until: Date | null
}

/** The artifact goes when none of its tags stays; otherwise its dropped tags go, and it stays. */
export type Outcome = { candidate: Candidate; decision: Decision; tags: { tag: CandidateTag; decision: Decision }[] }

/** What a plan depends on, beside rules and artifacts. */
export type PlanContext = {
  now: Date
  /** Whether an immutability rule keeps a tag. */
  isImmutable(repository: string, tag: string): boolean
  /** The rule that keeps a tag from being deleted by others than some, for people; retention is never one of these. */
  protectedBy?(repository: string, tag: string): string | undefined
  /** Where a digest runs, for people; undefined when it does not. */
  runsAt(digest: string): string | undefined
}

type Asked = { repository: string; candidates: readonly Candidate[]; ruleSet: RuleSet } & PlanContext

/**
 * Decides about all artifacts of one repository, in their order. It reads and changes nothing: runs, dry runs, previews
 * and explanations all come from here. `repository` is without the project's name.
 */
export async function plan(asked: Asked): Promise<Outcome[]> {
  const { subjects, rules } = await picksOf(asked)
  const outcomes: Outcome[] = []
  for (let at = 0; at < subjects.length;) {
    const { candidate } = subjects[at]!
    const own: { subject: Subject; decision: Decision }[] = []
    for (; subjects[at]?.candidate === candidate; at++)
      own.push({ subject: subjects[at]!, decision: protect(asked, subjects[at]!, decide(rules, subjects[at]!)) })
    outcomes.push(outcomeOf(asked, candidate, own))
  }
  protectParts(asked.ruleSet, outcomes)
  return outcomes
}

/** What each rule says of one subject, for an explanation: the rules that pick it, in order. */
export async function explain(
  asked: Asked,
  isWanted: (subject: Subject) => boolean,
): Promise<{ rule: Rule; value: string; until: Date | null }[]> {
  const { subjects, rules } = await picksOf(asked)
  const subject = subjects.find(isWanted)
  return rules.flatMap(({ rule, picks }) => {
    const pick = subject && picks.get(subject)
    return pick ? [{ rule, ...pick }] : []
  })
}

type Evaluated = { rule: Rule; picks: Picks }

async function picksOf({
  repository,
  candidates,
  ruleSet,
  now,
}: Asked): Promise<{ subjects: Subject[]; rules: Evaluated[] }> {
  const yieldNow: Yield = openYield()
  const subjects = candidates.flatMap((one) => subjectsOf(one, ruleSet.decides))
  const rules: Evaluated[] = []
  for (const rule of ruleSet.rules)
    if (!rule.isDisabled) rules.push({ rule, picks: await pickBy(rule, repository, subjects, now, yieldNow) })
  return { subjects, rules }
}

/** For a whole artifact its last push and pull under any name count; a pull of it counts for each of its tags. */
function subjectsOf(candidate: Candidate, decides: RuleSet['decides']): Subject[] {
  const { tags, pushedAt, pulledAt } = candidate
  if (decides === 'tag' && tags.length > 0)
    return tags.map((tag) => ({
      candidate,
      tag,
      names: [tag.name],
      pushedAt: tag.pushedAt,
      pulledAt: later(tag.pulledAt, pulledAt),
    }))
  const pushed = tags.reduce((last, tag) => later(last, tag.pushedAt) ?? undefined, pushedAt)
  const pulled = tags.reduce((last, tag) => later(last, tag.pulledAt), pulledAt)
  return [{ candidate, tag: undefined, names: tags.map(({ name }) => name), pushedAt: pushed, pulledAt: pulled }]
}

function decide(rules: Evaluated[], subject: Subject): Decision {
  for (const { rule, picks } of rules) {
    const pick = picks.get(subject)
    if (!pick) continue
    const isKept = rule.action === 'keep'
    const times = `pushed ${timeText(subject.pushedAt)}, pulled ${timeText(subject.pulledAt)}`
    const value = rule.position === null || pick.value === 'always' ? (isKept ? pick.value : times) : pick.value
    return { isKept, reason: 'rule', position: rule.position, value, until: isKept ? pick.until : null }
  }
  return { isKept: true, reason: 'no-rule', position: null, value: 'no rule picks it', until: null }
}

/** Immutable tags stay, those that only some may delete, and what a cluster runs. */
function protect(
  { repository, isImmutable, protectedBy, runsAt }: Asked,
  subject: Subject,
  decision: Decision,
): Decision {
  if (decision.isKept) return decision
  const kept = { isKept: true, position: decision.position, until: null }
  const immutable = subject.names.find((tag) => isImmutable(repository, tag))
  if (immutable !== undefined) return { ...kept, reason: 'immutable', value: `the tag ${immutable} is immutable` }
  for (const tag of subject.names) {
    const rule = protectedBy?.(repository, tag)
    if (rule !== undefined)
      return { ...kept, reason: 'protected', value: `the tag ${tag} is protected by the rule ${rule}` }
  }
  const place = runsAt(subject.candidate.digest)
  if (place !== undefined) return { ...kept, reason: 'running', value: `it runs in ${place}` }
  return decision
}

function outcomeOf({ ruleSet }: Asked, candidate: Candidate, own: { subject: Subject; decision: Decision }[]): Outcome {
  const decision = (own.find((one) => one.decision.isKept) ?? own[0]!).decision
  const tags =
    ruleSet.decides === 'artifact'
      ? candidate.tags.map((tag) => ({ tag, decision }))
      : own.flatMap((one) => (one.subject.tag ? [{ tag: one.subject.tag, decision: one.decision }] : []))
  return { candidate, decision, tags }
}

/** A part of an index that stays, stays: whole where artifacts are decided about, else without its dropped tags. */
function protectParts({ decides }: RuleSet, outcomes: Outcome[]): void {
  const byId = new Map(outcomes.map((one) => [one.candidate.id, one]))
  const stays = (id: number | null) => id === null || byId.get(id)?.decision.isKept !== false
  for (let found = true; found;) {
    found = false
    for (const outcome of outcomes) {
      if (outcome.decision.isKept || !outcome.candidate.parents.some(stays)) continue
      const { position } = outcome.decision
      const value = 'it is a part of an index that stays'
      outcome.decision = { isKept: true, reason: 'index', position, value, until: null }
      if (decides === 'artifact') for (const one of outcome.tags) one.decision = outcome.decision
      found = true
    }
  }
}

/** Counts of a plan. An artifact without tags counts as one, as a tag does. */
export type Counts = { artifacts: number; tags: number; droppedArtifacts: number; droppedTags: number }

export function countOf(outcomes: readonly Outcome[]): Counts {
  const counts = { artifacts: outcomes.length, tags: 0, droppedArtifacts: 0, droppedTags: 0 }
  for (const { decision, tags } of outcomes) {
    counts.tags += Math.max(1, tags.length)
    if (!decision.isKept) counts.droppedArtifacts++
    counts.droppedTags +=
      tags.length === 0 ? Number(!decision.isKept) : tags.filter((one) => !one.decision.isKept).length
  }
  return counts
}
