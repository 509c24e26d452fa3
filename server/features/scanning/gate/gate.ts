import { OciError } from '../../../../oci/errors.ts'
import { isManifestType, manifestTypes } from '../../../../oci/media-type.ts'
import type { Reader } from '../../../catalog/reader.ts'
import { andThen, type Maybe } from '../../../platform/maybe.ts'
import type { Pulled, PullGate } from '../../../registry/gate.ts'
import { findAllowlist, isInForce, type Allowlist } from '../../cve-allowlist/index.ts'
import { readMetadata } from '../../projects/index.ts'
import { findScannerIdOf } from '../store.ts'
import {
  countsBySeverity,
  gateRulesOf,
  heldText,
  heldTooLongText,
  notScannedText,
  unfinishedText,
  unprovenText,
  vulnerableText,
  warningText,
  worstOf,
  type GateRules,
  type Unproven,
} from './rules.ts'
import { countOthers, findImageFindings, findUnfinished, type ImageFindings, type Made } from './store.ts'

/** What the gate needs beside the cache. `passes`: see config/scanning.ts. `onRefused`: counts refused pulls. */
type Lent = {
  passes: readonly (Unproven | 'none')[]
  onRefused(): void
  /** Has an image fetched from the registry that the project caches. */
  bring(pulled: Pulled): Promise<void>
}

/**
 * Refuses pulls of images with vulnerabilities, as Harbor does for `prevent_vul`, warns of those that pass, and holds
 * new images until they are scanned. A pull of an image that memory knows asks no query. Scanners, cosign and notation
 * of somebody who may push, and what cannot be scanned, such as an index, a signature or a chart, pass.
 */
export function severityAllowed(reader: Reader, lent: Lent): PullGate {
  const rulesOf = rememberedBy(gateRulesOf)
  const ground: Ground = { ...lent, reader, othersOf: openOthers(reader) }
  return (pulled) =>
    andThen(readMetadata(reader, pulled.project.id), (metadata) => {
      const rules = rulesOf(metadata)
      const isIdle = rules.refusesFrom === null && rules.warnsFrom === null && rules.hold === null
      return isIdle ? undefined : judge(ground, rules, pulled)
    })
}

type Others = (made: Made, list: Allowlist | null) => Maybe<number[]>
type Ground = Lent & { reader: Reader; othersOf: Others }

/** The way of most pulls ends here: the image cannot be scanned, or is sound. */
function judge(ground: Ground, rules: GateRules, pulled: Pulled): Maybe<string | void> {
  const { reader, passes } = ground
  return andThen(findScannerIdOf(reader, pulled.project.id), (scannerId) => {
    if (scannerId === null && passes.includes('no_scanner')) return undefined
    return andThen(findImageFindings(reader, pulled.repository, pulled.digest), (image) => {
      if (image && !image.isScannable) return undefined
      const made = image?.made.find((one) => one.scannerId === scannerId)
      if (made && isProven(ground, rules, made) && worstOf(made.counts) < leastOf(rules)) return undefined
      return andThen(isExempt(pulled), (isFree) => {
        if (isFree) return undefined
        if (made) return judgeReport(ground, rules, pulled, made)
        if (!image && pulled.project.endpointId !== null) return judgeComing(ground, rules, pulled)
        return rules.hold && image ? hold(ground, rules.hold, image) : refuseUnscanned(ground, rules, image, scannerId)
      })
    })
  })
}

/** As in Harbor: scanners, and cosign and notation, which read a manifest before they push its signature. */
function isExempt({ caller, userAgent, mayPush }: Pulled): Maybe<boolean> {
  return caller.kind === 'scanner' || (/cosign|notation/i.test(userAgent) && mayPush())
}

/** Whether findings are looked at. Where nothing is refused, it does not matter why there may be more of them. */
const isProven = ({ passes }: Ground, { refusesFrom }: GateRules, { state }: Made): boolean =>
  refusesFrom === null || state === 'ok' || passes.includes(state)

