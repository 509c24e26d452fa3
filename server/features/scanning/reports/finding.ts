/**
 * Words of severity from the least to the worst; the index is the rank that the database keeps. (Pluggable scanner API
 * 1.2, `Severity`: None is the word for a whole image, but scanners use it for findings too.)
 */
export const severities = ['None', 'Unknown', 'Negligible', 'Low', 'Medium', 'High', 'Critical'] as const
export type Severity = (typeof severities)[number]

/**
 * One vulnerability of one version of a package, as a report of type `application/vnd.security.vulnerability.report;
 * version=1.1` lists it. `fixedVersion` is '' without a fix; `cvssV3` is null where nobody gave a score.
 */
export type Finding = {
  cveId: string
  package: string
  version: string
  fixedVersion: string
  severity: Severity
  status: string
  cvssV3: number | null
  details: FindingDetails
}

/** What else is known: shown in reports and exports, never searched. Absent fields are not known. */
export type FindingDetails = {
  description?: string
  links?: string[]
  cweIds?: string[]
  cvss?: { score_v3?: number; score_v2?: number; vector_v3?: string; vector_v2?: string }
  vendorAttributes?: Record<string, unknown>
}

/** What lists and the pull gate show of a report. `counts`: findings by rank of severity, from None to Critical. */
export type Summary = { severity: Severity; total: number; fixable: number; counts: number[] }

type Named = Pick<Finding, 'cveId' | 'package' | 'version'>

/** What findings of the same vulnerability of a version of a package have in common. */
export const findingKey = ({ cveId, package: name, version }: Named): string => JSON.stringify([cveId, name, version])

/**
 * The findings of a report as one for each vulnerability of a version of a package: the worst one, or the first.
 * `keyOf`: for callers that know the keys already.
 */
export function unite<One extends Named & Pick<Finding, 'severity'>>(
  findings: One[],
  keyOf: (one: One) => string = findingKey,
): One[] {
  const united = new Map<string, One>()
  for (const one of findings) {
    const key = keyOf(one)
    const known = united.get(key)
    if (!known || rankOf(one.severity) > rankOf(known.severity)) united.set(key, one)
  }
  return [...united.values()]
}

export const rankOf = (severity: Severity): number => severities.indexOf(severity)

/** `findings`: united. */
export function summarize(findings: Pick<Finding, 'severity' | 'fixedVersion'>[]): Summary {
  const counts = severities.map(() => 0)
  for (const { severity } of findings) counts[rankOf(severity)]!++
  return summaryOf(counts, findings.filter(({ fixedVersion }) => fixedVersion !== '').length)
}

/** The summary of so many findings of each rank. */
export function summaryOf(counts: number[], fixable: number): Summary {
  const worst = counts.findLastIndex((count) => count > 0)
  return {
    severity: severities[Math.max(worst, 0)]!,
    total: counts.reduce((sum, count) => sum + count, 0),
    fixable,
    counts,
  }
}

/**
 * What a finished report claims: `ok` everything that was looked for; the others are reasons for which no findings are
 * no proof (`no_database`, `stale_database`, `unknown_distribution`).
 */
export type ReportState = 'ok' | 'no_database' | 'stale_database' | 'unknown_distribution'
