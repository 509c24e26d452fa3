/** What takes the storage: sizes, what is shared, and what a deletion would free. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import { ociManifest } from '../../../oci/media-type.ts'
import type { Project } from '../../catalog/project.ts'
import { countUsage } from '../../catalog/usage.ts'
import { descriptorOf, givenProject, pushBlob, pushIndex, pushManifest, pushReferrer } from '../../testing/given.ts'
import { expectAnswer, type Person } from '../../testing/http.ts'
import { openScene } from '../../testing/scene.ts'

const { marina, rest, cast } = await openScene()
const { admin } = marina

type Bytes = { size: number; shared: number; exclusive: number; exclusive_in_storage?: number }
type Row = Bytes & { kind: string; name: string; project_id?: number; artifacts?: number; limit?: number }
type ArtifactRow = Bytes & { digest: string; tags: string[]; tag_count: number }

const list = async <One>(path: string, as: Person = admin) =>
  expectAnswer(await rest('GET', path, as), 200).json() as One[]
const repositoriesOf = (project: Project, as = admin) => list<Row>(`/projects/${project.name}/usage?page_size=100`, as)
const artifactsOf = (project: Project, repository: string, as = admin) =>
  list<ArtifactRow>(`/projects/${project.name}/usage/artifacts?repository=${repository}&page_size=100`, as)

/** An image of these layers, with a config of its own. Its manifest and config are no one else's. */
async function pushLayers(repository: string, tag: string, layers: Buffer[]) {
  const config = Buffer.from(JSON.stringify({ made: randomBytes(8).toString('hex') }))
  for (const bytes of [config, ...layers]) await pushBlob(marina, repository, bytes)
  const content = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: ociManifest,
      config: descriptorOf(config, 'application/vnd.oci.image.config.v1+json'),
      layers: layers.map((bytes) => descriptorOf(bytes, 'application/vnd.oci.image.layer.v1.tar')),
    }),
  )
  const pushed = await pushManifest(marina, repository, content, ociManifest, tag === '' ? {} : { tag })
  return { ...pushed, own: config.length + content.length }
}

const [base, mine, yours] = [randomBytes(3000), randomBytes(500), randomBytes(700)]

