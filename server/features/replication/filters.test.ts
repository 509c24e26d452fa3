import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { digestOf } from '../../../oci/digest.ts'
import { ociManifest } from '../../../oci/media-type.ts'
import { callApi, create } from '../../testing/api.ts'
import { descriptorOf, fresh, givenProject, makeImage, pushBlob, pushImage, pushManifest } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { inFrontOf } from '../../testing/in-front.ts'
import { openOtherSide } from '../../testing/other-side.ts'
import { givenEndpoint, givenPolicy, logsOf, openPairScene, run, tagsAt } from './replication.suite.ts'

const { here, there, toThere } = await openPairScene({ MARINA_REPLICATION_CHUNK: '1MiB' })

/** A project whose `app` has images with and without labels, and an artifact that is no image. */
async function givenLabelled() {
  const { name: project, id } = await givenProject(here)
  for (const tag of ['plain', 'tested', 'both']) await pushImage(here, `${project}/app`, { tag })
  const config = Buffer.from('{"name":"chart","version":"1.0.0"}')
  await pushBlob(here, `${project}/app`, config)
  const type = 'application/vnd.cncf.helm.config.v1+json'
  await pushImage(here, `${project}/app`, { tag: 'chart', more: { config: descriptorOf(config, type) } })
  const [tested, old] = [fresh('tested'), fresh('old')]
  const label = (name: string) => create(here, '/labels', here.admin, { name, scope: 'p', project_id: id })
  const [testedId, oldId] = [await label(tested), await label(old)]
  const put = async (tag: string, labelId: number) => {
    const path = `/projects/${project}/repositories/app/artifacts/${tag}/labels`
    expectAnswer(await callApi(here, 'POST', path, { as: here.admin, body: { id: labelId } }), 200)
  }
  await put('tested', testedId)
  await put('both', testedId)
  await put('both', oldId)
  return { project, tested, old }
}

test('S3-07: labels and kinds choose what is copied; all filters must take an artifact', async () => {
  const { project, tested, old } = await givenLabelled()
  const cases: [object[], string[]][] = [
    [[{ type: 'label', value: [tested], decoration: 'matches' }], ['both', 'tested']],
    [[{ type: 'label', value: [tested, old], decoration: 'matches' }], ['both']],
    [[{ type: 'label', value: [old], decoration: 'excludes' }], ['chart', 'plain', 'tested']],
    [
      [
        { type: 'label', value: [tested], decoration: 'matches' },
        { type: 'label', value: [old], decoration: 'excludes' },
      ],
      ['tested'],
    ],
    [[{ type: 'resource', value: 'image' }], ['both', 'plain', 'tested']],
    [[{ type: 'resource', value: 'artifact' }], ['chart']],
    [
      [
        { type: 'resource', value: 'image' },
        { type: 'tag', value: 't*' },
        { type: 'label', value: [tested], decoration: 'matches' },
      ],
      ['tested'],
    ],
    [[{ type: 'label', value: ['nobody has it'], decoration: 'matches' }], []],
  ]
  for (const [filters, wanted] of cases) {
    const target = fresh('filtered')
    const policy = await givenPolicy(here, {
      dest_registry: { id: toThere },
      dest_namespace: target,
      filters: [{ type: 'name', value: `${project}/**` }, ...filters],
    })
    const execution = await run(here, policy)
    assert.equal(execution.status, 'Succeed', execution.status_text)
    assert.deepEqual(await tagsAt(there, `${target}/app`), wanted, JSON.stringify(filters))
  }
})

test('S3-07: a pull from Harbor is filtered by the labels and kinds that its API tells', async () => {
  const { project, tested } = await givenLabelled()
  const policy = async (filters: object[]) => {
    const pulled = fresh('pulled')
    const id = await givenPolicy(there, {
      src_registry: { id: await givenEndpoint(there, here.url, { credential: credentialOf(here.admin) }) },
      dest_namespace: pulled,
      filters: [{ type: 'name', value: `${project}/**` }, ...filters],
    })
    const execution = await run(there, id)
    assert.equal(execution.status, 'Succeed', execution.status_text)
    return tagsAt(there, `${pulled}/app`)
  }
  const labelled = [{ type: 'label', value: [tested], decoration: 'matches' }]
  assert.deepEqual(await policy(labelled), ['both', 'tested'])
  assert.deepEqual(await policy([{ type: 'resource', value: 'artifact' }]), ['chart'])
})

const credentialOf = ({ name, password }: { name: string; password: string }) => ({
  type: 'basic',
  access_key: name,
  access_secret: password,
})

test('S3-07: with copy_by_chunk a blob is sent in requests of MARINA_REPLICATION_CHUNK, else in one', async () => {
  const { name: project } = await givenProject(here)
  const layer = randomBytes(3 * 2 ** 20 + 1)
  const { blobs, content } = makeImage(0, {
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: digestOf(layer), size: layer.length }],
  })
  for (const bytes of [layer, ...blobs]) await pushBlob(here, `${project}/app`, bytes)
  await pushManifest(here, `${project}/app`, content, ociManifest, { tag: 'v1' })
  for (const [byChunk, requests] of [
    [true, 4],
    [false, 1],
  ] as const) {
    const lengths: number[] = []
    const pass = inFrontOf(there.url)
    await using side = await openOtherSide((request, response) => {
      if (/^(?:PATCH|PUT)$/.test(request.method!) && request.url!.includes('/blobs/uploads/')) {
        let length = 0
        request.on('data', (data: Buffer) => void (length += data.length)).once('end', () => lengths.push(length))
      }
      return pass(request, response)
    })
    const target = fresh('chunked')
    const policy = await givenPolicy(here, {
      dest_registry: { id: await givenEndpoint(here, side.url, { credential: credentialOf(there.admin) }) },
      dest_namespace: target,
      copy_by_chunk: byChunk,
      filters: [{ type: 'name', value: `${project}/app` }],
    })
    const execution = await run(here, policy)
    assert.equal(execution.status, 'Succeed', await logsOf(here, execution.id))
    assert.deepEqual(await tagsAt(there, `${target}/app`), ['v1'])
    // The config, of some ten bytes, is one request of its own.
    const large = lengths.filter((length) => length > 1000 || length === 1)
    assert.equal(large.length, requests, String(lengths))
    assert.equal(
      large.reduce((sum, length) => sum + length, 0),
      layer.length,
    )
    if (byChunk) assert.equal(Math.max(...large), 2 ** 20)
  }
})
