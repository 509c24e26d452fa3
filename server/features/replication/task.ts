import type { Digest } from '../../../oci/digest.ts'
import { OciError } from '../../../oci/errors.ts'
import type { RepositoryName, Tag } from '../../../oci/reference.ts'
import { openPlaces } from '../../platform/places.ts'
import { handler, HopelessJob, type Job, type JobHandler, type Outcome } from '../../platform/jobs/type.ts'
import { RemoteFailed } from '../../registry/remote/remote.ts'
import { copyDigest, copyTag } from './copy/manifests.ts'
import type { Counts, CopyRun } from './copy/run.ts'
import { openThrottle } from '../../platform/throttle.ts'
import { openUploads } from './copy/uploads.ts'
import { deleteArtifact, deleteTag, dropEmpty } from './delete.ts'
import type { CopyGround } from './ground.ts'
import type { CopyParams, Item } from './jobs.ts'
import type { Policy } from './policy.ts'
import { isPublicProject } from './repositories.ts'
import { openSides, type Sides } from './sides/open.ts'
import { findPolicy } from './store.ts'
import { openTold, type Told } from './told.ts'

/** A policy's speed is in KB/s, as in Harbor: 1024 bytes. */
const kibibyte = 1024

/** Copies or deletes what one task is about. What has been done stays when it is stopped, or runs again. */
export function copyHandler(ground: CopyGround): JobHandler {
  return handler(ground.types.copy, async (job) => {
    const policy = await findPolicy(ground.db, job.params.policyId)
    if (!policy) throw new HopelessJob('the policy has been deleted')
    const sides = await openSides(ground, policy, job.signal)
    const told = await openTold(ground, policy, job)
    try {
      const outcome = await (job.params.operation === 'copy'
        ? copyAll(ground, policy, sides, job, told)
        : deleteAll(sides, job, told))
      await told.ended('Success', '')
      return outcome
    } catch (error) {
      const isOver = job.attempt >= ground.types.copy.maxTries || error instanceof HopelessJob
      const message = (error as Error).message
      if (!job.signal.aborted && isOver) await told.ended('Error', message)
      throw error
    }
  })
}

type CopyJob = Job<CopyParams>

async function copyAll(ground: CopyGround, policy: Policy, sides: Sides, job: CopyJob, told: Told): Promise<Outcome> {
  const run = openRun(ground, policy, sides, job, told)
  const known = await readTarget(sides, run.to, job.params.items.length)
  // Without override each tag is asked for before it is written, and a Harbor answers 401 where the project is absent.
  if (known?.isAbsent && !run.overrides) await run.ready()
  const failures = new Failures()
  const places = openPlaces({ places: ground.rules.tagsAtOnce })
  await Promise.all(
    job.params.items.map(async (item) => {
      using place = await places.enter('tags', job.signal)
      if (place) await copyItem(run, item, known, failures)
    }),
  )
  job.signal.throwIfAborted()
  job.progress({ ...run.counts })
  failures.throwIfAny(job)
  job.log(summary(run.counts), 'INFO', 'last word')
  return { attrs: {} }
}

function summary({ copied, same, kept, gone, bytes, mounted }: Counts): string {
  const lost = gone > 0 ? `, ${gone} gone` : ''
  const sent = `${bytes} bytes sent, ${mounted} blobs mounted`
  return `${copied} copied, ${same} were there, ${kept} left alone${lost}; ${sent}`
}

/**
 * What the target has, as far as one list says it: tags with their digests (undefined where the list has none), and all
 * digests of accessories.
 */
type KnownTarget =
  | {
      tags: Map<string, Digest | undefined>
      accessories: ReadonlySet<string>
      knowsAccessories: boolean
      /** The repository, and maybe its project, is not there yet. */
      isAbsent?: true
    }
  | undefined

/** For fewer items it is cheaper to ask for each tag than for a list without digests. */
const worthAList = 4

async function readTarget({ target }: Sides, name: RepositoryName, items: number): Promise<KnownTarget> {
  if (!target.listsDigests && items < worthAList) return undefined
  const tags = new Map<string, Digest | undefined>()
  const accessories = new Set<string>()
  let knowsAccessories = true
  try {
    for await (const artifact of target.artifacts(name)) {
      for (const tag of artifact.tags) tags.set(tag, artifact.digest)
      if (!artifact.accessories) knowsAccessories = false
      for (const digest of artifact.accessories ?? []) accessories.add(digest)
    }
  } catch (error) {
    // A project or repository that is not there yet, or that the list does not show.
    const isUnknown = error instanceof OciError && /^(NAME_UNKNOWN|NOT_FOUND|DENIED|UNAUTHORIZED)$/.test(error.code)
    if (!isUnknown) throw error
    return error.code === 'NAME_UNKNOWN' ? { tags, accessories, knowsAccessories, isAbsent: true } : undefined
  }
  return { tags, accessories, knowsAccessories }
}

