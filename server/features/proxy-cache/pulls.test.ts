import assert from 'node:assert/strict'
import { get } from 'node:http'
import { test } from 'node:test'
import { digestOf } from '../../../oci/digest.ts'
import { basic, eventually, expectAnswer } from '../../testing/http.ts'
import { findDisagreements } from '../../testing/given.ts'
import { imageOf, indexOf, openCacheScene } from './scene.suite.ts'

const scene = await openCacheScene()
const { marina, asked } = scene
const countOf = (pattern: RegExp) => asked.filter((line) => pattern.test(line)).length

test('a first pull is served while it is stored, and then the image is an artifact with its tag', async () => {
  const cache = await scene.givenCache()
  const image = imageOf(300_000, 500)
  await scene.push('team/app', 'v1', image)
  await scene.pull(`${cache}/team/app`, 'v1', image)
  const artifact = (await scene.stored(cache, 'team/app', 'v1')) as { digest: string; tags: { name: string }[] }
  assert.equal(artifact.digest, image.digest)
  assert.deepEqual(
    artifact.tags.map(({ name }) => name),
    ['v1'],
  )
  const before = asked.length
  await scene.pull(`${cache}/team/app`, 'v1', image)
  assert.equal(asked.length, before, 'a second pull within five minutes asks nothing')
  assert.deepEqual(await findDisagreements(marina, ['loss']), [])
})

test('many clients at once cost the upstream one request for each blob', async () => {
  const cache = await scene.givenCache()
  const image = imageOf(2_000_000, 700_000)
  await scene.push('team/crowd', 'v1', image)
  await Promise.all(Array.from({ length: 30 }, () => scene.pull(`${cache}/team/crowd`, 'v1', image)))
  assert.equal(countOf(/GET .*team\/crowd\/manifests/), 1)
  for (const bytes of [image.config, ...image.layers]) assert.equal(countOf(new RegExp(`GET .*${digestOf(bytes)}`)), 1)
})

test('a client that hangs up does not end the download, and a layer that was asked for brings the rest', async () => {
  const cache = await scene.givenCache()
  const image = imageOf(4_000_000, 100_000, 60_000)
  await scene.push('team/gone', 'v1', image)
  expectAnswer(await scene.get(`${cache}/team/gone/manifests/v1`), 200)
  const path = `/v2/${cache}/team/gone/blobs/${digestOf(image.layers[0]!)}`
  await new Promise<void>((resolve, reject) => {
    const request = get(`${marina.url}${path}`, { headers: { authorization: basic(marina.admin) } }, (response) => {
      response.once('data', () => {
        request.destroy()
        resolve()
      })
    })
    request.once('error', reject)
  })
  await scene.stored(cache, 'team/gone', 'v1')
  const before = asked.length
  await scene.pull(`${cache}/team/gone`, 'v1', image)
  assert.equal(asked.length, before)
})

test('a manifest that a client has only looked at brings no layer', async () => {
  const cache = await scene.givenCache()
  const image = imageOf(50_000)
  await scene.push('team/seen', 'v1', image)
  const path = `${cache}/team/seen`
  const head = expectAnswer(await scene.head(`${path}/manifests/v1`), 200)
  assert.equal(head.headers['docker-content-digest'], image.digest)
  assert.equal(head.headers['content-length'], String(image.content.length))
  expectAnswer(await scene.get(`${path}/manifests/${image.digest}`), 200)
  expectAnswer(await scene.get(`${path}/blobs/${digestOf(image.config)}`), 200)
  expectAnswer(await scene.head(`${path}/blobs/${digestOf(image.layers[0]!)}`), 200)
  assert.equal(countOf(new RegExp(`GET .*${digestOf(image.layers[0]!)}`)), 0)
})

test('a range of a blob that is not here is served, and the whole blob is kept', async () => {
  const cache = await scene.givenCache()
  const image = imageOf(900_000)
  await scene.push('team/range', 'v1', image)
  expectAnswer(await scene.get(`${cache}/team/range/manifests/v1`), 200)
  const [layer] = image.layers
  const path = `${cache}/team/range/blobs/${digestOf(layer!)}`
  const part = expectAnswer(await scene.get(path, { headers: { range: 'bytes=800000-899999' } }), 206)
  assert.ok(part.body.equals(layer!.subarray(800_000)))
  assert.equal(part.headers['content-range'], 'bytes 800000-899999/900000')
  await scene.stored(cache, 'team/range', 'v1')
})

