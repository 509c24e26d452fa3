import { sql } from '../../../platform/db/sql.ts'
import { handler, HopelessJob, JobPostponed, type Job, type JobHandler } from '../../../platform/jobs/type.ts'
import type { Ground } from '../ground.ts'
import { askInstance } from '../instances/actions.ts'
import { findInstanceById, type Instance } from '../instances/store.ts'
import type { Policy } from '../policies/policy.ts'
import { findPolicyById } from '../policies/store.ts'
import { ProviderAway, ProviderRefused, type Progress } from '../providers/provider.ts'
import { getProvider } from '../providers/providers.ts'
import type { ImageParams } from './jobs.ts'

type ImageJob = Job<ImageParams>

/** What a task keeps between its looks. `job`: the service's; `missed`: looks in a row that failed. */
type Kept = { job?: string; begunAt?: string; says?: string; missed?: number }

/** Looks in a row that may fail before the task does. */
const mostMissed = 10

/**
 * Asks the service to fetch one image, and looks again and again how far it is. Between two looks the task waits in
 * the queue. A task that was cut short goes on with the job that the service has already.
 */
export function imageHandler(ground: Ground): JobHandler {
  return handler(ground.types.image, async (job) => {
    const { policyId, instanceId } = job.params
    try {
      const policy = await findPolicyById(ground.db, policyId)
      if (!policy) throw new HopelessJob('the policy has been deleted')
      const instance = await findInstanceById(ground.db, instanceId)
      if (!instance) throw new HopelessJob('the preheat instance has been deleted')
      const known = job.earlier as Kept
      await (known.job === undefined ? begin(ground, policy, instance, job) : look(ground, instance, job, known))
      await tally(ground, instanceId, true)
      return {}
    } catch (error) {
      if (job.signal.aborted || error instanceof JobPostponed) throw error
      const ending = error instanceof ProviderRefused ? new HopelessJob(error.message, { cause: error }) : error
      if (ending instanceof HopelessJob || job.attempt >= ground.types.image.maxTries)
        await tally(ground, instanceId, false)
      throw ending
    }
  })
}

/** Begins; throws JobPostponed while the service has not ended. */
async function begin(ground: Ground, policy: Policy, instance: Instance, job: ImageJob): Promise<void> {
  const { projectId, repository, tag, digest, mediaType } = job.params
  if (!instance.isEnabled) throw new HopelessJob(`the preheat instance ${instance.name} is disabled`)
  if (!(await isCurrent(ground, job.params)))
    throw new HopelessJob(`${repository}:${tag} does not name ${digest} any more`)
  const provider = getProvider(instance.provider)
  job.log(
    `Preheating image '${repository}:${tag}@${digest}' to the target preheat provider: ` +
      `${instance.provider} ${instance.name}:${instance.endpoint}`,
  )
  const { scope, cluster_ids: clusterIds } = policy.extraAttrs ?? {}
  const id = await provider.preheat(
    askInstance(ground, instance, job.signal),
    {
      repository,
      tag,
      digest,
      mediaType,
      url: `${ground.registryUrl}/v2/${repository}/manifests/${tag}`,
      authorize: () =>
        ground.issueCredential({ repository, projectId }, job.taskId, Math.ceil(ground.rules.timeoutMs / 1000)),
    },
    // A policy that was given another kind of service meanwhile has other words.
    {
      ...(scope !== undefined && provider.scopes.includes(scope) ? { scope } : {}),
      ...(clusterIds ? { clusterIds } : {}),
    },
  )
  job.log('Sending preheat request is successfully done')
  if (id === undefined) return job.log('Preheating is completed', 'INFO', 'last word')
  await keep(ground, job, { job: id, begunAt: new Date().toISOString() })
  job.log(`Start to loop check the preheating status of job ${id} until it ends or timeout(${minutesOf(ground)})`)
  throw new JobPostponed('the provider is at work', ground.rules.pollMs)
}

/** Looks how far the service is; throws JobPostponed while it has not ended. */
async function look(ground: Ground, instance: Instance, job: ImageJob, known: Kept): Promise<void> {
  const { rules } = ground
  const progress = await progressOf(ground, instance, job, known)
  if (progress.state === 'failed') throw new HopelessJob(`preheating has failed: ${progress.reason}`)
  if (progress.state === 'success') {
    for (const note of progress.notes) job.log(note)
    return job.log('Preheating is completed', 'INFO', 'last word')
  }
  if (isLate(ground, known)) throw new HopelessJob(lateText(ground))
  if (progress.says !== known.says || (known.missed ?? 0) > 0) {
    if (progress.says !== known.says) job.log(`Check preheat progress: ${progress.says}`)
    await keep(ground, job, { says: progress.says, missed: 0 })
  }
  throw new JobPostponed('the provider is at work', rules.pollMs)
}

/** A look that fails is repeated like one that finds no end, up to a bound. */
async function progressOf(ground: Ground, instance: Instance, job: ImageJob, known: Kept): Promise<Progress> {
  const { progress } = getProvider(instance.provider)
  if (!progress) throw new HopelessJob(`the preheat instance ${instance.name} is now of a kind that has no jobs`)
  try {
    return await progress(askInstance(ground, instance, job.signal), known.job!)
  } catch (error) {
    if (!(error instanceof ProviderAway)) throw error
    const missed = (known.missed ?? 0) + 1
    if (isLate(ground, known)) throw new HopelessJob(lateText(ground), { cause: error })
    if (missed >= mostMissed) throw new HopelessJob(error.message, { cause: error })
    job.log(`${error.message}: it is asked again`, 'WARNING')
    await keep(ground, job, { missed })
    throw new JobPostponed(error.message, ground.rules.pollMs)
  }
}

const isLate = ({ rules }: Ground, { begunAt = '' }: Kept): boolean =>
  Date.now() - Date.parse(begunAt) > rules.timeoutMs
const lateText = (ground: Ground) => `the provider has not preheated the image within ${minutesOf(ground)}`

const keep = ({ db }: Ground, job: ImageJob, kept: Kept) => db.transaction((tx) => job.keep(tx, kept))
const minutesOf = ({ rules }: Ground) => `${Math.round(rules.timeoutMs / 6000) / 10}m`

/** Whether the tag still names the image that was chosen: another one may not be what the policy wants. */
async function isCurrent({ db }: Ground, { repository, tag, digest }: ImageParams): Promise<boolean> {
  const row = await db.row(sql`
    select 1 from repository join tag on tag.repository_id = repository.id
      join artifact on artifact.id = tag.artifact_id
    where repository.name = ${repository} and tag.name = ${tag} and artifact.digest = ${digest}`)
  return row !== undefined
}

/** Counts an image that has ended. Does nothing for an instance that is gone. */
async function tally({ db }: Ground, instanceId: number, hasSucceeded: boolean): Promise<void> {
  const [succeeded, failed] = hasSucceeded ? [1, 0] : [0, 1]
  await db.run(sql`
    insert into preheat_tally (instance_id, succeeded, failed)
    select id, ${succeeded}::bigint, ${failed}::bigint from preheat_instance where id = ${instanceId}
    on conflict (instance_id) do update set
      succeeded = preheat_tally.succeeded + excluded.succeeded, failed = preheat_tally.failed + excluded.failed`)
}
