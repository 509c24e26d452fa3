import type { Static } from 'typebox'
import type { ReplicationDrift, ReplicationPreview } from '../../../api/replication.ts'
import type { Digest } from '../../../oci/digest.ts'
import { OciError } from '../../../oci/errors.ts'
import type { RepositoryName, Tag } from '../../../oci/reference.ts'
import { Failure } from '../../platform/http/failure.ts'
import { unlessUnknown } from './copy/read.ts'
import { compileFilters } from './filters.ts'
import { findIn } from './find.ts'
import type { CopyGround } from './ground.ts'
import { findSurplus, refusalOf, type Surplus } from './mirror.ts'
import { BadName, openNaming } from './names.ts'
import type { NewPolicy, Policy } from './policy.ts'
import { listManaged } from './repositories.ts'
import { openSides, type Sides } from './sides/open.ts'
import { sizeOf } from './size.ts'

type Preview = Static<typeof ReplicationPreview>
type Drift = Static<typeof ReplicationDrift>
type Difference = Preview['artifacts'][number]
type Given = NewPolicy | Policy

/** How long a client waits for an answer at most, in ms; what was found by then is shown. */
const mostMs = 60_000
/** The most manifests that are read for their sizes, where a list does not say them. */
const mostSizes = 500

/** What a run of a policy would do, without doing it. Throws the error of the side that cannot be read. */
export function preview(ground: CopyGround, policy: Given, limit: number): Promise<Preview> {
  return explained(async (signal) => {
    const sides = await openSides(ground, policy, signal)
    const look = await compare(policy, sides, limit, signal)
    const surplus = policy.deletes && look.isComplete ? await listSurplus(ground, policy, sides, look) : []
    const words = { missing: 'copy', different: policy.overrides ? 'overwrite' : 'keep', same: 'skip' } as const
    const artifacts = look.found.map((one) => ({ ...one.shown, action: words[one.state] as string }))
    const deleted = surplus.flatMap((one) => shownSurplus(one, 'delete'))
    const count = (action: string) => artifacts.filter((one) => one.action === action).length
    const refusal = refusalOf(surplus, ground.rules.deletionPercent)
    const sent = artifacts.filter(({ action }) => action === 'copy' || action === 'overwrite')
    await addSizes(sides, sent, signal)
    return {
      is_complete: look.isComplete,
      copy: count('copy'),
      overwrite: count('overwrite'),
      skip: count('skip'),
      keep: count('keep'),
      delete: deleted.length,
      bytes: sent.reduce((sum, { size }) => sum + Math.max(0, size), 0),
      artifacts: [...artifacts.filter(({ action }) => action !== 'skip'), ...deleted],
      collisions: [...look.targets].flatMap(([target, sources]) => (sources.length > 1 ? [{ target, sources }] : [])),
      problems: [...look.problems, ...(refusal ? [refusal] : [])],
    }
  })
}

/** Where source and target of a policy differ. */
export function findDrift(ground: CopyGround, policy: Policy, limit: number): Promise<Drift> {
  return explained(async (signal) => {
    const sides = await openSides(ground, policy, signal)
    const look = await compare(policy, sides, limit, signal)
    const surplus = look.isComplete ? await listSurplus(ground, policy, sides, look) : []
    const extra = surplus.flatMap((one) => shownSurplus(one, 'extra'))
    const count = (state: Found['state']) => look.found.filter((one) => one.state === state).length
    return {
      is_complete: look.isComplete,
      same: count('same'),
      missing: count('missing'),
      different: count('different'),
      extra: extra.length,
      artifacts: [
        ...look.found.flatMap(({ state, shown }) => (state === 'same' ? [] : [{ ...shown, action: state }])),
        ...extra,
      ],
    }
  })
}

/** A side that cannot be read is a 400 with its reason, as when an endpoint is pinged. */
async function explained<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  try {
    return await work(AbortSignal.timeout(mostMs))
  } catch (error) {
    if (error instanceof OciError) throw new Failure('BAD_REQUEST', error.message)
    if (error instanceof Error && error.name === 'TimeoutError')
      throw new Failure(
        'BAD_REQUEST',
        `the registries took longer than ${mostMs / 1000} s: ask for fewer artifacts by limit`,
      )
    throw error
  }
}

