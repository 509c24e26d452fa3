import type { Db, Tx } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import { addTasks } from '../../../platform/jobs/enqueue.ts'
import { handler, HopelessJob, type Job, type JobHandler } from '../../../platform/jobs/type.ts'
import type { Ground } from '../ground.ts'
import { checkHealth } from '../instances/actions.ts'
import { findInstanceById } from '../instances/store.ts'
import type { Chosen } from '../policies/filters.ts'
import type { Policy } from '../policies/policy.ts'
import { findPolicyById } from '../policies/store.ts'
import {
  chosenBy,
  judge,
  listRepositoriesAfter,
  listTagsAfter,
  listTagsNamed,
  page,
  type Judged,
  type RepositoryRow,
} from './candidates.ts'
import type { ImageParams, PlanParams } from './jobs.ts'

/** Harbor's word for an execution that finds nothing. */
const nothing = 'no artifacts to preheat'
/** Events that one run takes; the next run takes the others. */
const mostEvents = 5000

type PlanJob = Job<PlanParams>

/** The first task of every execution: looks whether the service answers, and adds a task for each image. */
export function planHandler(ground: Ground): JobHandler {
  return handler(ground.types.plan, async (job) => {
    const policy = await findPolicyById(ground.db, job.params.policyId)
    if (!policy) throw new HopelessJob('the policy has been deleted')
    await refuseUnready(ground, policy, job)
    const chosen = await chosenBy(ground.reader, policy.projectId, policy.filters)
    const count = await (job.trigger === 'EVENT'
      ? planEvents(ground, policy, chosen, job)
      : planAll(ground, policy, chosen, job))
    return count === 0 ? { message: nothing } : {}
  })
}

/** Throws while the service is disabled or does not answer: then no image is asked for. */
async function refuseUnready(ground: Ground, { instanceId }: Policy, { signal, log }: PlanJob): Promise<void> {
  const instance = await findInstanceById(ground.db, instanceId)
  if (!instance) throw new HopelessJob('the preheat instance has been deleted')
  if (!instance.isEnabled) throw new HopelessJob(`the preheat instance ${instance.name} is disabled`)
  const trouble = await checkHealth(ground, instance, signal)
  if (trouble !== '') throw new Error(`the preheat instance ${instance.name} is not healthy: ${trouble}`)
  log(`Check health of preheat provider instance ${instance.name}: Healthy`)
}

/** Where a run is: all repositories before this one have their tasks, and of this one the tags up to `tag`. */
type Cursor = { repositoryId: number; tag: string; planned: number }

/** Adds tasks page by page; a run that was cut short goes on after the last page. Returns how many there are. */
async function planAll(ground: Ground, policy: Policy, chosen: Chosen, job: PlanJob): Promise<number> {
  const { repositoryId = 0, tag = '', planned = 0 } = job.earlier as Partial<Cursor>
  let count = planned
  for (let from = tag === '' ? repositoryId : repositoryId - 1; ;) {
    const repositories = await listRepositoriesAfter(ground.db, policy.projectId, from)
    for (const repository of repositories) {
      const after = repository.id === repositoryId ? tag : ''
      count = await planRepository(ground, policy, chosen, job, { repository, after, planned: count })
    }
    if (repositories.length < page) return count
    from = repositories.at(-1)!.id
  }
}

async function planRepository(
  ground: Ground,
  policy: Policy,
  chosen: Chosen,
  job: PlanJob,
  { repository, after, planned }: { repository: RepositoryRow; after: string; planned: number },
): Promise<number> {
  let count = planned
  for (let tag = after; ;) {
    job.signal.throwIfAborted()
    const rows = await listTagsAfter(ground.db, repository.id, tag)
    const about = { repository, projectId: policy.projectId }
    const judged = await judge(ground.reader, chosen, about, rows)
    sayLeftOut(job, repository, judged)
    const wanted = judged.filter(({ reason }) => reason === undefined)
    const isLast = rows.length < page
    tag = rows.at(-1)?.tag ?? tag
    count += wanted.length
    const cursor: Cursor = { repositoryId: repository.id, tag: isLast ? '' : tag, planned: count }
    if (wanted.length > 0) {
      await ground.db.transaction(async (tx) => {
        await addTasks(tx, job.executionId, ground.types.image, paramsOf(policy, repository, wanted))
        await job.keep(tx, cursor)
      })
      job.log(`${wanted.length} images of ${repository.name}`)
    }
    if (isLast) return count
  }
}

/** Why images are left out is told of some only, as a project may have very many. */
function sayLeftOut(job: PlanJob, { name }: RepositoryRow, judged: Judged[]): void {
  for (const { tag, reason } of judged.filter(({ reason }) => reason !== undefined).slice(0, 50))
    job.log(`${name}:${tag} is left out: ${reason}`)
}

function paramsOf({ id, instanceId, projectId }: Policy, { name }: RepositoryRow, wanted: Judged[]): ImageParams[] {
  return wanted.map(({ tag, digest, mediaType }) => ({
    policyId: id,
    instanceId,
    projectId,
    repository: name,
    tag,
    digest,
    mediaType,
  }))
}

type EventRow = { repositoryId: number; name: RepositoryRow['name']; tag: string; occurredAt: Date }

/** Takes what was noted for the policy: what the tags mean now counts. Returns how many tasks were added. */
async function planEvents(ground: Ground, policy: Policy, chosen: Chosen, job: PlanJob): Promise<number> {
  const events = await listEvents(ground.db, policy.id)
  const tasks: ImageParams[] = []
  for (const [id, some] of Map.groupBy(events, (one) => one.repositoryId)) {
    job.signal.throwIfAborted()
    const repository = { id, name: some[0]!.name }
    const tags = some.map(({ tag }) => tag)
    const about = { repository, projectId: policy.projectId }
    const judged = await judge(ground.reader, chosen, about, await listTagsNamed(ground.db, id, tags))
    sayLeftOut(job, repository, judged)
    const wanted = judged.filter(({ reason }) => reason === undefined)
    tasks.push(...paramsOf(policy, repository, wanted))
  }
  await ground.db.transaction(async (tx) => {
    await takeEvents(tx, policy.id, events)
    for (let at = 0; at < tasks.length; at += 1000)
      await addTasks(tx, job.executionId, ground.types.image, tasks.slice(at, at + 1000))
    await job.keep(tx, { planned: tasks.length })
  })
  job.log(`${events.length} events, ${tasks.length} images`)
  // A run that was cut short right after its transaction finds its events gone.
  return tasks.length + ((job.earlier as Partial<Cursor>).planned ?? 0)
}

function listEvents(db: Db, policyId: number): Promise<EventRow[]> {
  return db.rows<EventRow>(sql`
    select repository_id as "repositoryId", repository.name, tag, occurred_at as "occurredAt"
    from preheat_event join repository on repository.id = repository_id
    where policy_id = ${policyId} order by occurred_at, repository_id, tag limit ${mostEvents}`)
}

/** An event that happened again since it was read stays, for the next run. */
async function takeEvents(tx: Tx, policyId: number, events: EventRow[]): Promise<void> {
  await tx.run(sql`
    delete from preheat_event using unnest(
      ${events.map((one) => one.repositoryId)}::bigint[], ${events.map((one) => one.tag)}::text[],
      ${events.map((one) => one.occurredAt)}::timestamptz[]) as taken (repository_id, tag, occurred_at)
    where policy_id = ${policyId} and preheat_event.repository_id = taken.repository_id
      and preheat_event.tag = taken.tag
      and date_trunc('milliseconds', preheat_event.occurred_at) <= taken.occurred_at`)
}
