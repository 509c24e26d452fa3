import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import type { Digest } from '../../../../oci/digest.ts'
import type { RepositoryName } from '../../../../oci/reference.ts'
import { sql } from '../../../platform/db/sql.ts'
import { fresh } from '../../../testing/given.ts'
import { eventually } from '../../../testing/http.ts'
import type { Component, Inventory } from '../inventory/component.ts'
import { unite } from '../reports/finding.ts'
import { saveFindings, sweepFindings } from '../reports/findings.ts'
import { matchImage } from './image.ts'
import { findOwnScanner } from './own-scanner.ts'
import { saveInventory } from './packages/store.ts'
import { renewImage } from './renew-page.ts'
import { cast, db, importFrom, pushDatabase, record, settled, stateOf, type Json } from './vulndb.suite.ts'

const images = 260
const repository = `${cast.A.name}/${fresh('varied')}` as RepositoryName
const rules = { staleMs: 7 * 24 * 3_600_000 }

/** The same numbers in each run: Numerical Recipes' linear congruential generator. */
let seed = 20_261_130
const below = (limit: number): number => {
  seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32
  return Math.floor((seed / 2 ** 32) * limit)
}

const digestOf = (image: number): Digest =>
  `sha256:${createHash('sha256').update(`${repository} ${image}`).digest('hex')}` as Digest

/** Packages of several ecosystems; some have the same name and version, and some differ in their package URL alone. */
function varied(): Component {
  const [number, version] = [below(40), `1.${below(10)}.0`]
  switch (below(5)) {
    case 0:
      return { type: 'deb', name: `name${number}`, version, qualifiers: { arch: ['amd64', 'arm64'][below(2)]! } }
    case 1:
      return { type: 'deb', name: `lib${number}`, version, source: { name: `name${number}`, version } }
    case 2:
      return { type: 'pypi', name: `name${number}`, version }
    case 3:
      return { type: 'npm', namespace: '@scope', name: `name${number}`, version }
    default:
      return { type: 'npm', name: `name${number}`, version }
  }
}

const systems: (Component | undefined)[] = [
  { type: 'os', name: 'debian', version: '12' },
  { type: 'os', name: 'debian', version: '12' },
  { type: 'os', name: 'slackware', version: '15' },
  undefined,
]

function inventoryOf(image: number): Inventory {
  // Every thirtieth image holds nothing; each 100th very much.
  const count = image % 30 === 7 ? 0 : image % 100 === 0 ? 600 : 1 + below(60)
  const npm = (name: string): Component => ({ type: 'npm', name, version: '1.0.0' })
  const own = [
    ...(image % 3 === 0 ? [npm(`own${image}`)] : []),
    ...(image % 5 === 1 && image < 200 ? [npm('many')] : []),
  ]
  const found = [...Array.from({ length: count }, varied), ...own]
  return { os: systems[image % 4], found: found.map((component) => ({ path: '', component })), notes: [] }
}

await db.run(sql`insert into repository (project_id, name) values (${cast.A.id}, ${repository})`)
await db.run(sql`
  insert into artifact (repository_id, digest, media_type, kind, type, size)
  select repository.id, one.digest, 'application/vnd.oci.image.manifest.v1+json', 'image', 'IMAGE', 1
  from repository, unnest(${Array.from({ length: images }, (_, image) => digestOf(image))}::text[])
    with ordinality as one (digest, place)
  where repository.name = ${repository} order by place`)
await db.run(sql`
  insert into tag (repository_id, artifact_id, name)
  select repository_id, artifact.id, 'v' || artifact.id from artifact join repository on repository.id = repository_id
  where repository.name = ${repository} and artifact.id % 2 = 0`)
for (let image = 0; image < images; image++)
  await saveInventory(db, { repository, digest: digestOf(image) }, inventoryOf(image))

const severity = ['CRITICAL', 'HIGH', 'MODERATE', 'LOW', 'nothing that is known']
const ecosystems = ['Debian:12', 'npm', 'PyPI']