type Found = { state: 'missing' | 'different' | 'same'; shown: Omit<Difference, 'action'> }
type Look = {
  isComplete: boolean
  found: Found[]
  targets: Map<RepositoryName, string[]>
  wanted: Map<RepositoryName, Set<string>>
  problems: string[]
}

/** Compares what the filters take with what is at the target, up to `limit` artifacts. */
async function compare(policy: Given, sides: Sides, limit: number, signal: AbortSignal): Promise<Look> {
  const { source, target } = sides
  const chosen = compileFilters(policy.filters)
  const nameOf = openNaming(policy.naming, target.endpointId === 0)
  const look: Look = { isComplete: true, found: [], targets: new Map(), wanted: new Map(), problems: [] }
  const names = { prefix: chosen.prefix, names: chosen.names, takes: chosen.takesRepository }
  for await (const from of source.repositories(names)) {
    signal.throwIfAborted()
    if (!chosen.takesRepository(from)) continue
    const here = await findIn(chosen, source, from)
    if (!here || here.items.length === 0) continue
    let to: RepositoryName
    try {
      to = nameOf(from)
    } catch (error) {
      if (!(error instanceof BadName)) throw error
      look.problems.push(error.message)
      continue
    }
    look.targets.set(to, [...(look.targets.get(to) ?? []), from])
    const there = await readTags(sides, to)
    for (const { tags, digest } of here.items)
      for (const tag of tags.length > 0 ? tags : ['']) {
        if (look.found.length >= limit) return { ...look, isComplete: false }
        if (tag) look.wanted.set(to, (look.wanted.get(to) ?? new Set()).add(tag))
        look.found.push(await compareOne(sides, { from, to, tag, digest: digest as Digest | undefined }, there))
      }
  }
  return look
}

type Tags = { known: Map<string, Digest> | undefined }

async function readTags({ target }: Sides, name: RepositoryName): Promise<Tags> {
  if (!target.listsDigests) return { known: undefined }
  const known = new Map<string, Digest>()
  await unlessUnknown(async () => {
    for await (const { tags, digest } of target.artifacts(name))
      for (const tag of tags) if (digest) known.set(tag, digest)
  })
  return { known }
}

type One = { from: RepositoryName; to: RepositoryName; tag: string; digest: Digest | undefined }

async function compareOne({ source, target }: Sides, one: One, { known }: Tags): Promise<Found> {
  const { from, to, tag } = one
  const stat = (side: typeof source, name: RepositoryName) =>
    unlessUnknown(async () => side.registry.statManifest(name, tag ? { tag: tag as Tag } : { digest: one.digest! }))
  const here = one.digest ?? (await stat(source, from))?.digest ?? ''
  const there = (known && tag ? known.get(tag) : (await stat(target, to))?.digest) ?? ''
  const state = there === '' ? 'missing' : there === here ? 'same' : 'different'
  return { state, shown: { source: from, target: to, tag, source_digest: here, target_digest: there, size: -1 } }
}

async function addSizes(sides: Sides, sent: Difference[], signal: AbortSignal): Promise<void> {
  for (const one of sent.slice(0, mostSizes)) {
    signal.throwIfAborted()
    if (one.source_digest !== '')
      one.size = await sizeOf(sides.source, one.source as RepositoryName, one.source_digest as Digest)
  }
}

/** What a mirror would delete; an unsaved policy has filled nothing yet. */
async function listSurplus(ground: CopyGround, policy: Given, { target }: Sides, look: Look): Promise<Surplus[]> {
  const saved = 'id' in policy ? await listManaged(ground.db, policy) : []
  const others = new Set(saved.map((one) => one.target))
  const planned = [...look.targets].flatMap(([name, [source]]) =>
    others.has(name) ? [] : [{ target: name, source: source as RepositoryName, others: [] as string[] }],
  )
  const surplus: Surplus[] = []
  for await (const one of findSurplus(policy, target, [...saved, ...planned], look.wanted))
    if (one.others.length === 0) surplus.push(one)
  return surplus
}

function shownSurplus({ source, target, artifacts, tags }: Surplus, action: string): Difference[] {
  return [...artifacts, ...tags].flatMap((item) =>
    item.tags.map((tag) => ({
      source,
      target,
      tag,
      action,
      source_digest: '',
      target_digest: item.digest ?? '',
      size: -1,
    })),
  )
}