/** The rank from which a finding matters. */
const leastOf = ({ refusesFrom, warnsFrom }: GateRules): number =>
  Math.min(refusesFrom ?? Infinity, warnsFrom ?? Infinity)

function judgeReport(ground: Ground, rules: GateRules, pulled: Pulled, made: Made): Maybe<string | void> {
  const { refusesFrom, warnsFrom } = rules
  const { state } = made
  if (refusesFrom !== null && state !== 'ok' && !isProven(ground, rules, made))
    return refuse(ground, unprovenText(refusesFrom, state), { state })
  const listOf = findAllowlist(ground.reader, rules.usesSystemList ? null : pulled.project.id)
  return andThen(listOf, (list) =>
    andThen(ground.othersOf(made, list && isInForce(list, Date.now()) ? list : null), (counts) => {
      const worst = worstOf(counts)
      if (refusesFrom !== null && worst >= refusesFrom) {
        const total = counts.reduce((sum, count) => sum + count, 0)
        return refuse(ground, vulnerableText(refusesFrom, total), { vulnerabilities: countsBySeverity(counts) })
      }
      return warnsFrom !== null && worst >= warnsFrom ? warningText(warnsFrom, counts) : undefined
    }),
  )
}

/**
 * An image that a project is only now getting from the registry that it caches. As in Harbor it passes, unless new
 * images are held: then it is fetched first. An index passes, as its images are held one by one.
 */
function judgeComing(ground: Ground, { hold: wanted }: GateRules, pulled: Pulled): Maybe<void> {
  const { mediaType } = pulled
  const isIndex = isManifestType(mediaType) && manifestTypes[mediaType] === 'index'
  if (wanted === null || isIndex) return undefined
  return ground.bring(pulled).then(() => refuse(ground, heldText(undefined), {}))
}

/** An image without a report: it is held, and after that it passes or stays refused, as the project wants. */
function hold(ground: Ground, { ms, passesThen }: NonNullable<GateRules['hold']>, { pushedAt }: ImageFindings): void {
  const leftMs = pushedAt.getTime() + ms - Date.now()
  if (leftMs > 0) refuse(ground, heldText(leftMs), { held_seconds: Math.ceil(leftMs / 1000) })
  if (!passesThen) refuse(ground, heldTooLongText, {})
}

/** Asks the database for the status of the first scan, as refused pulls are few. */
function refuseUnscanned(
  ground: Ground,
  { refusesFrom }: GateRules,
  image: ImageFindings | undefined,
  scannerId: string | null,
): Maybe<void> {
  if (refusesFrom === null) return undefined
  if (!image || scannerId === null) return refuse(ground, notScannedText(refusesFrom), {})
  return findUnfinished(ground.reader.db, image.id, scannerId).then((status) =>
    refuse(ground, status === undefined ? notScannedText(refusesFrom) : unfinishedText(refusesFrom, status), {}),
  )
}

function refuse({ onRefused }: Ground, text: string, detail: object): never {
  onRefused()
  throw new OciError('PROJECTPOLICYVIOLATION', text, Object.keys(detail).length > 0 ? { detail } : {})
}

/** Remembers what is made of an object for as long as the cache keeps that object. */
function rememberedBy<Key extends object, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const known = new WeakMap<Key, Value>()
  return (key) => {
    let value = known.get(key)
    if (value === undefined) known.set(key, (value = make(key)))
    return value
  }
}

/**
 * The findings of a report that an allowlist does not accept, by rank. The last answer for each report is remembered
 * with it: the cache forgets a report that changes, and returns another list once the list has changed.
 */
function openOthers({ db }: Reader): Others {
  const known = new WeakMap<Made, { list: Allowlist; counts: Maybe<number[]> }>()
  return (made, list) => {
    if (list === null) return made.counts
    const last = known.get(made)
    if (last?.list === list) return last.counts
    const counts = countOthers(db, made.id, list.cves)
    const entry: { list: Allowlist; counts: Maybe<number[]> } = { list, counts }
    known.set(made, entry)
    counts.then(
      (found) => (entry.counts = found),
      () => known.delete(made),
    )
    return counts
  }
}