test('an index is kept with the children that were pulled, others can be pulled by digest any time', async () => {
  const cache = await scene.givenCache()
  const [amd, arm] = [imageOf(1000), imageOf(2000)]
  const index = indexOf(amd, arm)
  await scene.push('team/multi', 'amd', amd)
  await scene.push('team/multi', 'arm', arm)
  await scene.push('team/multi', 'all', index)
  expectAnswer(await scene.get(`${cache}/team/multi/manifests/all`), 200)
  await scene.pull(`${cache}/team/multi`, amd.digest, amd)
  const stored = (await scene.stored(cache, 'team/multi', 'all')) as { references: { child_digest: string }[] }
  assert.deepEqual(
    stored.references.map((one) => one.child_digest),
    [amd.digest],
  )
  await scene.pull(`${cache}/team/multi`, arm.digest, arm)
  await eventually(async () => {
    const now = (await scene.stored(cache, 'team/multi', 'all')) as { references: unknown[] }
    assert.equal(now.references.length, 2)
  })
})

test('a layer that another repository of the cache has is not fetched again', async () => {
  const cache = await scene.givenCache()
  const image = imageOf(80_000)
  await scene.push('team/one', 'v1', image)
  await scene.push('team/two', 'v1', image)
  await scene.pull(`${cache}/team/one`, 'v1', image)
  await scene.stored(cache, 'team/one', 'v1')
  const before = countOf(/GET .*blobs/)
  await scene.pull(`${cache}/team/two`, 'v1', image)
  assert.equal(countOf(/GET .*blobs/), before)
  await scene.stored(cache, 'team/two', 'v1')
})

test('a push into a cache is refused in the words of Harbor, and so are copies and tags', async () => {
  const cache = await scene.givenCache()
  const image = imageOf(100)
  await scene.push('team/kept', 'v1', image)
  await scene.pull(`${cache}/team/kept`, 'v1', image)
  await scene.stored(cache, 'team/kept', 'v1')
  const as = marina.admin
  const words = `can not push artifact to a proxy project: ${cache}`
  for (const [method, path, body] of [
    ['POST', 'blobs/uploads/', undefined],
    ['POST', `blobs/uploads/?digest=${digestOf(image.config)}`, image.config],
    ['PUT', 'manifests/new', image.content],
  ] as const) {
    const headers: Record<string, string> = method === 'PUT' ? { 'content-type': image.mediaType } : {}
    const answer = await marina.ask(method, `/v2/${cache}/team/kept/${path}`, { as, body, headers })
    expectAnswer(answer, 403, 'DENIED')
    assert.match(answer.text, new RegExp(words))
  }
  const repository = `/projects/${cache}/repositories/team%252Fkept/artifacts`
  expectAnswer(await scene.call('POST', `${repository}/v1/tags`, { name: 'mine' }), 405, 'METHOD_NOT_ALLOWED')
  expectAnswer(await scene.call('POST', `${repository}?from=${cache}/team/kept:v1`), 405, 'METHOD_NOT_ALLOWED')
  expectAnswer(await marina.ask('DELETE', `/v2/${cache}/team/kept/manifests/${image.digest}`, { as }), 202)
  // What was deleted here is fetched anew.
  await scene.pull(`${cache}/team/kept`, 'v1', image)
  await scene.stored(cache, 'team/kept', 'v1')
})

test('lists of tags come from the upstream, and a repository that is not there has none, as in Harbor', async () => {
  const cache = await scene.givenCache()
  const image = imageOf(100)
  for (const tag of ['a', 'b', 'c']) await scene.push('team/tags', tag, image)
  const listed = expectAnswer(await scene.get(`${cache}/team/tags/tags/list?n=2`), 200)
  assert.deepEqual(listed.json(), { name: `${cache}/team/tags`, tags: ['a', 'b'] })
  assert.match(String(listed.headers.link), /last=b/)
  assert.deepEqual(expectAnswer(await scene.get(`${cache}/team/nope/tags/list`), 200).json(), {
    name: `${cache}/team/nope`,
    tags: [],
  })
  expectAnswer(await scene.get(`${cache}/team/tags/manifests/nope`), 404, 'MANIFEST_UNKNOWN')
  expectAnswer(await scene.get(`${cache}/team/tags/blobs/${digestOf(Buffer.from('none'))}`), 404, 'BLOB_UNKNOWN')
})

test("containerd's ?ns= finds the cache of that registry, with and without the project in the path", async () => {
  const cache = await scene.givenCache()
  const image = imageOf(100)
  await scene.push('alone', 'v1', image)
  const ns = new URL(scene.upstreamUrl).host
  // Other tests of this file have made caches of the same registry: the oldest of them answers.
  const first = expectAnswer(await scene.get(`alone/manifests/v1?ns=${ns}`), 200)
  assert.equal(first.headers['docker-content-digest'], image.digest)
  expectAnswer(await scene.get(`${cache}/alone/manifests/v1?ns=${ns}`), 200)
  expectAnswer(await scene.get(`alone/manifests/v1?ns=nobody.example`), 403, 'DENIED')
  expectAnswer(await scene.get(`alone/blobs/${digestOf(image.config)}?ns=${ns}`), 200)
})
