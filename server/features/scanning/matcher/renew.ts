import type { Actor } from '../../../catalog/topics.ts'
import { isReferenceViolation, type Db, type Queryable, type Tx } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import { emit } from '../../../platform/events/emit.ts'
import { rankOf, type Finding } from '../reports/finding.ts'
import { saveReport } from '../reports/store.ts'
import { findSubject } from '../sboms/store.ts'
import { matchImage } from './image.ts'
import { describeMatcher, reportType } from './own-scanner.ts'
import { facts } from './topics.ts'

type Asked = { artifactId: number; scannerId: string; job: { taskId: number }; rules: { staleMs: number } }

const matcher: Actor = { kind: 'system', id: null, name: 'matcher' }
/** Vulnerabilities that a fact names. */
const mostNamed = 100

/** Makes the report of an image anew from its packages. False when there is nothing to say of it any more. */
export async function renewReport(db: Db, { artifactId, scannerId, job, rules }: Asked): Promise<boolean> {
  try {
    return await db.transaction(async (tx) => {
      const { findings, state, generation } = await matchImage(tx, artifactId, rules)
      const before = await listKnown(tx, artifactId, scannerId)
      const saved = await saveReport(tx, {
        artifactId,
        scannerId,
        taskId: job.taskId,
        mimeType: reportType,
        scanner: describeMatcher(generation),
        findings,
        state,
        generation,
        startedAt: new Date(),
      })
      if (saved && before)
        await tellNew(
          tx,
          artifactId,
          findings.filter((one) => !before.has(keyOf(one))),
        )
      return saved !== undefined
    })
  } catch (error) {
    // The image was deleted meanwhile.
    if (isReferenceViolation(error)) return false
    throw error
  }
}

const keyOf = ({ cveId, package: name }: Pick<Finding, 'cveId' | 'package'>) => `${cveId}\n${name}`

/** What the last report has found; undefined for an image without one, of which all would be new. */
async function listKnown(tx: Queryable, artifactId: number, scannerId: string): Promise<Set<string> | undefined> {
  const report = await tx.row<{ id: number }>(sql`
    select id from vulnerability_report
    where artifact_id = ${artifactId} and scanner_id = ${scannerId}::uuid and generation is not null`)
  if (!report) return undefined
  const rows = await tx.rows<{ cveId: string; package: string }>(sql`
    select cve_id as "cveId", package from report_finding join finding on finding.id = finding_id
    where report_id = ${report.id}`)
  return new Set(rows.map(keyOf))
}

async function tellNew(tx: Tx, artifactId: number, found: Finding[]): Promise<void> {
  if (found.length === 0) return
  const image = await findSubject(tx, artifactId)
  if (!image) return
  const { projectId, repository, digest } = image
  const vulnerabilities = found
    .toSorted((one, other) => rankOf(other.severity) - rankOf(one.severity))
    .slice(0, mostNamed)
    .map(({ cveId: id, severity, package: name, version }) => ({ id, severity, package: name, version }))
  await emit(tx, [
    facts.vulnerabilitiesFound({ projectId, repository, digest, count: found.length, vulnerabilities }, matcher),
  ])
}