suite('usage', () => {
  test('a repository shares what others of its project hold; deleting it frees the rest of the quota', async () => {
    const project = await givenProject(marina)
    const one = await pushLayers(`${project.name}/one`, 'v1', [base, mine])
    const two = await pushLayers(`${project.name}/two`, 'v1', [base, yours])
    const rows = await repositoriesOf(project)
    assert.deepEqual(
      rows.map(({ name, size, shared, exclusive, artifacts }) => ({ name, size, shared, exclusive, artifacts })),
      [
        { name: 'two', size: 3700 + two.own, shared: 3000, exclusive: 700 + two.own, artifacts: 1 },
        { name: 'one', size: 3500 + one.own, shared: 3000, exclusive: 500 + one.own, artifacts: 1 },
      ],
    )
    const before = await countUsage(marina.ground.db, project.id)
    expectAnswer(await rest('DELETE', `/projects/${project.name}/repositories/two`, admin), 200)
    assert.equal(before - (await countUsage(marina.ground.db, project.id)), rows[0]!.exclusive)
  })

  test('what another project holds is shared in storage, which only those see who may read the volumes', async () => {
    const [project, other] = [await givenProject(marina), await givenProject(marina)]
    const layer = randomBytes(2000)
    const { own } = await pushLayers(`${project.name}/app`, 'v1', [layer])
    await pushLayers(`${other.name}/app`, 'v1', [layer])
    const [row] = (await repositoriesOf(project)) as [Row]
    assert.deepEqual([row.exclusive, row.exclusive_in_storage], [2000 + own, own])
    const [artifact] = (await artifactsOf(project, 'app')) as [ArtifactRow]
    assert.deepEqual([artifact.exclusive, artifact.exclusive_in_storage], [2000 + own, own])
    await pushLayers(`${cast.A.name}/app`, 'v1', [layer])
    for (const path of ['usage', 'usage/artifacts?repository=app']) {
      const [seen] = (await list<Bytes>(`/projects/${cast.A.name}/${path}`, cast.guA)) as [Bytes]
      assert.equal(seen.exclusive_in_storage, undefined, 'it would tell a guest that another project has the layer')
      assert.ok(seen.exclusive > 2000)
    }
    const system = await list<Row>('/usage?page_size=100')
    const ofProject = system.find((one) => one.project_id === project.id)!
    assert.deepEqual([ofProject.size, ofProject.shared, ofProject.limit], [2000 + own, 2000, -1])
  })

  test('an artifact counts with its untagged parts and signatures, and frees what a deletion of it frees', async () => {
    const project = await givenProject(marina)
    const name = `${project.name}/app`
    const layer = randomBytes(900)
    const child = await pushLayers(name, '', [layer, base])
    const index = await pushIndex(marina, name, [child], { tag: 'multi' })
    await pushReferrer(marina, name, index)
    const single = await pushLayers(name, 'single', [base])
    const rows = await artifactsOf(project, 'app')
    assert.deepEqual(rows.map(({ tags, tag_count: count }) => `${tags.join()} ${count}`).toSorted(), [
      'multi 1',
      'single 1',
    ])
    const ofIndex = rows.find(({ tags }) => tags[0] === 'multi')!
    assert.equal(ofIndex.shared, 3000)
    assert.equal(rows.find(({ tags }) => tags[0] === 'single')!.exclusive, single.own)
    const before = await countUsage(marina.ground.db, project.id)
    expectAnswer(
      await rest('DELETE', `/projects/${project.name}/repositories/app/artifacts/${index.digest}`, admin),
      200,
    )
    assert.equal(before - (await countUsage(marina.ground.db, project.id)), ofIndex.exclusive)
  })

  test("a part of two indexes, or one with a tag of its own, goes with neither's deletion", async () => {
    const project = await givenProject(marina)
    const name = `${project.name}/app`
    const [part, tagged] = [
      await pushLayers(name, '', [randomBytes(400)]),
      await pushLayers(name, 'amd64', [randomBytes(600)]),
    ]
    const first = await pushIndex(marina, name, [part, tagged], { tag: 'one', more: { annotations: { n: '1' } } })
    const second = await pushIndex(marina, name, [part], { tag: 'two', more: { annotations: { n: '2' } } })
    const rows = await artifactsOf(project, 'app')
    const of = (tag: string) => rows.find(({ tags }) => tags[0] === tag)!
    assert.deepEqual(
      [of('one').exclusive, of('two').exclusive, of('amd64').exclusive],
      [first.content.length, second.content.length, 600 + tagged.own],
    )
    assert.deepEqual([of('one').shared, of('two').shared], [400 + part.own, 400 + part.own])
  })

  test('the system lists projects, system artifacts, uploads and the trash, in pages and orders', async () => {
    const project = await givenProject(marina)
    const started = await marina.ask('POST', `/v2/${project.name}/app/blobs/uploads/`, { as: admin })
    expectAnswer(
      await marina.ask('PATCH', started.headers.location!, {
        as: admin,
        body: Buffer.alloc(12_345),
        headers: { 'content-type': 'application/octet-stream' },
      }),
      202,
    )
    const rows: Row[] = []
    let total = 0
    for (let page = 1; page === 1 || rows.length < total; page++) {
      const answer = expectAnswer(await rest('GET', `/usage?page=${page}&page_size=3`, admin), 200)
      total = Number(answer.headers['x-total-count'])
      const some = answer.json() as Row[]
      assert.ok(some.length > 0)
      rows.push(...some)
    }
    assert.deepEqual(
      rows
        .filter(({ kind }) => kind !== 'project')
        .map(({ kind }) => kind)
        .toSorted(),
      ['system-artifacts', 'trash', 'uploads'],
    )
    assert.ok(rows.find(({ kind }) => kind === 'uploads')!.size >= 12_345)
    assert.ok(rows.find(({ kind }) => kind === 'trash')!.size > 0, 'the tests before this one deleted something')
    assert.deepEqual(
      rows.map(({ size }) => size),
      rows.map(({ size }) => size).toSorted((a, b) => b - a),
    )
    for (const { size, shared, exclusive } of rows) assert.equal(shared + exclusive, size)
    const byName = (await list<Row>('/usage?sort=name&page_size=100')).map(({ name }) => name)
    assert.deepEqual(
      byName,
      byName.toSorted((a, b) => (a < b ? -1 : 1)),
    )
    const freed = (await list<Row>('/usage?sort=-exclusive&page_size=100')).map(({ exclusive }) => exclusive)
    assert.deepEqual(
      freed,
      freed.toSorted((a, b) => b - a),
    )
    expectAnswer(await rest('GET', '/usage?sort=nonsense', admin), 422, 'UNPROCESSABLE_ENTITY')
  })

  test('a page by name has the figures of the other orders', async () => {
    const shared = randomBytes(900)
    const project = await givenProject(marina)
    for (const name of ['a', 'b', 'c', 'd'])
      await pushLayers(`${project.name}/${name}`, 'v1', [randomBytes(300), ...(name === 'd' ? [] : [shared])])
    await pushLayers(`${(await givenProject(marina)).name}/app`, 'v1', [shared])
    for (const path of ['/usage', `/projects/${project.name}/usage`]) {
      const byName: Row[] = []
      for (let page = 1; ; page++) {
        const some = await list<Row>(`${path}?sort=name&page=${page}&page_size=3`)
        byName.push(...some)
        if (some.length < 3) break
      }
      const bySize = await list<Row>(`${path}?sort=-size&page_size=100`)
      const sorted = (rows: Row[]) => rows.toSorted((one, other) => (one.name < other.name ? -1 : 1))
      assert.deepEqual(byName, sorted(bySize))
      assert.ok(byName.length > 3)
    }
  })

  test('an absent repository is 404, and a quota that one may not read 403', async () => {
    expectAnswer(
      await rest('GET', `/projects/${cast.A.name}/usage/artifacts?repository=none`, cast.guA),
      404,
      'NOT_FOUND',
    )
    expectAnswer(await rest('GET', `/projects/${cast.A.name}/usage`, cast.uaB), 403, 'FORBIDDEN')
    expectAnswer(await rest('GET', '/usage', cast.uaA), 403, 'FORBIDDEN')
  })
})
