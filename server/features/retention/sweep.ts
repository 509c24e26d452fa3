import { findRepository } from '../../catalog/repository.ts'
import type { RepositoryName } from '../../../oci/reference.ts'
import { emit } from '../../platform/events/emit.ts'
import type { Job } from '../../platform/jobs/type.ts'
import { dropOne } from './drop.ts'
import { presentHarborRules } from './harbor.ts'
import { nowOf, type Ground, type RepositoryParams } from './ground.ts'
import { tableOf } from './log-table.ts'
import { presentOrderedRules } from './ordered.ts'
import { countOf, type Outcome } from './plan.ts'
import { ruleSetOf } from './policy.ts'
import { planRepository, shortName } from './scan.ts'
import { findRun, listRemoved, type RepositoryRow, type Run } from './store.ts'
import { facts } from './topics.ts'

/** The most names that a fact lists. */
const mostNames = 100

/** One task: plans a repository, says so in Harbor's words, and deletes what the plan drops unless it is a dry run. */
export async function sweepRepository(ground: Ground, job: Job): Promise<void> {
  const { db } = ground
  const { repositoryId, repository: name } = job.params as RepositoryParams
  const run = await findRun(db, job.executionId)
  const repository = await findRepository(ground, name as RepositoryName)
  if (!run || repository?.id !== repositoryId) return job.log(`the repository ${name} was deleted`, 'INFO', 'last word')
  const { algorithm, isDryRun } = run
  job.log(`Run retention process. Repository: ${name} Rule Algorithm: ${algorithm} Dry Run: ${isDryRun}`)
  const outcomes = await planRepository(ground, repository, ruleSetOf(run), await nowOf(db))
  job.log(`Load ${outcomes.length} candidates from repository ${name}`)
  for (const line of tableOf(outcomes)) job.log(line)
  for (const { candidate, decision, tags } of outcomes)
    if ([decision, ...tags.map((one) => one.decision)].some(({ reason }) => reason === 'immutable'))
      job.log(`Retention error for artifact image:${name}:${candidate.digest} : Immutable tag`)
  const { artifacts, droppedArtifacts } = countOf(outcomes)
  job.progress({ total: artifacts, retained: artifacts - droppedArtifacts })
  if (isDryRun) return
  const stayed = await dropAll(ground, job, run, repository, outcomes)
  await report(ground, job, run, repository, artifacts - droppedArtifacts + stayed)
}

/** Returns how many artifacts stay against the plan. Indexes go before their parts, which they protect. */
async function dropAll(
  { db, gates, drops }: Ground,
  job: Job,
  run: Run,
  repository: RepositoryRow,
  outcomes: Outcome[],
): Promise<number> {
  const due = outcomes.filter(({ decision, tags }) => !decision.isKept || tags.some((one) => !one.decision.isKept))
  due.sort((a, b) => b.candidate.depth - a.candidate.depth)
  const dropping = { db, gates, by: run.askedBy, repository, runId: run.executionId }
  let stayed = 0
  for (const outcome of due) {
    job.signal.throwIfAborted()
    const { candidate, decision, tags } = outcome
    const why = await dropOne(dropping, outcome)
    if (why !== undefined) {
      job.log(`Retention error for artifact image:${repository.name}:${candidate.digest} : ${why}`, 'WARNING')
      if (!decision.isKept) stayed++
    } else if (decision.isKept) drops.add('tag', tags.filter((one) => !one.decision.isKept).length)
    else drops.add('artifact', 1)
  }
  return stayed
}

/** The outcome of the task. It counts all deletions of this run, also those of an earlier try of the same task. */
async function report({ db }: Ground, job: Job, run: Run, repository: RepositoryRow, left: number): Promise<void> {
  if (job.earlier['told'] === true) return
  const { name, projectId } = repository
  const removed = await listRemoved(db, run.executionId, name, mostNames)
  const counts = { total: left + removed.artifacts, retained: left }
  const rules: object[] = run.algorithm === 'or' ? presentHarborRules(run.rules) : presentOrderedRules(ruleSetOf(run))
  const deleted = removed.names.map((one) => `${shortName(name)}${one.startsWith('sha256:') ? '@' : ':'}${one}`)
  await db.transaction(async (tx) => {
    const { policyId, executionId } = run
    const said = { projectId, repository: name, policyId, executionId, ...counts, deleted, rules }
    await emit(tx, [facts.repositoryDone(said, run.askedBy)])
    await job.keep(tx, { ...counts, told: true })
  })
}
