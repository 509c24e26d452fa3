import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { sql } from '../../../platform/db/sql.ts'
import { enqueue } from '../../../platform/jobs/enqueue.ts'
import { pauseQueue, resumeQueue, stopTasks } from '../../../platform/jobs/stop.ts'
import { fresh, givenProject, pushIndex } from '../../../testing/given.ts'
import { eventually, expectAnswer } from '../../../testing/http.ts'
import { pushLayers, tarOf } from '../../../testing/layers.ts'
import { zipOf } from '../../../testing/zip.ts'
import { openGeneration, sweepLeftOver } from './database/store.ts'
import { importJob } from './import/jobs.ts'
import {
  brief,
  cast,
  db,
  debian,
  glibc,
  importFrom,
  imports,
  inA,
  inventory,
  leftPad,
  marina,
  matchesOf,
  now,
  npmLayer,
  pushDatabase,
  record,
  rest,
  settled,
  stateOf,
} from './vulndb.suite.ts'

const { sys, maA, guA } = cast

test('without a database nothing is claimed, and there is nothing to delete', async () => {
  const name = fresh('none')
  await pushLayers(marina, `${cast.A.name}/${name}`, [debian], { tag: 'v1' })
  expectAnswer(await rest('GET', `${inA(name, 'v1')}/vulnerabilities`, guA), 412, 'PRECONDITION')
  await inventory(name)
  const shown = await matchesOf(name)
  assert.deepEqual([shown.state, shown.vulnerabilities, shown.packages], ['no_database', [], 2])
  assert.deepEqual(await stateOf(), { state: 'none', kept: [] })
  expectAnswer(await rest('DELETE', '/system/vulndb', sys), 404, 'NOT_FOUND')
})

test('a database is taken into use whole, from zips, archives and files; what is wrong in it is counted', async () => {
  const source = await pushDatabase({
    'Debian.zip': zipOf({ 'a.json': glibc, 'bad.json': '{', 'README.md': 'words' }),
    'records.tar.gz': gzipSync(
      await tarOf([
        ['npm/one.json', leftPad],
        ['npm/gone.json', record('GHSA-gone', 'npm', 'left-pad', '9.9.9', { withdrawn: now })],
        [
          'python/one.yaml',
          `id: PYSEC-2026-1\nmodified: "${now}"\naffected:\n` +
            '- package: {ecosystem: PyPI, name: Foo}\n  versions: ["1.0"]\n',
        ],
        ['LICENSE', 'words'],
      ]),
    ),
    'again.json': `[${leftPad}]`,
    'epss.csv': '#model_version:v2025,score_date:2026-11-30\ncve,epss,percentile\nCVE-2026-7777,0.91,0.99\nnonsense\n',
    'kev.json': JSON.stringify({ catalogVersion: '1', vulnerabilities: [{ cveID: 'CVE-2026-7777' }, { cveID: 7 }] }),
  })
  const { status, counts, log } = await importFrom(source)
  assert.equal(status, 'Success', log)
  assert.deepEqual([counts['advisories'], counts['scores'], counts['skipped']], [3, 2, 3])
  assert.match(log, /left out, as it was withdrawn: 1/)
  const { state, current, kept } = await stateOf()
  assert.deepEqual([state, current!.source, kept.length], ['ok', source, 1])
  const counted = Object.entries(current!.ecosystems).map(([name, one]) => `${name} ${one.advisories}`)
  assert.deepEqual(counted.toSorted(), ['Debian:12 1', 'PyPI 1', 'npm 1'])
  const scanners = (await rest('GET', '/scanners', sys)).json() as { name: string; is_default: boolean }[]
  assert.deepEqual(
    scanners.map((one) => [one.name, one.is_default]),
    [['Marina', true]],
  )

  const name = fresh('app')
  await pushLayers(marina, `${cast.A.name}/${name}`, [debian, npmLayer('left-pad', '1.1.0')], { tag: 'v1' })
  await inventory(name)
  const shown = await matchesOf(name)
  assert.deepEqual([shown.state, shown.notes], ['ok', []])
  assert.deepEqual(brief(shown), [
    'CVE-2026-7777 left-pad 1.1.0 1.3.0 High',
    'CVE-2026-0861 libc6 2.36-9+deb12u9 2.36-9+deb12u14 Unknown',
  ])
  assert.deepEqual(
    shown.vulnerabilities.map(({ epss, is_exploited: used }) => [epss && Math.round(epss * 100), used]),
    [
      [91, true],
      [undefined, false],
    ],
  )
})

test('the matcher is a scanner like others: scans, overviews, reports, and what it says of itself', async () => {
  const name = fresh('scanned')
  await pushLayers(marina, `${cast.A.name}/${name}`, [debian, npmLayer('left-pad', '1.1.0')], { tag: 'v1' })
  expectAnswer(await rest('POST', `${inA(name, 'v1')}/scan`, maA, {}), 202)
  type Overview = { scan_status: string; severity: string; summary: { total: number; fixable: number } }
  const overview = await eventually(async () => {
    const answer = expectAnswer(await rest('GET', `${inA(name, 'v1')}?with_scan_overview=true`, guA), 200)
    const [shown] = Object.values((answer.json() as { scan_overview?: Record<string, Overview> }).scan_overview ?? {})
    assert.equal(shown?.scan_status, 'Success')
    return shown
  })
  assert.deepEqual([overview.severity, overview.summary.total, overview.summary.fixable], ['High', 2, 2])
  const report = expectAnswer(await rest('GET', `${inA(name, 'v1')}/additions/vulnerabilities`, guA), 200)
  const [{ vulnerabilities }] = Object.values(report.json() as object) as [{ vulnerabilities: { id: string }[] }]
  assert.deepEqual(vulnerabilities.map(({ id }) => id).toSorted(), ['CVE-2026-0861', 'CVE-2026-7777'])
  const [own] = (await rest('GET', '/scanners', sys)).json() as [{ uuid: string }]
  const metadata = expectAnswer(await rest('GET', `/scanners/${own.uuid}/metadata`, sys), 200).json() as {
    scanner: { name: string }
  }
  assert.equal(metadata.scanner.name, 'Marina')
})

