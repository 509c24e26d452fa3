import { digestOf } from '../../../oci/digest.ts'
import type { Tag } from '../../../oci/reference.ts'
import type { Candidate, CandidateTag } from './candidate.ts'
import { parseOrderedRules } from './ordered.ts'
import type { Outcome } from './plan.ts'
import type { RuleSet } from './rules.ts'

export const now = new Date('2026-06-01T00:00:00Z')
const day = 86_400_000
export const ago = (days: number) => new Date(now.getTime() - days * day)
export const quiet = { now, isImmutable: () => false, runsAt: () => undefined }

let count = 0
export const tag = (name: string, more: Partial<CandidateTag> = {}): CandidateTag => ({
  name: name as Tag,
  pushedAt: ago(1),
  pulledAt: null,
  ...more,
})
export function artifact(more: Partial<Candidate> = {}): Candidate {
  const id = ++count
  return {
    id,
    digest: digestOf(Buffer.from(String(id))),
    type: 'IMAGE',
    depth: 0,
    pushedAt: ago(1),
    pulledAt: null,
    labels: [],
    isSigned: false,
    tags: [],
    parents: [],
    state: '',
    ...more,
  }
}
/** One artifact for each tag, the first pushed first. */
export const tagged = (...names: string[]) =>
  names.map((name, index) => {
    const pushedAt = ago(names.length - index)
    return artifact({ pushedAt, tags: [tag(name, { pushedAt })] })
  })

export type Given = Parameters<typeof parseOrderedRules>[0][number]
export const ordered = (rules: Given[]): RuleSet => ({
  decides: 'tag',
  rules: parseOrderedRules(rules),
})
export const keptTags = (outcomes: Outcome[]) =>
  outcomes
    .flatMap(({ tags }) => tags)
    .filter(({ decision }) => decision.isKept)
    .map((one) => one.tag.name)
