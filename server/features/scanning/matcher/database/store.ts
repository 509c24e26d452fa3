import { createHash } from 'node:crypto'
import type { Queryable, Tx } from '../../../../platform/db/db.ts'
import { jsonbText } from '../../../../platform/db/json.ts'
import { sql } from '../../../../platform/db/sql.ts'
import { rankOf } from '../../reports/finding.ts'
import type { Advisory } from '../osv.ts'
import { matcherVersion } from '../own-scanner.ts'

/** Records of one ecosystem in a generation; `newest`: its newest change, ISO 8601. */
export type EcosystemCount = { advisories: number; newest: string }
/** What one import has brought. `skipped`: records that were left out, by the reason. */
export type Generation = {
  id: number
  isReady: boolean
  source: string
  startedAt: Date
  endedAt: Date | null
  /** The newest change of a record. */
  dataAt: Date | null
  advisories: number
  packages: number
  scores: number
  statements: number
  skipped: Record<string, number>
  ecosystems: Record<string, EcosystemCount>
}

const columns = sql`
  id, is_ready as "isReady", source, started_at as "startedAt", ended_at as "endedAt", data_at as "dataAt", advisories,
  packages, scores, statements, skipped, ecosystems`

/** The generation in use; undefined when there is no database. */
export function findCurrent(db: Queryable): Promise<Generation | undefined> {
  return db.row<Generation>(sql`select ${columns} from vulndb_generation where id = (select generation_id from vulndb)`)
}

/**
 * The same, and it stays in use until the transaction ends: nothing that is matched in it is half of one generation and
 * half of the next.
 */
export async function holdCurrent(tx: Tx): Promise<Generation | undefined> {
  await tx.run(sql`select generation_id from vulndb for share`)
  return findCurrent(tx)
}

/** The generations that are kept, the newest first. */
export function listGenerations(db: Queryable): Promise<Generation[]> {
  return db.rows<Generation>(sql`select ${columns} from vulndb_generation where is_ready order by id desc limit 10`)
}

export async function openGeneration(db: Queryable, source: string): Promise<number> {
  const row = await db.row<{ id: number }>(sql`insert into vulndb_generation (source) values (${source}) returning id`)
  return row!.id
}

type Counts = Pick<
  Generation,
  'dataAt' | 'advisories' | 'packages' | 'scores' | 'statements' | 'skipped' | 'ecosystems'
>

/** Takes a generation that is written into use, in the place of the one before. */
export async function switchTo(tx: Tx, id: number, counts: Counts): Promise<void> {
  const { dataAt, advisories, packages, scores, statements, skipped, ecosystems } = counts
  await tx.run(sql`
    update vulndb_generation
    set is_ready = true, ended_at = clock_timestamp(), data_at = ${dataAt}, advisories = ${advisories},
      packages = ${packages}, scores = ${scores}, statements = ${statements}, skipped = ${jsonbText(skipped)}::jsonb,
      ecosystems = ${jsonbText(ecosystems)}::jsonb
    where id = ${id}`)
  await tx.run(sql`update vulndb set generation_id = ${id}`)
}

/** From now on there is no database. False when there was none. */
export async function switchOff(tx: Tx): Promise<boolean> {
  return (await tx.run(sql`update vulndb set generation_id = null where generation_id is not null`)) === 1
}

/**
 * Saves advisories with their packages; one that the generation has already is left as it is. Returns which advisories,
 * and how many packages, were saved. At most 1,000 at once.
 */
export async function saveAdvisories(
  db: Queryable,
  generation: number,
  advisories: Advisory[],
): Promise<{ saved: Set<string>; packages: number }> {
  const text = (pick: (one: Advisory) => unknown) => advisories.map((one) => jsonbText(pick(one)))
  const rows = await db.rows<{ id: string }>(sql`
    insert into advisory (generation_id, id, ids, cves, modified_at, severity, cvss_v3, details)
    select ${generation}, id, array(select jsonb_array_elements_text(ids)),
      array(select jsonb_array_elements_text(cves)),
      modified, severity, cvss, details
    from unnest(
      ${advisories.map(({ id }) => id)}::text[], ${text(({ ids }) => ids)}::jsonb[],
      ${text(({ cves }) => cves)}::jsonb[],
      ${advisories.map(({ modified }) => modified)}::timestamptz[],
      ${advisories.map(({ severity }) => (severity ? rankOf(severity) : null))}::smallint[],
      ${advisories.map(({ cvssV3 }) => cvssV3)}::real[], ${text(({ details }) => details)}::jsonb[]
    ) as one (id, ids, cves, modified, severity, cvss, details)
    on conflict do nothing returning id`)
  const saved = new Set(rows.map(({ id }) => id))
  const packages = advisories.flatMap((advisory) => (saved.has(advisory.id) ? packagesOf(advisory) : []))
  await db.run(sql`
    insert into advisory_package (generation_id, advisory_id, ecosystem, name, severity, ranges, versions, hash)
    select ${generation}, id, ecosystem, name, severity, ranges, array(select jsonb_array_elements_text(versions)), hash
    from unnest(
      ${packages.map(({ id }) => id)}::text[], ${packages.map(({ ecosystem }) => ecosystem)}::text[],
      ${packages.map(({ name }) => name)}::text[],
      ${packages.map(({ severity }) => (severity ? rankOf(severity) : null))}::smallint[],
      ${packages.map(({ ranges }) => jsonbText(ranges))}::jsonb[],
      ${packages.map(({ versions }) => jsonbText(versions))}::jsonb[], ${packages.map(({ hash }) => hash)}::bytea[]
    ) as one (id, ecosystem, name, severity, ranges, versions, hash)
    on conflict do nothing`)
  return { saved, packages: packages.length }
}