test('a source that holds no database changes nothing, and says why', async () => {
  const before = await stateOf()
  const bomb = gzipSync(Buffer.alloc(3 * 2 ** 20))
  for (const [files, why] of [
    [{ 'a.json': '{}' }, /no record in it/],
    [{ 'a.zip': Buffer.from('PK\x03\x04 cut off', 'latin1') }, /no archive that can be read/],
    [{ 'a.gz': gzipSync('x').subarray(0, 12) }, /no archive that can be read/],
    [{ 'a.gz': bomb }, /no record in it|more than/],
  ] as [Record<string, string | Buffer>, RegExp][]) {
    const { status, log } = await importFrom(await pushDatabase(files))
    assert.equal(status, 'Error')
    assert.match(log, why)
  }
  const repository = `${cast.A.name}/${fresh('index')}`
  const part = await pushLayers(marina, repository, [debian], { tag: 'v1' })
  const index = await pushIndex(marina, repository, [part], { tag: 'all' })
  for (const [source, status, why] of [
    [`${cast.A.name}/absent:latest`, 404, /absent/],
    [`${repository}:absent`, 404, /absent/],
    [`${repository}@sha256:${'0'.repeat(64)}`, 404, /000/],
    [`${repository}@${index.digest}`, 400, /no layers/],
  ] as const) {
    const body = { schedule: { type: 'Manual' }, parameters: { source } }
    const code = status === 404 ? 'NOT_FOUND' : 'BAD_REQUEST'
    assert.match(expectAnswer(await rest('POST', `${imports}/schedule`, sys, body), status, code).text, why)
  }
  assert.deepEqual(await stateOf(), before)
  const rows = await db.row<{ count: number }>(sql`select count(*) from vulndb_generation where not is_ready`)
  assert.equal(rows!.count, 0)
  for (const source of ['', 'library', 'library/a:b@c', 'https://example.com/a', 7]) {
    const body = { schedule: { type: 'Manual' }, parameters: { source } }
    expectAnswer(await rest('POST', `${imports}/schedule`, sys, body), 400, 'BAD_REQUEST')
  }
  expectAnswer(await rest('POST', `${imports}/schedule`, maA, { schedule: { type: 'Manual' } }), 403, 'FORBIDDEN')
})

test('what an import has left that ended for good is swept, and not while one runs', async () => {
  const left = () => db.row<{ count: number }>(sql`select count(*) from vulndb_generation where not is_ready`)
  const id = await openGeneration(db, 'left over')
  await db.run(sql`
    insert into advisory (generation_id, id, ids, cves, modified_at, details)
    values (${id}, 'A', '{A}', '{}', now(), '{}')`)
  const { taskId } = await db.transaction(async (tx) => {
    await pauseQueue(tx, 'VULNDB_IMPORT')
    return enqueue(tx, importJob({ timeoutMs: 60_000 }), { params: { source: 'a/b:c' }, trigger: 'MANUAL' })
  })
  const { signal } = new AbortController()
  await sweepLeftOver(db, signal)
  assert.equal((await left())!.count, 1)
  await db.transaction(async (tx) => {
    await stopTasks(tx, [taskId])
    await resumeQueue(tx, 'VULNDB_IMPORT')
  })
  await sweepLeftOver(db, signal)
  assert.equal((await left())!.count, 0)
  const rows = await db.row<{ count: number }>(sql`select count(*) from advisory where generation_id = ${id}`)
  assert.equal(rows!.count, 0)
})

test('a schedule imports a tag, and nothing when it has not moved', async () => {
  const project = await givenProject(marina)
  const body = { schedule: { type: 'Daily' }, parameters: { source: `${project.name}/db:latest` } }
  expectAnswer(await rest('PUT', `${imports}/schedule`, sys, body), 200)
  const shown = expectAnswer(await rest('GET', `${imports}/schedule`, sys), 200).json() as { job_parameters: string }
  assert.deepEqual(JSON.parse(shown.job_parameters), { source: `${project.name}/db:latest` })
  expectAnswer(await rest('PUT', `${imports}/schedule`, sys, { ...body, schedule: { type: 'None' } }), 200)
})

test('a database that is deleted leaves reports that say so', async () => {
  const name = fresh('deleted')
  const image = await pushLayers(marina, `${cast.A.name}/${name}`, [npmLayer('left-pad', '1.1.0')], { tag: 'v1' })
  await inventory(name)
  await importFrom(await pushDatabase({ 'a.json': leftPad }))
  await settled()
  expectAnswer(await rest('DELETE', '/system/vulndb', sys), 200)
  await settled()
  assert.deepEqual((await stateOf()).state, 'none')
  const report = await db.row<{ state: string; total: number }>(sql`
    select state, total from vulnerability_report
    where artifact_id = (select id from artifact where digest = ${image.digest} and repository_id = (
      select id from repository where name = ${image.repository}))`)
  assert.equal(report!.state, 'no_database')
  await eventually(async () => {
    const rows = await db.row<{ count: number }>(sql`select count(*) from advisory`)
    assert.equal(rows!.count, 0)
  })
})
