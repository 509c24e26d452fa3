import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { isReferenceViolation, type Queryable, type Tx } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import { fresh, givenProject, pushImage } from '../../../testing/given.ts'
import { eventually } from '../../../testing/http.ts'
import { givenScanner } from '../../../testing/reports.ts'
import { openTestMarina } from '../../../testing/server.ts'
import { changeLinks, saveFindings } from './findings.ts'

const marina = await openTestMarina()
after(() => marina[Symbol.asyncDispose]())
const { db } = marina.ground
const project = await givenProject(marina)
const scannerId = await givenScanner(marina)

async function givenReport(): Promise<{ id: number; artifactId: number }> {
  const repository = `${project.name}/${fresh('image')}`
  const { digest } = await pushImage(marina, repository)
  const row = await db.row<{ id: number; artifactId: number }>(sql`
    insert into vulnerability_report (artifact_id, scanner_id)
    select artifact.id, ${scannerId}::uuid from artifact join repository on repository.id = repository_id
    where repository.name = ${repository} and digest = ${digest}
    returning id, artifact_id as "artifactId"`)
  return row!
}

async function givenFinding(): Promise<number> {
  const finding = { package: 'openssl', version: '3.0.1', fixedVersion: '', status: '', cvssV3: null, details: {} }
  const ids = await db.transaction((tx) => saveFindings(tx, [{ ...finding, cveId: fresh('CVE'), severity: 'High' }]))
  return ids[0]!
}

const link = (tx: Tx, ...links: [number, number][]) =>
  changeLinks(tx, { added: links.map(([reportId, findingId]) => ({ reportId, findingId })), removed: [] })
const linksOf = async (reportId: number) =>
  (
    await db.rows<{ id: number }>(sql`
      select finding_id as id from report_finding where report_id = ${reportId} order by finding_id limit 100`)
  ).map(({ id }) => id)
/** Waits until one session waits for a lock in such a statement. */
const waits = (like: string) =>
  eventually(async () => {
    const row = await db.row<{ count: number }>(sql`
      select count(*) from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query like ${like}`)
    assert.equal(row!.count, 1)
  })

/** Begins a transaction that stays open until `end` is called. */
async function open(work: (tx: Tx) => Promise<unknown>): Promise<{ end(): Promise<void> }> {
  const [begun, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const done = db.transaction(async (tx) => {
    await work(tx)
    begun.resolve()
    await goOn.promise
  })
  await Promise.race([begun.promise, done])
  return {
    end() {
      goOn.resolve()
      return done
    },
  }
}

const drop = (on: Queryable, { artifactId }: { artifactId: number }) =>
  on.run(sql`delete from vulnerability_report where artifact_id = ${artifactId}`)

test('a link to a report or a finding that is not there is refused, with all that its statement writes', async () => {
  const [report, finding] = [await givenReport(), await givenFinding()]
  for (const wrong of [
    [report.id, -1],
    [-1, finding],
  ] as [number, number][])
    await assert.rejects(
      db.transaction((tx) => link(tx, [report.id, finding], wrong)),
      isReferenceViolation,
    )
  assert.deepEqual(await linksOf(report.id), [])
  await db.transaction((tx) => link(tx, [report.id, finding], [report.id, finding]))
  assert.deepEqual(await linksOf(report.id), [finding])
})

test('links go with their report, with its artifact, and with their finding', async () => {
  const [first, second] = [await givenReport(), await givenReport()]
  const [one, other] = [await givenFinding(), await givenFinding()]
  const all: [number, number][] = [first, second].flatMap(({ id }): [number, number][] => [
    [id, one],
    [id, other],
  ])
  await db.transaction((tx) => link(tx, ...all))
  await db.run(sql`delete from finding where id = ${one}`)
  assert.deepEqual([await linksOf(first.id), await linksOf(second.id)], [[other], [other]])
  await db.run(sql`delete from artifact where id = ${first.artifactId}`)
  assert.deepEqual([await linksOf(first.id), await linksOf(second.id)], [[], [other]])
  await drop(db, second)
  assert.deepEqual(await linksOf(second.id), [])
})

test('a report that is deleted while links are written takes them along', async () => {
  const [report, finding] = [await givenReport(), await givenFinding()]
  const writing = await open((tx) => link(tx, [report.id, finding]))
  const deleting = drop(db, report)
  await waits('%delete from vulnerability_report%')
  await writing.end()
  assert.equal(await deleting, 1)
  assert.deepEqual(await linksOf(report.id), [])
})

test('links that are written while their report is deleted are refused', async () => {
  const [report, finding] = [await givenReport(), await givenFinding()]
  const deleting = await open((tx) => drop(tx, report))
  const writing = assert.rejects(
    db.transaction((tx) => link(tx, [report.id, finding])),
    isReferenceViolation,
  )
  await waits('%insert into report_finding%')
  await deleting.end()
  await writing
  assert.deepEqual(await linksOf(report.id), [])
})

test('a finding cannot be deleted while a link to it is written', async () => {
  const [report, finding] = [await givenReport(), await givenFinding()]
  const writing = await open((tx) => link(tx, [report.id, finding]))
  const deleting = db.run(sql`delete from finding where id = ${finding}`)
  await waits('%delete from finding%')
  await writing.end()
  assert.equal(await deleting, 1)
  assert.deepEqual(await linksOf(report.id), [])
})
