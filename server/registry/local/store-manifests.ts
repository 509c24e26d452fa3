import type { Digest } from '../../../oci/digest.ts'
import { OciError } from '../../../oci/errors.ts'
import { namedBlobs, neededBlobs, type Manifest } from '../../../oci/manifest.ts'
import { isManifestType } from '../../../oci/media-type.ts'
import type { Tag } from '../../../oci/reference.ts'
import type { Child, Description } from '../../catalog/artifact.ts'
import { takeUp, type Blob } from '../../catalog/blob.ts'
import { findHeld, type Held } from '../../catalog/held.ts'
import type { Project } from '../../catalog/project.ts'
import type { Repository } from '../../catalog/repository.ts'
import { replaceChildren, saveArtifacts, type NewArtifact } from '../../catalog/save-artifact.ts'
import { moveTags, type MovedTag } from '../../catalog/tag.ts'
import { facts, type Actor, type Place } from '../../catalog/topics.ts'
import type { Tx } from '../../platform/db/db.ts'
import { asking, answeringFor, type Asking } from '../../platform/events/asking.ts'
import { emitOf, type Fact } from '../../platform/events/emit.ts'
import { failpoint } from '../../platform/failpoint.ts'
import { passGates, type PushGates } from '../gate.ts'

/** The most levels of indexes above an image; code that reads an index reads no more levels than this (C-58). */
const maxDepth = 4

export type NewManifest = {
  digest: Digest
  manifest: Manifest
  content: Buffer
  tags: Tag[]
  description: Description
  /** Children may be missing; those that came since the last push of the same index are linked to it. */
  isSparse?: boolean | undefined
}

type Where = { project: Project; repository: Repository }
/** A manifest on its way in, and the request that brings it, which its facts name. */
type Arrived = Where & { by: Actor; push: NewManifest; asked: Asking | undefined }

/**
 * Stores a manifest within a transaction: checks its parts, passes the gates, saves the artifact, moves the tags and
 * emits the facts. Returns where each tag pointed before.
 */
export async function storeManifest(
  tx: Tx,
  gates: PushGates,
  where: Where,
  by: Actor,
  push: NewManifest,
): Promise<MovedTag[]> {
  const [moved] = await storeManifests(tx, gates, [{ ...where, by, push, asked: asking() }])
  return moved!
}

/** Stores several manifests, with one statement of each kind. No two of them may name the same tag of a repository. */
export async function storeManifests(tx: Tx, gates: PushGates, all: Arrived[]): Promise<MovedTag[][]> {
  const held = await holdParts(tx, all)
  const pushes = all.map(({ repository, push }, index) => ({
    repository,
    artifact: artifactOf(push, held[index]!),
    held: held[index]!.artifact,
    tags: push.tags,
  }))
  for (const [index, { project, repository, by, push, asked }] of all.entries()) {
    const { digest, manifest, tags } = push
    const { size } = pushes[index]!.artifact
    const pushed = { kind: 'manifest', project, repository: repository.name, digest, manifest, size, tags, by } as const
    await answeringFor(asked, () => passGates(gates, tx, pushed))
  }
  const saved = await saveArtifacts(tx, pushes)
  for (const [index, { repository, push }] of all.entries())
    if (push.isSparse && held[index]!.artifact)
      await replaceChildren(tx, repository.id, saved[index]!.id, pushes[index]!.artifact)
  failpoint('manifest.saved')
  const moved: MovedTag[][] = []
  for (const [index, { repository, push }] of all.entries()) {
    const { id, made } = saved[index]!
    moved.push(push.tags.length > 0 ? await moveTags(tx, repository, id, push.tags, made) : [])
  }
  failpoint('tag.moved')
  await emitOf(
    tx,
    all.flatMap((one, index) => {
      const { size } = pushes[index]!.artifact
      return factsOf(one, { size, isNew: saved[index]!.isNew, moved: moved[index]! })
    }),
  )
  return moved
}

