import { digestOf, type Digest } from '../../../../oci/digest.ts'
import { OciError } from '../../../../oci/errors.ts'
import { namedBlobs, neededBlobs, parseManifest, type Manifest } from '../../../../oci/manifest.ts'
import { isManifestType } from '../../../../oci/media-type.ts'
import type { Reference, Tag } from '../../../../oci/reference.ts'
import type { ManifestRead } from '../../../registry/registry.ts'
import { replicator } from '../sides/side.ts'
import { listAccessories, type Accessories } from './accessories.ts'
import { copyBlobs } from './blobs.ts'
import { rewritten, wantedChildren } from './platforms.ts'
import { readSource, statSource, statTarget } from './read.ts'
import type { CopyRun } from './run.ts'

/** How deep indexes, subjects and referrers may lead in all. */
const deepest = 16

/**
 * The manifests on the way to the one that is copied. One that is named again, as a signature names its image, is not
 * copied again: it is just being copied.
 */
type Chain = readonly Digest[]

/**
 * What became of a tag or a digest: copied; the same already; kept, as the target's tag means something else and the
 * policy does not override; or gone, as the source has it no more.
 */
type Result = 'copied' | 'same' | 'kept' | 'gone'

/** What is known from lists, to save requests: undefined where it is not known, null where it does not exist. */
type Known = { here?: Digest | undefined; there?: Digest | null | undefined }

/** Copies what a tag of the source means, with its accessories. */
export async function copyTag(run: CopyRun, tag: Tag, { here, there }: Known = {}): Promise<Result> {
  const target = there === undefined ? (await statTarget(run, { tag }))?.digest : (there ?? undefined)
  if (target !== undefined && !mayRewrite(run)) {
    const source = here ?? (await statSource(run, { tag }))?.digest
    if (source === undefined) return gone(run, `:${tag}`)
    if (target === source) return same(run, source)
  }
  const read = await readSource(run, { tag })
  if (!read) return gone(run, `:${tag}`)
  const wanted = kept(run, read, parseManifest(read.content, read.mediaType)).digest
  if (target === wanted) return same(run, read.digest)
  if (target !== undefined && !run.overrides) {
    run.log(`${run.to}:${tag} is ${target} and not ${wanted}: left alone, as the policy does not override`, 'WARNING')
    return count(run, 'kept')
  }
  await copyManifest(run, read, tag, [])
  run.log(`${run.from}:${tag} copied to ${run.to}:${tag}, ${wanted}`)
  return count(run, 'copied')
}

/** Copies an artifact that has no tag. */
export async function copyDigest(run: CopyRun, digest: Digest): Promise<Result> {
  if (!mayRewrite(run) && (await statTarget(run, { digest }))) return same(run, digest)
  const read = await readSource(run, { digest })
  if (!read) return gone(run, `@${digest}`)
  await copyManifest(run, read, undefined, [])
  run.log(`${run.from}@${digest} copied to ${run.to}`)
  return count(run, 'copied')
}

const mayRewrite = ({ platforms, rewritesIndex }: CopyRun) => rewritesIndex && platforms.length > 0

async function same(run: CopyRun, digest: Digest): Promise<Result> {
  await copyMissing(run, digest, [])
  return count(run, 'same')
}

function gone(run: CopyRun, reference: string): Result {
  run.log(`${run.from}${reference} is not at the source, although its list named it`, 'WARNING')
  return count(run, 'gone')
}

function count(run: CopyRun, result: Result): Result {
  run.counts[result]++
  run.told()
  return result
}

/** The manifest as the target gets it: an index of which not all children are wanted may be written anew. */
function kept(run: CopyRun, { digest, content }: ManifestRead, manifest: Manifest) {
  const children = wantedChildren(manifest, run.platforms)
  if (!run.rewritesIndex || children.length === manifest.children.length) return { digest, content, children }
  if (children.length === 0)
    throw new OciError('MANIFEST_INVALID', `${digest} has no child for ${run.platforms.join(' or ')}`)
  const anew = rewritten(content, children)
  return { digest: digestOf(anew), content: anew, children }
}

/** Copies a manifest unless this run has, or the target has it: then it is false. */
async function copyOnce(run: CopyRun, digest: Digest, chain: Chain): Promise<boolean> {
  if (run.done.has(digest) || chain.includes(digest)) return false
  if (chain.length > deepest)
    throw new OciError('MANIFEST_INVALID', `${digest}: manifests name each other more than ${deepest} deep`)
  if (await statTarget(run, { digest })) {
    await copyMissing(run, digest, chain)
    return false
  }
  await copyManifest(run, await run.source.registry.readManifest(run.from, { digest }), undefined, chain)
  return true
}

/**
 * Copies a manifest with all that it needs: children before their index, a subject before what refers to it, and
 * accessories before the tag, so that no tag shows something half copied.
 */
async function copyManifest(run: CopyRun, read: ManifestRead, tag: Tag | undefined, before: Chain): Promise<void> {
  run.signal.throwIfAborted()
  await run.ready()
  const manifest = parseManifest(read.content, read.mediaType)
  const chain = [...before, read.digest]
  if (manifest.subject) await copySubject(run, manifest.subject.digest, chain)
  const { digest, content, children } = kept(run, read, manifest)
  for (const child of children) if (isManifestType(child.mediaType)) await copyOnce(run, child.digest, chain)
  await copyBlobs(run, [...neededBlobs(manifest), ...(await entriesOf(run, manifest))])
  const accessories = await listAccessories(run, read.digest)
  const write = (reference: Reference) => writeTarget(run, reference, { content, mediaType: read.mediaType, manifest })
  const hasAccessories = accessories.digests.length + accessories.tags.length > 0
  if (hasAccessories || !tag) await write({ digest })
  await copyAll(run, accessories, chain)
  if (tag) await write({ tag })
  run.done.add(read.digest)
}

