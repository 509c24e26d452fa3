import type { Digest } from '../../../../oci/digest.ts'
import type { Tag } from '../../../../oci/reference.ts'
import { statSource } from './read.ts'
import type { CopyRun } from './run.ts'

/** What belongs to a manifest: digests from the list of referrers, and tags of cosign's form. */
export type Accessories = { digests: Digest[]; tags: Tag[] }

/** `sha256-<hex>`: the tag that lists referrers where there is no API for them (OCI 1.1, "Referrers Tag Schema"). */
export const listTagOf = (digest: Digest) => digest.replace(':', '-') as Tag

export const cosignTagsOf = (digest: Digest) =>
  ['sig', 'att', 'sbom'].map((ending) => `${listTagOf(digest)}.${ending}` as Tag)

/** Whether the tag names what belongs to another artifact, and so is no artifact to be copied by itself. */
export const isLinkTag = (tag: string) =>
  /^sha256-[a-f0-9]{64}(?:\.(?:sig|att|sbom))?$|^sha512-[a-f0-9]{128}$/.test(tag)

/** Asks the source what belongs to a manifest. Tags that are known from a list are not asked for. */
export async function listAccessories(run: CopyRun, subject: Digest): Promise<Accessories> {
  const { source, from, linkTags } = run
  const digests: Digest[] = []
  const isListed = !linkTags || source.hasReferrersApi() !== false || linkTags.has(listTagOf(subject))
  if (isListed) for await (const { digest } of source.referrers(from, subject)) digests.push(digest)
  const wanted = cosignTagsOf(subject)
  if (linkTags) return { digests, tags: wanted.filter((tag) => linkTags.has(tag)) }
  const found = await Promise.all(wanted.map(async (tag) => ((await statSource(run, { tag })) ? [tag] : [])))
  return { digests, tags: found.flat() }
}
