import { isObject, textIn } from '../inventory/bytes.ts'
import type { FindingDetails, Severity } from '../reports/finding.ts'
import { isOrdered, matchVersion, type Affected, type RangeEvent } from './affected.ts'
import { ecosystemOf, nameIn } from './ecosystems.ts'
import { severityOf, scoresOf, type Scores } from './severity.ts'
import { orderOf, type VersionOrder } from './versions/order.ts'

/** A package that an advisory is about. `severity`: what the distribution itself says, if it does. */
type AdvisoryPackage = Affected & { ecosystem: string; name: string; severity: Severity | undefined }

/** A record of a database of vulnerabilities, reduced to what matching and reports need. */
export type Advisory = {
  id: string
  /** All names of the same vulnerability: its own id, its aliases, and the records that it was made from. */
  ids: string[]
  /** What it is about in the words of CVE; several for an advisory of a distribution, none for what has no CVE. */
  cves: string[]
  modified: Date
  severity: Severity | undefined
  cvssV3: number | null
  details: FindingDetails
  packages: AdvisoryPackage[]
}

/** What was read of a record: an advisory, or why there is none in it. */
export type ReadRecord = { advisory: Advisory; modified: Date } | { skipped: string; modified?: Date }

const idForm = /^[\x21-\x7e]{1,200}$/
const isCve = (id: string) => id.startsWith('CVE-')
/** Bounds of one record: beyond them it is cut, as they only serve for reading. */
const [mostText, mostLinks, mostIds] = [4096, 20, 500]

/** Reads an OSV record (ossf.github.io/osv-schema, 1.7). `order`: which versions come first. Throws nothing. */
export function readOsv(value: unknown): ReadRecord {
  if (!isObject(value)) return { skipped: 'it is no JSON object' }
  const id = textIn(value['id'])
  const modified = timeOf(value)
  if (!idForm.test(id)) return { skipped: 'it has no valid id' }
  if (!modified) return { skipped: 'it has no time of its last change' }
  if (value['withdrawn'] !== undefined && value['withdrawn'] !== null) return { skipped: 'it was withdrawn', modified }
  if (!Array.isArray(value['affected'])) return { skipped: 'it names no packages', modified }
  const packages = unite(value['affected'].filter(isObject).flatMap(readAffected))
  if (packages.length === 0) return { skipped: 'it names no versions that can be compared', modified }
  return { advisory: { ...describe(value, id, modified), packages }, modified }
}

/** Sources of a database that is published elsewhere have no time of change yet, but the year 1: 1970 stands for it. */
function timeOf({ modified, published }: Record<string, unknown>): Date | undefined {
  const times = [modified, published].map((text) => Number(new Date(textIn(text))))
  if (Number.isNaN(times[0])) return undefined
  return new Date(times.find((time) => time > 0) ?? 0)
}

function describe(value: Record<string, unknown>, id: string, modified: Date): Omit<Advisory, 'packages'> {
  const list = (key: string) =>
    textsIn(value[key])
      .filter((one) => idForm.test(one))
      .slice(0, mostIds)
  const ids = [...new Set([id, ...list('upstream'), ...list('aliases')])]
  const named = ids.filter(isCve)
  // Advisories of distributions name what they repair as `related`.
  const cves = named.length > 0 || list('aliases').length > 0 ? named : list('related').filter(isCve)
  const scores = scoresOf(value['severity'])
  return {
    id,
    ids,
    cves,
    modified,
    severity: severityOf(value, scores),
    cvssV3: scores.v3?.score ?? null,
    details: detailsOf(value, scores),
  }
}

function detailsOf(value: Record<string, unknown>, { v3, v2 }: Scores): FindingDetails {
  const [summary, details] = [textIn(value['summary']), textIn(value['details'])]
  const description = [summary, details].find((one) => one !== '')?.slice(0, mostText)
  const links = objectsIn(value['references'])
    .map(({ url }) => textIn(url))
    .filter((url) => /^https?:\/\/\S{1,2000}$/.test(url))
  const own = isObject(value['database_specific']) ? value['database_specific'] : {}
  const cweIds = textsIn(own['cwe_ids']).filter((one) => /^CWE-\d{1,6}$/.test(one))
  return {
    ...(description ? { description } : {}),
    ...(links.length > 0 ? { links: links.slice(0, mostLinks) } : {}),
    ...(cweIds.length > 0 ? { cweIds } : {}),
    ...(v3 || v2
      ? {
          cvss: {
            ...(v3 ? { score_v3: v3.score, vector_v3: v3.vector } : {}),
            ...(v2 ? { score_v2: v2.score, vector_v2: v2.vector } : {}),
          },
        }
      : {}),
  }
}

function readAffected(affected: Record<string, unknown>): AdvisoryPackage[] {
  const about = affected['package']
  if (!isObject(about)) return []
  const ecosystem = ecosystemOf(textIn(about['ecosystem']))
  const compare = orderOf(ecosystem)
  const name = nameIn(ecosystem, textIn(about['name']))
  if (!compare || name === '' || name.length > 512) return []
  const ranges = objectsIn(affected['ranges'])
    .filter(({ type }) => type === 'SEMVER' || type === 'ECOSYSTEM')
    .map(({ events }) => objectsIn(events).map(readEvent))
    .filter((range) => range.length > 0 && isOrdered(range, compare))
  const versions = beyond(ranges, textsIn(affected['versions']), compare)
  const severity = severityOf(affected, {})
  return ranges.length + versions.length === 0 ? [] : [{ ecosystem, name, severity, ranges, versions }]
}

function readEvent(event: Record<string, unknown>): RangeEvent {
  const read: RangeEvent = {}
  for (const kind of ['introduced', 'fixed', 'last_affected', 'limit'] as const) {
    const version = textIn(event[kind])
    if (version !== '') read[kind] = version
  }
  return read
}

/** Listed versions that no range has: most lists only spell out the ranges. */
const beyond = (ranges: RangeEvent[][], versions: string[], compare: VersionOrder): string[] =>
  ranges.length === 0
    ? versions
    : versions.filter((one) => matchVersion({ ranges, versions: [] }, one, compare) === undefined)

/** A record may name a package several times, such as once for each branch. */
function unite(packages: AdvisoryPackage[]): AdvisoryPackage[] {
  const found = Map.groupBy(packages, ({ ecosystem, name }) => `${ecosystem}\n${name}`)
  return [...found.values()].map((same) => ({
    ...same[0]!,
    severity: same.find(({ severity }) => severity !== undefined)?.severity,
    ranges: same.flatMap(({ ranges }) => ranges),
    versions: [...new Set(same.flatMap(({ versions }) => versions))],
  }))
}

const textsIn = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string' && one !== '') : []
const objectsIn = (value: unknown): Record<string, unknown>[] => (Array.isArray(value) ? value.filter(isObject) : [])
