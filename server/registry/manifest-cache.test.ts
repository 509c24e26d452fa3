import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ociManifest } from '../../oci/media-type.ts'
import { givenMember, givenProject, pushImage, removeMember } from '../testing/given.ts'
import { expectAnswer, type Answer, type Person } from '../testing/http.ts'
import { openBeside, openTestMarina, type TestMarina } from '../testing/server.ts'

let marina: TestMarina
let beside: TestMarina
before(async () => {
  marina = await openTestMarina()
  beside = await openBeside(marina)
  // A process caches nothing before it has joined its peers; on a busy machine that takes a moment.
  const { repository } = await givenImage()
  for (const one of [marina, beside]) await keep(one, repository)
})
after(async () => {
  await beside[Symbol.asyncDispose]()
  await marina[Symbol.asyncDispose]()
})

const countsOf = (one: TestMarina) =>
  one.ground.cache.counts().find(({ resource }) => resource === 'manifest')?.counts ?? { hit: 0, miss: 0, load: 0 }
const keptOf = (one: TestMarina, repository: string) =>
  [...one.ground.cache.entries()].filter(({ key }) => key.startsWith(`manifest:repository:${repository}:`)).length
const ask = (
  one: TestMarina,
  method: string,
  repository: string,
  reference: string,
  as: Person | undefined = marina.admin,
  headers: Record<string, string> = {},
) => one.ask(method, `/v2/${repository}/manifests/${reference}`, { as, headers: { accept: ociManifest, ...headers } })

async function givenImage() {
  const project = await givenProject(marina)
  const image = await pushImage(marina, `${project.name}/app`, { tag: 'v1' })
  return { project, image, repository: image.repository }
}

