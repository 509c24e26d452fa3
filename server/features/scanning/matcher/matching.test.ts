import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../../../platform/db/sql.ts'
import { fresh } from '../../../testing/given.ts'
import { expectAnswer } from '../../../testing/http.ts'
import { pushLayers, type LayerFile } from '../../../testing/layers.ts'
import { markStale } from './again.ts'
import {
  cast,
  db,
  debian,
  glibc,
  importFrom,
  inA,
  inventory,
  leftPad,
  marina,
  matchesOf,
  npmLayer,
  pushDatabase,
  record,
  rest,
  settled,
  stateOf,
  type Json,
} from './vulndb.suite.ts'

const { sys, guA, uaB } = cast

test('a new database is matched with the images that are known, and tells of what is new to them', async () => {
  const name = fresh('again')
  const image = await pushLayers(marina, `${cast.A.name}/${name}`, [npmLayer('left-pad', '1.1.0')], { tag: 'v1' })
  await inventory(name)
  await importFrom(await pushDatabase({ 'a.json': leftPad }))
  await settled()
  const reportOf = () =>
    db.row<{ total: number; state: string; generation: number; counts: number[] }>(sql`
      select total, state, generation, counts from vulnerability_report
      where artifact_id = (select id from artifact where digest = ${image.digest} and repository_id = (
        select id from repository where name = ${image.repository}))`)
  const first = await reportOf()
  assert.deepEqual([first!.total, first!.state, first!.counts], [1, 'ok', [0, 0, 0, 0, 0, 1, 0]])

  const worse = record('GHSA-new', 'npm', 'left-pad', undefined, {
    aliases: ['CVE-2026-8888'],
    database_specific: { severity: 'CRITICAL' },
  })
  await importFrom(await pushDatabase({ 'a.json': leftPad, 'b.json': worse }))
  await settled()
  const second = await reportOf()
  assert.deepEqual([second!.total, second!.counts], [2, [0, 0, 0, 0, 0, 1, 1]])
  assert.ok(second!.generation > first!.generation)
  const told = await db.rows<{ payload: { repository: string; count: number; vulnerabilities: { id: string }[] } }>(
    sql`select payload from outbox where topic = 'vulnerability.found'`,
  )
  const ofImage = told.map(({ payload }) => payload).filter((one) => one.repository === image.repository)
  assert.deepEqual(
    ofImage.map(({ count, vulnerabilities }) => [count, vulnerabilities.map(({ id }) => id)]),
    [[1, ['CVE-2026-8888']]],
  )

  // The same data again: nothing is new, and the report names the generation in use.
  await importFrom(await pushDatabase({ 'c.json': leftPad, 'd.json': worse }))
  await settled()
  const third = await reportOf()
  assert.deepEqual([third!.total, third!.generation > second!.generation], [2, true])
  const kept = await stateOf()
  assert.equal(kept.kept.length, 2)
  const generations = await db.rows<{ id: number }>(sql`select distinct generation_id as id from advisory order by id`)
  assert.deepEqual(
    generations.map(({ id }) => id),
    kept.kept.map(({ id }) => id).toSorted((a, b) => a - b),
  )
})

