import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Db, Queryable, Tx } from '../../../platform/db/db.ts'
import { arrayOf } from '../../../platform/db/ids.ts'
import { jsonbText } from '../../../platform/db/json.ts'
import { sql } from '../../../platform/db/sql.ts'
import { findingKey, rankOf, severities, summaryOf, type Finding, type Summary } from './finding.ts'

/** Findings per statement. */
const batch = 1000

/**
 * Saves findings that are not known yet. Returns the ids of all, in the order of `findings`: at most 100,000. Two
 * transactions that save the same findings wait for each other, in the order of the hashes.
 */
export async function saveFindings(tx: Tx, findings: Finding[]): Promise<number[]> {
  const hashes: string[] = []
  const rows = new Map<string, Row>()
  for (let from = 0; from < findings.length; from += batch) {
    for (const finding of findings.slice(from, from + batch)) {
      const row = rowOf(finding)
      const key = row.hash.toString('base64')
      hashes.push(key)
      rows.set(key, row)
    }
    // Other work of the process goes on between batches: the hashes of 100,000 findings take a second.
    await setImmediate()
  }
  const sorted = [...rows].toSorted(([, one], [, other]) => Buffer.compare(one.hash, other.hash))
  const ids = new Map<string, number>()
  for (let from = 0; from < sorted.length; from += batch) {
    const part = sorted.slice(from, from + batch)
    const saved = await saveBatch(
      tx,
      part.map(([, row]) => row),
    )
    for (const [index, [key]] of part.entries()) ids.set(key, saved[index]!)
  }
  return hashes.map((key) => ids.get(key)!)
}

type Row = { hash: Buffer; finding: Finding; details: string }

/** The hash is that of all fields: reports that say the same share a row. */
function rowOf(finding: Finding): Row {
  const details = jsonbText(finding.details)
  const { cveId, package: name, version, fixedVersion, severity, status, cvssV3 } = finding
  const fields = [cveId, name, version, fixedVersion, severity, status].map(storable)
  const hash = createHash('sha256')
    .update(JSON.stringify([...fields, cvssV3, details]))
    .digest()
  return { hash, finding, details }
}

/** Text that PostgreSQL accepts. */
const storable = (text: string) => text.replaceAll('\0', '').toWellFormed()

/** The ids in the order of the rows, which is that of the hashes, each of which is there once. */
async function saveBatch(tx: Tx, rows: Row[]): Promise<number[]> {
  const hashes = rows.map(({ hash }) => hash)
  const text = (pick: (finding: Finding) => string) => rows.map(({ finding }) => storable(pick(finding)))
  for (;;) {
    await tx.run(sql`
      insert into finding (hash, cve_id, package, version, fixed_version, severity, status, cvss_v3, details)
      select * from unnest(
        ${hashes}::bytea[], ${text((one) => one.cveId)}::text[], ${text((one) => one.package)}::text[],
        ${text((one) => one.version)}::text[], ${text((one) => one.fixedVersion)}::text[],
        ${rows.map(({ finding }) => rankOf(finding.severity))}::smallint[], ${text((one) => one.status)}::text[],
        ${rows.map(({ finding }) => finding.cvssV3)}::real[], ${rows.map(({ details }) => details)}::jsonb[])
      on conflict (hash) do nothing`)
    // The lock keeps the sweep from taking a finding that no report has yet.
    const saved = await tx.rows<{ id: number }>(
      sql`select id from finding where hash = any(${hashes}::bytea[]) order by hash for key share`,
    )
    if (saved.length === rows.length) return saved.map(({ id }) => id)
  }
}

/** Makes `ids` the findings of a report. Returns those that it did not have before. */
export async function linkFindings(tx: Tx, reportId: number, ids: number[]): Promise<number[]> {
  await tx.run(sql`
    delete from report_finding
    where report_id = ${reportId} and finding_id not in (select unnest(${ids}::bigint[]))`)
  const added = await tx.rows<{ id: number }>(sql`
    insert into report_finding (report_id, finding_id) select ${reportId}, unnest(${ids}::bigint[])
    on conflict do nothing returning finding_id as id`)
  return added.map(({ id }) => id)
}

/** A finding of a report. */
type Link = { reportId: number; findingId: number }
/** Links of one statement. */
const linksAtOnce = 10_000

/** Adds findings to reports that are locked, and takes others away. */
export async function changeLinks(tx: Tx, { added, removed }: Record<'added' | 'removed', Link[]>): Promise<void> {
  const columnsOf = (links: Link[]) => [links.map((one) => one.reportId), links.map((one) => one.findingId)] as const
  for (let from = 0; from < removed.length; from += linksAtOnce) {
    const [reports, findings] = columnsOf(removed.slice(from, from + linksAtOnce))
    await tx.run(sql`
      delete from report_finding using unnest(${arrayOf(reports)}::bigint[], ${arrayOf(findings)}::bigint[]) as one (report, finding)
      where report_id = one.report and finding_id = one.finding`)
  }
  for (let from = 0; from < added.length; from += linksAtOnce) {
    const [reports, findings] = columnsOf(added.slice(from, from + linksAtOnce))
    await tx.run(sql`
      insert into report_finding (report_id, finding_id)
      select * from unnest(${arrayOf(reports)}::bigint[], ${arrayOf(findings)}::bigint[])
      on conflict do nothing`)
  }
}

