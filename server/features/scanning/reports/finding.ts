/**
 * Words of severity from the least to the worst; the index is the rank that the database keeps. Only a whole image can
 * be None. (Pluggable scanner API 1.2, `Severity`.)
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
  severity: Exclude<Severity, 'None'>
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

/**
 * What a finished report claims: `ok` everything that was looked for; the others are reasons for which no findings are
 * no proof (`no_database`, `stale_database`, `unknown_distribution`).
 */
export type ReportState = 'ok' | 'no_database' | 'stale_database' | 'unknown_distribution'
