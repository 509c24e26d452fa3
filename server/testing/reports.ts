import { sql } from '../platform/db/sql.ts'
import type { Finding, ReportState, Severity } from '../features/scanning/reports/finding.ts'
import { saveReport } from '../features/scanning/reports/store.ts'
import { expectAnswer } from './http.ts'
import { fresh, type Pushed } from './given.ts'
import { openRest } from './rest.ts'
import type { TestMarina } from './server.ts'

/** A scanner that nobody can reach; the first one of a Marina is its default. Returns its id. */
export async function givenScanner(marina: TestMarina, name = fresh('scanner')): Promise<string> {
  const body = { name, url: `http://${name}.example` }
  const made = expectAnswer(await openRest(marina)('POST', '/scanners', marina.admin, body), 201)
  return String(made.headers['location']).split('/').at(-1)!
}

/** A finding of a package that has no fix; `more` says what else is known of it. */
export const finding = (cveId: string, severity: Severity, more: Partial<Finding> = {}): Finding => ({
  cveId,
  severity,
  package: 'openssl',
  version: '3.0.1',
  fixedVersion: '',
  status: 'affected',
  cvssV3: null,
  details: {},
  ...more,
})

let task = 1_000_000_000

/** What a scanner has found in an image, in the place of what it had found before. */
export async function givenReport(
  { ground: { db } }: TestMarina,
  { repository, digest }: Pick<Pushed, 'repository' | 'digest'>,
  scannerId: string,
  findings: Finding[],
  state: ReportState = 'ok',
): Promise<void> {
  const artifactId = await findArtifactId(db, repository, digest)
  const scanner = { name: 'test', vendor: 'Marina', version: '1' }
  const mimeType = 'application/vnd.security.vulnerability.report; version=1.1'
  const report = { artifactId, scannerId, taskId: task++, mimeType, scanner, findings, state, startedAt: new Date() }
  await db.transaction((tx) => saveReport(tx, report))
}

async function findArtifactId(db: TestMarina['ground']['db'], repository: string, digest: string): Promise<number> {
  const row = await db.row<{ id: number }>(sql`
    select artifact.id from artifact join repository on repository.id = artifact.repository_id
    where repository.name = ${repository} and artifact.digest = ${digest}`)
  return row!.id
}