/** `hash`: of all that matching reads, and of its version: where that grows, all packages are matched again. */
function packagesOf({ packages, id, ids, cves, severity, cvssV3, details }: Advisory) {
  const hashOf = (...parts: unknown[]) => createHash('sha256').update(JSON.stringify(parts)).digest().subarray(0, 16)
  const own = hashOf(matcherVersion, id, ids, cves, severity, cvssV3, details).toString('base64')
  return packages.map((one) => ({ id, ...one, hash: hashOf(own, one) }))
}

/** How likely a vulnerability is to be used. */
export type Score = { cveId: string; epss: number | null; percentile: number | null; isExploited: boolean }

/** Scores of two sources come together in one row. At most 10,000 at once, each vulnerability once. */
export async function saveScores(db: Queryable, generation: number, scores: Score[]): Promise<void> {
  await db.run(sql`
    insert into vulnerability_score as known (generation_id, cve_id, epss, epss_percentile, is_exploited)
    select ${generation}, * from unnest(
      ${scores.map(({ cveId }) => cveId)}::text[], ${scores.map(({ epss }) => epss)}::real[],
      ${scores.map(({ percentile }) => percentile)}::real[], ${scores.map(({ isExploited }) => isExploited)}::boolean[])
    on conflict (generation_id, cve_id) do update
      set epss = coalesce(excluded.epss, known.epss),
        epss_percentile = coalesce(excluded.epss_percentile, known.epss_percentile),
        is_exploited = known.is_exploited or excluded.is_exploited`)
}

/** Somebody states that a product is not affected, or fixed. `digest`: only in this image; '' in every one. */
export type Statement = { vulnerability: string; product: string; version: string; digest: string; reason: string }

export async function saveStatements(db: Queryable, generation: number, statements: Statement[]): Promise<void> {
  const text = (key: keyof Statement) => statements.map((one) => one[key])
  await db.run(sql`
    insert into vex_statement (generation_id, vulnerability, product, version, digest, reason)
    select ${generation}, * from unnest(
      ${text('vulnerability')}::text[], ${text('product')}::text[], ${text('version')}::text[],
      ${text('digest')}::text[], ${text('reason')}::text[])`)
}

/** Rows that one statement removes. */
const batch = 5000
const tables = ['advisory_change', 'advisory_package', 'advisory', 'vulnerability_score', 'vex_statement'] as const

/** Generations of imports that failed, while no import runs. */
export function listLeftOver(db: Queryable): Promise<{ id: number }[]> {
  return db.rows(sql`select id from vulndb_generation where not is_ready order by id limit 100`)
}

/** Removes what imports have left that were killed or stopped for good. While an import runs it does nothing. */
export async function sweepLeftOver(db: Queryable, signal: AbortSignal): Promise<void> {
  const rows = await db.rows<{ id: number }>(sql`
    select id from vulndb_generation
    where not is_ready
      and not exists (select from task where job_type = 'VULNDB_IMPORT' and status in ('Pending', 'Running'))
    order by id limit 100`)
  for (const { id } of rows) await dropGeneration(db, id, signal)
}

/** The generations that nobody needs any more: all but the one in use and the one before. */
export function listOutdated(db: Queryable): Promise<{ id: number }[]> {
  return db.rows(sql`
    with used (id) as (select generation_id from vulndb where generation_id is not null),
      before (id) as (
        select id from vulndb_generation where is_ready and id < (select id from used) order by id desc limit 1)
    select id from vulndb_generation
    where is_ready and id not in (select id from used union all select id from before) order by id limit 100`)
}

/** Removes a generation in batches. */
export async function dropGeneration(db: Queryable, id: number, signal?: AbortSignal): Promise<void> {
  for (const table of tables) {
    for (let count = batch; count === batch;) {
      signal?.throwIfAborted()
      count = await db.run(removals[table](id))
    }
  }
  await db.run(sql`delete from vulndb_generation where id = ${id}`)
}

const removals: Record<(typeof tables)[number], (id: number) => ReturnType<typeof sql>> = {
  advisory_change: (id) => sql`
    delete from advisory_change where ctid = any(array(
      select ctid from advisory_change where generation_id = ${id} limit ${batch}))`,
  advisory_package: (id) => sql`
    delete from advisory_package where ctid = any(array(
      select ctid from advisory_package where generation_id = ${id} limit ${batch}))`,
  advisory: (id) => sql`
    delete from advisory where ctid = any(array(select ctid from advisory where generation_id = ${id} limit ${batch}))`,
  vulnerability_score: (id) => sql`
    delete from vulnerability_score where ctid = any(array(
      select ctid from vulnerability_score where generation_id = ${id} limit ${batch}))`,
  vex_statement: (id) => sql`
    delete from vex_statement where ctid = any(array(
      select ctid from vex_statement where generation_id = ${id} limit ${batch}))`,
}
