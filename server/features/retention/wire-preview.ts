import type { Static } from 'typebox'
import type * as api from '../../../api/retention-preview.ts'
import type { Pulled } from './candidate.ts'
import { shareOf } from './scan.ts'
import type { Counts, Decision } from './plan.ts'
import type { Preview, Row } from './preview.ts'
import type { Rule } from './rules.ts'

type Answer<Name extends 'previewRetention' | 'explainRetention'> = Static<(typeof api)[Name]['answer']>

export function presentDecision({
  isKept,
  reason,
  position,
  value,
  until,
}: Decision): Static<typeof api.RetentionDecision> {
  return {
    kept: isKept,
    reason,
    ...(position === null ? {} : { rule: position }),
    value,
    ...(until ? { until: until.toISOString() } : {}),
  }
}

const presentCounts = ({ artifacts, tags, droppedArtifacts, droppedTags }: Counts) => ({
  artifacts,
  tags,
  dropped_artifacts: droppedArtifacts,
  dropped_tags: droppedTags,
})

/** `askAbove`: percent of tags above which a person should be asked. */
export function presentPreview(found: Preview, askAbove: number): Answer<'previewRetention'> {
  return {
    totals: presentCounts(found.counts),
    share: shareOf(found.counts),
    ask_above: askAbove,
    changed_tags: found.changed,
    freed_bytes: found.freedBytes,
    is_whole: found.isWhole,
    repositories: found.repositories.map(({ name, counts }) => ({ name, ...presentCounts(counts) })),
    artifacts: found.rows.map(presentRow),
  }
}

function presentRow({ repository, outcome, before }: Row): Answer<'previewRetention'>['artifacts'][number] {
  const { candidate, decision, tags } = outcome
  const earlier = new Map(before?.tags.map((one) => [one.tag.name, one.decision]))
  return {
    repository,
    digest: candidate.digest,
    ...timeField('push_time', candidate.pushedAt),
    ...timeField('pull_time', candidate.pulledAt),
    decision: presentDecision(decision),
    ...(before ? { before: presentDecision(before.decision) } : {}),
    tags: tags.map(({ tag, decision: one }) => {
      const was = earlier.get(tag.name)
      return { name: tag.name, decision: presentDecision(one), ...(was ? { before: presentDecision(was) } : {}) }
    }),
  }
}

const timeField = <Name extends string>(name: Name, at: Pulled): { [One in Name]?: string } =>
  (at ? { [name]: at.toISOString() } : {}) as { [One in Name]?: string }

export const presentPick = ({ rule, value, until }: { rule: Rule; value: string; until: Date | null }) => ({
  ...(rule.position === null ? {} : { rule: rule.position }),
  name: rule.name,
  action: rule.action,
  value,
  ...(until ? { until: until.toISOString() } : {}),
})
