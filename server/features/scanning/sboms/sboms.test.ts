import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '../../../../oci/digest.ts'
import { sql } from '../../../platform/db/sql.ts'
import { pauseQueue, resumeQueue } from '../../../platform/jobs/stop.ts'
import { factsSince, givenRobot, lastFact } from '../../../testing/api.ts'
import { fresh, givenProject, pushImage, pushIndex, pushReferrer } from '../../../testing/given.ts'
import { eventually, expectAnswer } from '../../../testing/http.ts'
import { pushLayers, type LayerFile } from '../../../testing/layers.ts'
import { openScene } from '../../../testing/scene.ts'

const { marina, rest, cast } = await openScene()
const { db } = marina.ground
const admin = marina.admin

type Overview = Record<'scan_status' | 'sbom_digest' | 'report_id' | 'start_time' | 'end_time', string> & {
  duration: number
  scanner: object
}
type Shown = {
  digest: string
  type: string
  annotations: Record<string, string>
  artifact_type: string
  sbom_overview?: Overview
  accessories: { type: string; digest: string }[] | null
  addition_links: Record<string, { href: string }>
}
type Spdx = { packages: { name: string; versionInfo?: string }[]; comment?: string }

const base: LayerFile[] = [
  ['etc/os-release', 'ID=debian\nVERSION_ID="12"\n'],
  ['var/lib/dpkg/status', 'Package: base-files\nStatus: install ok installed\nVersion: 12\nArchitecture: amd64\n'],
]
const npmLayer = (name: string): LayerFile[] => [
  [`app/node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0' })],
]

const inA = (repository: string, reference: string) =>
  `/projects/${cast.A.name}/repositories/${repository}/artifacts/${reference}`
const show = async (repository: string, reference: string, who = cast.guA) => {
  const query = 'with_sbom_overview=true&with_accessory=true'
  return expectAnswer(await rest('GET', `${inA(repository, reference)}?${query}`, who), 200).json() as Shown
}
const ask = (repository: string, reference: string, who = cast.maA) =>
  rest('POST', `${inA(repository, reference)}/scan`, who, { scan_type: 'sbom' })
const ended = (repository: string, reference: string) =>
  eventually(async () => {
    const shown = await show(repository, reference)
    assert.ok(['Success', 'Error', 'Stopped'].includes(shown.sbom_overview?.scan_status ?? ''))
    return shown
  })
const sbomOf = async (repository: string, reference: string, format = 'spdx') =>
  expectAnswer(await rest('GET', `${inA(repository, reference)}/sbom?format=${format}`, cast.guA), 200)
const namesIn = (text: string) => (JSON.parse(text) as Spdx).packages.map(({ name }) => name)

test('an SBOM is made on demand, and stored as Harbor stores it', async () => {
  const name = fresh('made')
  const image = await pushLayers(marina, `${cast.A.name}/${name}`, [base, npmLayer('left-pad')], { tag: 'v1' })
  expectAnswer(await rest('GET', `${inA(name, 'v1')}/sbom`, cast.guA), 404, 'NOT_FOUND')
  assert.equal((await show(name, 'v1')).sbom_overview, undefined)
  assert.deepEqual(
    [(await ask(name, 'v1')).status, (await ended(name, 'v1')).sbom_overview!.scan_status],
    [202, 'Success'],
  )

  const { sbom_overview: overview, accessories, addition_links: links } = await show(name, 'v1')
  assert.deepEqual(
    accessories!.map(({ type, digest }) => [type, digest]),
    [['sbom.harbor', overview!.sbom_digest]],
  )
  assert.deepEqual(Object.keys(overview!.scanner), ['name', 'vendor', 'version'])
  assert.ok(overview!.start_time <= overview!.end_time && overview!.duration >= 0)
  const addition = await rest('GET', links['sboms']!.href.replace('/api/v2.0', ''), cast.guA)
  const stored = await sbomOf(name, 'v1')
  assert.equal(expectAnswer(addition, 200).text, stored.text)
  assert.deepEqual(namesIn(stored.text), [`${cast.A.name}/${name}`, 'debian', 'base-files', 'left-pad'])

  const accessory = await show(name, overview!.sbom_digest)
  assert.deepEqual(
    [accessory.type, accessory.artifact_type, accessory.annotations['created-by']],
    ['SBOM', 'application/vnd.goharbor.harbor.sbom.v1', 'Marina'],
  )
  const pulled = await marina.ask('GET', `/v2/${cast.A.name}/${name}/manifests/${overview!.sbom_digest}`, { as: admin })
  const manifest = pulled.json() as { subject: object; config: { mediaType: string }; layers: { digest: string }[] }
  assert.deepEqual(manifest.subject, image.descriptor)
  assert.equal(manifest.config.mediaType, 'application/vnd.goharbor.harbor.sbom.v1')
  assert.equal(manifest.layers[0]!.digest, digestOf(Buffer.from(stored.text)))
  const referrers = await marina.ask('GET', `/v2/${cast.A.name}/${name}/referrers/${image.digest}`, { as: admin })
  assert.equal((referrers.json() as { manifests: object[] }).manifests.length, 1)

  const cyclonedx = (await sbomOf(name, 'v1', 'cyclonedx')).json() as { specVersion: string; components: object[] }
  assert.deepEqual([cyclonedx.specVersion, cyclonedx.components.length], ['1.6', 3])
  const log = await rest('GET', `${inA(name, 'v1')}/scan/${overview!.report_id}/log`, cast.guA)
  assert.match(expectAnswer(log, 200).text, /packages of the image: 2/)
})

test('a new SBOM takes the place of the one before, which stays until then', async () => {
  const name = fresh('again')
  await pushLayers(marina, `${cast.A.name}/${name}`, [npmLayer('x')], { tag: 'v1' })
  await ask(name, 'v1')
  const first = (await ended(name, 'v1')).sbom_overview!
  await eventually(async () => assert.equal((await ask(name, 'v1')).status, 202))
  const second = await eventually(async () => {
    const { sbom_overview: now, accessories } = await show(name, 'v1')
    assert.equal(accessories!.length, 1)
    assert.ok(now!.scan_status === 'Success' && now!.report_id !== first.report_id)
    return accessories![0]!.digest
  })
  assert.equal((await show(name, 'v1')).sbom_overview!.sbom_digest, second)
})

test('an index is looked into by its images; one that holds none, and what is no image, is 400', async () => {
  const name = fresh('index')
  const full = `${cast.A.name}/${name}`
  const images = [
    await pushLayers(marina, full, [npmLayer('a')]),
    await pushLayers(marina, full, [npmLayer('b')], { config: { architecture: 'arm64' } }),
  ]
  const note = await pushReferrer(marina, full, images[0]!)
  await pushIndex(marina, full, images, { tag: 'all' })
  await pushIndex(marina, full, [note], { tag: 'none' })
  assert.equal((await ask(name, 'all')).status, 202)
  const { sbom_overview: overview } = await ended(name, 'all')
  assert.deepEqual([overview!.scan_status, overview!.sbom_digest], ['Success', undefined])
  for (const [index, image] of images.entries())
    assert.equal(namesIn((await sbomOf(name, image.digest)).text).at(-1), ['a', 'b'][index])
  const log = await rest('GET', `${inA(name, 'all')}/scan/${overview!.report_id}/log`, cast.guA)
  assert.equal(expectAnswer(log, 200).text.split('----------').length, 5)
  for (const reference of ['none', note.digest]) expectAnswer(await ask(name, reference), 400, 'BAD_REQUEST')
  expectAnswer(await ask(name, 'absent'), 404, 'NOT_FOUND')
})

test('a push makes an SBOM where the project says so, once for each image (S4-31)', async () => {
  const project = await givenProject(marina)
  const metadata = { auto_sbom_generation: 'true' }
  expectAnswer(await rest('PUT', `/projects/${project.name}`, admin, { metadata }), 200)
  const image = await pushLayers(marina, `${project.name}/app`, [npmLayer('pushed')], { tag: 'v1' })
  const path = `/projects/${project.name}/repositories/app/artifacts`
  const read = () => rest('GET', `${path}/${image.digest}/sbom`, admin)
  const text = await eventually(async () => expectAnswer(await read(), 200).text)
  assert.equal(namesIn(text).at(-1), 'pushed')
  await pushIndex(marina, `${project.name}/app`, [image], { tag: 'all' })
  const other = await pushLayers(marina, `${project.name}/app`, [npmLayer('other')], { tag: 'v2' })
  await eventually(async () => expectAnswer(await rest('GET', `${path}/${other.digest}/sbom`, admin), 200))
  const rows = await db.rows<{ tasks: number }>(sql`
    select count(*)::int as tasks from execution join sbom_report report on report.artifact_id = execution.vendor_id
      join artifact on artifact.id = report.artifact_id
    where vendor_type = 'SBOM' and artifact.digest = ${image.digest} and trigger = 'EVENT'`)
  assert.equal(rows[0]!.tasks, 1)
})

test('a layer is read once for all images that have it', async () => {
  const [one, two] = [fresh('base'), fresh('base')]
  await pushLayers(marina, `${cast.A.name}/${one}`, [base, npmLayer('one')], { tag: 'v1' })
  await pushLayers(marina, `${cast.A.name}/${two}`, [base, npmLayer('two')], { tag: 'v1' })
  const logs: string[] = []
  for (const name of [one, two]) {
    await ask(name, 'v1')
    const { sbom_overview: overview } = await ended(name, 'v1')
    logs.push((await rest('GET', `${inA(name, 'v1')}/scan/${overview!.report_id}/log`, cast.guA)).text)
  }
  assert.match(logs[1]!, /: packages: 1; known already/)
  assert.deepEqual(namesIn((await sbomOf(two, 'v1')).text).slice(1), ['debian', 'base-files', 'two'])
})

test('a layer that lay lowest is read again where it lies higher, and then covers what is below', async () => {
  const name = fresh('order')
  const covering: LayerFile[] = [['app/node_modules/x', 'a file in the place of the folder']]
  await pushLayers(marina, `${cast.A.name}/${name}`, [covering, npmLayer('y')], { tag: 'low' })
  await pushLayers(marina, `${cast.A.name}/${name}`, [npmLayer('x'), covering], { tag: 'high' })
  for (const tag of ['low', 'high']) {
    await ask(name, tag)
    await ended(name, tag)
  }
  assert.deepEqual(namesIn((await sbomOf(name, 'high')).text).slice(1), [])
})

test('an image that cannot be read ends in error with the reason, and Marina goes on', async () => {
  const name = fresh('bad')
  await pushImage(marina, `${cast.A.name}/${name}`, { tag: 'noise' })
  const rpm: LayerFile[] = [['var/lib/rpm/rpmdb.sqlite', Buffer.from('SQLite format 3\0'.padEnd(4096, 'x'))]]
  await pushLayers(marina, `${cast.A.name}/${name}`, [rpm], { tag: 'sqlite' })
  for (const [tag, why] of [
    ['noise', /a layer is no archive that can be read/],
    ['sqlite', /var\/lib\/rpm\/rpmdb\.sqlite cannot be read: it has no valid size of pages/],
  ] as const) {
    assert.equal((await ask(name, tag)).status, 202)
    const { sbom_overview: overview, accessories } = await ended(name, tag)
    assert.deepEqual([overview!.scan_status, accessories], ['Error', []])
    const log = await rest('GET', `${inA(name, tag)}/scan/${overview!.report_id}/log`, cast.guA)
    assert.match(expectAnswer(log, 200).text, why)
  }
})

test('rights, wrong input and the statuses of Harbor', async () => {
  const name = fresh('rights')
  await pushLayers(marina, `${cast.A.name}/${name}`, [npmLayer('x')], { tag: 'v1' })
  for (const [who, status, code] of [
    [undefined, 401, 'UNAUTHORIZED'],
    [cast.guA, 403, 'FORBIDDEN'],
    [cast.uaB, 403, 'FORBIDDEN'],
  ] as const)
    for (const verb of ['scan', 'scan/stop'])
      expectAnswer(await rest('POST', `${inA(name, 'v1')}/${verb}`, who, { scan_type: 'sbom' }), status, code)
  const robot = async (resource: string) =>
    givenRobot(marina, fresh('robot'), { project: cast.A.name, access: [{ resource, action: 'create' }] })
  expectAnswer(await ask(name, 'v1', await robot('scan')), 403, 'FORBIDDEN')
  const stop = (body: object) => rest('POST', `${inA(name, 'v1')}/scan/stop`, cast.maA, body)
  expectAnswer(await stop({ scan_type: 'sbom' }), 400, 'BAD_REQUEST')
  expectAnswer(await stop({ scan_type: 'nope' }), 422, 'UNPROCESSABLE_ENTITY')
  expectAnswer(await stop({}), 422, 'UNPROCESSABLE_ENTITY')
  for (const body of [{ scan_type: 'vulnerability' }, {}])
    expectAnswer(await rest('POST', `${inA(name, 'v1')}/scan`, cast.maA, body), 412, 'PRECONDITION')
  expectAnswer(await rest('GET', `${inA(name, 'v1')}/scan/nope/log`, cast.maA), 400, 'BAD_REQUEST')
  const absent = '5fd3a3d2-0000-0000-0000-000000000000'
  expectAnswer(await rest('GET', `${inA(name, 'v1')}/scan/${absent}/log`, cast.maA), 404, 'NOT_FOUND')
  assert.equal((await ask(name, 'v1', await robot('sbom'))).status, 202)
  await ended(name, 'v1')
  assert.equal((await stop({ scan_type: 'sbom' })).status, 202)
})

test('a list shows the overview of each image by one query more', async () => {
  const name = fresh('list')
  for (const tag of ['a', 'b']) await pushLayers(marina, `${cast.A.name}/${name}`, [npmLayer(tag)], { tag })
  await ask(name, 'a')
  await ended(name, 'a')
  const path = `/projects/${cast.A.name}/repositories/${name}/artifacts?with_sbom_overview=true`
  const rows = expectAnswer(await rest('GET', path, cast.guA), 200).json() as (Shown & { tags: { name: string }[] })[]
  assert.deepEqual(
    rows.map(({ tags, sbom_overview: one }) => [tags[0]!.name, one?.scan_status]),
    [
      ['b', undefined],
      ['a', 'Success'],
    ],
  )
})

test('an image that is deleted takes its SBOM with it; a deleted SBOM leaves no report', async () => {
  const name = fresh('gone')
  await pushLayers(marina, `${cast.A.name}/${name}`, [npmLayer('x')], { tag: 'v1' })
  await ask(name, 'v1')
  const { sbom_overview: overview } = await ended(name, 'v1')
  expectAnswer(await rest('DELETE', inA(name, overview!.sbom_digest), cast.maA), 200)
  assert.equal((await show(name, 'v1')).sbom_overview, undefined)
  expectAnswer(await rest('GET', `${inA(name, 'v1')}/sbom`, cast.guA), 404, 'NOT_FOUND')
  await eventually(async () => assert.equal((await ask(name, 'v1')).status, 202))
  const { sbom_overview: second } = await eventually(async () => {
    const shown = await show(name, 'v1')
    assert.ok(shown.sbom_overview?.sbom_digest)
    return shown
  })
  expectAnswer(await rest('DELETE', inA(name, 'v1'), cast.maA), 200)
  expectAnswer(await rest('GET', inA(name, second!.sbom_digest), cast.maA), 404, 'NOT_FOUND')
})

test('while an SBOM is being made another is 409, and it can be stopped', async () => {
  const name = fresh('waits')
  await pushLayers(marina, `${cast.A.name}/${name}`, [npmLayer('x')], { tag: 'v1' })
  await db.transaction((tx) => pauseQueue(tx, 'SBOM'))
  const since = await lastFact(marina)
  try {
    assert.equal((await ask(name, 'v1')).status, 202)
    assert.equal((await show(name, 'v1')).sbom_overview!.scan_status, 'Pending')
    assert.match(expectAnswer(await ask(name, 'v1'), 409, 'CONFLICT').text, /a previous scan process is/)
    const stop = () => rest('POST', `${inA(name, 'v1')}/scan/stop`, cast.maA, { scan_type: 'sbom' })
    assert.equal((await stop()).status, 202)
    assert.equal((await show(name, 'v1')).sbom_overview!.scan_status, 'Stopped')
    assert.equal((await stop()).status, 202)
    const told = (await factsSince(marina, since)).filter(({ topic }) => topic === 'sbom.stopped')
    assert.deepEqual(
      told.map(({ payload }) => [payload['scanType'], payload['tags']]),
      [['sbom', ['v1']]],
    )
  } finally {
    await db.transaction((tx) => resumeQueue(tx, 'SBOM'))
  }
  assert.equal((await ask(name, 'v1')).status, 202)
  assert.equal((await ended(name, 'v1')).sbom_overview!.scan_status, 'Success')
})
