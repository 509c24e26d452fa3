import { findingsOf, type ReportBounds } from '../adapter/report.ts'
import type { Finding } from '../../reports/finding.ts'
import { ScanRefused } from '../scanner.ts'

type Json = Record<string, unknown>
type TrivyReport = {
  findings: Finding[]
  /** It has compared packages of the system: it knows the distribution. */
  knowsSystem: boolean
}

const objectIn = (value: unknown): Json | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined
const objectsIn = (values: unknown[]): Json[] =>
  values.flatMap((one) => {
    const found = objectIn(one)
    return found ? [found] : []
  })
const listIn = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : [])

/**
 * What `trivy --format json` says (trivy.dev, "Reporting", schema version 2), held to the same bounds as the report of
 * a scanner elsewhere. Throws ScanRefused for what is no such report.
 */
export function parseTrivyReport(raw: Buffer, bounds: ReportBounds): TrivyReport {
  const report = objectIn(parse(raw))
  if (report?.['SchemaVersion'] !== 2) throw new ScanRefused('the program wrote no report of Trivy, schema version 2')
  const results = objectsIn(listIn(report['Results']))
  const all = results.flatMap((one) => listIn(one['Vulnerabilities']))
  return {
    findings: findingsOf(all.map(genericOf), bounds),
    knowsSystem: results.some((one) => one['Class'] === 'os-pkgs'),
  }
}

function parse(raw: Buffer): unknown {
  try {
    return JSON.parse(raw.toString('utf8'))
  } catch (error) {
    throw new ScanRefused('what the program wrote is not JSON', { cause: error })
  }
}

/** A vulnerability by the names of the generic report, `application/vnd.security.vulnerability.report; version=1.1`. */
function genericOf(value: unknown): unknown {
  const one = objectIn(value)
  if (!one) return value
  return {
    id: one['VulnerabilityID'],
    package: one['PkgName'],
    version: one['InstalledVersion'],
    fix_version: one['FixedVersion'],
    severity: one['Severity'],
    status: one['Status'],
    description: one['Description'] ?? one['Title'],
    links: [one['PrimaryURL'], ...listIn(one['References'])],
    cwe_ids: one['CweIDs'],
    preferred_cvss: cvssOf(one),
  }
}

/** The score of who has said the severity, else of NVD, else of anybody. */
function cvssOf({ CVSS: all, SeveritySource: source }: Json): object | undefined {
  const scores = objectIn(all) ?? {}
  const names = [typeof source === 'string' ? source : '', 'nvd', ...Object.keys(scores)]
  const [one] = objectsIn(names.map((name) => (Object.hasOwn(scores, name) ? scores[name] : undefined)))
  return (
    one && {
      score_v3: one['V3Score'],
      score_v2: one['V2Score'],
      vector_v3: one['V3Vector'],
      vector_v2: one['V2Vector'],
    }
  )
}

export type TrivyVersion = { version: string; dataAt: Date | null }

/** What `trivy --version --format json` says: its version, and the time of its database. Throws ScanRefused. */
export function parseTrivyVersion(raw: Buffer): TrivyVersion {
  const said = objectIn(parse(raw))
  const version = said?.['Version']
  if (typeof version !== 'string' || version === '') throw new ScanRefused('the program does not say that it is Trivy')
  const at = objectIn(said?.['VulnerabilityDB'])?.['UpdatedAt']
  const ms = typeof at === 'string' ? Date.parse(at) : NaN
  return { version: version.slice(0, 100), dataAt: ms > 0 ? new Date(ms) : null }
}
