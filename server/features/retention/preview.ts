import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { measureBytes } from './bytes.ts'
import { nowOf } from './ground.ts'
import { countOf, type Counts, type Decision, type Outcome } from './plan.ts'
import type { RuleSet } from './rules.ts'
import { planRepository, repositoriesOf, selectorOf, shortName } from './scan.ts'
import type { RepositoryRow } from './store.ts'

/** One artifact of a preview. `before`: what the saved rules decide; undefined when nothing is compared. */
export type Row = { repository: string; outcome: Outcome; before: Outcome | undefined }

export type Preview = {
  counts: Counts
  /** Artifacts and tags, taken together, that the compared rules would decide otherwise. */
  changed: number
  /** Bytes that no other artifact needs; the registry frees them once the deletions can no longer be restored. */
  freedBytes: number
  repositories: { name: string; counts: Counts }[]
  rows: Row[]
  /** False when the limit of tags was reached and repositories were left out. */
  isWhole: boolean
}

type Wanted = {
  project: { id: number }
  ruleSet: RuleSet
  /** The rules to compare with. */
  saved: RuleSet | undefined
  /** Only this repository, without its project's name. */
  repository: string | undefined
  /** Only what a rule deletes; only what the rules decide otherwise than the saved ones. */
  show: 'dropped' | 'changed' | undefined
  /** The most rows of artifacts in the answer, and the most tags that are looked at. */
  rows: number
  tags: number
  signal: AbortSignal
}

/** What rules would do in a project now, and what they would do otherwise than the saved ones. It changes nothing. */
export async function preview(reader: Reader & { db: Db }, wanted: Wanted): Promise<Preview> {
  const now = await nowOf(reader.db)
  const found: Preview = {
    counts: { artifacts: 0, tags: 0, droppedArtifacts: 0, droppedTags: 0 },
    changed: 0,
    freedBytes: 0,
    repositories: [],
    rows: [],
    isWhole: true,
  }
  const [isSelected, dropped] = [selectorOf(wanted.ruleSet), [] as number[]]
  for await (const repository of repositoriesOf(reader.db, wanted.project.id)) {
    const short = shortName(repository.name)
    if (wanted.repository !== undefined && short !== wanted.repository) continue
    wanted.signal.throwIfAborted()
    if (found.counts.tags >= wanted.tags) {
      found.isWhole = false
      break
    }
    const rows = await rowsOf(reader, repository, wanted, now)
    const outcomes = rows.map(({ outcome }) => outcome)
    const counts = countOf(outcomes)
    for (const name of Object.keys(counts) as (keyof Counts)[]) found.counts[name] += counts[name]
    if (isSelected(short)) found.repositories.push({ name: short, counts })
    for (const one of outcomes) if (!one.decision.isKept) dropped.push(one.candidate.id)
    for (const row of rows) {
      const changes = changesOf(row)
      found.changed += changes
      const isShown = wanted.show === undefined || (wanted.show === 'changed' ? changes > 0 : isDropping(row.outcome))
      if (isShown && found.rows.length < wanted.rows) found.rows.push(row)
    }
  }
  found.freedBytes = await measureBytes(reader.db, dropped)
  return found
}

async function rowsOf(reader: Reader, repository: RepositoryRow, wanted: Wanted, now: Date): Promise<Row[]> {
  const outcomes = await planRepository(reader, repository, wanted.ruleSet, now)
  const saved = wanted.saved ? await planRepository(reader, repository, wanted.saved, now) : []
  const before = new Map(saved.map((one) => [one.candidate.id, one]))
  return outcomes.map((outcome) => ({
    repository: shortName(repository.name),
    outcome,
    before: before.get(outcome.candidate.id),
  }))
}

const isDropping = ({ decision, tags }: Outcome): boolean =>
  !decision.isKept || tags.some((one) => !one.decision.isKept)

/** How many of the tags are decided otherwise; an artifact without tags counts as one. */
function changesOf({ outcome, before }: Row): number {
  if (!before) return 0
  const differs = (one: Decision, other: Decision | undefined) => other !== undefined && one.isKept !== other.isKept
  if (outcome.tags.length === 0) return Number(differs(outcome.decision, before.decision))
  const known = new Map(before.tags.map(({ tag, decision }) => [tag.name, decision]))
  return outcome.tags.filter(({ tag, decision }) => differs(decision, known.get(tag.name))).length
}
