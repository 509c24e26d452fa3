import type { Queryable, Tx } from '../../../platform/db/db.ts'
import { jsonbText } from '../../../platform/db/json.ts'
import { sql } from '../../../platform/db/sql.ts'
import { severities, type Finding, type FindingDetails } from '../reports/finding.ts'
import { splitPurl } from './import/vex.ts'
import { findingOf, hitsOf, type Candidate, type Known } from './unite.ts'
import { orderOf } from './versions/order.ts'

/** A finding of a package; `suppressed`: why a statement of its vendor takes it away. */
export type Match = Finding & { suppressed?: string }
/** A version of a package with what is looked up of it. */
export type PackageRow = Known & { id: number; type: string; wantedName: string }

export const packageColumns = sql`
  package.id, package.type, package.name, package.version, package.purl, package.ecosystem,
  package.wanted_name as "wantedName", package.wanted_version as "wantedVersion"`

/**
 * Matches packages with the records of a generation, and keeps what was found with the packages, for all images that
 * have them. `packages`: locked, at most 1,000. `generation`: held, see `holdCurrent`.
 */
export async function matchPackages(tx: Tx, generation: number, packages: PackageRow[]): Promise<void> {
  const candidates = await listCandidates(tx, generation, packages)
  const hits = packages.map((one) => {
    const compare = orderOf(one.ecosystem)
    const known = candidates.get(keyOf(one.ecosystem, one.wantedName))
    return { one, hits: compare && known ? hitsOf(one, known, compare) : [] }
  })
  const ids = new Set(hits.flatMap((one) => one.hits.flatMap((hit) => hit.candidates.map(({ id }) => id))))
  const details = await listDetails(tx, generation, [...ids])
  const reasons = await listReasons(
    tx,
    generation,
    hits.flatMap((one) => (one.hits.length > 0 ? [one.one] : [])),
  )
  const matches = hits.map(({ one, hits: found }) =>
    found.map((hit): Match => {
      const reason = reasons(one, [hit.cveId, ...hit.candidates.flatMap((candidate) => candidate.ids)])
      return { ...findingOf(one, hit, details), ...(reason === undefined ? {} : { suppressed: reason }) }
    }),
  )
  await saveMatches(tx, generation, packages, matches)
}

const keyOf = (ecosystem: string, name: string) => `${ecosystem}\n${name}`

async function listCandidates(
  tx: Queryable,
  generation: number,
  packages: PackageRow[],
): Promise<Map<string, Candidate[]>> {
  const wanted = [...new Map(packages.map((one) => [keyOf(one.ecosystem, one.wantedName), one])).values()]
  type Row = Omit<Candidate, 'severity' | 'ownSeverity'> & {
    ecosystem: string
    name: string
    rank: number | null
    ownRank: number | null
  }
  const rows = await tx.rows<Row>(sql`
    select one.ecosystem, one.name, advisory.id, advisory.ids, advisory.cves, advisory.severity as rank,
      advisory_package.severity as "ownRank", advisory.cvss_v3 as "cvssV3", ranges, versions
    from unnest(
        ${wanted.map(({ ecosystem }) => ecosystem)}::text[],
        ${wanted.map(({ wantedName }) => wantedName)}::text[]) as one (ecosystem, name)
      join advisory_package on advisory_package.generation_id = ${generation}
        and advisory_package.ecosystem = one.ecosystem and advisory_package.name = one.name
      join advisory on advisory.generation_id = ${generation} and advisory.id = advisory_id`)
  const wordOf = (rank: number | null) => (rank === null ? undefined : severities[rank]!)
  const candidates = rows.map(({ rank, ownRank, ...one }) => ({
    ...one,
    severity: wordOf(rank),
    ownSeverity: wordOf(ownRank),
  }))
  return Map.groupBy(candidates, ({ ecosystem, name }) => keyOf(ecosystem, name))
}

async function listDetails(tx: Queryable, generation: number, ids: string[]): Promise<Map<string, FindingDetails>> {
  const rows = await tx.rows<{ id: string; details: FindingDetails }>(
    sql`select id, details from advisory where generation_id = ${generation} and id = any(${ids}::text[])`,
  )
  return new Map(rows.map(({ id, details }) => [id, details]))
}

type Reasons = (one: PackageRow, names: string[]) => string | undefined

/** Why statements take vulnerabilities of these packages away, in every image. */
async function listReasons(tx: Queryable, generation: number, packages: PackageRow[]): Promise<Reasons> {
  const products = [...new Set(packages.map(({ purl }) => splitPurl(purl).product))]
  type Row = { vulnerability: string; product: string; version: string; reason: string }
  const rows = await tx.rows<Row>(sql`
    select vulnerability, product, version, reason from vex_statement
    where generation_id = ${generation} and digest = '' and product = any(${products}::text[]) order by id`)
  const byProduct = Map.groupBy(rows, ({ product }) => product)
  return ({ purl, version }, names) =>
    byProduct
      .get(splitPurl(purl).product)
      ?.find((row) => (row.version === '' || row.version === version) && names.includes(row.vulnerability))?.reason
}

async function saveMatches(tx: Tx, generation: number, packages: PackageRow[], matches: Match[][]): Promise<void> {
  await tx.run(sql`
    update package
    set matches = case when package.matches = one.matches then package.matches else one.matches end,
      matched_generation = ${generation}, cves = array(
        select distinct match ->> 'cveId' from jsonb_array_elements(one.matches) match where not match ? 'suppressed'
        order by 1),
      changed_generation = case
        when package.matches = one.matches then package.changed_generation else ${generation} end
    from unnest(
      ${packages.map(({ id }) => id)}::bigint[], ${matches.map((one) => jsonbText(one))}::jsonb[]) as one (id, matches)
    where package.id = one.id`)
}
