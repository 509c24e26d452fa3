import type { Actor } from '../../../catalog/topics.ts'
import type { Queryable, Tx } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import { emit } from '../../../platform/events/emit.ts'
import { rankOf, severities, summarize, unite, type Finding } from '../reports/finding.ts'
import { tagsOf } from '../reports/told.ts'
import type { Subject } from '../sboms/store.ts'
import { facts } from './topics.ts'

/** What the last report of an image has found, by the database that it was made with. */
type LastFound = { generation: number; keys: Set<string> }

const matcher: Actor = { kind: 'system', id: null, name: 'matcher' }
/** Vulnerabilities that a fact names. */
const mostNamed = 100

/**
 * Reads what the matcher's last report of an image has found, and locks the report: of two transactions that make it
 * anew, one tells what is new. Undefined for an image without such a report, of which all would be new.
 */
export async function lockLastFound(tx: Tx, artifactId: number, scannerId: string): Promise<LastFound | undefined> {
  const report = await tx.row<{ id: number; generation: number }>(sql`
    select id, generation from vulnerability_report
    where artifact_id = ${artifactId} and scanner_id = ${scannerId}::uuid and generation is not null
    for no key update`)
  return report && { generation: report.generation, keys: await listKeys(tx, report.id) }
}

async function listKeys(db: Queryable, reportId: number): Promise<Set<string>> {
  const rows = await db.rows<{ cveId: string; package: string }>(sql`
    select cve_id as "cveId", package from report_finding join finding on finding.id = finding_id
    where report_id = ${reportId}`)
  return new Set(rows.map(keyOf))
}

const keyOf = ({ cveId, package: name }: Pick<Finding, 'cveId' | 'package'>) => `${cveId}\n${name}`

/**
 * Tells what a new database has found in a known image, once for each image and database. To be called in the
 * transaction that has saved the report; nothing is told when the database is the one of the last report.
 */
export async function tellNew(
  tx: Tx,
  image: Subject,
  last: LastFound | undefined,
  { generation, findings }: { generation: number | null; findings: Finding[] },
): Promise<void> {
  if (!last || generation === null || generation <= last.generation) return
  const found = unite(findings).filter((one) => !last.keys.has(keyOf(one)))
  if (found.length === 0) return
  const { projectId, repository, digest } = image
  const vulnerabilities = found
    .toSorted((one, other) => rankOf(other.severity) - rankOf(one.severity))
    .slice(0, mostNamed)
    .map(({ cveId: id, severity, package: name, version, fixedVersion }) => {
      return { id, severity, package: name, version, fixedVersion }
    })
  const { counts } = summarize(found)
  const bySeverity = Object.fromEntries(
    severities.map((severity, rank) => [severity, counts[rank]!] as const).filter(([, count]) => count > 0),
  )
  const tags = await tagsOf(tx, image.id)
  const fact = { projectId, repository, digest, tags, generation, count: found.length, bySeverity, vulnerabilities }
  await emit(tx, [facts.vulnerabilitiesFound(fact, matcher)])
}
