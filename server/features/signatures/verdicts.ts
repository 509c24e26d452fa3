import type { Digest } from '../../../oci/digest.ts'
import type { Repository } from '../../catalog/repository.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import type { Maybe } from '../../platform/maybe.ts'
import type { HeldRow } from '../artifacts/index.ts'
import type { Check } from './check/check.ts'
import { checkArtifact, type Limits, type Source } from './check/read.ts'
import { fromBothEnds } from './rules.ts'
import { findChecks, saveChecks, type ProjectSigners } from './store.ts'

/** Whether one of the signatures is verified, or why none is. `untilMs`: from then on it has to be looked at again. */
export type Verdict = { problem: string | undefined; untilMs: number }
/** What memory knows of a subject: its accessories. The same object for as long as they stay as they are. */
export type Accessories = { held: HeldRow[] }
type Judged = { repository: Repository; subject: Digest; accessories: Accessories; signers: ProjectSigners }

export type Ground = { reader: Reader & { db: Db }; source(): Source; limits: Limits }

const signatureTypes = ['signature.cosign', 'signature.notation']

/**
 * Judges the signatures of artifacts. A verdict follows from the accessories and the signers alone, and the cache has a
 * new object for either when it changes: so a verdict is kept beside these objects, and needs no key of its own.
 */
export function openVerdicts(ground: Ground) {
  const known = new WeakMap<Accessories, { signers: ProjectSigners; verdict: Maybe<Verdict> }>()

  return (judged: Judged): Maybe<Verdict> => {
    const { accessories, signers } = judged
    const kept = known.get(accessories)
    if (kept?.signers === signers) {
      const { verdict } = kept
      if (verdict instanceof Promise || Date.now() < verdict.untilMs) return verdict
    }
    const entry: { signers: ProjectSigners; verdict: Maybe<Verdict> } = { signers, verdict: judge(ground, judged) }
    known.set(accessories, entry)
    return (entry.verdict as Promise<Verdict>).then(
      (verdict) => (entry.verdict = verdict),
      (error: unknown) => {
        // Storage or database could not be read: the next pull asks again.
        if (known.get(accessories) === entry) known.delete(accessories)
        throw error
      },
    )
  }
}

async function judge(ground: Ground, { accessories, ...judged }: Judged): Promise<Verdict> {
  const { signers } = judged.signers
  if (signers.length === 0) return { problem: 'the project trusts no signer yet: add one', untilMs: Infinity }
  const held = accessories.held.filter(({ type }) => signatureTypes.includes(type))
  if (held.length === 0) return { problem: 'it has no signature', untilMs: Infinity }
  const all = (await checkHeld(ground, judged, held)).flatMap(({ checks }) => checks)
  const untilMs = Math.min(...all.map(({ until }) => (until === undefined ? Infinity : Date.parse(until))))
  const signatures = all.filter(({ says }) => says === 'signature')
  const verified = signatures.filter(({ isVerified }) => isVerified)
  if (verified.length > 0) {
    const ends = verified.map(({ until }) => (until === undefined ? Infinity : Date.parse(until)))
    return { problem: undefined, untilMs: Math.max(...ends) }
  }
  const [first, ...others] = new Set(signatures.map(({ reason }) => reason))
  const more = others.length > 0 ? ` (and ${others.length} other reasons)` : ''
  return { problem: first === undefined ? 'it has attestations, but no signature' : `${first}${more}`, untilMs }
}

type Checked = { held: HeldRow; checks: Check[] }

/** The checks of each accessory: as they were kept, or made now where none is kept that still holds. */
export async function checkHeld(
  { reader: { db }, source, limits }: Ground,
  { repository, subject, signers: { signers, trust } }: Omit<Judged, 'accessories'>,
  held: readonly HeldRow[],
): Promise<Checked[]> {
  const wanted = fromBothEnds(held).slice(0, limits.perImage)
  const about = { subject, trust }
  const kept = await findChecks(
    db,
    about,
    wanted.map(({ artifactId }) => artifactId),
  )
  const now = new Date()
  const all: Checked[] = []
  let count = 0
  for (const one of wanted) {
    // One artifact may hold many signatures.
    if (count >= limits.perImage) break
    const before = kept.get(one.artifactId)
    if (before?.every(({ until }) => until === undefined || now < new Date(until))) {
      all.push({ held: one, checks: before })
      count += before.length
      continue
    }
    const artifact = { repository: repository.name, digest: one.digest, subject }
    const checks = await checkArtifact(source(), artifact, { signers, now }, limits)
    await saveChecks(db, about, one.artifactId, checks)
    all.push({ held: one, checks })
    count += checks.length
  }
  return all.toSorted((a, b) => a.held.id - b.held.id)
}