test('statements of vendors take findings away, with their reasons', async () => {
  const name = fresh('vex')
  const image = await pushLayers(
    marina,
    `${cast.A.name}/${name}`,
    [npmLayer('left-pad', '1.1.0'), npmLayer('right-pad', '1.0.0')],
    { tag: 'v1' },
  )
  const twin = await pushLayers(marina, `${cast.A.name}/${name}`, [npmLayer('right-pad', '1.0.0')], { tag: 'v2' })
  await inventory(name)
  await inventory(name, 'v2')
  assert.notEqual(image.digest, twin.digest)
  const vex = (product: Json, status: string, more: Json = {}) => ({
    vulnerability: { name: 'CVE-2026-7777' },
    products: [product],
    status,
    ...more,
  })
  const document = {
    '@context': 'https://openvex.dev/ns/v0.2.0',
    author: 'Team',
    statements: [
      vex({ '@id': 'pkg:npm/left-pad' }, 'not_affected', { justification: 'vulnerable_code_not_present' }),
      vex({ '@id': 'pkg:npm/left-pad' }, 'under_investigation'),
      {
        ...vex(
          { '@id': `pkg:oci/app@${image.digest}`, subcomponents: [{ '@id': 'pkg:npm/right-pad' }] },
          'not_affected',
        ),
        vulnerability: { name: 'CVE-2026-9999' },
      },
    ],
  }
  const rightPad = record('CVE-2026-9999', 'npm', 'right-pad', undefined)
  await importFrom(await pushDatabase({ 'a.json': leftPad, 'b.json': rightPad, 'vex.json': JSON.stringify(document) }))
  const shown = await matchesOf(name)
  assert.deepEqual(
    shown.vulnerabilities.map(({ id, suppressed }) => [id, suppressed]),
    [
      ['CVE-2026-7777', 'not_affected: vulnerable_code_not_present (Team)'],
      ['CVE-2026-9999', 'not_affected (Team)'],
    ],
  )
  assert.deepEqual(
    (await matchesOf(name, 'v2')).vulnerabilities.map(({ id, suppressed }) => [id, suppressed]),
    [['CVE-2026-9999', undefined]],
  )
})

test('nothing is claimed of what the database does not cover, and of old data', async () => {
  const name = fresh('cover')
  await pushLayers(marina, `${cast.A.name}/${name}`, [debian, npmLayer('a', '1.0.0')], { tag: 'v1' })
  await inventory(name)
  const state = async (...records: string[]) => {
    await importFrom(await pushDatabase({ 'a.json': `[${records.join(',')}]` }))
    return (await matchesOf(name)).state
  }
  assert.equal(await state(glibc, leftPad), 'ok')
  assert.equal(await state(leftPad), 'unknown_distribution')
  assert.equal(await state(glibc), 'no_database')
  const old = (text: string) => JSON.stringify({ ...(JSON.parse(text) as Json), modified: '2026-01-01T00:00:00Z' })
  assert.equal(await state(old(glibc), old(leftPad)), 'stale_database')
  assert.equal((await stateOf()).state, 'stale')
})

test('who has a package: by name, range, purl and vulnerability, where one may read SBOMs', async () => {
  const [one, other] = [fresh('who'), fresh('who')]
  const pad = fresh('pad')
  const layer = (version: string): LayerFile[] => npmLayer(`@scope/${pad}`, version)
  await pushLayers(marina, `${cast.A.name}/${one}`, [layer('1.1.0')], { tag: 'v1' })
  await pushLayers(marina, `${cast.A.name}/${other}`, [layer('1.10.0')], { tag: 'v1' })
  await inventory(one)
  await inventory(other)
  await importFrom(await pushDatabase({ 'a.json': record('CVE-2026-4242', 'npm', `@scope/${pad}`, '1.2.0') }))
  await settled()
  const search = async (query: string, who = guA) => {
    const answer = expectAnswer(await rest('GET', `/packages?${query}`, who), 200)
    const rows = answer.json() as {
      repository_name: string
      version: string
      vulnerabilities: string[]
      tags: string[]
    }[]
    assert.equal(answer.headers['x-total-count'], String(rows.length))
    return rows.map((row) => [row.repository_name.split('/')[1], row.version, ...row.vulnerabilities])
  }
  const [old, recent] = [
    [one, '1.1.0', 'CVE-2026-4242'],
    [other, '1.10.0'],
  ]
  assert.deepEqual(await search(`name=${pad}`), [recent, old])
  assert.deepEqual(await search(`name=@Scope/${pad.toUpperCase()}`), [recent, old])
  assert.deepEqual(await search(`name=${pad}&version=${encodeURIComponent('>=1.0,<1.2')}`), [old])
  assert.deepEqual(await search(`name=${pad}&version=1.10.0&type=npm`), [recent])
  assert.deepEqual(await search(`name=${pad}&type=deb`), [])
  assert.deepEqual(await search(`purl=pkg:npm/%2540scope/${pad}`), [recent, old])
  assert.deepEqual(await search(`purl=pkg:npm/%2540scope/${pad}@1.1.0`), [old])
  assert.deepEqual(await search('cve=CVE-2026-4242'), [old])
  assert.deepEqual(await search(`name=${pad}`, uaB), [])
  assert.deepEqual(await search(`name=${pad}`, sys), [recent, old])
  for (const query of ['', 'type=npm', 'name=a&version=%3E', 'purl=nonsense'])
    expectAnswer(await rest('GET', `/packages?${query}`, guA), 400, 'BAD_REQUEST')
  expectAnswer(await rest('GET', '/packages?name=a', undefined), 401, 'UNAUTHORIZED')
  const paged = await rest('GET', `/packages?name=${pad}&page_size=1`, guA)
  assert.deepEqual([paged.headers['x-total-count'], (paged.json() as object[]).length], ['2', 1])
})

