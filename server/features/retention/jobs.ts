import type { Actor } from '../../catalog/topics.ts'
import type { Db } from '../../platform/db/db.ts'
import { emit } from '../../platform/events/emit.ts'
import { addTasks } from '../../platform/jobs/enqueue.ts'
import { handler, HopelessJob, jobType, type Job, type JobHandler } from '../../platform/jobs/type.ts'
import { findMetadata } from '../projects/index.ts'
import { nowOf, type Ground, type RepositoryParams } from './ground.ts'
import { sweepRepository } from './sweep.ts'
import { ruleSetOf, type Policy } from './policy.ts'
import { measureProject, projectsOf, repositoriesOf, selectorOf, shareOf, shortName } from './scan.ts'
import { findPolicy, findRun, noteRun, type Run } from './store.ts'
import { facts } from './topics.ts'

/** Harbor's name of the part of a run that works on one repository. */
export const sweepType = jobType<RepositoryParams>({ name: 'RETENTION', maxTries: 3, concurrency: 2 })

/** Finds the repositories of a run. Its executions are Harbor's: those of the vendor RETENTION and the policy. */
export const startType = jobType<Record<string, never>>({ name: 'RETENTION_START', maxTries: 3 })
/** Harbor's vendor type of the executions. */
export const vendorType = 'RETENTION'

const scheduler: Actor = { kind: 'system', id: null, name: 'retention' }

export const startHandler = (ground: Ground): JobHandler => handler(startType, (job) => startRun(ground, job))
export const sweepHandler = (ground: Ground): JobHandler => handler(sweepType, (job) => sweepRepository(ground, job))

async function startRun(ground: Ground, job: Job): Promise<void> {
  const { db } = ground
  const policy = await findPolicy(db, job.vendorId)
  if (!policy) return job.log(`the retention policy ${job.vendorId} was deleted`, 'INFO', 'last word')
  const run = await runOf(db, job, policy)
  if (!run.isDryRun && job.earlier['project'] === undefined) await holdIfLarge(ground, job, policy, run)
  const count = await addAll(db, job, policy, run)
  job.log(`${count} repositories`, 'INFO', 'last word')
}

/** A run by schedule notes its rules when it begins; one by hand did when it was asked for. */
async function runOf(db: Db, { executionId }: Job, policy: Policy): Promise<Run> {
  const given = { executionId, policyId: policy.id, isDryRun: false, maxShare: null, askedBy: scheduler }
  const rules = policy.algorithm === 'or' ? { algorithm: policy.algorithm, rules: policy.rules } : policy
  await noteRun(db, { ...given, algorithm: rules.algorithm, rules: rules.rules } as Run)
  return (await findRun(db, executionId))!
}

/** The metadata of a project that limits the share of its tags that a run may delete, in percent. */
const shareSetting = 'retention_max_share'

/** Ends the run before anything is deleted when a project would lose more than the allowed share of its tags. */
async function holdIfLarge(ground: Ground, job: Job, policy: Policy, run: Run): Promise<void> {
  const { db } = ground
  for await (const { id, name } of projectsOf(db, policy)) {
    const set = (await findMetadata(ground, id))[shareSetting]
    const limit = run.maxShare ?? (set === undefined ? 100 : Number(set))
    if (limit >= 100) continue
    const counts = await measureProject(ground, id, ruleSetOf(run), await nowOf(db), job.signal)
    const percent = shareOf(counts)
    if (percent <= limit) continue
    const said = { projectId: id, policyId: policy.id, executionId: run.executionId, project: name, percent, limit }
    await db.transaction((tx) => emit(tx, [facts.runHeld(said, run.askedBy)]))
    throw new HopelessJob(
      `held: it would delete ${counts.droppedTags} of ${counts.tags} tags of ${name} (${percent} %), ` +
        `more than ${limit} %; nothing was deleted`,
    )
  }
}

/** Adds a task for each repository that a rule selects; a retry goes on where an earlier try was cut short. */
async function addAll(db: Db, job: Job, policy: Policy, run: Run): Promise<number> {
  const isSelected = selectorOf(ruleSetOf(run))
  let count = Number(job.earlier['added'] ?? 0)
  const from = { project: Number(job.earlier['project'] ?? 0), repository: Number(job.earlier['repository'] ?? 0) }
  let waiting: RepositoryParams[] = []
  let last = from
  const flush = () =>
    db.transaction(async (tx) => {
      if (waiting.length > 0) await addTasks(tx, job.executionId, sweepType, waiting)
      await job.keep(tx, { ...last, added: count + waiting.length })
    })
  for await (const { id } of projectsOf(db, policy, Math.max(0, from.project - 1))) {
    for await (const { id: repositoryId, name } of repositoriesOf(db, id, id === from.project ? from.repository : 0)) {
      last = { project: id, repository: repositoryId }
      const short = shortName(name)
      if (isSelected(short)) waiting.push({ repositoryId, repository: name, short })
      if (waiting.length < 500) continue
      job.signal.throwIfAborted()
      await flush()
      count += waiting.length
      waiting = []
    }
  }
  await flush()
  return count + waiting.length
}
