import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import { test } from 'node:test'
import { ociManifest } from '../../../../oci/media-type.ts'
import { sql } from '../../../platform/db/sql.ts'
import { descriptorOf, fresh, givenProject, pushBlob, pushManifest } from '../../../testing/given.ts'
import { eventually, expectAnswer } from '../../../testing/http.ts'
import { pushLayers, tarOf, type LayerFile } from '../../../testing/layers.ts'
import { openScene } from '../../../testing/scene.ts'
import { zipOf } from '../../../testing/zip.ts'

const { marina, rest, cast } = await openScene()
const { db } = marina.ground
const { sys, maA, guA, uaB } = cast

type Json = Record<string, unknown>
const now = new Date().toISOString()
const record = (id: string, ecosystem: string, name: string, fixed: string | undefined, more: Json = {}): string =>
  JSON.stringify({
    id,
    modified: now,
    affected: [
      {
        package: { ecosystem, name },
        ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, ...(fixed ? [{ fixed }] : [])] }],
      },
    ],
    ...more,
  })

/** An artifact whose layers are these files. */
async function pushDatabase(files: Record<string, string | Buffer>, tag = 'latest'): Promise<string> {
  const repository = `${cast.A.name}/${fresh('vulndb')}`
  const empty = Buffer.from('{}')
  await pushBlob(marina, repository, empty)
  const layers = []
  for (const [title, content] of Object.entries(files)) {
    const bytes = Buffer.from(content)
    await pushBlob(marina, repository, bytes)
    layers.push({
      ...descriptorOf(bytes, 'application/octet-stream'),
      annotations: { 'org.opencontainers.image.title': title },
    })
  }
  const config = descriptorOf(empty, 'application/vnd.oci.empty.v1+json')
  const content = {
    schemaVersion: 2,
    mediaType: ociManifest,
    artifactType: 'application/vnd.marina.vulndb.v1',
    config,
    layers,
  }
  const pushed = await pushManifest(marina, repository, Buffer.from(JSON.stringify(content)), ociManifest, { tag })
  return `${repository}@${pushed.digest}`
}

type Run = { id: number; job_status: string; job_parameters: string }
const imports = '/system/vulndb/imports'

/** Asks for an import, and waits until it has ended. */
async function importFrom(source: string): Promise<{ status: string; counts: Record<string, number>; log: string }> {
  const asked = await eventually(async () =>
    expectAnswer(
      await rest('POST', `${imports}/schedule`, sys, { schedule: { type: 'Manual' }, parameters: { source } }),
      201,
    ),
  )
  const id = Number(/\/(\d+)$/.exec(asked.headers.location!)![1])
  const run = await eventually(async () => {
    const row = expectAnswer(await rest('GET', `${imports}/${id}`, sys), 200).json() as Run
    assert.ok(['Success', 'Error', 'Stopped'].includes(row.job_status), row.job_status)
    return row
  })
  const log = expectAnswer(await rest('GET', `${imports}/${id}/log`, sys), 200).text
  return { status: run.job_status, counts: JSON.parse(run.job_parameters) as Record<string, number>, log }
}

type State = {
  state: string
  current?: { id: number; source: string; ecosystems: Record<string, { advisories: number }>; skipped: Json }
  kept: { id: number }[]
}
const stateOf = async () => expectAnswer(await rest('GET', '/system/vulndb', sys), 200).json() as State
/** All images are matched with the database in use. */
const settled = () =>
  eventually(async () => {
    const row = await db.row<{ count: number }>(
      sql`select count(*) from task where job_type = 'VULNDB_MATCH' and status in ('Pending', 'Running')`,
    )
    assert.equal(row!.count, 0)
  })

const debian: LayerFile[] = [
  ['etc/os-release', 'ID=debian\nVERSION_ID="12"\n'],
  [
    'var/lib/dpkg/status',
    'Package: libc6\nStatus: install ok installed\nVersion: 2.36-9+deb12u9\nSource: glibc\nArchitecture: amd64\n\n' +
      'Package: curl\nStatus: install ok installed\nVersion: 7.88.1-10\nArchitecture: amd64\n',
  ],
]
const npmLayer = (name: string, version: string): LayerFile[] => [
  [`app/node_modules/${name}/package.json`, JSON.stringify({ name, version })],
]