/** Checks the parts of a manifest. Sizes in bytes. */
function artifactOf(
  { digest, manifest, content, description, isSparse = false }: NewManifest,
  held: Held,
): NewArtifact {
  const { blobs, children } = held
  checkParts(manifest, blobs, children, isSparse)
  const ids = new Map(children.map(({ id, digest: child }) => [child, id]))
  return {
    digest,
    manifest,
    content,
    description,
    size: content.length + sum(blobs) + sum(children),
    depth: manifest.kind === 'index' ? 1 + Math.max(0, ...children.map(({ depth }) => depth)) : 0,
    blobIds: blobs.map(({ id }) => id),
    children: manifest.children.flatMap(({ digest: child, platform, annotations }) => {
      const id = ids.get(child)
      return id === undefined ? [] : [{ id, platform, annotations }]
    }),
  }
}

/** What the repositories hold of the manifests; holds on blobs that ended a moment ago are taken up again. */
async function holdParts(tx: Tx, all: Arrived[]): Promise<Held[]> {
  const wanted = all.map(({ repository, push: { digest, manifest } }) => ({
    repositoryId: repository.id,
    digest,
    blobs: namedBlobs(manifest).map((one) => one.digest),
    children: manifest.children.map((one) => one.digest),
  }))
  const held = await findHeld(tx, wanted)
  for (const [index, { repository }] of all.entries()) {
    const { blobs } = held[index]!
    const known = new Set(blobs.map((one) => one.digest))
    const missing = wanted[index]!.blobs.filter((one) => !known.has(one))
    if (missing.length > 0) blobs.push(...(await takeUp(tx, repository, missing)))
  }
  return held
}

function factsOf(
  { project, repository, by, push, asked }: Arrived,
  { size, isNew, moved }: { size: number; isNew: boolean; moved: MovedTag[] },
): { fact: Fact; asked: Asking | undefined }[] {
  const { digest, manifest, tags } = push
  const place = { projectId: project.id, repository: repository.name }
  const pushed = { ...place, digest, mediaType: manifest.mediaType, size, tags, isNew }
  const all = [facts.artifactPushed(pushed, by), ...moved.flatMap((tag) => tagFact(place, digest, tag, by))]
  return all.map((fact) => ({ fact, asked }))
}

function tagFact(place: Place, digest: Digest, { name, from }: MovedTag, by: Actor): Fact[] {
  if (from === null) return [facts.tagCreated({ ...place, tag: name, digest }, by)]
  return from === digest ? [] : [facts.tagMoved({ ...place, tag: name, digest, from }, by)]
}

/** Every part must be in this repository already (C-39), with the size that the manifest says (C-57). */
function checkParts(manifest: Manifest, blobs: Blob[], children: Child[], isSparse: boolean) {
  const { children: wantedChildren } = manifest
  const sizes = new Map(blobs.map(({ digest, size }) => [digest, size]))
  const known = new Map(children.map((child) => [child.digest, child]))
  const missing = [
    ...neededBlobs(manifest).filter(({ digest }) => !sizes.has(digest)),
    ...wantedChildren.filter(
      ({ digest, mediaType }) => !isSparse && !known.has(digest) && (isManifestType(mediaType) || !sizes.has(digest)),
    ),
  ]
  if (missing.length > 0) {
    const digests = missing.map(({ digest }) => digest)
    const more = digests.length > 1 ? ` and ${digests.length - 1} more` : ''
    throw new OciError(
      'MANIFEST_BLOB_UNKNOWN',
      `the manifest needs ${digests[0]}${more}, which this repository does not hold`,
      { detail: digests.map((digest) => ({ digest })) },
    )
  }
  for (const { digest, length } of children) sizes.set(digest, length)
  const wrong = [...namedBlobs(manifest), ...wantedChildren].find(
    ({ digest, size }) => (sizes.get(digest) ?? size) !== size,
  )
  if (wrong)
    throw new OciError(
      'MANIFEST_INVALID',
      `manifest invalid: ${wrong.digest} has ${sizes.get(wrong.digest)} bytes, the manifest says ${wrong.size}`,
    )
  if (children.some(({ depth }) => depth + 1 > maxDepth))
    throw new OciError('MANIFEST_INVALID', `manifest invalid: indexes nest more than ${maxDepth} deep`)
}

const sum = (all: { size: number }[]) => all.reduce((total, { size }) => total + size, 0)
