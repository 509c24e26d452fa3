import type { RepositoryName } from '../../../../oci/reference.ts'
import { facts as nouns } from '../../../catalog/topics.ts'
import type { Reader } from '../../../catalog/reader.ts'
import type { Tx } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import type { Reaction, Told } from '../../../platform/events/reaction.ts'
import { artifactFacts } from '../../artifacts/index.ts'
import { scanFacts } from '../../scanning/index.ts'
import type { Ground } from '../ground.ts'
import type { Policy } from '../policies/policy.ts'
import { listEventPolicies, lockPolicy } from '../policies/store.ts'
import { chosenBy, judge, listTagsNamed, listTagsOf, type Candidate, type RepositoryRow } from './candidates.ts'
import { planName, vendorType } from './executions.ts'
import type { JobTypes } from './jobs.ts'
import { enqueuePlan } from './start.ts'

/** `tags`: those that were pushed; undefined: all tags of the image, and of the indexes that hold it. */
type Happened = { projectId: number; repository: RepositoryName; digest: string; tags: string[] | undefined; at: Date }

/**
 * The reaction that notes images which event-based policies choose once they were pushed, scanned or labelled (N-02),
 * and starts a run for them. What comes while a run of the policy waits is gathered into it.
 */
export function noteImages({ types, reader }: Ground): Reaction {
  return {
    name: 'preheat',
    topics: [nouns.artifactPushed, scanFacts.scanCompleted, artifactFacts.artifactLabeled].map(({ topic }) => topic),
    begins: 'now',
    async handle(tx, facts) {
      const happened = facts.flatMap(happenedIn)
      const policies = await listEventPolicies(tx, [...new Set(happened.map(({ projectId }) => projectId))])
      if (policies.length === 0) return
      const reading = { db: tx, cache: reader.cache }
      for (const [repository, some] of Map.groupBy(happened, (one) => one.repository))
        await noteIn(tx, reading, types, policies, { name: repository, happened: some })
    },
  }
}

/** What a fact means for preheating. An artifact of another registry (notifications) is not in Marina. */
function happenedIn(fact: Told): Happened[] {
  const { occurredAt: at } = fact
  const pushed = nouns.artifactPushed.read(fact)
  // As in Harbor, an image that was pushed without a tag is not preheated.
  if (pushed && !pushed.origin && pushed.tags.length > 0) return [{ ...pushed, at }]
  const seen = scanFacts.scanCompleted.read(fact) ?? artifactFacts.artifactLabeled.read(fact)
  if (!seen || ('scanType' in seen && seen.scanType !== 'vulnerability')) return []
  const { projectId, repository, digest } = seen
  return [{ projectId, repository, digest, tags: undefined, at }]
}

async function noteIn(
  tx: Tx,
  reader: Reader,
  types: JobTypes,
  policies: Policy[],
  { name, happened }: { name: RepositoryName; happened: Happened[] },
): Promise<void> {
  const { projectId } = happened[0]!
  const mine = policies.filter((one) => one.projectId === projectId)
  const repository = await tx.row<RepositoryRow>(sql`
    select id, name from repository where name = ${name} and project_id = ${projectId}`)
  if (mine.length === 0 || !repository) return
  const candidates = await candidatesOf(tx, repository, happened)
  const at = new Date(Math.max(...happened.map((one) => one.at.getTime())))
  for (const policy of mine) {
    const chosen = await chosenBy(reader, projectId, policy.filters)
    const judged = await judge(reader, chosen, { repository, projectId }, candidates)
    const tags = judged.flatMap(({ tag, reason }) => (reason === undefined ? [tag] : []))
    if (tags.length > 0) await note(tx, types, policy, { repository, tags, at })
  }
}

async function candidatesOf(tx: Tx, { id }: RepositoryRow, happened: Happened[]): Promise<Candidate[]> {
  const pushed = happened.filter(({ tags }) => tags !== undefined)
  const named = await listTagsNamed(
    tx,
    id,
    pushed.flatMap(({ tags }) => tags ?? []),
  )
  // A tag that names another image by now was pushed once more: that push is told of, too.
  const digests = new Set(pushed.map(({ digest }) => digest))
  const others = happened.flatMap(({ tags, digest }) => (tags === undefined ? [digest] : []))
  const seen = others.length === 0 ? [] : await listTagsOf(tx, id, others)
  const all = [...named.filter(({ digest }) => digests.has(digest)), ...seen]
  return [...new Map(all.map((one) => [one.tag, one])).values()]
}

/** Notes images for the next run of a policy, and starts one unless it waits already. */
async function note(
  tx: Tx,
  types: JobTypes,
  { id, instanceId }: Policy,
  { repository, tags, at }: { repository: RepositoryRow; tags: string[]; at: Date },
): Promise<void> {
  // Held until the commit: a run that takes the images meanwhile waits for them.
  if (!(await lockPolicy(tx, id))) return
  await tx.run(sql`
    insert into preheat_event (policy_id, repository_id, tag, occurred_at)
    select ${id}, ${repository.id}, tag, ${at}::timestamptz from unnest(${tags}::text[]) as one (tag)
    on conflict (policy_id, repository_id, tag) do update set occurred_at = excluded.occurred_at`)
  const waiting = await tx.row(sql`
    select 1 from task join execution on execution.id = task.execution_id
    where execution.vendor_type = ${vendorType} and execution.vendor_id = ${id} and execution.trigger = 'EVENT'
      and execution.ended_at is null and task.job_type = ${planName} and task.status = 'Pending'
      and task.failures = 0
    limit 1`)
  if (!waiting) await enqueuePlan(tx, types, { id, instanceId }, 'EVENT')
}
