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
import { findManifestBytes, findProjectSigners, listHolders, type ProjectSigners } from './store.ts'
import { openVerdicts, type Accessories, type Ground, type Verdict } from './verdicts.ts'

/** Something that a project asks of an image. */
export type Requirement = keyof Wanted
export type OnRefused = (pulled: Pulled, requirement: Requirement) => void
/** `onRefused`: told of each pull that is refused. */
type GateGround = Ground & { onRefused: OnRefused }

type Metadata = Readonly<Record<string, string>>
/** What a pull is judged by. The cache has another object for each of them when it changes. */
type Known = { metadata: Metadata; signers: ProjectSigners | undefined; accessories: Accessories }
type Asked = Known & { pulled: Pulled; repository: Repository }

/** Whether the accessories of an artifact meet a requirement. */
type Test = (subject: Digest, accessories: Accessories) => Maybe<Verdict>
type At = { repository: Repository; digest: Digest; test: Test }

const requirements: readonly Requirement[] = ['cosign', 'notation', 'verified']

const sayingKey = keyOf('saying', 'repository', 'digest')
const holdersKey = keyOf('holders', 'repository_id', 'digest')

/**
 * Refuses to send an image without the signatures that its project asks for: one by cosign, one by notation, as Harbor
 * does, or one that is verified. A part of an index needs none of its own when the index has one. What only says
 * something about an image passes, and so does an image that a scanner reads, or a signing client for somebody who may
 * push.
 * Everything is asked of the cache: no query for what was pulled before.
 */
export function signedOnly(ground: GateGround): PullGate {
  const { reader } = ground
  const passAll = openRequirements(ground)
  /** What the last pull passed by, and until when it holds: the next one is nearly always like it. */
  const passed = new WeakMap<Accessories, Omit<Known, 'accessories'> & { untilMs: number }>()

  return (pulled) =>
    andThen(readMetadata(reader, pulled.project.id), (metadata) => {
      const wanted = wantedOf(metadata)
      return wanted && andThen(findRepository(reader, pulled.repository), (found) => passIn(pulled, metadata, found))
    })

  function passIn(pulled: Pulled, metadata: Metadata, repository: Repository | undefined): Maybe<void> {
    // Of a repository that a cache has not stored yet no signature is known either.
    const at = repository ?? { id: 0, projectId: pulled.project.id, name: pulled.repository }
    return andThen(findAccessories(reader, at.id, pulled.digest), (accessories) =>
      andThen(findProjectSigners(reader, at.projectId), (signers) => {
        const last = passed.get(accessories)
        if (last?.metadata === metadata && last.signers === signers && Date.now() < last.untilMs) return undefined
        const untilMs = passAll({ pulled, repository: at, metadata, signers, accessories })
        return andThen(untilMs, (until) => void passed.set(accessories, { metadata, signers, untilMs: until }))
      }),
    )
  }
}

/** Returns until when, in ms, the artifact's own accessories meet all requirements; 0 when others are needed. */
function openRequirements(ground: GateGround): (asked: Asked) => Maybe<number> {
  const judge = openVerdicts(ground)

  return (asked) => {
    const wanted = wantedOf(asked.metadata)
    return passRest(asked, wanted ? requirements.filter((one) => wanted[one]) : [], Infinity)
  }

  function passRest(asked: Asked, [next, ...rest]: readonly Requirement[], untilMs: number): Maybe<number> {
    if (next === undefined) return untilMs
    const { pulled, repository, accessories } = asked
    const at = { repository, digest: pulled.digest, test: testOf(next, asked) }
    return andThen(at.test(at.digest, accessories), (own) => {
      if (own.problem === undefined) return passRest(asked, rest, Math.min(untilMs, own.untilMs))
      return andThen(passOtherwise(ground, at, { ...asked, requirement: next, problem: own.problem }), () =>
        passRest(asked, rest, 0),
      )
    })
  }

  function testOf(requirement: Requirement, { repository, signers }: Asked): Test {
    if (requirement === 'verified')
      return (subject, accessories) => judge({ repository, subject, accessories, signers: signers! })
    const type = `signature.${requirement}`
    return (_, { held }) => ({
      problem: held.some((one) => one.type === type) ? undefined : words[requirement],
      untilMs: Infinity,
    })
  }
}

type Unmet = { pulled: Pulled; requirement: Requirement; problem: string }

/** Looks for another reason to let the artifact pass. Throws PROJECTPOLICYVIOLATION when there is none. */
function passOtherwise(ground: GateGround, at: At, { pulled, requirement, problem }: Unmet): Maybe<void> {
  return andThen(isSayingAt(ground, at), (says) => {
    if (says) return undefined
    return andThen(viaHolders(ground, at), (isHeld) => {
      if (isHeld) return undefined
      return andThen(isExcused(pulled), (excused) => {
        if (excused) return undefined
        ground.onRefused(pulled, requirement)
        throw new OciError('PROJECTPOLICYVIOLATION', textOf(requirement, problem))
      })
    })
  })
}

const textOf = (requirement: Requirement, problem: string): string =>
  requirement === 'verified' ? `The image has no verified signature: ${problem}.` : problem

/** Whether the artifact says something about another. Its bytes never change, so the answer does not either. */
function isSayingAt({ reader: { cache, db } }: Ground, { repository, digest }: At): Maybe<boolean> {
  const load = async () => {
    const manifest = await findManifestBytes(db, repository.name, digest)
    return manifest && { says: isSaying(parseManifest(manifest.content, manifest.mediaType)) }
  }
  return andThen(cache.get(sayingKey(repository.name, digest), load), (found) => found?.says ?? false)
}

/**
 * Whether an index that holds the artifact meets the requirement. That it holds the artifact stays true for as long as
 * it is there, so known indexes are asked first; new ones are looked for before the artifact is refused.
 */
function viaHolders(ground: Ground, at: At): Maybe<boolean> {
  const { cache, db } = ground.reader
  const { repository, digest } = at
  const load = async () => {
    const holders = await listHolders(db, repository.id, digest)
    return holders.length > 0 ? { holders } : undefined
  }
  return andThen(cache.get(holdersKey(repository.id, digest), load), (found) => {
    const known = found?.holders ?? []
    return andThen(anyMeets(ground, at, known), (meets) => meets || viaNewHolders(ground, at, known))
  })
}

async function viaNewHolders(ground: Ground, at: At, known: Digest[]): Promise<boolean> {
  const all = await listHolders(ground.reader.db, at.repository.id, at.digest)
  return anyMeets(
    ground,
    at,
    all.filter((one) => !known.includes(one)),
  )
}

function anyMeets(ground: Ground, at: At, [first, ...others]: readonly Digest[]): Maybe<boolean> {
  if (first === undefined) return false
  return andThen(meets(ground, at, first), (isMet) => isMet || anyMeets(ground, at, others))
}

function meets({ reader }: Ground, { repository: { id, name }, test }: At, digest: Digest): Maybe<boolean> {
  const { cache, db } = reader
  const found = cache.get(artifactByDigestKey(name, digest), () => findArtifactId(db, id, digest))
  return andThen(found, (isThere) =>
    isThere === undefined
      ? false
      : andThen(findAccessories(reader, id, digest), (accessories) =>
          andThen(test(digest, accessories), ({ problem }) => problem === undefined),
        ),
  )
}

/** A scanner reads every image; a signing client has to read an image before it has a signature. */
const isExcused = ({ caller, userAgent, mayPush }: Pulled): Maybe<boolean> =>
  caller.kind === 'scanner' || (isSigningClient(userAgent) && mayPush())
