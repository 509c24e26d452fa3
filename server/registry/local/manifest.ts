import { algorithmOf, digestOf, type Digest } from '../../../oci/digest.ts'
import { OciError } from '../../../oci/errors.ts'
import { neededBlobs, parseManifest, type Manifest } from '../../../oci/manifest.ts'
import type { Reference, RepositoryName, Tag } from '../../../oci/reference.ts'
import { findManifest, findManifestStat, lockArtifact } from '../../catalog/artifact.ts'
import type { Reader } from '../../catalog/reader.ts'
import { findRepository, type Repository } from '../../catalog/repository.ts'
import { findTag } from '../../catalog/tag.ts'
import { isReferenceViolation } from '../../platform/db/db.ts'
import { failpoint } from '../../platform/failpoint.ts'
import { andThen, type Maybe } from '../../platform/maybe.ts'
import type { Sources } from '../describe.ts'
import type { Registry } from '../registry.ts'
import { lockGoing } from './going.ts'
import { lookingAgain } from './looking.ts'
import { removeArtifacts, removeTag } from './remove.ts'
import type { LocalOptions } from './options.ts'
import { openManifestSaves } from './save-manifests.ts'
import type { Placing } from './unsynced/place.ts'
import { isRight, readWhole } from './unsynced/right.ts'
import type { FindUnsynced } from './verify.ts'

type Manifests = Pick<Registry, 'readManifest' | 'statManifest' | 'writeManifest' | 'deleteManifest' | 'deleteTag'>

/** Manifests and tags, kept in PostgreSQL and read through the cache. */
export function localManifests(
  options: LocalOptions & { findBytes: FindUnsynced; placing: Placing | undefined },
): Manifests {
  const { db, cache, gates, blobs, describe, findBytes, placing } = options
  const reader = { db, cache }
  const save = openManifestSaves(options)

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
      const { content, isSparse } = push
      await lookingAgain(() => save(name, by, { content, digest, manifest, tags, description, isSparse }))
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
