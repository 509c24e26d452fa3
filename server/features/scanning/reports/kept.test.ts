import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as api from '../../../../api/artifacts.ts'
import { serializedOnUse } from '../../../platform/http/schemas.ts'
import { sql } from '../../../platform/db/sql.ts'
import { fresh, givenProject, pushImage, type Pushed } from '../../../testing/given.ts'
import { expectAnswer } from '../../../testing/http.ts'
import { openTestRedis } from '../../../testing/redis.ts'
import { openRest } from '../../../testing/rest.ts'
import { openBeside, openTestMarina, type TestMarina } from '../../../testing/server.ts'
import { chooseScanner, dropScanner, makeDefault, saveScanner } from '../store.ts'
import type { Finding } from './finding.ts'
import { listOverviewsBy, lockReports, noteScans, saveReport } from './store.ts'
import { presentOverview, typeOf } from './wire.ts'

/** Two processes with caches and one Redis; `truthful` has no cache, and reads each row. */
let first: TestMarina
let second: TestMarina
let truthful: TestMarina
const opened = new AsyncDisposableStack()
before(async () => {
  const redis = opened.use(await openTestRedis())
  first = opened.use(await openTestMarina({ MARINA_REDIS_URL: redis.url }))
  second = opened.use(await openBeside(first, { MARINA_REDIS_URL: redis.url }))
  truthful = opened.use(await openBeside(first, { MARINA_CACHE_ENABLED: 'false' }))
})
after(() => opened.disposeAsync())

const mimeType = 'application/vnd.security.vulnerability.report; version=1.1'
const native = 'application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0'
const scanner = { name: 'Probe', vendor: 'Tests', version: '1' }

async function givenScanner(): Promise<string> {
  const row = {
    name: fresh('scanner'),
    description: '',
    url: `http://${fresh('scanner')}.example`,
    isDisabled: false,
    auth: '' as const,
    sealedCredential: null,
    skipsTlsCheck: false,
    usesInternalAddress: false,
  }
  return (await first.ground.db.transaction((tx) => saveScanner(tx, row))).id
}

async function givenImage(repository: string): Promise<Pushed & { id: number }> {
  const image = await pushImage(first, repository)
  const row = await first.ground.db.row<{ id: number }>(sql`
    select artifact.id from artifact join repository on repository.id = repository_id
    where repository.name = ${repository} and digest = ${image.digest}`)
  return { ...image, id: row!.id }
}

const listOf = async (marina: TestMarina, project: string, query = 'with_scan_overview=true&page_size=100') =>
  expectAnswer(
    await openRest(marina)('GET', `/projects/${project}/repositories/app/artifacts?${query}`, marina.admin),
    200,
  ).text

type Row = { id: number; scan_overview?: Record<string, { summary?: { total: number } }> }

/** The list of each process with a cache, twice: from the database or Redis, and from memory. */
async function expectAlike(project: string): Promise<Row[]> {
  const truth = await listOf(truthful, project)
  for (const marina of [first, second, first, second]) assert.equal(await listOf(marina, project), truth)
  return JSON.parse(truth) as Row[]
}

type Stored = { mime?: string; scanner?: object; state?: string; rank?: number; counts?: string } & {
  times: [string, string]
}
const day = '2026-11-30T'
/** Rows as scans of former versions have left them. */
const stored: Stored[] = [
  { times: [`${day}12:00:00Z`, `${day}12:00:00Z`] },
  {
    times: [`${day}12:00:00.999999Z`, `${day}12:00:02.499600Z`],
    mime: mimeType,
    scanner,
    rank: 6,
    counts: '{1,0,0,0,0,0,2}',
  },
  {
    times: [`${day}12:00:00.5+02`, `${day}09:59:59Z`],
    mime: native,
    scanner: { name: '"ü\n', version: '漢🐳', more: 1 },
  },
  { times: [`${day}12:00:00.0009Z`, `${day}12:01:00.5004Z`], state: 'no_database', rank: 0 },
  { times: [`${day}12:00:00.01Z`, `${day}23:00:00.1Z`], state: 'stale_database', rank: 4, counts: '{0,7,1,2,33,0,0}' },
]

