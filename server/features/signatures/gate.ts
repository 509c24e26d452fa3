import type { Digest } from '../../../oci/digest.ts'
import { OciError } from '../../../oci/errors.ts'
import { parseManifest } from '../../../oci/manifest.ts'
import { artifactByDigestKey } from '../../catalog/artifact.ts'
import { findRepository, type Repository } from '../../catalog/repository.ts'
import { keyOf } from '../../platform/cache/keys.ts'
import { andThen, type Maybe } from '../../platform/maybe.ts'
import type { PullGate, Pulled } from '../../registry/gate.ts'
import { findAccessories, findArtifactId } from '../artifacts/index.ts'
import { readMetadata } from '../projects/index.ts'
import { isSaying, isSigningClient, wantedOf, words, type Wanted } from './rules.ts'
import { findManifestBytes, findProjectSigners, listHolders } from './store.ts'
import { openVerdicts, type Accessories, type Ground } from './verdicts.ts'

/** Something that a project asks of an image. */
type Requirement = keyof Wanted
/** `onRefused`: told of each pull that is refused. */
type GateGround = Ground & { onRefused(pulled: Pulled, requirement: Requirement): void }

/** Why the accessories of an artifact do not meet a requirement; undefined when they do. */
type Test = (subject: Digest, accessories: Accessories) => Maybe<string | undefined>
type At = { repository: Repository; digest: Digest; test: Test }

const requirements: readonly Requirement[] = ['cosign', 'notation', 'verified']

const sayingKey = keyOf('saying', 'repository', 'digest')
const holdersKey = keyOf('holders', 'repository_id', 'digest')

/**
 * Refuses to send an image without the signatures that its project asks for: one by cosign, one by notation, as Harbor
 * does, or one that is verified. A part of an index needs none of its own when the index has one. What only says
 * something about an image passes, and so does an image that a signing client reads for somebody who may push.
 * Everything is asked of the cache: no query for what was pulled before.
 */
export function signedOnly(ground: GateGround): PullGate {
  const { reader, onRefused } = ground
  const judge = openVerdicts(ground)

  return (pulled) =>
    andThen(readMetadata(reader, pulled.project.id), (metadata) => {
      const wanted = wantedOf(metadata)
      return wanted && andThen(findRepository(reader, pulled.repository), (repository) => passAll(wanted, repository))

      function passAll(asked: Wanted, repository: Repository | undefined, [next, ...rest] = requirements): Maybe<void> {
        if (next === undefined) return undefined
        if (!asked[next]) return passAll(asked, repository, rest)
        const problem = repository
          ? problemOf(ground, { repository, digest: pulled.digest, test: testOf(next, repository) })
          : textOf(next, 'it has no signature')
        return andThen(problem, (text) =>
          text === undefined
            ? passAll(asked, repository, rest)
            : andThen(isExcused(pulled), (excused) => {
                if (excused) return undefined
                onRefused(pulled, next)
                throw new OciError('PROJECTPOLICYVIOLATION', text)
              }),
        )
      }
    })

  function testOf(requirement: Requirement, repository: Repository): Test {
    if (requirement !== 'verified') {
      const type = `signature.${requirement}`
      return (_, { held }) => (held.some((one) => one.type === type) ? undefined : words[requirement])
    }
    return (subject, accessories) =>
      andThen(findProjectSigners(reader, repository.projectId), (signers) =>
        andThen(judge({ repository, subject, accessories, signers: signers! }), (problem) =>
          problem === undefined ? undefined : textOf(requirement, problem),
        ),
      )
  }
}

const textOf = (requirement: Requirement, problem: string): string =>
  requirement === 'verified' ? `The image has no verified signature: ${problem}.` : words[requirement]

/** Asks the artifact's own accessories first, then those of the indexes that hold it. */
function problemOf(ground: Ground, at: At): Maybe<string | undefined> {
  return andThen(testOne(ground, at, at.digest), (problem) => {
    if (problem === undefined) return undefined
    return andThen(isSayingAt(ground, at), (says) => (says ? undefined : viaHolders(ground, at, problem)))
  })
}

function testOne({ reader }: Ground, { repository, test }: At, digest: Digest): Maybe<string | undefined> {
  return andThen(findAccessories(reader, repository.id, digest), (accessories) => test(digest, accessories))
}

/** Whether the artifact says something about another. Its bytes never change, so the answer does not either. */
function isSayingAt({ reader: { cache, db } }: Ground, { repository, digest }: At): Maybe<boolean> {
  const load = async () => {
    const manifest = await findManifestBytes(db, repository.name, digest)
    return manifest && { says: isSaying(parseManifest(manifest.content, manifest.mediaType)) }
  }
  return andThen(cache.get(sayingKey(repository.name, digest), load), (found) => found?.says ?? false)
}

/**
 * That an index holds the artifact stays true for as long as the index is there, so known ones are asked first; new
 * ones are looked for before the artifact is refused.
 */
function viaHolders(ground: Ground, at: At, problem: string): Maybe<string | undefined> {
  const { cache, db } = ground.reader
  const { repository, digest } = at
  const load = async () => {
    const holders = await listHolders(db, repository.id, digest)
    return holders.length > 0 ? { holders } : undefined
  }
  const known = cache.get(holdersKey(repository.id, digest), load)
  return andThen(known, (found) =>
    andThen(anyMeets(ground, at, found?.holders ?? []), (meets) =>
      meets ? undefined : viaNewHolders(ground, at, found?.holders ?? [], problem),
    ),
  )
}

async function viaNewHolders(ground: Ground, at: At, known: Digest[], problem: string): Promise<string | undefined> {
  const all = await listHolders(ground.reader.db, at.repository.id, at.digest)
  const isMet = await anyMeets(
    ground,
    at,
    all.filter((one) => !known.includes(one)),
  )
  return isMet ? undefined : problem
}

function anyMeets(ground: Ground, at: At, [first, ...others]: readonly Digest[]): Maybe<boolean> {
  if (first === undefined) return false
  return andThen(isThere(ground, at.repository, first), (there) =>
    andThen(there ? testOne(ground, at, first) : 'gone', (problem) =>
      problem === undefined ? true : anyMeets(ground, at, others),
    ),
  )
}

function isThere({ reader: { cache, db } }: Ground, { id, name }: Repository, digest: Digest): Maybe<boolean> {
  const found = cache.get(artifactByDigestKey(name, digest), () => findArtifactId(db, id, digest))
  return andThen(found, (one) => one !== undefined)
}

const isExcused = ({ userAgent, mayPush }: Pulled): Maybe<boolean> => isSigningClient(userAgent) && mayPush()
