import type { RepositoryName } from '../../../oci/reference.ts'
import type { Db, Tx } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { addTasks } from '../../platform/jobs/enqueue.ts'
import type { Job } from '../../platform/jobs/type.ts'
import { compileFilters, type Chosen } from './filters.ts'
import { findIn, tasksOf } from './find.ts'
import type { PlanGround } from './ground.ts'
import type { CopyParams, Item, Operation, PlanParams } from './jobs.ts'
import { BadName, openNaming } from './names.ts'
import type { Policy } from './policy.ts'
import { noteRepositories } from './repositories.ts'
import { localSide } from './sides/local.ts'
import type { Side } from './sides/side.ts'

/** Events that are taken by one run; the next run takes the others. */
const most = 5000

type Event = { kind: 'push' | 'tag deletion' | 'deletion'; reference: string; digest: string; occurredAt: Date }
type EventRow = Event & { repository: RepositoryName }

/**
 * Takes the events that wait for a policy and adds tasks for what they are about: what the tags mean now counts, not
 * what they meant when the event happened. Returns how many tasks.
 */
export async function planEvents(ground: PlanGround, policy: Policy, job: Job<PlanParams>): Promise<number> {
  const { db, types } = ground
  const source = localSide(ground, job.signal)
  const chosen = compileFilters(policy.filters)
  const nameOf = openNaming(policy.naming, false)
  const rows = await listEvents(db, policy.id)
  const tasks: CopyParams[] = []
  for (const [repository, events] of Map.groupBy(rows, (one) => one.repository)) {
    job.signal.throwIfAborted()
    try {
      const target = nameOf(repository)
      tasks.push(...(await copiesOf(policy, source, chosen, { repository, target, events })))
      tasks.push(...deletionsOf(policy, { repository, target, events }))
    } catch (error) {
      if (!(error instanceof BadName)) throw error
      job.log(error.message, 'WARNING')
    }
  }
  await db.transaction(async (tx) => {
    await takeEvents(tx, policy.id, rows)
    await noteRepositories(tx, policy.id, tasks)
    for (let at = 0; at < tasks.length; at += 1000)
      await addTasks(tx, job.executionId, types.copy, tasks.slice(at, at + 1000))
    await job.keep(tx, { events: rows.length, planned: tasks.length })
  })
  job.log(`${rows.length} events, ${tasks.length} tasks`)
  return tasks.length
}

type About = { repository: RepositoryName; target: RepositoryName; events: Event[] }

/** A push names a tag, an artifact, or an accessory, which is copied with what it belongs to. */
async function copiesOf(policy: Policy, source: Side, chosen: Chosen, about: About): Promise<CopyParams[]> {
  const { repository, target, events } = about
  const pushes = events.filter(({ kind }) => kind === 'push')
  const found = pushes.length === 0 ? undefined : await findIn(chosen, source, repository)
  if (!found) return []
  const [names, digests] = [new Set(pushes.map((one) => one.reference)), new Set(pushes.map((one) => one.digest))]
  const items = found.items.flatMap((item): Item[] => {
    const isMeant = [item.digest, ...(item.accessories ?? [])].some((one) => one !== undefined && digests.has(one))
    const tags = isMeant ? item.tags : item.tags.filter((tag) => names.has(tag))
    return isMeant || tags.length > 0 ? [{ ...item, tags }] : []
  })
  const since = pushes.reduce((first, { occurredAt }) => (occurredAt < first ? occurredAt : first), new Date())
  return items.length === 0 ? [] : tasksOf(policy, { ...found, source: repository, target, items }, since)
}

function deletionsOf(policy: Policy, { repository, target, events }: About): CopyParams[] {
  const task = (operation: Operation, items: Item[]): CopyParams[] =>
    items.length === 0
      ? []
      : [
          {
            policyId: policy.id,
            endpointId: policy.endpointId,
            operation,
            resourceType: 'artifact',
            source: repository,
            target,
            items,
            linkTags: null,
          },
        ]
  const of = (kind: Event['kind']) => events.filter((one) => one.kind === kind)
  return [
    ...task(
      'tag deletion',
      of('tag deletion').map(({ reference }) => ({ tags: [reference] })),
    ),
    ...task(
      'deletion',
      of('deletion').map(({ digest }) => ({ tags: [], digest })),
    ),
  ]
}

function listEvents(db: Db, policyId: number): Promise<EventRow[]> {
  return db.rows<EventRow>(sql`
    select kind, repository, reference, digest, occurred_at as "occurredAt" from replication_event
    where policy_id = ${policyId} order by occurred_at, repository, reference limit ${most}`)
}

/** An event that happened again since it was read stays, for the next run. */
async function takeEvents(tx: Tx, policyId: number, events: EventRow[]): Promise<void> {
  await tx.run(sql`select id from replication_policy where id = ${policyId} for update`)
  await tx.run(sql`
    delete from replication_event using unnest(
      ${events.map((one) => one.kind)}::text[], ${events.map((one) => one.repository)}::text[],
      ${events.map((one) => one.reference)}::text[], ${events.map((one) => one.occurredAt)}::timestamptz[])
      as taken (kind, repository, reference, occurred_at)
    where policy_id = ${policyId} and replication_event.kind = taken.kind
      and replication_event.repository = taken.repository and replication_event.reference = taken.reference
      and date_trunc('milliseconds', replication_event.occurred_at) <= taken.occurred_at`)
}