test('a list answers the bytes that the rows of its reports make, also of rows of former versions', async () => {
  const scannerId = await givenScanner()
  const project = await givenProject(first)
  const { db } = first.ground
  await db.transaction((tx) => chooseScanner(tx, project.id, scannerId))
  const images: number[] = []
  for (const { times, mime = '', scanner: by = {}, state = 'ok', rank = 0, counts = '{0,0,0,0,0,0,0}' } of stored) {
    const { id } = await givenImage(`${project.name}/app`)
    images.push(id)
    await db.run(sql`
      insert into vulnerability_report (
        artifact_id, scanner_id, is_made, started_at, ended_at, mime_type, scanner, state, severity, total, counts)
      values (${id}, ${scannerId}::uuid, true, ${times[0]}::timestamptz, ${times[1]}::timestamptz, ${mime},
        ${JSON.stringify(by)}::jsonb, ${state}, ${rank}, 12, ${counts}::integer[])`)
  }
  const serialize = serializedOnUse(api.ScanOverview)
  const rows = await listOverviewsBy(truthful.ground, scannerId, images)
  assert.equal(rows.length, stored.length)
  // As the list without the cache of lists: from the same text, read anew.
  await using plain = await openBeside(first, { MARINA_CACHE_LISTS: 'false' })
  for (const text of [await listOf(first, project.name), await listOf(plain, project.name)])
    for (const row of rows) {
      const shown = serialize({ [typeOf(row)]: presentOverview([row], row.finished ?? undefined) })
      assert.ok(text.includes(`"scan_overview":${shown}`), `${shown} in ${text}`)
    }
  await expectAlike(project.name)
})

const found = (cveId: string): Finding => ({
  cveId,
  package: 'openssl',
  version: '3.0.1',
  fixedVersion: '',
  severity: 'High',
  status: '',
  cvssV3: 7.5,
  details: {},
})

let tasks = 1_000_000_000
const save = (marina: TestMarina, scannerId: string, artifactId: number, count: number) =>
  marina.ground.db.transaction((tx) => {
    const findings = Array.from({ length: count }, (_, index) => found(`CVE-kept-${index}`))
    const about = { artifactId, scannerId, taskId: tasks++, mimeType, scanner, startedAt: new Date() }
    return saveReport(tx, { ...about, findings })
  })

test('the next list of every process shows each change of reports, scanners and images (S1-09)', async () => {
  const [one, other] = [await givenScanner(), await givenScanner()]
  const project = await givenProject(first)
  const repository = `${project.name}/app`
  const images = [await givenImage(repository), await givenImage(repository)]
  const [image, next] = images as [Pushed & { id: number }, Pushed & { id: number }]
  const { db } = second.ground
  const change = <Result>(work: Parameters<typeof db.transaction<Result>>[0]) => db.transaction(work)
  const totalOf = async (id: number) => {
    const shown = (await expectAlike(project.name)).find((row) => row.id === id)?.scan_overview
    return shown?.[mimeType]?.summary?.total
  }
  // An artifact that a list without overviews has put into the cache is enough for no list with them.
  await listOf(first, project.name, 'page_size=100')
  await change((tx) => chooseScanner(tx, project.id, one))
  assert.equal(await totalOf(image.id), undefined)
  await save(first, one, image.id, 1)
  assert.equal(await totalOf(image.id), 1)
  await save(second, one, image.id, 2)
  await save(second, other, image.id, 5)
  await save(second, other, next.id, 6)
  assert.deepEqual([await totalOf(image.id), await totalOf(next.id)], [2, undefined])
  // A newer look, whose task is gone: the last report is shown under another id, then the next report.
  const before = await listOf(first, project.name)
  await change(async (tx) => {
    await lockReports(tx, one, [image.id])
    await noteScans(tx, one, [{ artifactId: image.id, taskId: tasks++ }])
  })
  assert.equal(await totalOf(image.id), 2)
  assert.notEqual(await listOf(first, project.name), before)
  await save(first, one, image.id, 3)
  assert.equal(await totalOf(image.id), 3)
  await change((tx) => chooseScanner(tx, project.id, other))
  assert.deepEqual([await totalOf(image.id), await totalOf(next.id)], [5, 6])
  await change((tx) => makeDefault(tx, one, true))
  await change((tx) => dropScanner(tx, other))
  assert.deepEqual([await totalOf(image.id), await totalOf(next.id)], [3, undefined])
  const path = `/projects/${project.name}/repositories/app/artifacts/${image.digest}`
  expectAnswer(await openRest(second)('DELETE', path, second.admin), 200)
  assert.deepEqual(
    (await expectAlike(project.name)).map(({ id }) => id),
    [next.id],
  )
})

test('a process that is not told of changed artifacts would show an old overview: the test above sees it', async () => {
  const scannerId = await givenScanner()
  const project = await givenProject(first)
  await first.ground.db.transaction((tx) => chooseScanner(tx, project.id, scannerId))
  const { id } = await givenImage(`${project.name}/app`)
  await save(first, scannerId, id, 1)
  await expectAlike(project.name)
  const { cache } = second.ground
  const { block } = cache
  cache.block = (keys) => block([...keys].filter((key) => !key.startsWith('artifact:')))
  try {
    await save(first, scannerId, id, 2)
    await assert.rejects(expectAlike(project.name), assert.AssertionError)
  } finally {
    cache.block = block
    cache.clear()
  }
})
