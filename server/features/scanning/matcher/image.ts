import type { Queryable, Tx } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import type { Finding, ReportState } from '../reports/finding.ts'
import { holdCurrent, type Generation } from './database/store.ts'
import { isOfSystem } from './ecosystems.ts'
import { splitPurl } from './import/vex.ts'
import { matchPackages, packageColumns, type Match, type PackageRow } from './match.ts'

/** What the matcher says of an image; `generation` is null without a database. */
export type Matched = {
  findings: Finding[]
  /** Those that statements of vendors take away, which are in no report. */
  suppressed: Match[]
  state: ReportState
  generation: number | null
  /** What it cannot say, and why; a sentence each. */
  notes: string[]
  packages: number
}

type Rules = { staleMs: number }
/** Packages that one statement matches. */
const batch = 500

/** Matches the packages of an image with the database in use. Its inventory must be known (`hasInventory`). */
export async function matchImage(tx: Tx, artifactId: number, rules: Rules): Promise<Matched> {
  const generation = await holdCurrent(tx)
  if (generation) await matchUnmatched(tx, artifactId, generation.id)
  const packages = await tx.rows<{ type: string; ecosystem: string; purl: string; matches: Match[] }>(sql`
    select package.type, package.ecosystem, package.purl, package.matches
    from image_package join package on package.id = package_id where artifact_id = ${artifactId} order by package.id`)
  const covered = coverOf(packages, generation, rules, new Date())
  if (!generation) return { ...covered, findings: [], suppressed: [], generation: null, packages: packages.length }
  const reasonOf: OwnReason =
    (await listOwnReasons(tx, [artifactId], generation.id)).get(artifactId) ?? (() => undefined)
  const matches = packages.flatMap(({ purl, matches: found }) =>
    found.map((one) => ({ ...one, suppressed: one.suppressed ?? reasonOf(purl, one) })),
  )
  return {
    ...covered,
    findings: matches.flatMap(({ suppressed, ...finding }) => (suppressed === undefined ? [finding] : [])),
    suppressed: matches.flatMap((one) =>
      one.suppressed === undefined ? [] : [{ ...one, suppressed: one.suppressed }],
    ),
    generation: generation.id,
    packages: packages.length,
  }
}

async function matchUnmatched(tx: Tx, artifactId: number, generation: number): Promise<void> {
  for (;;) {
    const rows = await tx.rows<PackageRow>(sql`
      select ${packageColumns} from package
      where id in (select package_id from image_package where artifact_id = ${artifactId})
        and matched_generation is distinct from ${generation}
      order by id limit ${batch} for no key update`)
    if (rows.length > 0) await matchPackages(tx, generation, rows)
    if (rows.length < batch) return
  }
}

/** Why a statement takes a finding of a package away; undefined where none does. */
type OwnReason = (purl: string, found: Pick<Finding, 'cveId' | 'version'>) => string | undefined

/** What statements about single images say, by the image; most images have none. */
export async function listOwnReasons(
  tx: Queryable,
  imageIds: number[],
  generation: number,
): Promise<Map<number, OwnReason>> {
  type Row = { image: number; vulnerability: string; product: string; version: string; reason: string }
  const rows = await tx.rows<Row>(sql`
    select artifact.id as image, vulnerability, product, version, reason
    from artifact join vex_statement on vex_statement.digest = artifact.digest
    where artifact.id = any(${imageIds}::bigint[])
      and generation_id = ${generation} and vex_statement.digest <> '' order by vex_statement.id`)
  const reasonIn =
    (own: Row[]): OwnReason =>
    (purl, { cveId, version }) =>
      own.find(
        (row) =>
          row.vulnerability === cveId &&
          (row.product === '' || row.product === splitPurl(purl).product) &&
          (row.version === '' || row.version === version),
      )?.reason
  return new Map([...Map.groupBy(rows, ({ image }) => image)].map(([image, own]) => [image, reasonIn(own)]))
}

/**
 * What the database covers of an image's packages. Nothing found is a claim only where there are records of every
 * ecosystem, and new ones.
 */
export function coverOf(
  packages: { type: string; ecosystem: string }[],
  generation: Pick<Generation, 'ecosystems' | 'dataAt'> | undefined,
  { staleMs }: Rules,
  now: Date,
): { state: ReportState; notes: string[] } {
  if (!generation)
    return { state: 'no_database', notes: ['there is no database of vulnerabilities: marina vulndb import'] }
  const notes: string[] = []
  const states: ReportState[] = []
  const isKnown = ({ ecosystem }: { ecosystem: string }) => generation.ecosystems[ecosystem] !== undefined
  const [system, others] = [
    packages.filter(({ type }) => isOfSystem(type)),
    packages.filter(({ type }) => !isOfSystem(type)),
  ]
  const missing = [...new Set(others.filter((one) => !isKnown(one)).map(({ ecosystem }) => ecosystem))].toSorted()
  if (missing.length > 0) {
    states.push('no_database')
    notes.push(`the database has no records of ${missing.join(', ')}: nothing is said of these packages`)
  }
  const unknown = system.find((one) => !isKnown(one))
  if (unknown) {
    states.push('unknown_distribution')
    const name = unknown.ecosystem === '' ? 'this distribution' : unknown.ecosystem
    notes.push(`the database has no records of ${name}: nothing is said of its packages`)
  }
  if (!generation.dataAt || Number(now) - Number(generation.dataAt) > staleMs) {
    states.push('stale_database')
    notes.push(`the newest record of the database is of ${generation.dataAt?.toISOString() ?? 'no time'}`)
  }
  return { state: states[0] ?? 'ok', notes }
}
