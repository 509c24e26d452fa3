import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../../../platform/db/sql.ts'
import { fresh, pushImage } from '../../../testing/given.ts'
import { givenScanner } from '../../../testing/reports.ts'
import { openScene } from '../../../testing/scene.ts'
import type { Finding, Severity } from './finding.ts'
import { findingsOf, summarizeGroups, sweepFindings } from './findings.ts'
import {
  findRawReport,
  listOverviews,
  listOverviewsBy,
  lockReports,
  noteScans,
  saveReport,
  type NewReport,
} from './store.ts'

const { marina, cast } = await openScene()
const { db } = marina.ground

const mimeType = 'application/vnd.security.vulnerability.report; version=1.1'
const scanner = { name: 'Probe', vendor: 'Tests', version: '1' }
const scannerId = await givenScanner(marina)
await db.run(sql`update scanner set is_default = id = ${scannerId}::uuid`)

let tasks = 1_000_000_000
async function givenImage(): Promise<number> {
  const { digest } = await pushImage(marina, `${cast.A.name}/${fresh('image')}`)
  const row = await db.row<{ id: number }>(
    sql`select id from artifact where digest = ${digest} order by id desc limit 1`,
  )
  return row!.id
}
const found = (cveId: string, severity: Severity = 'High', more: Partial<Finding> = {}): Finding => ({
  cveId,
  package: 'openssl',
  version: '3.0.1',
  fixedVersion: '',
  severity,
  status: 'affected',
  cvssV3: 7.5,
  details: {
    description: `about ${cveId}`,
    links: [`https://example.com/${cveId}`],
  },
  ...more,
})
const save = (artifactId: number, findings: Finding[], more: Partial<NewReport> = {}) =>
  db.transaction((tx) =>
    saveReport(tx, {
      artifactId,
      scannerId,
      taskId: tasks++,
      mimeType,
      scanner,
      findings,
      startedAt: new Date(),
      ...more,
    }),
  )
async function read(...reportIds: number[]) {
  const all: Finding[] = []
  for await (const batch of findingsOf(db, reportIds)) all.push(...batch)
  return all
}
const idsOf = async (reportId: number) => (await read(reportId)).map(({ cveId }) => cveId)
const count = async (like: string) =>
  (await db.row<{ count: number }>(sql`select count(*)::int as count from finding where cve_id like ${like}`))!.count

test('what images share is saved once, and each has one row for lists', async () => {
  const [one, two] = [await givenImage(), await givenImage()]
  const prefix = fresh('CVE-shared-')
  const findings = [found(`${prefix}1`, 'Critical', { fixedVersion: '3.0.2' }), found(`${prefix}2`, 'None')]
  const first = await save(one, findings, { raw: Buffer.from('{"its": "own words"}') })
  await save(two, [...findings, found(`${prefix}3`, 'Low')])
  assert.equal(await count(`${prefix}%`), 3)
  const [shown, other] = await listOverviews(db, [one, two])
  assert.deepEqual(
    [shown!.artifactId, shown!.status, shown!.finished!.severity, shown!.finished!.total, shown!.finished!.fixable],
    [one, 'Success', 'Critical', 2, 1],
  )
  assert.deepEqual(
    [shown!.finished!.counts, other!.finished!.counts],
    [
      [1, 0, 0, 0, 0, 0, 1],
      [1, 0, 0, 1, 0, 0, 1],
    ],
  )
  assert.deepEqual([shown!.finished!.scanner, shown!.finished!.mimeType], [scanner, mimeType])
  const all = await read(first!.id)
  assert.deepEqual(
    all.toSorted((a, b) => a.cveId.localeCompare(b.cveId)),
    findings,
  )
  assert.equal((await findRawReport(db, first!.id))!.toString(), '{"its": "own words"}')
})

test('a vulnerability of a version of a package counts once, at its worst; NULs are left out', async () => {
  const id = fresh('CVE-twice-')
  const twice = [found(id, 'Low'), found(id, 'Critical', { status: 'fixed\0' }), found(id, 'Medium')]
  const saved = await save(await givenImage(), twice)
  assert.deepEqual([saved!.summary.total, saved!.summary.severity], [1, 'Critical'])
  const [one] = await read(saved!.id)
  assert.deepEqual([one!.severity, one!.status], ['Critical', 'fixed'])
})