/** What lists and news need of a finding; `key`: see `findingKey`. */
export type BriefFinding = Omit<Finding, 'status' | 'cvssV3' | 'details'> & { id: number; key: string }

/** Findings by their ids, without those that are gone; the lock keeps the sweep from taking them. At most 100,000. */
export async function lockFindings(tx: Tx, ids: number[]): Promise<Map<number, BriefFinding>> {
  const rows = await tx.rows<Omit<BriefFinding, 'key' | 'severity'> & { rank: number }>(sql`
    select id, cve_id as "cveId", package, version, fixed_version as "fixedVersion", severity as rank
    from finding where id = any(${arrayOf(ids)}::bigint[]) order by id for key share`)
  return new Map(
    rows.map(({ rank, ...one }) => [one.id, { ...one, severity: severities[rank]!, key: findingKey(one) }]),
  )
}

type Stored = Omit<Finding, 'severity'> & { id: number; rank: number }
/** A finding of the database, by whose id pages go on. */
type Known = { id: number; finding: Finding }

/** The findings of reports after an id (a cursor), in the order of their ids; each once, also when several have it. */
async function pageOfFindings(db: Queryable, reportIds: number[], after: number, limit: number): Promise<Known[]> {
  const rows = await db.rows<Stored>(sql`
    select id, cve_id as "cveId", package, version, fixed_version as "fixedVersion", severity as rank, status,
      cvss_v3 as "cvssV3", details
    from finding
    where id in (
      select distinct finding_id from report_finding
      where report_id = any(${reportIds}::bigint[]) and finding_id > ${after}
      order by finding_id limit ${limit})
    order by id`)
  return rows.map(({ id, rank, ...one }) => ({ id, finding: { ...one, severity: severities[rank]! } }))
}

/** All findings of reports, in batches, united: of those that say the same, only the first comes. */
export async function* findingsOf(db: Queryable, reportIds: number[]): AsyncGenerator<Finding[]> {
  const seen = reportIds.length > 1 ? new Set<string>() : undefined
  for (let after = 0; ;) {
    const page = await pageOfFindings(db, reportIds, after, batch)
    yield page.flatMap(({ finding }) => {
      const key = findingKey(finding)
      if (seen?.has(key)) return []
      seen?.add(key)
      return [finding]
    })
    if (page.length < batch) return
    after = page.at(-1)!.id
  }
}

/** What groups of reports find together: a vulnerability of a version of a package counts once, at its worst. */
export async function summarizeGroups(
  db: Queryable,
  groups: { key: number; reportIds: number[] }[],
): Promise<Map<number, Summary>> {
  if (groups.length === 0) return new Map()
  const pairs = groups.flatMap(({ key, reportIds }) => reportIds.map((reportId) => ({ key, reportId })))
  const rows = await db.rows<{ key: number; rank: number; count: number; fixable: number }>(sql`
    select key, severity as rank, count(*)::int as count, (count(*) filter (where fixed_version <> ''))::int as fixable
    from (
      select distinct on (key, cve_id, package, version) key, severity, fixed_version
      from unnest(
          ${pairs.map(({ key }) => key)}::bigint[],
          ${pairs.map(({ reportId }) => reportId)}::bigint[]) as one (key, report)
        join report_finding on report_id = one.report join finding on finding.id = finding_id
      order by key, cve_id, package, version, severity desc) as united
    group by key, severity`)
  const found = Map.groupBy(rows, ({ key }) => key)
  return new Map(
    groups.map(({ key }) => {
      const counts = severities.map(() => 0)
      for (const { rank, count } of found.get(key) ?? []) counts[rank] = count
      return [
        key,
        summaryOf(
          counts,
          (found.get(key) ?? []).reduce((sum, { fixable }) => sum + fixable, 0),
        ),
      ]
    }),
  )
}

/** Deletes the findings that no report has any more. Returns how many. */
export async function sweepFindings(db: Db, signal?: AbortSignal): Promise<number> {
  let count = 0
  for (let after = 0; ;) {
    signal?.throwIfAborted()
    const window = await db.row<{ last: number }>(sql`
      select max(id) as last from (select id from finding where id > ${after} order by id limit ${10 * batch}) as part`)
    if (!window?.last) return count
    count += await db.transaction((tx) => sweepWindow(tx, after, window.last))
    after = window.last
  }
}

async function sweepWindow(tx: Tx, after: number, last: number): Promise<number> {
  const free = await tx.rows<{ id: number }>(sql`
    select id from finding
    where id > ${after} and id <= ${last}
      and not exists (select from report_finding where finding_id = finding.id)
    order by id for update skip locked`)
  if (free.length === 0) return 0
  // A statement of its own: it sees the reports that have taken a finding before the lock was there.
  return tx.run(sql`
    delete from finding where id = any(${free.map(({ id }) => id)}::bigint[])
      and not exists (select from report_finding where finding_id = finding.id)`)
}