/** Pulls until the manifest is in the memory cache, for 20 s at most. */
async function keep(one: TestMarina, repository: string): Promise<void> {
  for (let tries = 0; keptOf(one, repository) === 0; tries++) {
    assert.ok(tries < 400, 'no manifest was cached within 20 s')
    expectAnswer(await ask(one, 'GET', repository, 'v1'), 200)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

test('S1-35, S1-20: a manifest is read from the database once, and then from the memory cache', async () => {
  const { image, repository } = await givenImage()
  const before = { ...countsOf(marina) }
  for (let time = 0; time < 5; time++)
    assert.deepEqual(expectAnswer(await ask(marina, 'GET', repository, 'v1'), 200).body, image.content)
  const { hit, miss, load } = countsOf(marina)
  assert.deepEqual([miss - before.miss, load - before.load, hit - before.hit], [1, 1, 4])
})

test('S1-36: an answer from the memory cache has the same headers as the first answer', async () => {
  const { image, repository } = await givenImage()
  const [first, second] = [await ask(marina, 'GET', repository, 'v1'), await ask(marina, 'GET', repository, 'v1')]
  const told = ({ headers }: Answer) =>
    ['content-type', 'content-length', 'docker-content-digest', 'docker-distribution-api-version', 'etag'].map(
      (name) => headers[name],
    )
  assert.deepEqual(told(second), [
    ociManifest,
    String(image.content.length),
    image.digest,
    'registry/2.0',
    `"${image.digest}"`,
  ])
  assert.deepEqual(told(first), told(second))
})

test('S1-37: every process checks rights before it serves a cached manifest, with a token or a password', async () => {
  const { project, repository } = await givenImage()
  const guest = await givenMember(marina, project, 'guest')
  const token = await marina.token(guest, `repository:${repository}:pull`)
  const pulls = async (one: TestMarina) => [
    (await ask(one, 'GET', repository, 'v1', guest)).status,
    (await one.ask('GET', `/v2/${repository}/manifests/v1`, { headers: { authorization: `Bearer ${token}` } })).status,
  ]
  for (const one of [marina, beside]) assert.deepEqual(await pulls(one), [200, 200])
  for (const one of [marina, beside]) await keep(one, repository)
  await removeMember(marina, project, guest)
  for (const one of [beside, marina]) assert.deepEqual(await pulls(one), [401, 401])
  assert.equal((await ask(beside, 'GET', repository, 'v1', undefined)).status, 200, 'the administrator still may')
  assert.equal((await beside.ask('GET', `/v2/${repository}/manifests/v1`)).status, 401)
})

test('S1-38: a HEAD is answered from a cached manifest, and puts none into the cache', async () => {
  const { image, repository } = await givenImage()
  const head = async () => expectAnswer(await ask(marina, 'HEAD', repository, 'v1'), 200).headers
  const fresh = await head()
  assert.deepEqual(
    [fresh['content-length'], fresh['docker-content-digest'], fresh['content-type']],
    [String(image.content.length), image.digest, ociManifest],
  )
  assert.equal(keptOf(marina, repository), 0)
  await ask(marina, 'GET', repository, 'v1')
  const before = countsOf(marina).hit
  const { date: _, 'x-request-id': __, ...cached } = await head()
  assert.equal(countsOf(marina).hit, before + 1)
  for (const [name, value] of Object.entries(cached)) assert.equal(value, fresh[name])
})

test('S1-39: a client that has the manifest gets 304, and the manifest is not read; after a delete 404', async () => {
  const { image, repository } = await givenImage()
  for (const [method, reference] of [
    ['GET', 'v1'],
    ['GET', image.digest],
    ['HEAD', image.digest],
  ] as const) {
    const answer = expectAnswer(
      await ask(marina, method, repository, reference, marina.admin, { 'if-none-match': `"${image.digest}"` }),
      304,
    )
    assert.deepEqual([answer.body.length, answer.headers.etag], [0, `"${image.digest}"`])
  }
  assert.equal(keptOf(marina, repository), 0)
  expectAnswer(await ask(marina, 'GET', repository, 'v1', marina.admin, { 'if-none-match': '"sha256:other"' }), 200)
  expectAnswer(await ask(beside, 'DELETE', repository, image.digest), 202)
  expectAnswer(
    await ask(marina, 'GET', repository, image.digest, marina.admin, { 'if-none-match': `"${image.digest}"` }),
    404,
    'MANIFEST_UNKNOWN',
  )
})

test('S1-40: after a tag is moved or a manifest deleted, every process knows it at the next request', async () => {
  const { image, repository } = await givenImage()
  const other = await pushImage(marina, repository, { tag: 'v2' })
  const digestOf = async (one: TestMarina, reference: string) =>
    (await ask(one, 'GET', repository, reference)).headers['docker-content-digest']
  for (const one of [marina, beside])
    assert.deepEqual([await digestOf(one, 'v1'), await digestOf(one, 'v2')], [image.digest, other.digest])
  expectAnswer(
    await marina.ask('PUT', `/v2/${repository}/manifests/v1`, {
      as: marina.admin,
      headers: { 'content-type': ociManifest },
      body: other.content,
    }),
    201,
  )
  assert.equal(await digestOf(beside, 'v1'), other.digest)
  expectAnswer(await ask(marina, 'DELETE', repository, 'v2'), 202)
  expectAnswer(await ask(beside, 'GET', repository, 'v2'), 404, 'MANIFEST_UNKNOWN')
  expectAnswer(await ask(beside, 'DELETE', repository, other.digest), 202)
  for (const one of [marina, beside])
    for (const reference of ['v1', other.digest])
      expectAnswer(await ask(one, 'GET', repository, reference), 404, 'MANIFEST_UNKNOWN')
})

test('S1-41: a cached manifest has the same headers for all callers, and none is about the first caller', async () => {
  const { project, repository } = await givenImage()
  const people = [
    await givenMember(marina, project, 'guest'),
    await givenMember(marina, project, 'developer'),
    marina.admin,
  ]
  const told = await Promise.all(
    people.map(async (one) => {
      const {
        date: _,
        'x-request-id': id,
        ...headers
      } = expectAnswer(await ask(marina, 'GET', repository, 'v1', one), 200).headers
      return { id, headers }
    }),
  )
  assert.equal(new Set(told.map(({ id }) => id)).size, 3)
  for (const { headers } of told) {
    assert.deepEqual(headers, told[0]!.headers)
    for (const name of ['set-cookie', 'x-harbor-csrf-token', 'strict-transport-security', 'authorization'])
      assert.equal(headers[name], undefined)
  }
})