test('an older task changes nothing once a newer one has reported; the last report stays until then', async () => {
  const [image, prefix] = [await givenImage(), fresh('CVE-order-')]
  const [older, newer, newest] = [tasks++, tasks++, tasks++]
  const first = await save(image, [found(`${prefix}a`)], { taskId: newer })
  assert.equal(await save(image, [found(`${prefix}b`)], { taskId: older }), undefined)
  assert.deepEqual(await idsOf(first!.id), [`${prefix}a`])
  assert.equal(await count(`${prefix}b`), 0)

  const before = (await listOverviews(db, [image]))[0]!
  await db.transaction(async (tx) => {
    assert.equal((await lockReports(tx, scannerId, [image])).size, 0)
    await noteScans(tx, scannerId, [{ artifactId: image, taskId: newest }])
  })
  const waiting = (await listOverviews(db, [image]))[0]!
  assert.notEqual(waiting.reportId, before.reportId)
  assert.equal(waiting.finished!.total, 1)
  const cached = async () => (await listOverviewsBy(marina.ground, scannerId, [image]))[0]!.finished!.total
  assert.equal(await cached(), 1)
  const second = await save(image, [found(`${prefix}a`), found(`${prefix}c`)], { taskId: newest })
  assert.deepEqual([await cached(), await cached()], [2, 2])
  assert.deepEqual([second!.id, second!.added.length], [first!.id, 1])
  assert.deepEqual((await idsOf(first!.id)).sort(), [`${prefix}a`, `${prefix}c`])
})

test('a report of thousands is saved whole, read in batches and replaced; what nobody has is swept', async () => {
  const [image, prefix] = [await givenImage(), fresh('CVE-many-')]
  const many = Array.from({ length: 2500 }, (_, index) => found(`${prefix}${index}`, 'Medium'))
  const saved = await save(image, many)
  assert.deepEqual([saved!.added.length, (await idsOf(saved!.id)).length], [2500, 2500])
  const again = await save(image, many.slice(0, 10))
  assert.deepEqual([again!.added.length, (await idsOf(saved!.id)).length], [0, 10])
  assert.ok((await sweepFindings(db)) >= 2490)
  assert.equal(await count(`${prefix}%`), 10)
  await db.run(sql`delete from artifact where id = ${image}`)
  await sweepFindings(db)
  assert.equal(await count(`${prefix}%`), 0)
})

test('reports that are saved at once, beside a sweep, lose no finding', async () => {
  const images = [await givenImage(), await givenImage(), await givenImage()]
  const prefix = fresh('CVE-race-')
  const findings = Array.from({ length: 300 }, (_, index) => found(`${prefix}${index}`))
  for (let round = 0; round < 5; round++) {
    const work = images.flatMap((image) => [
      save(image, findings),
      sweepFindings(db),
      save(image, round % 2 === 0 ? [] : findings.slice(100)),
    ])
    await Promise.all(work)
    const saved = await Promise.all(images.map((image) => save(image, findings)))
    await sweepFindings(db)
    for (const one of saved) assert.equal((await idsOf(one!.id)).length, 300)
  }
})

test('what the images of an index have in common counts once', async () => {
  const prefix = fresh('CVE-index-')
  const one = await save(await givenImage(), [found(`${prefix}1`, 'Low'), found(`${prefix}2`)])
  const two = await save(await givenImage(), [found(`${prefix}1`, 'High', { fixedVersion: '4' })])
  const groups = [
    { key: 7, reportIds: [one!.id, two!.id] },
    { key: 8, reportIds: [two!.id] },
  ]
  const summaries = await summarizeGroups(db, groups)
  assert.deepEqual(
    [7, 8].map((key) => [summaries.get(key)!.total, summaries.get(key)!.fixable, summaries.get(key)!.severity]),
    [
      [2, 1, 'High'],
      [1, 1, 'High'],
    ],
  )
  const united = await read(one!.id, two!.id)
  assert.deepEqual(united.map(({ cveId }) => cveId).sort(), [`${prefix}1`, `${prefix}2`])
})
