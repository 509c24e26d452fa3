import type { Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { nowOf } from './ground.ts'
import { loadCandidates } from './load.ts'
import { explain, plan, type Decision } from './plan.ts'
import { ruleSetOf, type Policy } from './policy.ts'
import type { Rule } from './rules.ts'
import { contextOf, isFor, shortName } from './scan.ts'
import { findPolicyOf, listSystemPolicies, type RepositoryRow } from './store.ts'

type Explained = { policy: Policy; decision: Decision; picks: { rule: Rule; value: string; until: Date | null }[] }

/** The policies that are for a project: its own, and those of the system that choose it. */
export async function policiesFor(db: Db, { id, name }: Pick<Project, 'id' | 'name'>): Promise<Policy[]> {
  const own = await findPolicyOf(db, id)
  const ofSystem = await listSystemPolicies(db)
  return [...(own ? [own] : []), ...ofSystem.filter((one) => isFor(one, { name, hasOwn: own !== undefined }))]
}

/** What each policy says of one artifact, or of one of its tags. */
export async function explainArtifact(
  reader: Reader & { db: Db },
  project: Project,
  repository: RepositoryRow,
  { digest, tag }: { digest: string; tag: string | undefined },
): Promise<Explained[]> {
  const candidates = await loadCandidates(reader.db, repository.id)
  const context = await contextOf(reader, repository, await nowOf(reader.db))
  const explained: Explained[] = []
  for (const policy of await policiesFor(reader.db, project)) {
    const ruleSet = ruleSetOf(policy)
    const asked = { repository: shortName(repository.name), candidates, ruleSet, ...context }
    const outcome = (await plan(asked)).find(({ candidate }) => candidate.digest === digest)
    const decision = outcome
      ? (outcome.tags.find((one) => one.tag.name === tag)?.decision ?? outcome.decision)
      : goesAlong
    const picks = await explain(
      asked,
      ({ candidate, tag: one }) =>
        candidate.digest === digest && (one === undefined || tag === undefined || one.name === tag),
    )
    const until = decision.reason === 'rule' && decision.isKept ? endOf(picks) : decision.until
    explained.push({ policy, decision: { ...decision, until }, picks })
  }
  return explained
}

const goesAlong: Decision = {
  isKept: true,
  reason: 'index',
  position: null,
  value: 'it stays and goes with the artifact that it is a part of, or belongs to',
  until: null,
}

/**
 * When the last rule that keeps it ends to do so, and a rule that deletes it decides; null when that is not known. A
 * place among the newest ends with a push, so that its time is not known.
 */
function endOf(picks: Explained['picks']): Date | null {
  const first = picks.findIndex(({ rule }) => rule.action === 'delete')
  if (first === -1) return null
  const ends = picks.slice(0, first).map(({ until }) => until)
  return ends.some((one) => one === null) ? null : (ends as Date[]).reduce((last, one) => (one > last ? one : last))
}
