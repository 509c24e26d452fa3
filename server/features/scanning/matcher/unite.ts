import { rankOf, severities, type Finding, type FindingDetails, type Severity } from '../reports/finding.ts'
import { matchVersion, type Affected } from './affected.ts'
import type { VersionOrder } from './versions/order.ts'

/** A version of a package, and what of it is looked up. */
export type Known = { name: string; version: string; purl: string; ecosystem: string; wantedVersion: string }
/** An advisory that names the package. `ownSeverity`: what the distribution says of this package. */
export type Candidate = Affected & {
  id: string
  ids: string[]
  cves: string[]
  severity: Severity | undefined
  ownSeverity: Severity | undefined
  cvssV3: number | null
}
/** Advisories that say the same vulnerability of a package, under the name that a report gives it. */
type Hit = { cveId: string; fixedVersion: string; candidates: Candidate[] }

/** The vulnerabilities of a package: each once, however many databases have a record of it, in the order of names. */
export function hitsOf({ wantedVersion: version }: Known, candidates: Candidate[], compare: VersionOrder): Hit[] {
  return [...groupByVulnerability(candidates)]
    .flatMap(([cveId, group]): Hit[] => {
      const hit = group.filter((one) => matchVersion(one, version, compare) !== undefined)
      return hit.length === 0 ? [] : [{ cveId, fixedVersion: fixOf(group, version, compare), candidates: hit }]
    })
    .sort((one, other) => (one.cveId < other.cveId ? -1 : 1))
}

/** By CVE; what has none, by the names that records share. */
function groupByVulnerability(all: Candidate[]): Map<string, Candidate[]> {
  const groups = new Map<string, Candidate[]>()
  const named = new Map<string, string[]>()
  const put = (one: Candidate, keys: string[]) => {
    for (const key of keys) groups.set(key, [...(groups.get(key) ?? []), one])
    for (const id of one.ids) if (!named.has(id)) named.set(id, keys)
  }
  const sorted = all.toSorted((one, other) => (one.id < other.id ? -1 : 1))
  for (const one of sorted) if (one.cves.length > 0) put(one, one.cves)
  for (const one of sorted) {
    if (one.cves.length > 0) continue
    const known = one.ids.map((id) => named.get(id)).find((keys) => keys !== undefined)
    put(one, known ?? [one.id])
  }
  return groups
}

/** The first version that none of the records hits any more, as far as they name one; else ''. */
function fixOf(group: Candidate[], version: string, compare: VersionOrder): string {
  let at = version
  // Each step leads to a later version.
  for (;;) {
    const hits = group.flatMap((one) => matchVersion(one, at, compare) ?? [])
    if (hits.length === 0) return at
    const fixes = hits.map(({ fixedVersion }) => fixedVersion)
    if (fixes.includes('')) return ''
    at = fixes.toSorted((one, other) => compare(one, other)!).at(-1)!
  }
}

/** `details`: those of the advisories, by their ids. */
export function findingOf(known: Known, hit: Hit, details: ReadonlyMap<string, FindingDetails>): Finding {
  const all = hit.candidates.flatMap(({ id }) => details.get(id) ?? [])
  const description = all.find((one) => one.description)?.description
  const links = [...new Set(all.flatMap((one) => one.links ?? []))].slice(0, 20)
  const cweIds = [...new Set(all.flatMap((one) => one.cweIds ?? []))]
  const cvss = all.find((one) => one.cvss)?.cvss
  const scores = hit.candidates.flatMap(({ cvssV3 }) => cvssV3 ?? [])
  return {
    cveId: hit.cveId,
    package: known.name,
    version: known.version,
    fixedVersion: hit.fixedVersion,
    severity: worstOf(hit.candidates),
    status: hit.fixedVersion === '' ? 'affected' : 'fixed',
    cvssV3: scores.length > 0 ? Math.max(...scores) : null,
    details: {
      ...(description ? { description } : {}),
      ...(links.length > 0 ? { links } : {}),
      ...(cweIds.length > 0 ? { cweIds } : {}),
      ...(cvss ? { cvss } : {}),
      vendorAttributes: { purl: known.purl, advisories: hit.candidates.map(({ id }) => id) },
    },
  }
}

/** What the distribution says of its package comes before what others say of the vulnerability. */
function worstOf(candidates: Candidate[]): Severity {
  const own = candidates.flatMap(({ ownSeverity }) => ownSeverity ?? [])
  const said = own.length > 0 ? own : candidates.flatMap(({ severity }) => severity ?? [])
  return said.length > 0 ? severities[Math.max(...said.map(rankOf))]! : 'Unknown'
}
