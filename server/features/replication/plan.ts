import type { RepositoryName } from '../../../oci/reference.ts'
import type { Db } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { addTasks } from '../../platform/jobs/enqueue.ts'
import {
  handler,
  HopelessJob,
  JobPostponed,
  type Job,
  type JobHandler,
  type Outcome,
} from '../../platform/jobs/type.ts'
import { hasUnfinished } from './executions.ts'
import { planEvents } from './plan-events.ts'
import { findWanted, tasksOf } from './find.ts'
import type { PlanGround } from './ground.ts'
import type { CopyParams, PlanParams } from './jobs.ts'
import { planDeletions } from './mirror.ts'
import { BadName } from './names.ts'
import type { Policy } from './policy.ts'
import { noteRepositories } from './repositories.ts'
import { openSides } from './sides/open.ts'
import { findPolicy } from './store.ts'

/** How long an event-based run waits while the one before it goes on; its events gather meanwhile, in ms. */
const gatherMs = 500
/** Tasks and items that are added in one transaction. */
const batch = { tasks: 100, items: 5000 }

const nothing = 'no resources need to be replicated'

/** The first task of every execution: finds what is to be done and adds a task for each repository. */
export function planHandler(ground: PlanGround): JobHandler {
  return handler(ground.types.plan, async (job) => {
    const policy = await findPolicy(ground.db, job.params.policyId)
    if (!policy) throw new HopelessJob('the policy has been deleted')
    if (policy.isSingle && (await hasUnfinished(ground.db, policy.id, { before: job.executionId })))
      throw new HopelessJob('Execution skipped: active replication still in progress.')
    if (job.trigger === 'EVENT') {
      if (await hasUnfinished(ground.db, policy.id, { before: job.executionId, trigger: 'EVENT' }))
        throw new JobPostponed('waits for the run before it', gatherMs)
      return outcome(await planEvents(ground, policy, job))
    }
    return outcome(await planAll(ground, policy, job))
  })
}

const outcome = (tasks: number): Outcome => (tasks === 0 ? { message: nothing } : {})

/** Returns how many tasks the execution has. */
async function planAll(ground: PlanGround, policy: Policy, job: Job<PlanParams>): Promise<number> {
  const { source, target } = await openSides(ground, policy, job.signal)
  const done = await listPlanned(ground.db, job.executionId)
  const batches = openBatches(ground, policy, job)
  const wanted = new Map<RepositoryName, Set<string>>()
  try {
    for await (const found of findWanted(policy, source, target.endpointId === 0)) {
      job.signal.throwIfAborted()
      if (policy.deletes) collect(wanted, found.target, found.items)
      if (!done.has(found.source)) await batches.add(tasksOf(policy, found))
    }
  } catch (error) {
    if (error instanceof BadName) throw new HopelessJob(error.message, { cause: error })
    throw error
  }
  await batches.flush()
  const deletions = policy.deletes ? await planDeletions(ground, policy, { source, target }, wanted, job) : []
  for (const one of deletions) await batches.add([one])
  await batches.flush()
  return done.size + batches.count()
}

function collect(wanted: Map<RepositoryName, Set<string>>, target: RepositoryName, items: { tags: string[] }[]): void {
  const tags = wanted.get(target) ?? new Set()
  for (const item of items) for (const tag of item.tags) tags.add(tag)
  wanted.set(target, tags)
}

/** The repositories for which an earlier try of this task has added tasks. */
async function listPlanned(db: Db, executionId: number): Promise<Set<string>> {
  const rows = await db.rows<{ source: string }>(sql`
    select distinct params ->> 'source' as source from task
    where execution_id = ${executionId} and params ->> 'operation' = 'copy' limit 1000000`)
  return new Set(rows.map(({ source }) => source))
}

/** Adds tasks in batches, each with the names that the policy makes, in one transaction. */
function openBatches({ db, types }: PlanGround, policy: Policy, job: Job<PlanParams>) {
  let waiting: CopyParams[] = []
  let [items, count] = [0, 0]
  const flush = async () => {
    if (waiting.length === 0) return
    const tasks = waiting
    waiting = []
    items = 0
    await db.transaction(async (tx) => {
      await noteRepositories(tx, policy.id, tasks)
      await addTasks(tx, job.executionId, types.copy, tasks)
      await job.keep(tx, { planned: count })
    })
    job.log(`${tasks.length} tasks added, ${count} in all`)
  }
  return {
    async add(tasks: CopyParams[]) {
      waiting.push(...tasks)
      count += tasks.length
      items += tasks.reduce((sum, one) => sum + one.items.length, 0)
      if (waiting.length >= batch.tasks || items >= batch.items) await flush()
    },
    flush,
    count: () => count,
  }
}
