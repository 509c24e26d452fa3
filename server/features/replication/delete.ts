import type { Digest } from '../../../oci/digest.ts'
import { OciError } from '../../../oci/errors.ts'
import type { RepositoryName, Tag } from '../../../oci/reference.ts'
import type { Level } from '../../platform/jobs/log.ts'
import { cosignTagsOf, listTagOf } from './copy/accessories.ts'
import { unlessUnknown } from './copy/read.ts'
import type { Item } from './jobs.ts'
import type { Sides } from './sides/open.ts'
import { replicator, type Side } from './sides/side.ts'

type DeleteRun = Sides & {
  from: RepositoryName
  to: RepositoryName
  signal: AbortSignal
  log(line: string, level?: Level): void
}

/** Deletes an artifact at the target, with all its tags there. What the source has again by now stays. */
export async function deleteArtifact(
  { source, target, from, to, log }: DeleteRun,
  { digest, tags }: Item,
): Promise<void> {
  const wanted = digest as Digest
  if (await hasAny(source, from, [{ digest: wanted }, ...tags.map((tag) => ({ tag: tag as Tag }))]))
    return log(`${to}@${wanted} stays: the source has it again`)
  await unlessUnknown(() => target.registry.deleteManifest(to, replicator, wanted))
  log(`${to}@${wanted} deleted`)
  // Where the target does not know what belongs to an artifact, its signatures would be left behind.
  for (const tag of [...cosignTagsOf(wanted), listTagOf(wanted)]) {
    const left = await unlessUnknown(async () => target.registry.statManifest(to, { tag }))
    if (left) await unlessUnknown(() => target.registry.deleteManifest(to, replicator, left.digest))
  }
}

/** Deletes one tag at the target. Where it can only delete whole artifacts, it does so when no other tag is left. */
export async function deleteTag(run: DeleteRun, tag: Tag): Promise<void> {
  const { source, target, from, to, log } = run
  if (await hasAny(source, from, [{ tag }])) return log(`${to}:${tag} stays: the source has it again`)
  const there = await unlessUnknown(async () => target.registry.statManifest(to, { tag }))
  if (!there) return log(`${to}:${tag} has gone already`)
  if (target.cannotDeleteTags === undefined) await target.deleteTag(to, tag)
  else await deleteByDigest(run, tag, there.digest)
  log(`${to}:${tag} deleted`)
}

async function deleteByDigest({ target, to }: DeleteRun, tag: Tag, digest: Digest): Promise<void> {
  for await (const { tags } of target.artifacts(to))
    for (const other of tags) {
      if (other === tag) continue
      const stat = await unlessUnknown(async () => target.registry.statManifest(to, { tag: other }))
      if (stat?.digest === digest)
        throw new OciError(
          'UNSUPPORTED',
          `${to}:${tag} stays, as ${other} is the same artifact: ${target.cannotDeleteTags}`,
        )
    }
  await target.registry.deleteManifest(to, replicator, digest)
}

/** Deletes the repository when nothing is left in it. */
export async function dropEmpty({ target, to, log }: DeleteRun): Promise<void> {
  const isEmpty = await unlessUnknown(async () => {
    for await (const _ of target.artifacts(to)) return false
    return true
  })
  if (!isEmpty) return
  await target.dropRepository(to)
  log(`${to} is empty and was deleted`)
}

async function hasAny(
  side: Side,
  name: RepositoryName,
  references: ({ tag: Tag } | { digest: Digest })[],
): Promise<boolean> {
  for (const reference of references)
    if (await unlessUnknown(async () => side.registry.statManifest(name, reference))) return true
  return false
}
