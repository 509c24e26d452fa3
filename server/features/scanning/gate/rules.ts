import { severities, type ReportState, type Severity } from '../reports/finding.ts'

/** Reasons why no findings are no proof of a sound image; a setting says which of them let a pull pass. */
export type Unproven = 'no_scanner' | Exclude<ReportState, 'ok'>

/** What the pull gate does for a project, read from its metadata. Ranks are indexes of `severities`. */
export type GateRules = {
  /** Images with a finding of this rank or worse are refused; null: none is. */
  refusesFrom: number | null
  /** Pulls of images with a finding of this rank or worse bring a warning; null: none does. */
  warnsFrom: number | null
  /** How long a new image that was not looked into yet is held, in ms, and whether it may be pulled after that. */
  hold: { ms: number; passesThen: boolean } | null
  /** The allowlist of the system counts, not the project's own. */
  usesSystemList: boolean
}

/** How long a new image is held where the project does not say, in seconds. */
const usualHoldSeconds = 600

export function gateRulesOf(metadata: Readonly<Record<string, string>>): GateRules {
  const isOn = (name: string) => metadata[name] === 'true'
  const { vulnerability_warning: warning, hold_seconds: seconds, hold_then: then } = metadata
  const ms = Number(seconds ?? usualHoldSeconds) * 1000
  return {
    refusesFrom: isOn('prevent_vul') ? thresholdOf(metadata['severity']) : null,
    warnsFrom: warning === undefined ? null : thresholdOf(warning),
    hold: isOn('hold_until_scanned') ? { ms, passesThen: then === 'pass' } : null,
    // As in Harbor, a project that has not chosen uses the system's list.
    usesSystemList: metadata['reuse_sys_cve_allowlist'] !== 'false',
  }
}

/**
 * The rank from which a project's `severity` refuses, as Harbor reads it: `negligible` is None, and a word that it does
 * not know, or none at all, is Unknown.
 */
function thresholdOf(word: string | undefined): number {
  if (word === 'none' || word === 'negligible') return 0
  const rank = severities.findIndex((severity) => severity.toLowerCase() === word)
  return rank < 0 ? 1 : rank
}

/** Harbor's sentence about the project's policy. `rank`: the threshold. */
const policyOf = (rank: number) =>
  `cannot be pulled due to configured policy in 'Prevent images with vulnerability severity of "${severities[rank]}" ` +
  `or higher from running.' To continue with pull, please contact your project administrator`

/** Harbor's words for an image that nobody has looked into. */
export const notScannedText = (rank: number) =>
  `current image without vulnerability scanning ${policyOf(rank)} for help.`

/** Harbor's words for an image whose first scan has not ended well. `status`: Pending, Running, Error, Stopped. */
export const unfinishedText = (rank: number, status: string) =>
  `current image with "${status}" status of vulnerability scanning ${policyOf(rank)} for help.`

/** Harbor's words. `count`: of all findings that no allowlist accepts, also those below the threshold. */
export const vulnerableText = (rank: number, count: number) =>
  `current image with ${count} ${count === 1 ? 'vulnerability' : 'vulnerabilities'} ${policyOf(rank)} ` +
  `to exempt matched vulnerabilities through configuring the CVE allowlist.`

/** How a number of seconds is said to people. */
const secondsOf = (ms: number) => `${Math.ceil(ms / 1000)} s`

/** For a new image that is held until it was scanned. `leftMs`: undefined while it is still being fetched. */
export const heldText = (leftMs: number | undefined) =>
  'this image is new and is held until it was scanned, as its project wants: try again later' +
  (leftMs === undefined ? '' : `; it is held for at most ${secondsOf(leftMs)} more`)

/** For an image that was held as long as its project wants, and that nobody has scanned yet. */
export const heldTooLongText =
  'this image was held until it was scanned, as its project wants, and no scan has ended in time: have it scanned, ' +
  'or ask a project administrator for help'

const reasons: Record<Exclude<ReportState, 'ok'>, string> = {
  no_database: 'Marina has no database of vulnerabilities',
  stale_database: 'the database of vulnerabilities was out of date',
  unknown_distribution: 'the distribution is not known, so that its system packages were not looked at',
}

/** For an image of which a report says less than that it is sound. */
export const unprovenText = (rank: number, state: Exclude<ReportState, 'ok'>) =>
  `${notScannedText(rank)} It was looked into, but ${reasons[state]}.`

/** The text of a warning that goes with a pull, without quotes. */
export const warningText = (rank: number, counts: readonly number[]) => {
  const told = severities.map((severity, at) => [severity, counts[at]!, at] as const)
  const said = told.filter(([, count, at]) => at >= rank && count > 0).toReversed()
  return `this image has known vulnerabilities: ${said.map(([severity, count]) => `${count} ${severity}`).join(', ')}`
}

/** The rank of the worst finding, -1 without any. `counts`: findings by rank. */
export const worstOf = (counts: readonly number[]): number => counts.findLastIndex((count) => count > 0)

/** By the words of severities, for the detail of an error. */
export const countsBySeverity = (counts: readonly number[]): Partial<Record<Severity, number>> =>
  Object.fromEntries(
    severities.map((severity, at) => [severity, counts[at]!] as const).filter(([, count]) => count > 0),
  )