/** Records that name the same vulnerabilities under several names; `turn` makes some of them others. */
function recordsOf(turn: number): string {
  const records = Array.from({ length: 200 }, (_, number) => {
    const ecosystem = ecosystems[number % 3]!
    const name = `${number % 12 === 1 ? '@scope/' : ''}name${number % 40}`
    const isOther = number % 10 === 3
    const fixed = number % 7 === 0 ? undefined : `1.${(number + (isOther ? turn : 0)) % 11}.0`
    return record(`REC-${number}`, ecosystem, name, fixed, {
      // The first comes in the second turn, the next are gone then.
      ...(number % 20 === (turn === 0 ? 0 : 1) ? { withdrawn: '2026-01-01T00:00:00Z' } : {}),
      aliases: number % 4 === 0 ? [] : [`CVE-2026-${1000 + (number % 90)}`],
      summary: `about ${number}${number % 13 === 5 ? ` in turn ${turn}` : ''}`,
      database_specific: { severity: severity[(number + (number % 17 === 2 ? turn : 0)) % 5] },
    })
  })
  const own = Array.from({ length: images }, (_, image) => record(`OWN-${image}`, 'npm', `own${image}`, undefined))
  // More than one transaction writes for the first page of images.
  const many = Array.from({ length: 900 }, (_, number) => record(`MANY-${number}`, 'npm', 'many', undefined))
  return `[${[...records, ...many, ...own.filter((_, image) => turn === 1 && image % 5 === 0)].join(',')}]`
}

/** Statements about packages, and about two images alone. */
function statements(): string {
  const statement = (name: string, product: Json) => ({
    vulnerability: { name },
    products: [product],
    status: 'not_affected',
  })
  return JSON.stringify({
    '@context': 'https://openvex.dev/ns/v0.2.0',
    author: 'Team',
    statements: [
      statement('CVE-2026-1004', { '@id': 'pkg:npm/name4' }),
      statement('CVE-2026-1007', { '@id': 'pkg:npm/name7@1.3.0' }),
      statement('CVE-2026-1005', { '@id': `pkg:oci/app@${digestOf(5)}` }),
      statement('CVE-2026-1010', { '@id': `pkg:oci/app@${digestOf(9)}` }),
    ],
  })
}

/** All that reports say, but for their times and tasks; findings by the hashes of all that they say. */
const dump = () =>
  db.rows<{ digest: string; state: string; total: number; generation: number }>(sql`
    select artifact.digest, state, generation, mime_type, severity, total, fixable, counts, is_made,
      (select count(*) from raw_report where report_id = report.id) as raw,
      array(
        select encode(hash, 'hex') from report_finding join finding on finding.id = finding_id
        where report_id = report.id order by hash) as findings
    from vulnerability_report report join artifact on artifact.id = artifact_id
    where mime_type <> '' order by artifact.digest limit ${images + 1}`)

type News = { digest: string; count: number; generation: number }
async function newsAfter(id: number): Promise<News[]> {
  const rows = await db.rows<{ payload: News }>(sql`
    select payload from outbox where topic = 'vulnerability.found' and id > ${id}
    order by payload ->> 'digest' limit ${10 * images}`)
  return rows.map(({ payload }) => payload)
}
const lastFact = async () => (await db.row<{ id: number }>(sql`select coalesce(max(id), 0) as id from outbox`))!.id

/** Makes each report by itself, as a scan does. */
async function renewSingly(): Promise<void> {
  const scanner = await findOwnScanner(db)
  const rows = await db.rows<{ id: number }>(sql`select artifact_id as id from image_inventory order by id limit 1000`)
  const task = await db.row<{ id: number }>(sql`select max(id) as id from task where job_type = 'VULNDB_MATCH'`)
  for (const { id: artifactId } of rows)
    assert.ok(await renewImage({ ...ground, scannerId: scanner!.id, job: { taskId: task!.id } }, artifactId, nothing))
}
const ground = { db, rules, signal: new AbortController().signal }
const nothing = () => Promise.resolve()

/** Holds reports against what each image's packages say as they are shown to people, which is put together apart. */
async function expectTrue(): Promise<void> {
  const reports = await db.rows<{ image: number; state: string; ids: number[] }>(sql`
    select artifact_id as image, state,
      array(select finding_id from report_finding where report_id = report.id order by finding_id) as ids
    from vulnerability_report report where mime_type <> '' order by artifact_id limit ${images + 1}`)
  assert.equal(reports.length, images)
  for (const { image, state, ids } of reports) {
    const saved = await db.transaction(async (tx) => {
      const shown = await matchImage(tx, image, rules)
      assert.equal(shown.state, state)
      return saveFindings(tx, unite(shown.findings))
    })
    assert.deepEqual(saved.toSorted(byId), ids.map(Number).toSorted(byId))
  }
}
const byId = (one: number, other: number) => one - other

const importTurn = async (turn: number, more: Record<string, string> = {}) => {
  await importFrom(await pushDatabase({ 'a.json': recordsOf(turn), ...more }))
  await settled()
}

