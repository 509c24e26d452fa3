import { severities, type Finding, type Severity } from '../../reports/finding.ts'
import { ScanRefused } from '../scanner.ts'

/** What of a report is taken; more is refused, but for descriptions, which are cut. */
export type ReportBounds = {
  findings: number
  /** Of one description, in bytes of UTF-8. */
  descriptionBytes: number
}

/** The longest names that are taken, in bytes: indexes of the database hold them. */
const most = { cveId: 256, package: 1024, version: 512 }
const mostLinks = 100
const mostCwes = 100
const linkBytes = 2048

/**
 * The findings of a report of type `application/vnd.security.vulnerability.report; version=1.1` or its elder
 * `application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0`, which has fewer fields. A word of severity
 * that the API does not know becomes Unknown, and links that are not http or https are left out. Throws ScanRefused.
 */
export function parseReport(content: Buffer, bounds: ReportBounds): Finding[] {
  const report = objectOf(parseJson(content), 'the report')
  const all = report['vulnerabilities'] ?? []
  if (!Array.isArray(all)) throw new ScanRefused('the report is wrong: vulnerabilities is not a list')
  return findingsOf(all, bounds)
}

/** The findings of a list of vulnerabilities in the words of such a report. Throws ScanRefused. */
export function findingsOf(all: unknown[], bounds: ReportBounds): Finding[] {
  if (all.length > bounds.findings)
    throw new ScanRefused(`the report has ${all.length} vulnerabilities; at most ${bounds.findings} are taken`)
  return all.map((one, index) => findingOf(objectOf(one, `vulnerability ${index + 1}`), index, bounds))
}

type Json = Record<string, unknown>

function parseJson(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString('utf8'))
  } catch (error) {
    throw new ScanRefused('the report is not JSON', { cause: error })
  }
}

function objectOf(value: unknown, name: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ScanRefused(`${name} is not an object`)
  return value as Json
}

function findingOf(one: Json, index: number, { descriptionBytes }: ReportBounds): Finding {
  const needed = (key: string, bytes: number) => {
    const value = text(one[key])
    const length = Buffer.byteLength(value)
    if (length === 0 || length > bytes)
      throw new ScanRefused(`vulnerability ${index + 1} of the report is wrong: ${key} must have 1 to ${bytes} bytes`)
    return value
  }
  const cvss = cvssOf(one['preferred_cvss'])
  const version = text(one['version'])
  if (Buffer.byteLength(version) > most.version)
    throw new ScanRefused(`vulnerability ${index + 1} of the report is wrong: version has over ${most.version} bytes`)
  return {
    cveId: needed('id', most.cveId),
    package: needed('package', most.package),
    version,
    fixedVersion: cut(text(one['fix_version']), most.version),
    severity: severityOf(text(one['severity'])),
    status: cut(text(one['status']), most.version),
    cvssV3: cvss?.score_v3 ?? null,
    details: {
      ...picked('description', cut(text(one['description']), descriptionBytes)),
      ...picked('links', texts(one['links'], mostLinks).filter(isLink)),
      ...picked('cweIds', texts(one['cwe_ids'], mostCwes)),
      ...(cvss ? { cvss } : {}),
      ...(isPlain(one['vendor_attributes']) ? { vendorAttributes: one['vendor_attributes'] } : {}),
    },
  }
}

const isPlain = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0
const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const texts = (value: unknown, count: number): string[] =>
  (Array.isArray(value) ? (value as unknown[]) : []).slice(0, count).map(text).filter(Boolean)
const picked = (key: string, value: string | string[]) => (value.length === 0 ? {} : { [key]: value })
const isLink = (link: string) => /^https?:\/\//i.test(link) && Buffer.byteLength(link) <= linkBytes

/** The beginning of a text, of at most so many bytes, never with half a character. */
function cut(value: string, bytes: number): string {
  if (Buffer.byteLength(value) <= bytes) return value
  return Buffer.from(value)
    .subarray(0, bytes)
    .toString('utf8')
    .replace(/\uFFFD+$/, '')
}

const severityOf = (word: string): Severity =>
  severities.find((one) => one.toLowerCase() === word.toLowerCase()) ?? 'Unknown'

function cvssOf(value: unknown): Finding['details']['cvss'] | undefined {
  if (!isPlain(value)) return undefined
  const score = (key: 'score_v3' | 'score_v2') => {
    const number = value[key]
    return typeof number === 'number' && number >= 0 && number <= 10 ? { [key]: number } : {}
  }
  const vector = (key: 'vector_v3' | 'vector_v2') => picked(key, cut(text(value[key]), 256))
  return { ...score('score_v3'), ...score('score_v2'), ...vector('vector_v3'), ...vector('vector_v2') }
}
