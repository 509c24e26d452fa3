import { algorithmOf, digestOf, type Digest } from '../../../oci/digest.ts'
import { OciError } from '../../../oci/errors.ts'
import { namedBlobs, neededBlobs, parseManifest, type Manifest } from '../../../oci/manifest.ts'
import { isManifestType } from '../../../oci/media-type.ts'
import type { Reference, RepositoryName, Tag } from '../../../oci/reference.ts'
import { findManifest, findManifestStat, lockArtifact, type Child, type Description } from '../../catalog/artifact.ts'
import { takeUp, type Blob } from '../../catalog/blob.ts'
import { findHeld, type Held } from '../../catalog/held.ts'
import type { Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import { ensureRepository, findRepository, type Repository } from '../../catalog/repository.ts'
import { replaceChildren, saveArtifact, type NewArtifact } from '../../catalog/save-artifact.ts'
import { findTag, moveTags, type MovedTag } from '../../catalog/tag.ts'
import { facts, type Actor, type Place } from '../../catalog/topics.ts'
import { emit, type Fact } from '../../platform/events/emit.ts'
import { isReferenceViolation, type Tx } from '../../platform/db/db.ts'
import { failpoint } from '../../platform/failpoint.ts'
import { andThen, type Maybe } from '../../platform/maybe.ts'
import type { Sources } from '../describe.ts'
import { passGates, type PushGates } from '../gate.ts'
import type { Registry } from '../registry.ts'
import { lockGoing } from './going.ts'
import { lookingAgain } from './looking.ts'
import { getProject } from './record.ts'
import { removeArtifacts, removeTag } from './remove.ts'
import type { LocalOptions } from './options.ts'
import type { Placing } from './unsynced/place.ts'
import { isRight, readWhole } from './unsynced/right.ts'
import type { FindUnsynced } from './verify.ts'

/** The most levels of indexes above an image; code that reads an index reads no more levels than this (C-58). */
const maxDepth = 4

type Manifests = Pick<Registry, 'readManifest' | 'statManifest' | 'writeManifest' | 'deleteManifest' | 'deleteTag'>

/** Manifests and tags, kept in PostgreSQL and read through the cache. */
export function localManifests(
  options: LocalOptions & { findBytes: FindUnsynced; placing: Placing | undefined },
): Manifests {
  const { db, cache, gates, blobs, describe, findBytes, placing } = options
  const reader = { db, cache }

  return {
    readManifest: (name, reference) => findBy(findManifest, name, reference),

    statManifest: (name, reference) => findBy(findManifestStat, name, reference),

    async writeManifest(name, by, push) {
      const manifest = parseManifest(push.content, push.contentType)
      const digest = digestOf(push.content, 'digest' in push.reference ? algorithmOf(push.reference.digest) : 'sha256')
      if ('digest' in push.reference && push.reference.digest !== digest) {
        throw new OciError('DIGEST_INVALID', 'the digest in the path does not match the manifest', {
          detail: { provided: push.reference.digest, computed: digest },
        })
      }
      const tags = 'tag' in push.reference ? [push.reference.tag, ...push.tags] : push.tags
      // Before the transaction: reading a config must not keep rows locked.
      const description = await describe(manifest, tags, sourcesOf(name, manifest))
      await lookingAgain(() =>
        saveManifest(name, by, { content: push.content, digest, manifest, tags, description, isSparse: push.isSparse }),
      )
      failpoint('manifest.committed')
      return { digest, tags, subject: manifest.subject?.digest }
    },

    async deleteManifest(name, by, digest) {
      const repository = await getRepository(name)
      await db
        .transaction(async (tx) => {
          const id = await lockArtifact(tx, repository.id, digest)
          if (id === undefined) return manifestUnknown(name, { digest })
          const going = await lockGoing(tx, { id, repositoryId: repository.id, takesParts: false })
          if (!going) throw named(digest)
          await removeArtifacts(tx, gates, repository, { kind: 'artifact', digest }, by, going)
        })
        .catch((error: unknown) => {
          throw isReferenceViolation(error) ? named(digest) : error
        })
      failpoint('delete.committed')
    },

    async deleteTag(name, by, tag) {
      const repository = await getRepository(name)
      await db.transaction(async (tx) => {
        if (await removeTag(tx, gates, repository, tag, by)) return
        throw new OciError('MANIFEST_UNKNOWN', `the tag ${tag} does not exist in ${name}`, { detail: { tag } })
      })
    },
  }

  /** Finds by tag or digest; no promise for what the memory cache holds. */
  function findBy<Found>(find: Find<Found>, name: RepositoryName, reference: Reference): Maybe<Found> {
    const target = 'digest' in reference ? reference : findTag(reader, name, reference.tag)
    const found = andThen(target, (known) => known && find(reader, name, known.digest))
    return andThen(found, (manifest) => manifest ?? manifestUnknown(name, reference))
  }

  async function saveManifest(name: RepositoryName, by: Actor, push: NewManifest): Promise<void> {
    // Both from the cache, before the transaction: a second connection inside it could use up the pool.
    const project = await getProject(reader, name)
    const known = await findRepository(reader, name)
    await db.transaction(async (tx) => {
      const repository = known ?? (await ensureRepository(tx, project, name, by))
      await storeManifest(tx, gates, { project, repository }, by, push)
    })
  }

  /** Reads only blobs that the transaction will demand of this repository: a digest opens no other blob (C-38). */
  function sourcesOf(name: RepositoryName, manifest: Manifest): Sources {
    const needed = new Set(neededBlobs(manifest).map(({ digest }) => digest))
    return {
      async blob({ digest, size }, limit) {
        if (!needed.has(digest) || size > limit) return undefined
        const young = placing?.files.find(digest)
        if (young) return young
        const stored = async () => {
          const found = await readWhole(blobs, digest).catch(() => undefined)
          return found && isRight(digest, found) ? found : undefined
        }
        // A round may write a lost file again, and delete the row, between the first two.
        return (await stored()) ?? (await findBytes(digest)) ?? stored()
      },
      async manifest(digest) {
        const found = await findManifest(reader, name, digest)
        return found && parseManifest(found.content, found.mediaType)
      },
    }
  }

  async function getRepository(name: RepositoryName): Promise<Repository> {
    const repository = await findRepository(reader, name)
    if (!repository) throw new OciError('NAME_UNKNOWN', `the repository ${name} does not exist`)
    return repository
  }

  async function manifestUnknown(name: RepositoryName, reference: { tag: Tag } | { digest: Digest }): Promise<never> {
    if (!(await findRepository(reader, name)))
      throw new OciError('NAME_UNKNOWN', `the repository ${name} does not exist`, { detail: { name } })
    const wanted = 'tag' in reference ? `the tag ${reference.tag}` : reference.digest
    throw new OciError('MANIFEST_UNKNOWN', `${wanted} does not exist in ${name}`, { detail: reference })
  }
}

const named = (digest: Digest) =>
  new OciError('PRECONDITION', 'an index in this repository names this manifest: delete the index first', {
    detail: { digest },
  })

type Find<Found> = (reader: Reader, name: RepositoryName, digest: Digest) => Maybe<Found | undefined>

type NewManifest = {
  digest: Digest
  manifest: Manifest
  content: Buffer
  tags: Tag[]
  description: Description
  /** Children may be missing; those that came since the last push of the same index are linked to it. */
  isSparse?: boolean | undefined
}

/**
 * Stores a manifest within a transaction: checks its parts, passes the gates, saves the artifact, moves the tags and
 * emits the facts. Returns where each tag pointed before.
 */
export async function storeManifest(
  tx: Tx,
  gates: PushGates,
  { project, repository }: { project: Project; repository: Repository },
  by: Actor,
  push: NewManifest,
): Promise<MovedTag[]> {
  const { digest, manifest, tags, content, description, isSparse = false } = push
  const name = repository.name
  const held = await holdParts(tx, repository, digest, manifest)
  const { blobs, children } = held
  checkParts(manifest, blobs, children, isSparse)
  const size = content.length + sum(blobs) + sum(children)
  await passGates(gates, tx, { kind: 'manifest', project, repository: name, digest, manifest, size, tags, by })
  const ids = new Map(children.map(({ id, digest: child }) => [child, id]))
  const saved: NewArtifact = {
    digest,
    manifest,
    content,
    size,
    description,
    depth: manifest.kind === 'index' ? 1 + Math.max(0, ...children.map(({ depth }) => depth)) : 0,
    blobIds: blobs.map(({ id }) => id),
    children: manifest.children.flatMap(({ digest: child, platform, annotations }) => {
      const id = ids.get(child)
      return id === undefined ? [] : [{ id, platform, annotations }]
    }),
  }
  const artifact = await saveArtifact(tx, repository, saved, held.artifact, tags)
  if (isSparse && held.artifact) await replaceChildren(tx, repository.id, artifact.id, saved)
  failpoint('manifest.saved')
  const moved = tags.length > 0 ? await moveTags(tx, repository, artifact.id, tags, artifact.made) : []
  failpoint('tag.moved')
  const place = { projectId: project.id, repository: name }
  await emit(tx, [
    facts.artifactPushed({ ...place, digest, mediaType: manifest.mediaType, size, tags, isNew: artifact.isNew }, by),
    ...moved.flatMap((tag) => tagFact(place, digest, tag, by)),
  ])
  return moved
}

/** What the repository holds of the manifest; a hold on a blob that ended a moment ago is taken up again. */
async function holdParts(tx: Tx, repository: Repository, digest: Digest, manifest: Manifest): Promise<Held> {
  const named = namedBlobs(manifest).map((one) => one.digest)
  const children = manifest.children.map((one) => one.digest)
  const found = await findHeld(tx, repository.id, { digest, blobs: named, children })
  const known = new Set(found.blobs.map((one) => one.digest))
  const missing = named.filter((one) => !known.has(one))
  if (missing.length === 0) return found
  return { ...found, blobs: [...found.blobs, ...(await takeUp(tx, repository, missing))] }
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
