import { OciError } from '../../../oci/errors.ts'
import type { RepositoryName } from '../../../oci/reference.ts'
import { HopelessJob, type Job } from '../../platform/jobs/type.ts'
import { isLinkTag } from './copy/accessories.ts'
import { compileFilters, type Chosen } from './filters.ts'
import type { PlanGround } from './ground.ts'
import { itemsOfTask, type CopyParams, type Item, type Operation, type PlanParams } from './jobs.ts'
import type { Policy } from './policy.ts'
import { forgetRepository, listManaged, type Managed } from './repositories.ts'
import type { Sides } from './sides/open.ts'
import type { Side } from './sides/side.ts'

/** The tags that each target repository is to have. */
type WantedTags = ReadonlyMap<RepositoryName, ReadonlySet<string>>

/** What a mirror would delete in one repository, and how many tags the policy is about there. */
export type Surplus = Managed & { artifacts: Item[]; tags: Item[]; count: number; total: number }

/**
 * Finds what has gone at the source and is still at the target (pain 32), after a full look at both. Throws HopelessJob
 * when more than the allowed share would go: then the source is more likely broken than emptied.
 */
export async function planDeletions(
  { db, rules }: PlanGround,
  policy: Policy,
  { target }: Sides,
  wanted: WantedTags,
  job: Job<PlanParams>,
): Promise<CopyParams[]> {
  const surplus: Surplus[] = []
  for await (const one of findSurplus(policy, target, await listManaged(db, policy), wanted)) {
    job.signal.throwIfAborted()
    if (one.others.length > 0 && one.count > 0)
      job.log(`${one.target}: nothing is deleted, as other policies fill it, too: ${one.others.join(', ')}`, 'WARNING')
    else surplus.push(one)
  }
  const refusal = refusalOf(surplus, rules.deletionPercent)
  if (refusal && !job.params.allowsDeletion) throw new HopelessJob(refusal)
  for (const { target: gone, total } of surplus)
    if (total === 0 && !wanted.has(gone)) await forgetRepository(db, policy.id, gone)
  return surplus.flatMap((one) => tasksOf(policy, one))
}

/** Why so much is not deleted; undefined when it may be. */
export function refusalOf(surplus: Pick<Surplus, 'count' | 'total'>[], allowedPercent: number): string | undefined {
  const sum = (key: 'count' | 'total') => surplus.reduce((all, one) => all + one[key], 0)
  const [count, total] = [sum('count'), sum('total')]
  const percent = total === 0 ? 0 : (count * 100) / total
  if (percent <= allowedPercent) return undefined
  return (
    `${count} of ${total} tags would be deleted at the target (${Math.floor(percent)} %), more than the ` +
    `${allowedPercent} % that MARINA_REPLICATION_DELETION_PERCENT allows: nothing was deleted. ` +
    'Look whether the source is whole; then run the policy with allow_deletion'
  )
}

/** Looks at all repositories that the policy has filled. */
export async function* findSurplus(
  policy: Pick<Policy, 'filters'>,
  target: Side,
  managed: Managed[],
  wanted: WantedTags,
): AsyncGenerator<Surplus> {
  const chosen = compileFilters(policy.filters)
  for (const one of managed) {
    const found = await surplusIn(chosen, target, one.target, wanted.get(one.target) ?? new Set())
    yield { ...one, ...found }
  }
}

async function surplusIn(chosen: Chosen, target: Side, name: RepositoryName, wanted: ReadonlySet<string>) {
  const surplus = { artifacts: [] as Item[], tags: [] as Item[], count: 0, total: 0 }
  try {
    for await (const { tags, digest } of target.artifacts(name)) {
      const meant = tags.filter((tag) => !isLinkTag(tag) && chosen.takesTag(tag))
      const gone = meant.filter((tag) => !wanted.has(tag))
      surplus.total += meant.length
      surplus.count += gone.length
      if (gone.length === 0) continue
      // All its tags go: so does the artifact, with its signatures.
      const isWhole = digest !== undefined && gone.length === tags.filter((tag) => !isLinkTag(tag)).length
      if (isWhole) surplus.artifacts.push({ digest, tags: gone })
      else surplus.tags.push(...gone.map((tag) => ({ tags: [tag] })))
    }
  } catch (error) {
    if (!(error instanceof OciError) || error.code !== 'NAME_UNKNOWN') throw error
  }
  return surplus
}

function tasksOf({ id, endpointId }: Policy, { source, target, artifacts, tags }: Surplus): CopyParams[] {
  const task = (operation: Operation, items: Item[]): CopyParams[] =>
    Array.from({ length: Math.ceil(items.length / itemsOfTask) }, (_, at) => ({
      policyId: id,
      endpointId,
      operation,
      resourceType: 'artifact',
      source,
      target,
      items: items.slice(at * itemsOfTask, (at + 1) * itemsOfTask),
      linkTags: null,
    }))
  return [...task('deletion', artifacts), ...task('tag deletion', tags)]
}