/** Copies what a manifest that the target has may lack there: accessories, its children's, and sparse children. */
async function copyMissing(run: CopyRun, digest: Digest, before: Chain): Promise<void> {
  if (run.done.has(digest) || before.includes(digest) || before.length > deepest) return
  const chain = [...before, digest]
  await copyAll(run, await listAccessories(run, digest), chain)
  await copyMissingBelow(run, digest, chain)
  run.done.add(digest)
}

async function copyMissingBelow(run: CopyRun, digest: Digest, chain: Chain): Promise<void> {
  const stat = await statSource(run, { digest })
  if (!stat || !/index|manifest\.list/.test(stat.mediaType)) return
  const read = await readSource(run, { digest })
  if (!read) return
  const manifest = parseManifest(read.content, read.mediaType)
  const children = wantedChildren(manifest, run.platforms).filter(({ mediaType }) => isManifestType(mediaType))
  let isGrown = false
  for (const child of children) {
    const isSparse = run.platforms.length > 0 && !(await statTarget(run, { digest: child.digest }))
    if (isSparse) await copyOnce(run, child.digest, chain)
    else await copyMissing(run, child.digest, chain)
    isGrown ||= isSparse
  }
  // The index is written again, so that the target knows that the child belongs to it.
  if (isGrown && !run.rewritesIndex) await writeTarget(run, { digest }, { ...read, manifest })
}

/** Entries of an index that are no manifests (BuildKit's cache), as far as the source has them. */
async function entriesOf({ source, from }: CopyRun, manifest: Manifest) {
  if (manifest.kind !== 'index') return []
  const held = await Promise.all(
    namedBlobs(manifest).map(async (one) => ((await source.hasBlob(from, one.digest)) ? [one] : [])),
  )
  return held.flat()
}

type Written = { content: Buffer; mediaType: string; manifest: Manifest }

async function writeTarget(run: CopyRun, reference: Reference, written: Written): Promise<void> {
  const { target, to, platforms } = run
  const { content, mediaType: contentType, manifest } = written
  const isSparse = platforms.length > 0 && manifest.children.length > 0
  try {
    await target.registry.writeManifest(to, replicator, { reference, tags: [], contentType, content, isSparse })
  } catch (error) {
    const isRefused = error instanceof OciError && /^MANIFEST_(BLOB_UNKNOWN|INVALID|UNKNOWN)$/.test(error.code)
    if (!isRefused || !isSparse) throw error
    throw new OciError(
      error.code,
      `${target.name} takes no index of which children are missing: set rewrite_index in the policy (${error.message})`,
      { cause: error },
    )
  }
}

/** A subject that the source does not have may come later: what refers to it is copied all the same. */
async function copySubject(run: CopyRun, digest: Digest, chain: Chain): Promise<void> {
  if (run.done.has(digest) || chain.includes(digest)) return
  if (await statSource(run, { digest })) await copyOnce(run, digest, chain)
}

/** Copies what belongs to the last manifest of the chain. */
async function copyAll(run: CopyRun, { digests, tags }: Accessories, chain: Chain): Promise<void> {
  const there: Digest[] = []
  for (const digest of digests) if (!(await copyOnce(run, digest, chain))) there.push(digest)
  await listAgain(run, chain.at(-1)!, there)
  for (const tag of tags) await copyCosignTag(run, tag, chain)
}

/**
 * Writes again what the target has and does not list, where it has no API for referrers: a run that was killed between
 * a manifest and the index under its subject's tag left it so.
 */
async function listAgain(run: CopyRun, subject: Digest, digests: Digest[]): Promise<void> {
  const { target, to } = run
  if (digests.length === 0 || target.hasReferrersApi() === true) return
  const listed = new Set<Digest>()
  for await (const { digest } of target.referrers(to, subject)) listed.add(digest)
  if (target.hasReferrersApi() !== false) return
  for (const digest of digests) {
    const read = listed.has(digest) ? undefined : await readSource(run, { digest })
    if (!read) continue
    await writeTarget(run, { digest }, { ...read, manifest: parseManifest(read.content, read.mediaType) })
    run.log(`${to}@${digest} was there, but not listed with ${subject}: listed again`)
  }
}

/** A tag by which cosign finds a signature follows its image, and moves as the policy allows. */
async function copyCosignTag(run: CopyRun, tag: Tag, chain: Chain): Promise<void> {
  const read = await readSource(run, { tag })
  if (!read || chain.includes(read.digest)) return
  const there = await statTarget(run, { tag })
  if (there?.digest === read.digest) return
  if (there && !run.overrides) {
    run.log(`${run.to}:${tag} is another signature: left alone, as the policy does not override`, 'WARNING')
    return
  }
  if (chain.length > deepest) throw new OciError('MANIFEST_INVALID', `${tag}: signatures of signatures go too deep`)
  await copyManifest(run, read, tag, chain)
}