async function copyItem(run: CopyRun, item: Item, known: KnownTarget, failures: Failures): Promise<void> {
  const here = item.digest as Digest | undefined
  for (const tag of item.tags as Tag[]) {
    if (run.signal.aborted) return
    if (isSame(run, item, tag, known)) {
      run.counts.same++
      run.told()
      continue
    }
    const there = thereIn(run, known, tag)
    await failures.collect(`${run.from}:${tag}`, () => copyTag(run, tag, { here, there }))
  }
  if (item.tags.length === 0 && here) await failures.collect(`${run.from}@${here}`, () => copyDigest(run, here))
}

/** Without override a tag is asked for right before it is written, as it may be new since the list. */
function thereIn({ overrides }: CopyRun, known: KnownTarget, tag: string): Digest | null | undefined {
  return known?.tags.get(tag) ?? (overrides && known && !known.tags.has(tag) ? null : undefined)
}

/** Whether both lists say the same of a tag and of all that belongs to it: then nothing is asked. */
function isSame({ platforms, rewritesIndex }: CopyRun, item: Item, tag: string, known: KnownTarget): boolean {
  if (!known || !item.digest || known.tags.get(tag) !== item.digest || !item.accessories) return false
  if (platforms.length > 0 && rewritesIndex) return false
  return (
    item.accessories.length === 0 ||
    (known.knowsAccessories && item.accessories.every((one) => known.accessories.has(one)))
  )
}

function openRun(ground: CopyGround, policy: Policy, sides: Sides, job: CopyJob, told: Told): CopyRun {
  const { rules, mounts, db } = ground
  const { source: from, target: to, linkTags } = job.params
  const counts: Counts = { copied: 0, same: 0, kept: 0, gone: 0, blobs: 0, mounted: 0, bytes: 0 }
  let made: Promise<void> | undefined
  const ready = async () => {
    const isPublic = sides.source.endpointId === 0 ? await isPublicProject(ground.reader, from) : undefined
    await told.began()
    await sides.target.prepare([{ name: to as RepositoryName, isPublic }])
  }
  return {
    ...sides,
    from: from as RepositoryName,
    to: to as RepositoryName,
    overrides: policy.overrides,
    chunkBytes: policy.copiesByChunk ? rules.chunkBytes : undefined,
    platforms: policy.platforms,
    rewritesIndex: policy.rewritesIndex,
    linkTags: linkTags === null ? undefined : new Set(linkTags as Tag[]),
    places: openPlaces({ places: rules.blobsAtOnce }),
    throttle: openThrottle(policy.speed * kibibyte, job.signal),
    uploads: openUploads(db.relaxed, sides.target.endpointId),
    mounts,
    retries: { tries: rules.blobTries, firstMs: rules.blobBackOffMs },
    ready: () =>
      (made ??= ready().catch((error: unknown) => {
        made = undefined
        throw error
      })),
    signal: job.signal,
    log: (line, level) => job.log(line, level),
    counts,
    told: () => {
      told.count(counts)
      job.progress({ ...counts })
    },
    held: new Set(),
    done: new Set(),
  }
}

async function deleteAll(sides: Sides, job: CopyJob, told: Told): Promise<Outcome> {
  const { source: from, target: to, operation, items } = job.params
  const run = {
    ...sides,
    from: from as RepositoryName,
    to: to as RepositoryName,
    signal: job.signal,
    log: (line: string) => job.log(line),
  }
  const failures = new Failures()
  await told.began()
  for (const item of items) {
    job.signal.throwIfAborted()
    const name = `${to}${item.digest ? `@${item.digest}` : `:${item.tags[0]}`}`
    await failures.collect(name, () =>
      operation === 'deletion' ? deleteArtifact(run, item) : deleteTag(run, item.tags[0] as Tag),
    )
  }
  failures.throwIfAny(job)
  await dropEmpty(run)
  return {}
}

/** The items of a task that failed: one that fails does not hold up the others. */
class Failures {
  readonly #all: { name: string; error: Error }[] = []
  #count = 0

  async collect(name: string, work: () => Promise<unknown>): Promise<void> {
    this.#count++
    try {
      await work()
    } catch (error) {
      this.#all.push({ name, error: error as Error })
    }
  }

  throwIfAny(job: Pick<CopyJob, 'log' | 'signal'>): void {
    job.signal.throwIfAborted()
    const [first] = this.#all
    if (!first) return
    for (const { name, error } of this.#all.slice(0, 100)) job.log(`${name}: ${error.message}`, 'ERROR')
    const message = `${this.#all.length} of ${this.#count} failed, the first: ${first.name}: ${first.error.message}`
    throw this.#all.every(({ error }) => isHopeless(error)) ? new HopelessJob(message) : new Error(message)
  }
}

/** Whether no further try can help: the other side has answered, and refused. */
function isHopeless(error: Error): boolean {
  if (error instanceof RemoteFailed) return !error.isPassing
  if (!(error instanceof OciError)) return error instanceof HopelessJob
  return ![
    'UNKNOWN',
    'UNAVAILABLE',
    'TOOMANYREQUESTS',
    'BLOB_UPLOAD_UNKNOWN',
    'BLOB_UPLOAD_INVALID',
    'CONFLICT',
  ].includes(error.code)
}
