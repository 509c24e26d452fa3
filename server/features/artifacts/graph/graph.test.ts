import assert from 'node:assert/strict'
import { test } from 'node:test'
import { givenRobot } from '../../../testing/api.ts'
import { fresh, givenProject, pushImage, pushIndex, pushReferrer, type Pushed } from '../../../testing/given.ts'
import { expectAnswer, type Person } from '../../../testing/http.ts'
import { openScene } from '../../../testing/scene.ts'

const { marina, rest, cast } = await openScene()

type Blob = { digest: string; size: number; media_type: string; repositories: number }
type Node = { digest: string; tags: string[]; config?: Blob; layers?: Blob[] }
type Graph = {
  node: Node
  children: { digest: string; platform?: object; node?: Node }[]
  referrers: { digest: string; subject: string; artifact_type?: string }[]
  parents: { digest: string; tags: string[] }[]
  is_whole: boolean
}

const path = (name: string, reference: string) =>
  `/projects/${cast.A.name}/repositories/${encodeURIComponent(name)}/artifacts/${reference}`
const graphOf = async (name: string, reference: string, as: Person = cast.guA) =>
  expectAnswer(await rest('GET', `${path(name, reference)}/graph`, as), 200).json() as Graph
const placesOf = async (name: string, reference: string, as: Person = cast.guA, query = '') => {
  const answer = expectAnswer(await rest('GET', `${path(name, reference)}/places${query}`, as), 200)
  const rows = answer.json() as { repository_name: string; tags: string[] }[]
  return { total: Number(answer.headers['x-total-count']), names: rows.map((one) => one.repository_name), rows }
}

/** Copies an artifact with its parts to another repository, which then holds the same digests. */
const copy = async (from: string, project: { name: string }, to: string) =>
  expectAnswer(
    await rest('POST', `/projects/${project.name}/repositories/${to}/artifacts?from=${from}`, marina.admin),
    201,
  )

test('a graph shows parts with their layers, what is about them, and the indexes that name an artifact', async () => {
  const name = fresh('graph')
  const repository = `${cast.A.name}/${name}`
  const [one, two] = [
    await pushImage(marina, repository, { layers: 2 }),
    await pushImage(marina, repository, { tag: 'two' }),
  ]
  const index = await pushIndex(marina, repository, [one, two], { tag: 'multi' })
  const ofIndex = await pushReferrer(marina, repository, index, { artifactType: 'application/vnd.test.sbom' })
  const ofPart = await pushReferrer(marina, repository, one)
  const graph = await graphOf(name, 'multi')
  assert.deepEqual([graph.node.digest, graph.node.tags, graph.node.layers], [index.digest, ['multi'], undefined])
  assert.deepEqual(
    graph.children.map(({ digest, node }) => [
      digest,
      node!.config!.digest,
      node!.layers!.map((layer) => layer.digest),
    ]),
    [one, two].map(({ digest, config, layers }) => [digest, config, layers]),
  )
  assert.deepEqual(
    new Map(graph.referrers.map(({ digest, subject }) => [digest, subject])),
    new Map([
      [ofIndex.digest, index.digest],
      [ofPart.digest, one.digest],
    ] as [string, string][]),
  )
  assert.ok(graph.referrers.some(({ artifact_type: type }) => type === 'application/vnd.test.sbom'))
  assert.deepEqual([graph.parents, graph.is_whole], [[], true])
  const ofChild = await graphOf(name, 'two')
  assert.deepEqual(
    ofChild.parents.map(({ digest, tags }) => [digest, tags]),
    [[index.digest, ['multi']]],
  )
  assert.deepEqual(
    ofChild.node.layers!.map(({ digest, size }) => [digest, size]),
    two.layers.map((digest) => [digest, 200]),
  )
})

test('places of an artifact and holders of its layers are those that the caller may read', async () => {
  const name = fresh('here')
  const image = await pushImage(marina, `${cast.A.name}/${name}`, { tag: 'v1' })
  const index = await pushIndex(marina, `${cast.A.name}/${name}`, [image], { tag: 'multi' })
  await copy(`${cast.A.name}/${name}:multi`, cast.A, `${name}-twin`)
  await copy(`${cast.A.name}/${name}:multi`, cast.B, name)
  await copy(`${cast.A.name}/${name}:multi`, cast.P, name)
  const near = [`${cast.A.name}/${name}-twin`, `${cast.P.name}/${name}`].toSorted()
  for (const { digest } of [image, index] as Pushed[]) {
    assert.deepEqual((await placesOf(name, digest)).names.toSorted(), near)
    assert.deepEqual((await placesOf(name, digest, marina.admin)).total, 3)
  }
  assert.deepEqual(
    (await placesOf(name, 'multi')).rows.map(({ tags }) => tags),
    [['multi'], ['multi']],
  )
  const page = await placesOf(name, 'multi', marina.admin, '?page=2&page_size=2')
  assert.deepEqual([page.names.length, page.total], [1, 3])
  const holders = async (as: Person) => (await graphOf(name, 'v1', as)).node.layers!.map((one) => one.repositories)
  assert.deepEqual([await holders(cast.guA), await holders(marina.admin)], [[2], [3]])
})

test('a robot sees the places of those projects where it may list artifacts', async () => {
  const name = fresh('robot')
  await pushImage(marina, `${cast.A.name}/${name}`, { tag: 'v1' })
  const [listed, pulled] = [await givenProject(marina), await givenProject(marina)]
  for (const project of [listed, pulled]) await copy(`${cast.A.name}/${name}:v1`, project, name)
  const reading = ['read', 'list'].map((action) => ({ resource: 'artifact', action }))
  const robot = await givenRobot(marina, fresh('places'), { access: reading, in: [cast.A.name, listed.name] })
  assert.deepEqual((await placesOf(name, 'v1', robot)).names, [`${listed.name}/${name}`])
})

test('an artifact that is not there is 404, and a project that one may not see 403', async () => {
  for (const end of ['graph', 'places']) {
    expectAnswer(await rest('GET', `${path('none', 'v1')}/${end}`, cast.guA), 404, 'NOT_FOUND')
    expectAnswer(await rest('GET', `${path('none', 'v1')}/${end}`, cast.uaB), 403, 'FORBIDDEN')
  }
})
