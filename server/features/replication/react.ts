import { projectOf, type RepositoryName } from '../../../oci/reference.ts'
import { facts as nouns } from '../../catalog/topics.ts'
import type { Tx } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import type { Reaction, Told } from '../../platform/events/reaction.ts'
import { enqueuePlan } from './actions.ts'
import { isLinkTag } from './copy/accessories.ts'
import { planName, vendorType } from './executions.ts'
import { compileFilters, type Chosen } from './filters.ts'
import type { JobTypes } from './jobs.ts'
import type { Policy } from './policy.ts'
import { listEventPolicies } from './store.ts'

type Happened = {
  kind: 'push' | 'tag deletion' | 'deletion'
  repository: RepositoryName
  reference: string
  digest: string
  at: Date
}

/**
 * The reaction that notes what event-based policies want, and starts a run for them (S4-31). Events that come while a
 * run of the policy waits or goes on are gathered into one further run.
 */
export function noteEvents(types: JobTypes): Reaction {
  return {
    name: 'replication',
    topics: [nouns.artifactPushed, nouns.tagCreated, nouns.tagMoved, nouns.tagDeleted, nouns.artifactDeleted].map(
      ({ topic }) => topic,
    ),
    begins: 'now',
    async handle(tx, facts) {
      const policies = await listEventPolicies(tx)
      if (policies.length === 0) return
      const happened = facts.flatMap(eventsIn)
      for (const policy of policies) await note(tx, types, policy, happened)
    },
  }
}

/** What a fact means for replication. An artifact of another registry (notifications) is not in Marina. */
function eventsIn(fact: Told): Happened[] {
  const of = (kind: Happened['kind'], repository: RepositoryName, reference: string, digest: string): Happened => ({
    kind,
    repository,
    reference,
    digest,
    at: fact.occurredAt,
  })
  const pushed = nouns.artifactPushed.read(fact)
  if (pushed && !pushed.origin) {
    const { repository, digest, tags } = pushed
    return tags.length === 0
      ? [of('push', repository, digest, digest)]
      : tags.map((tag) => of('push', repository, tag, digest))
  }
  const tagged = nouns.tagCreated.read(fact) ?? nouns.tagMoved.read(fact)
  if (tagged && !tagged.origin) return [of('push', tagged.repository, tagged.tag, tagged.digest)]
  const untagged = nouns.tagDeleted.read(fact)
  if (untagged && !untagged.origin) return [of('tag deletion', untagged.repository, untagged.tag, untagged.digest)]
  const deleted = nouns.artifactDeleted.read(fact)
  return deleted && !deleted.origin ? [of('deletion', deleted.repository, deleted.digest, deleted.digest)] : []
}

async function note(tx: Tx, types: JobTypes, policy: Policy, happened: Happened[]): Promise<void> {
  const chosen = compileFilters(policy.filters)
  const wanted = happened.filter((one) => takes(chosen, policy, one))
  if (wanted.length === 0) return
  // Held until the commit: a run that takes the events meanwhile waits for them.
  const known = await tx.row(sql`select id from replication_policy where id = ${policy.id} for update`)
  if (!known) return
  const latest = [...new Map(wanted.map((one) => [`${one.kind} ${one.repository} ${one.reference}`, one])).values()]
  await tx.run(sql`
    insert into replication_event (policy_id, kind, repository, reference, digest, occurred_at)
    select ${policy.id}, kind, repository, reference, digest, at
    from unnest(
      ${latest.map((one) => one.kind)}::text[], ${latest.map((one) => one.repository)}::text[],
      ${latest.map((one) => one.reference)}::text[], ${latest.map((one) => one.digest)}::text[],
      ${latest.map((one) => one.at)}::timestamptz[]) as one (kind, repository, reference, digest, at)
    on conflict (policy_id, kind, repository, reference)
      do update set digest = excluded.digest, occurred_at = excluded.occurred_at`)
  const waiting = await tx.row(sql`
    select 1 from task join execution on execution.id = task.execution_id
    where execution.vendor_type = ${vendorType} and execution.vendor_id = ${policy.id} and execution.trigger = 'EVENT'
      and execution.ended_at is null and task.job_type = ${planName} and task.status = 'Pending'
    limit 1`)
  if (!waiting) await enqueuePlan(tx, types, policy, 'EVENT')
}

/** The run looks closer: at labels, kinds, and what a signature belongs to. */
function takes(chosen: Chosen, policy: Policy, { kind, repository, reference, digest }: Happened): boolean {
  if (!projectOf(repository) || !chosen.takesRepository(repository)) return false
  if (kind !== 'push')
    return policy.deletes && (kind === 'deletion' || (!isLinkTag(reference) && chosen.takesTag(reference)))
  return reference === digest || isLinkTag(reference) || chosen.takesTag(reference)
}