test('what differs between two images: packages, and what is wrong with them', async () => {
  const name = fresh('diff')
  await pushLayers(marina, `${cast.A.name}/${name}`, [npmLayer('left-pad', '1.1.0'), npmLayer('same', '1.0.0')], {
    tag: 'v1',
  })
  await pushLayers(
    marina,
    `${cast.A.name}/${name}`,
    [npmLayer('left-pad', '1.3.0'), npmLayer('same', '1.0.0'), npmLayer('new', '1.0.0')],
    { tag: 'v2' },
  )
  await inventory(name)
  await inventory(name, 'v2')
  await importFrom(
    await pushDatabase({ 'a.json': leftPad, 'b.json': record('CVE-2026-5555', 'npm', 'new', undefined) }),
  )
  const answer = expectAnswer(await rest('GET', `${inA(name, 'v1')}/packages/compare?with=v2`, guA), 200)
  assert.deepEqual(answer.json(), {
    packages: [
      { type: 'npm', name: 'left-pad', before: ['1.1.0'], after: ['1.3.0'] },
      { type: 'npm', name: 'new', before: [], after: ['1.0.0'] },
    ],
    fixed: [{ id: 'CVE-2026-7777', package: 'left-pad', severity: 'High' }],
    added: [{ id: 'CVE-2026-5555', package: 'new', severity: 'Unknown' }],
  })
})

test('a report that was good says that its data is old once that is so', async () => {
  const name = fresh('aging')
  await pushLayers(marina, `${cast.A.name}/${name}`, [npmLayer('left-pad', '1.1.0')], { tag: 'v1' })
  await inventory(name)
  await importFrom(await pushDatabase({ 'a.json': leftPad }))
  await settled()
  const stateOfReport = async () => {
    const answer = await rest('GET', `${inA(name, 'v1')}?with_scan_overview=true`, guA)
    const { scan_overview: overviews = {} } = answer.json() as { scan_overview?: Record<string, { state?: string }> }
    return Object.values(overviews)[0]?.state ?? 'ok'
  }
  assert.equal(await stateOfReport(), 'ok')
  const refusing = async (isOn: boolean) => {
    const metadata = { prevent_vul: String(isOn), severity: 'critical' }
    expectAnswer(await rest('PUT', `/projects/${cast.A.name}`, sys, { metadata }), 200)
  }
  const pull = () => marina.ask('GET', `/v2/${cast.A.name}/${name}/manifests/v1`, { as: guA })
  await refusing(true)
  expectAnswer(await pull(), 200)
  const signal = AbortSignal.abort()
  await markStale(db, { staleMs: 0 }, signal)
  assert.equal(await stateOfReport(), 'ok')
  await markStale(db, { staleMs: 0 }, new AbortController().signal)
  assert.equal(await stateOfReport(), 'stale_database')
  // The pull gate, which remembers images, knows it as well.
  assert.match(expectAnswer(await pull(), 412, 'PROJECTPOLICYVIOLATION').text, /out of date/)
  await importFrom(await pushDatabase({ 'a.json': leftPad }))
  await settled()
  expectAnswer(await pull(), 200)
  await refusing(false)
})