test('reports that are made together say the same as those made one by one, and news are told once', async () => {
  await importTurn(0)
  const first = await dump()
  assert.equal(first.length, images)
  assert.deepEqual([...new Set(first.map(({ state }) => state))].toSorted(), ['ok', 'unknown_distribution'])
  assert.ok(first.filter(({ total }) => total > 0).length > images / 2)
  const transactions = await db.row<{ count: number }>(
    sql`select count(distinct xmin::text) as count from vulnerability_report`,
  )
  assert.ok(transactions!.count > Math.ceil(images / 200), `${transactions!.count}`)
  await expectTrue()
  await renewSingly()
  assert.deepEqual(await dump(), first)
  assert.deepEqual(await newsAfter(0), [])

  for (const statement of [
    sql`create table kept_report as select * from vulnerability_report`,
    sql`create table kept_link as select * from report_finding`,
  ])
    await db.run(statement)
  await importTurn(1, { 'vex.json': statements() })
  const second = await dump()
  await expectTrue()
  const told = await newsAfter(0)
  const { id: generation } = (await stateOf()).current!
  assert.deepEqual([...new Set(second.map((one) => one.generation))], [generation])
  assert.notDeepEqual(second, first)
  assert.equal(new Set(told.map(({ digest }) => digest)).size, told.length)
  assert.ok(told.length > 50 && told.length < images, `${told.length}`)

  const before = await lastFact()
  for (const statement of [
    sql`delete from vulnerability_report`,
    sql`insert into vulnerability_report overriding system value select * from kept_report`,
    sql`insert into report_finding select * from kept_link`,
    sql`drop table kept_report, kept_link`,
  ])
    await db.run(statement)
  await renewSingly()
  assert.deepEqual(await dump(), second)
  assert.deepEqual(await newsAfter(before), told)
})

test('a database that says the same changes no report and tells nothing', async () => {
  const [before, fact] = [await dump(), await lastFact()]
  await importTurn(1, { 'vex.json': statements() })
  const { id } = (await stateOf()).current!
  assert.deepEqual(
    await dump(),
    before.map((one) => ({ ...one, generation: id })),
  )
  assert.deepEqual(await newsAfter(fact), [])
  // Only the images that a statement is about alone were compared.
  const made = await db.rows<{ digest: string }>(sql`
    select digest from vulnerability_report join artifact on artifact.id = artifact_id
    where made_by = (select max(id) from task where job_type = 'VULNDB_MATCH') limit 10`)
  assert.deepEqual(made.map(({ digest }) => digest).toSorted(), [digestOf(5), digestOf(9)].toSorted())
})

test('findings that the sweep has taken, as no report had them, are saved again', async () => {
  const before = await dump()
  await db.run(sql`delete from vulnerability_report`)
  assert.ok((await sweepFindings(db)) > 0)
  await importTurn(1, { 'vex.json': statements() })
  const { id } = (await stateOf()).current!
  assert.deepEqual(
    await dump(),
    before.map((one) => ({ ...one, generation: id })),
  )
})

test('packages of which a database says the same as the last one are not matched again', async () => {
  const matchesOfAll = () => db.rows(sql`select id, matches, cves from package order by id limit 10000`)
  const counts = async () =>
    (await db.row<{ attrs: { packages: number; unchanged: number } }>(sql`
      select extra_attrs as attrs from execution where vendor_type = 'VULNDB_MATCH' order by id desc limit 1`))!.attrs
  await importTurn(2, { 'vex.json': statements() })
  const [some, kept] = [await counts(), await matchesOfAll()]
  assert.ok(some.packages > 0 && some.unchanged > 0, JSON.stringify(some))
  assert.equal(some.packages + some.unchanged, kept.length)
  await db.run(sql`update package set matched_generation = null, matches = '[]'`)
  await importTurn(2, { 'vex.json': statements() })
  assert.deepEqual([(await counts()).packages, await matchesOfAll()], [kept.length, kept])
  // Statements about packages are others: all are matched again.
  await importTurn(2)
  assert.equal((await counts()).packages, kept.length)
})

test('an image that is deleted while its page is written is left out, and the others are not', async () => {
  await db.run(sql`delete from vulnerability_report`)
  const [deleted, goOn] = [digestOf(12), Promise.withResolvers<void>()]
  const deleting = db.transaction(async (tx) => {
    await tx.run(sql`delete from tag where artifact_id = (select id from artifact where digest = ${deleted})`)
    await tx.run(sql`delete from artifact where digest = ${deleted}`)
    await goOn.promise
  })
  try {
    await importFrom(await pushDatabase({ 'a.json': recordsOf(0) }))
    await eventually(async () => {
      const row = await db.row<{ count: number }>(sql`
        select count(*) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query like '%from artifact%for key share%'`)
      assert.equal(row!.count, 1)
    })
  } finally {
    goOn.resolve()
    await deleting
  }
  await settled()
  const digests = (await dump()).map(({ digest }) => digest)
  const others = Array.from({ length: images }, (_, image) => digestOf(image)).filter((one) => one !== deleted)
  assert.deepEqual(digests, others.toSorted())
})