const inA = (repository: string, reference: string) =>
  `/projects/${cast.A.name}/repositories/${repository}/artifacts/${reference}`

/** Has the SBOM of an image made, by which its packages are known. */
async function inventory(repository: string, reference = 'v1'): Promise<void> {
  await rest('POST', `${inA(repository, reference)}/scan`, maA, { scan_type: 'sbom' })
  await eventually(async () => expectAnswer(await rest('GET', `${inA(repository, reference)}/packages`, guA), 200))
}

type Shown = {
  state: string
  notes: string[]
  packages: number
  vulnerabilities: (Record<'id' | 'package' | 'version' | 'fix_version' | 'severity', string> & {
    suppressed?: string
    epss?: number
    is_exploited: boolean
  })[]
}
const matchesOf = async (repository: string, reference = 'v1') =>
  expectAnswer(await rest('GET', `${inA(repository, reference)}/vulnerabilities`, guA), 200).json() as Shown
const brief = ({ vulnerabilities }: Shown) =>
  vulnerabilities.map((one) => [one.id, one.package, one.version, one.fix_version, one.severity].join(' '))

const glibc = record('DEBIAN-CVE-2026-0861', 'Debian:12', 'glibc', '2.36-9+deb12u14', {
  upstream: ['CVE-2026-0861'],
  summary: 'memalign overflows',
})
const leftPad = record('GHSA-aaaa-bbbb-cccc', 'npm', 'left-pad', '1.3.0', {
  aliases: ['CVE-2026-7777'],
  database_specific: { severity: 'HIGH' },
})

test('without a database nothing is claimed, and there is nothing to delete', async () => {
  const name = fresh('none')
  await pushLayers(marina, `${cast.A.name}/${name}`, [debian], { tag: 'v1' })
  expectAnswer(await rest('GET', `${inA(name, 'v1')}/vulnerabilities`, guA), 404, 'NOT_FOUND')
  await inventory(name)
  const shown = await matchesOf(name)
  assert.deepEqual([shown.state, shown.vulnerabilities, shown.packages], ['no_database', [], 2])
  assert.deepEqual(await stateOf(), { state: 'none', kept: [] })
  expectAnswer(await rest('DELETE', '/system/vulndb', sys), 404, 'NOT_FOUND')
})

test('a database is taken into use whole: zips, archives and single files; what is wrong in it is counted', async () => {
  const source = await pushDatabase({
    'Debian.zip': zipOf({ 'a.json': glibc, 'bad.json': '{', 'README.md': 'words' }),
    'records.tar.gz': gzipSync(
      await tarOf([
        ['npm/one.json', leftPad],
        ['npm/gone.json', record('GHSA-gone', 'npm', 'left-pad', '9.9.9', { withdrawn: now })],
        [
          'python/one.yaml',
          `id: PYSEC-2026-1\nmodified: "${now}"\naffected:\n- package: {ecosystem: PyPI, name: Foo}\n  versions: ["1.0"]\n`,
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
    return shown!
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
  assert.equal((await importFrom(`${cast.A.name}/absent:latest`)).status, 'Error')
  assert.deepEqual(await stateOf(), before)
  const rows = await db.row<{ count: number }>(sql`select count(*) from vulndb_generation where not is_ready`)
  assert.equal(rows!.count, 0)
  for (const source of ['', 'library', 'library/a:b@c', 'https://example.com/a', 7]) {
    const body = { schedule: { type: 'Manual' }, parameters: { source } }
    expectAnswer(await rest('POST', `${imports}/schedule`, sys, body), 400, 'BAD_REQUEST')
  }
  expectAnswer(await rest('POST', `${imports}/schedule`, maA, { schedule: { type: 'Manual' } }), 403, 'FORBIDDEN')
})

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

test('who has a package: by name, range, package URL and vulnerability, in projects whose SBOMs one may read', async () => {
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
