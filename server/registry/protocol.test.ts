import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { digestOf } from '../../oci/digest.ts'
import { ociIndex, ociManifest } from '../../oci/media-type.ts'
import {
  descriptorOf,
  findDisagreements,
  fresh,
  givenProject,
  makeImage,
  pushBlob,
  pushImage,
  pushIndex,
  pushManifest,
  pushReferrer,
} from '../testing/given.ts'
import { basic, expectAnswer, type Answer, type AskOptions } from '../testing/http.ts'
import { openTestMarina, type TestMarina } from '../testing/server.ts'

let marina: TestMarina
let project: string
before(async () => {
  marina = await openTestMarina({ MARINA_PAGE_SIZE: '20', MARINA_TAG_PAGE_SIZE: '20', MARINA_CHUNK_MIN_BYTES: '1KiB' })
  project = (await givenProject(marina)).name
})
after(() => marina[Symbol.asyncDispose]())

const ask = (method: string, path: string, options: AskOptions = {}) =>
  marina.ask(method, path, { as: marina.admin, ...options })
const newRepository = () => `${project}/${fresh('repo')}`
const none = digestOf(Buffer.from('not there'))
const start = async (repository: string, query = '') =>
  expectAnswer(await ask('POST', `/v2/${repository}/blobs/uploads/${query}`), 202)
const chunk = (location: string, bytes: Uint8Array, first?: number, more: Record<string, string> = {}) =>
  ask('PATCH', location, {
    body: bytes,
    headers: {
      'content-type': 'application/octet-stream',
      ...(first === undefined ? {} : { 'content-range': `${first}-${first + bytes.length - 1}` }),
      ...more,
    },
  })
const isThere = async (repository: string, digest: string) =>
  (await ask('HEAD', `/v2/${repository}/blobs/${digest}`)).status === 200
const put = (repository: string, reference: string, content: string | Uint8Array, type: string = ociManifest) =>
  ask('PUT', `/v2/${repository}/manifests/${reference}`, { body: content, headers: { 'content-type': type } })
type Tags = { name: string; tags: string[] }
type Index = {
  schemaVersion: number
  mediaType: string
  manifests: {
    digest: string
    artifactType?: string
    annotations?: Record<string, string>
    size: number
    mediaType: string
  }[]
}

// Pull

test('end-2: GET sends a blob whole, HEAD without its bytes, and a browser runs neither', async () => {
  const [repository, bytes] = [newRepository(), Buffer.from('<script>alert(1)</script>')]
  const digest = await pushBlob(marina, repository, bytes)
  for (const method of ['GET', 'HEAD']) {
    const answer = expectAnswer(await ask(method, `/v2/${repository}/blobs/${digest}`), 200)
    assert.deepEqual(answer.body, method === 'GET' ? bytes : Buffer.alloc(0))
    const {
      'content-type': type,
      'content-length': length,
      'docker-content-digest': named,
      'x-content-type-options': sniff,
      'content-security-policy': policy,
    } = answer.headers
    assert.deepEqual(
      [type, length, named, sniff, policy],
      ['application/octet-stream', String(bytes.length), digest, 'nosniff', "default-src 'none'; sandbox"],
    )
  }
})

test('X03: a Content-Type or file name that the pusher sent is not served back', async () => {
  const [repository, bytes] = [newRepository(), randomBytes(20)]
  const digest = digestOf(bytes)
  expectAnswer(
    await ask('POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`, {
      body: bytes,
      headers: { 'content-type': 'text/html', 'content-disposition': 'inline; filename=x.html' },
    }),
    201,
  )
  const { headers } = await ask('GET', `/v2/${repository}/blobs/${digest}`, { headers: { accept: 'text/html' } })
  assert.deepEqual([headers['content-type'], headers['content-disposition']], ['application/octet-stream', undefined])
})

test('C-67: a blob can be read in ranges; a range beyond its end is 416', async () => {
  const [repository, bytes] = [newRepository(), randomBytes(1000)]
  const path = `/v2/${repository}/blobs/${await pushBlob(marina, repository, bytes)}`
  for (const [range, from, to] of [
    ['bytes=0-0', 0, 0],
    ['bytes=10-19', 10, 19],
    ['bytes=990-', 990, 999],
    ['bytes=-5', 995, 999],
    ['bytes=500-5000', 500, 999],
  ] as const) {
    const answer = expectAnswer(await ask('GET', path, { headers: { range } }), 206)
    assert.deepEqual(
      [answer.body, answer.headers['content-range'], answer.headers['content-length']],
      [bytes.subarray(from, to + 1), `bytes ${from}-${to}/1000`, String(to - from + 1)],
    )
  }
  const beyond = expectAnswer(await ask('GET', path, { headers: { range: 'bytes=1000-' } }), 416, 'RANGE_INVALID')
  assert.equal(beyond.headers['content-range'], 'bytes */1000')
  for (const range of ['bytes=5-2', 'items=0-1', 'bytes=0-6,5-6'])
    assert.deepEqual(expectAnswer(await ask('GET', path, { headers: { range } }), 200).body, bytes)
})

test('C-67: a client that has the bytes already gets 304, and still needs the right to pull', async () => {
  const repository = newRepository()
  const image = await pushImage(marina, repository, { tag: 'v1' })
  for (const [path, digest] of [
    [`manifests/v1`, image.digest],
    [`manifests/${image.digest}`, image.digest],
    [`blobs/${image.config}`, image.config],
  ] as const) {
    for (const header of [`"${digest}"`, `W/"${digest}"`, `"x", "${digest}"`, '*']) {
      const answer = expectAnswer(
        await ask('GET', `/v2/${repository}/${path}`, { headers: { 'if-none-match': header } }),
        304,
      )
      assert.equal(answer.headers.etag, `"${digest}"`)
    }
    expectAnswer(await ask('GET', `/v2/${repository}/${path}`, { headers: { 'if-none-match': `"${none}"` } }), 200)
    expectAnswer(
      await marina.ask('GET', `/v2/${repository}/${path}`, { headers: { 'if-none-match': `"${digest}"` } }),
      401,
      'UNAUTHORIZED',
    )
  }
})

test('end-3: a manifest is served byte for byte with the type of its push, whatever Accept says', async () => {
  const repository = newRepository()
  const image = makeImage(1)
  for (const blob of image.blobs) await pushBlob(marina, repository, blob)
  const odd = Buffer.from(`\n ${image.content.toString().replaceAll(',', ' ,\t')}\r\n`)
  const pushed = await pushManifest(marina, repository, odd, ociManifest, { tag: 'v1' })
  for (const method of ['GET', 'HEAD']) {
    for (const reference of ['v1', pushed.digest]) {
      const answer = expectAnswer(
        await ask(method, `/v2/${repository}/manifests/${reference}`, {
          headers: { accept: 'text/html, application/vnd.oci.image.index.v1+json' },
        }),
        200,
      )
      assert.deepEqual(
        [answer.headers['content-type'], answer.headers['docker-content-digest'], answer.headers['content-length']],
        [ociManifest, pushed.digest, String(odd.length)],
      )
      if (method === 'GET') assert.deepEqual(answer.body, odd)
    }
  }
})

test('BLOB_UNKNOWN, MANIFEST_UNKNOWN, NAME_UNKNOWN: what does not exist is 404, also for HEAD', async () => {
  const repository = newRepository()
  await pushImage(marina, repository)
  for (const [path, code] of [
    [`${repository}/blobs/${none}`, 'BLOB_UNKNOWN'],
    [`${repository}/manifests/${none}`, 'MANIFEST_UNKNOWN'],
    [`${repository}/manifests/none`, 'MANIFEST_UNKNOWN'],
    [`${repository}x/manifests/none`, 'NAME_UNKNOWN'],
  ] as const) {
    expectAnswer(await ask('GET', `/v2/${path}`), 404, code)
    assert.equal((await ask('HEAD', `/v2/${path}`)).status, 404)
  }
})

test('a repository named like an endpoint can be pushed to and pulled from', async () => {
  for (const name of ['blobs', 'manifests', 'tags/list', 'blobs/uploads', 'referrers/x']) {
    const repository = `${project}/${name}`
    const image = await pushImage(marina, repository, { tag: 'v1' })
    assert.deepEqual((await ask('GET', `/v2/${repository}/manifests/v1`)).body, image.content)
    assert.deepEqual((await ask('GET', `/v2/${repository}/tags/list`)).json(), { name: repository, tags: ['v1'] })
  }
})

// Push of blobs

test('end-4a, end-6: a blob is pushed by POST, then PUT with all of its bytes', async () => {
  const [repository, bytes] = [newRepository(), randomBytes(5000)]
  const started = await start(repository)
  assert.match(started.headers.location!, new RegExp(`^/v2/${repository}/blobs/uploads/[0-9a-f-]{36}$`))
  assert.deepEqual(
    [started.headers['docker-upload-uuid'], started.headers['oci-chunk-min-length']],
    [started.headers.location!.split('/').at(-1), '1024'],
  )
  const done = expectAnswer(
    await ask('PUT', `${started.headers.location}?digest=${digestOf(bytes)}`, { body: bytes }),
    201,
  )
  assert.equal(done.headers.location, `/v2/${repository}/blobs/${digestOf(bytes)}`)
  assert.deepEqual((await ask('GET', `/v2/${repository}/blobs/${digestOf(bytes)}`)).body, bytes)
  expectAnswer(await ask('GET', started.headers.location!), 404, 'BLOB_UPLOAD_UNKNOWN')
})

test('end-4b, C-53: a single POST pushes a whole blob', async () => {
  const [repository, bytes] = [newRepository(), randomBytes(5000)]
  const done = expectAnswer(
    await ask('POST', `/v2/${repository}/blobs/uploads/?digest=${digestOf(bytes)}`, { body: bytes }),
    201,
  )
  assert.deepEqual((await ask('GET', done.headers.location!)).body, bytes)
})

test('end-4c: an upload can end in a sha512 digest, whether or not it was started with sha512', async () => {
  const [repository, bytes] = [newRepository(), randomBytes(3000)]
  const digest = digestOf(bytes, 'sha512')
  const { headers } = await start(repository, '?digest-algorithm=sha512')
  expectAnswer(await chunk(headers.location!, bytes.subarray(0, 1000), 0), 202)
  expectAnswer(await ask('PUT', `${headers.location}?digest=${digest}`, { body: bytes.subarray(1000) }), 201)
  assert.deepEqual((await ask('GET', `/v2/${repository}/blobs/${digest}`)).body, bytes)
  const other = randomBytes(100)
  const late = await start(repository)
  expectAnswer(await chunk(late.headers.location!, other), 202)
  expectAnswer(await ask('PUT', `${late.headers.location}?digest=${digestOf(other, 'sha512')}`), 201)
  expectAnswer(await ask('POST', `/v2/${repository}/blobs/uploads/?digest-algorithm=md5`), 400, 'DIGEST_INVALID')
})

test('a manifest pushed by its sha512 can be pulled by its sha512', async () => {
  const repository = newRepository()
  const image = makeImage(0)
  await pushBlob(marina, repository, image.blobs[0])
  const digest = digestOf(image.content, 'sha512')
  assert.equal(expectAnswer(await put(repository, digest, image.content), 201).headers['docker-content-digest'], digest)
  assert.deepEqual((await ask('GET', `/v2/${repository}/manifests/${digest}`)).body, image.content)
})

test('end-5, end-13, C-52, C-54: a blob is pushed in chunks, the last by PUT; GET shows the state', async () => {
  const [repository, bytes] = [newRepository(), randomBytes(9000)]
  const location = (await start(repository)).headers.location!
  let sent = 0
  for (const size of [4000, 1, 2999]) {
    const answer = expectAnswer(await chunk(location, bytes.subarray(sent, sent + size), sent), 202)
    sent += size
    assert.deepEqual([answer.headers.range, answer.headers.location], [`0-${sent - 1}`, location])
    const state = expectAnswer(await ask('GET', location), 204)
    assert.deepEqual([state.headers.range, state.headers.location], [`0-${sent - 1}`, location])
    assert.equal(await isThere(repository, digestOf(bytes)), false)
  }
  expectAnswer(
    await ask('PUT', `${location}?digest=${digestOf(bytes)}`, {
      body: bytes.subarray(sent),
      headers: { 'content-range': `${sent}-8999` },
    }),
    201,
  )
  assert.deepEqual((await ask('GET', `/v2/${repository}/blobs/${digestOf(bytes)}`)).body, bytes)
})

test('C-49: a chunk that begins at another byte is 416, which says where to go on, and changes nothing', async () => {
  const [repository, bytes] = [newRepository(), randomBytes(3000)]
  const location = (await start(repository)).headers.location!
  expectAnswer(await chunk(location, bytes.subarray(0, 1000), 0), 202)
  for (const first of [0, 999, 1001, 2000]) {
    const answer = expectAnswer(await chunk(location, bytes.subarray(0, 1000), first), 416, 'RANGE_INVALID')
    assert.deepEqual([answer.headers.range, answer.headers.location], ['0-999', location])
  }
  for (const range of ['x', '5-2', '-5', '5-', 'bytes', '1000-1999-2999', '9'.repeat(20)])
    assert.equal(
      (await chunk(location, bytes.subarray(1000, 2000), undefined, { 'content-range': range })).status,
      416,
      range,
    )
  expectAnswer(
    await ask('PUT', `${location}?digest=${digestOf(bytes)}`, { body: bytes, headers: { 'content-range': '0-2999' } }),
    416,
    'RANGE_INVALID',
  )
  expectAnswer(await chunk(location, bytes.subarray(1000), 1000), 202)
  expectAnswer(await ask('PUT', `${location}?digest=${digestOf(bytes)}`), 201)
})

test('C-50, SIZE_INVALID: a chunk not as long as its range is refused, one without a range appended', async () => {
  const [repository, bytes] = [newRepository(), randomBytes(3000)]
  const location = (await start(repository)).headers.location!
  expectAnswer(
    await chunk(location, bytes.subarray(0, 1000), undefined, { 'content-range': '0-500' }),
    400,
    'SIZE_INVALID',
  )
  expectAnswer(
    await chunk(location, bytes.subarray(0, 1000), undefined, { 'content-range': '0-2000' }),
    400,
    'SIZE_INVALID',
  )
  expectAnswer(await chunk(location, bytes.subarray(0, 1000)), 202)
  expectAnswer(await chunk(location, bytes.subarray(1000)), 202)
  expectAnswer(await ask('PUT', `${location}?digest=${digestOf(bytes)}`), 201)
})

test('C-50: a chunk without Content-Length must be as long as its range too', async () => {
  const [repository, bytes] = [newRepository(), randomBytes(1000)]
  const send = (location: string, range: string, sent: number) =>
    fetch(`${marina.url}${location}`, {
      method: 'PATCH',
      headers: { authorization: basic(marina.admin), 'content-range': range },
      body: new Blob([bytes.subarray(0, sent)]).stream(),
      duplex: 'half',
    })
  for (const [range, sent] of [
    ['0-9', 5],
    ['0-4', 10],
  ] as const) {
    const answer = await send((await start(repository)).headers.location!, range, sent)
    assert.deepEqual([answer.status, /SIZE_INVALID/.test(await answer.text())], [400, true], range)
  }
  const location = (await start(repository)).headers.location!
  assert.equal((await send(location, 'Bytes 0-999/*', 1000)).status, 202)
  expectAnswer(await ask('PUT', `${location}?digest=${digestOf(bytes)}`), 201)
})

test('C-51, BLOB_UPLOAD_UNKNOWN: an upload that is unknown, finished or cancelled is 404', async () => {
  const [repository, bytes] = [newRepository(), randomBytes(10)]
  const finished = (await start(repository)).headers.location!
  expectAnswer(await ask('PUT', `${finished}?digest=${digestOf(bytes)}`, { body: bytes }), 201)
  const cancelled = (await start(repository)).headers.location!
  expectAnswer(await ask('DELETE', cancelled), 204)
  for (const location of [
    finished,
    cancelled,
    finished.replace(/[^/]+$/, randomUUID()),
    finished.replace(/[^/]+$/, 'x'),
  ]) {
    for (const [method, query] of [
      ['GET', ''],
      ['PATCH', ''],
      ['PUT', `?digest=${digestOf(bytes)}`],
      ['DELETE', ''],
    ] as const) {
      expectAnswer(
        await ask(method, `${location}${query}`, method.startsWith('P') ? { body: bytes } : {}),
        404,
        'BLOB_UPLOAD_UNKNOWN',
      )
    }
  }
})

test('end-14: a cancelled upload leaves no bytes behind', async () => {
  const location = (await start(newRepository())).headers.location!
  expectAnswer(await chunk(location, randomBytes(5000), 0), 202)
  expectAnswer(await ask('DELETE', location), 204)
  for await (const { stage } of marina.ground.blobs.listStages()) assert.notEqual(stage.id, location.split('/').at(-1))
})

test('C-48, DIGEST_INVALID: a wrong digest is refused and ends the upload; the bytes cannot be pulled', async () => {
  const [repository, bytes] = [newRepository(), randomBytes(3000)]
  for (const digest of ['', 'x', 'sha256:x', `md5:${'a'.repeat(32)}`, digestOf(bytes).toUpperCase()]) {
    expectAnswer(
      await ask('POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`, { body: bytes }),
      400,
      'DIGEST_INVALID',
    )
    expectAnswer(
      await ask('PUT', `${(await start(repository)).headers.location}?digest=${digest}`, { body: bytes }),
      400,
      'DIGEST_INVALID',
    )
  }
  expectAnswer(await ask('PUT', (await start(repository)).headers.location!, { body: bytes }), 400, 'DIGEST_INVALID')
  expectAnswer(
    await ask('POST', `/v2/${repository}/blobs/uploads/?digest=${none}`, { body: bytes }),
    400,
    'DIGEST_INVALID',
  )
  for (const first of [Buffer.alloc(0), bytes.subarray(0, 1000)]) {
    const location = (await start(repository)).headers.location!
    if (first.length > 0) expectAnswer(await chunk(location, first, 0), 202)
    expectAnswer(
      await ask('PUT', `${location}?digest=${none}`, { body: bytes.subarray(first.length) }),
      400,
      'DIGEST_INVALID',
    )
    expectAnswer(await ask('GET', location), 404, 'BLOB_UPLOAD_UNKNOWN')
  }
  assert.deepEqual([await isThere(repository, none), await isThere(repository, digestOf(bytes))], [false, false])
})

test('C-54: a blob without bytes can be pushed in each way', async () => {
  const empty = digestOf(Buffer.alloc(0))
  const ways = [
    async (repository: string) => ask('POST', `/v2/${repository}/blobs/uploads/?digest=${empty}`, { body: '' }),
    async (repository: string) =>
      ask('PUT', `${(await start(repository)).headers.location}?digest=${empty}`, { body: '' }),
    async (repository: string) => ask('PUT', `${(await start(repository)).headers.location}?digest=${empty}`),
  ]
  for (const push of ways) {
    const repository = newRepository()
    expectAnswer(await push(repository), 201)
    const answer = expectAnswer(await ask('GET', `/v2/${repository}/blobs/${empty}`), 200)
    assert.deepEqual([answer.body.length, answer.headers['content-length']], [0, '0'])
  }
})

test('end-11: a blob mounted from another repository can be pulled, also after its deletion there', async () => {
  const [from, to] = [newRepository(), newRepository()]
  const digest = await pushBlob(marina, from, 'to be mounted')
  expectAnswer(await ask('POST', `/v2/${to}/blobs/uploads/?mount=${digest}&from=${from}`), 201)
  assert.equal((await ask('GET', `/v2/${to}/blobs/${digest}`)).text, 'to be mounted')
  expectAnswer(await ask('DELETE', `/v2/${from}/blobs/${digest}`), 202)
  assert.equal((await ask('GET', `/v2/${to}/blobs/${digest}`)).text, 'to be mounted')
})

test('pushing an image again changes nothing', async () => {
  const repository = newRepository()
  const image = await pushImage(marina, repository, { tag: 'v1' })
  expectAnswer(await put(repository, 'v1', image.content), 201)
  const config = (await ask('GET', `/v2/${repository}/blobs/${image.config}`)).body
  await pushBlob(marina, repository, config)
  assert.deepEqual((await ask('GET', `/v2/${repository}/tags/list`)).json(), { name: repository, tags: ['v1'] })
})

test('a push to a project that does not exist is NAME_UNKNOWN for the administrator', async () => {
  const absent = `${fresh('absent')}/x`
  for (const answer of [
    await ask('POST', `/v2/${absent}/blobs/uploads/`),
    await ask('POST', `/v2/${absent}/blobs/uploads/?digest=${none}`, { body: 'x' }),
    await put(absent, 'v1', makeImage(0).content),
  ]) {
    assert.ok(answer.status === 401 || answer.code === 'NAME_UNKNOWN', answer.text)
  }
})

// Push of manifests

test('end-7a: a pushed manifest says where it is, and moves its tag', async () => {
  const repository = newRepository()
  const [first, second] = [await pushImage(marina, repository, { tag: 'v1' }), await pushImage(marina, repository)]
  const answer = expectAnswer(await put(repository, 'v1', second.content), 201)
  assert.deepEqual(
    [answer.headers.location, answer.headers['docker-content-digest']],
    [`/v2/${repository}/manifests/v1`, second.digest],
  )
  assert.equal((await ask('GET', `/v2/${repository}/manifests/v1`)).headers['docker-content-digest'], second.digest)
  assert.deepEqual((await ask('GET', `/v2/${repository}/manifests/${first.digest}`)).body, first.content)
})

test('end-7b: a push by digest may set several tags at once, or none of them', async () => {
  const repository = newRepository()
  const image = await pushImage(marina, repository)
  const path = `${image.digest}?tag=b&tag=a&tag=b`
  const answer = expectAnswer(await put(repository, path, image.content), 201)
  assert.match(String(answer.headers['oci-tag']), /\ba\b/)
  assert.deepEqual(((await ask('GET', `/v2/${repository}/tags/list`)).json() as Tags).tags, ['a', 'b'])
  expectAnswer(await put(repository, `${image.digest}?tag=c&tag=-bad`, image.content), 400, 'TAG_INVALID')
  expectAnswer(await put(repository, 'd?tag=c', image.content), 400, 'BAD_REQUEST')
  const many = (count: number) => Array.from({ length: count }, (_, index) => `tag=t${index}`).join('&')
  expectAnswer(await put(repository, `${image.digest}?${many(101)}`, image.content), 414, 'BAD_REQUEST')
  assert.deepEqual(((await ask('GET', `/v2/${repository}/tags/list`)).json() as Tags).tags, ['a', 'b'])
  expectAnswer(await put(repository, `${image.digest}?${many(100)}`, image.content), 201)
})

test('C-39, MANIFEST_BLOB_UNKNOWN: all parts of a manifest must be in the same repository', async () => {
  const [repository, other] = [newRepository(), newRepository()]
  const image = makeImage(2)
  for (const blob of image.blobs) await pushBlob(marina, other, blob)
  await pushBlob(marina, repository, image.blobs[0])
  const answer = expectAnswer(await put(repository, 'v1', image.content), 400, 'MANIFEST_BLOB_UNKNOWN')
  for (const blob of image.blobs.slice(1)) assert.match(answer.text, new RegExp(digestOf(blob)))
  expectAnswer(await ask('GET', `/v2/${repository}/manifests/v1`), 404, 'MANIFEST_UNKNOWN')
  const child = await pushImage(marina, other)
  const index = JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests: [child.descriptor] })
  expectAnswer(await put(repository, 'v1', index, ociIndex), 400, 'MANIFEST_BLOB_UNKNOWN')
  expectAnswer(await put(other, 'v1', index, ociIndex), 201)
})

test('C-55: a manifest under a digest that is not its own is DIGEST_INVALID', async () => {
  const repository = newRepository()
  const image = await pushImage(marina, repository)
  expectAnswer(await put(repository, none, image.content), 400, 'DIGEST_INVALID')
  expectAnswer(
    await put(repository, image.digest, Buffer.concat([image.content, Buffer.from(' ')])),
    400,
    'DIGEST_INVALID',
  )
})

test('C-56: a manifest of 4 MiB is accepted, and one with a byte more is 413', async () => {
  const repository = newRepository()
  const [config] = makeImage(0).blobs
  await pushBlob(marina, repository, config)
  const sized = (size: number) => {
    const text = (filler: string) =>
      JSON.stringify({
        schemaVersion: 2,
        mediaType: ociManifest,
        config: descriptorOf(config!),
        layers: [],
        annotations: { filler },
      })
    return text('x'.repeat(size - text('').length))
  }
  const limit = 4 * 2 ** 20
  expectAnswer(await put(repository, 'big', sized(limit)), 201)
  assert.equal((await ask('GET', `/v2/${repository}/manifests/big`)).body.length, limit)
  expectAnswer(await put(repository, 'bigger', sized(limit + 1)), 413, 'SIZE_INVALID')
  const unannounced = await ask('PUT', `/v2/${repository}/manifests/bigger`, {
    body: sized(limit + 1),
    headers: { 'content-type': ociManifest, 'content-length': '', 'transfer-encoding': 'chunked' },
  }).catch((error: Error) => error)
  assert.ok(unannounced instanceof Error || unannounced.status === 413)
  expectAnswer(await ask('GET', `/v2/${repository}/manifests/bigger`), 404, 'MANIFEST_UNKNOWN')
})

test('C-57, D02, MANIFEST_INVALID: broken, ambiguous or untrue manifests are refused and change nothing', async () => {
  const repository = newRepository()
  const image = await pushImage(marina, repository, { tag: 'v1' })
  const body = JSON.parse(image.content.toString()) as { config: { size: number }; layers: { size: number }[] }
  const changed = (change: object) => JSON.stringify({ ...body, ...change })
  const wrong: [string, string?][] = [
    [''],
    ['{'],
    ['[]'],
    ['null'],
    [changed({ schemaVersion: 1 })],
    [changed({ manifests: [] })],
    [image.content.toString(), ociIndex],
    [changed({ mediaType: undefined }), 'application/json'],
    [changed({ config: { ...body.config, size: body.config.size + 1 } })],
    [changed({ layers: [{ ...body.layers[0], size: -1 }] })],
    [changed({ layers: [{ ...body.layers[0], size: 1 }] })],
    [image.content.toString().replace('{', '{"layers":[],')],
    [changed({ Layers: [] })],
    [changed({ annotations: { a: 1 } })],
    [changed({ annotations: { a: '\0' } })],
    [changed({ layers: [{ ...body.layers[0], urls: ['ftp://x'] }] })],
    [image.content.toString(), 'text/plain'],
    [changed({ subject: {} })],
  ]
  for (const [content, type] of wrong) expectAnswer(await put(repository, 'v1', content, type), 400, 'MANIFEST_INVALID')
  assert.equal((await ask('GET', `/v2/${repository}/manifests/v1`)).headers['docker-content-digest'], image.digest)
})

test('C-57: an index that gives a child another size than it has is refused', async () => {
  const repository = newRepository()
  const child = await pushImage(marina, repository)
  const index = JSON.stringify({
    schemaVersion: 2,
    mediaType: ociIndex,
    manifests: [{ ...child.descriptor, size: child.content.length + 1 }],
  })
  expectAnswer(await put(repository, 'v1', index, ociIndex), 400, 'MANIFEST_INVALID')
})

test('C-58: indexes nest four deep and no deeper', async () => {
  const repository = newRepository()
  let child: Awaited<ReturnType<typeof pushIndex>> = await pushImage(marina, repository)
  for (let depth = 1; depth <= 4; depth++)
    child = await pushIndex(marina, repository, [child], { more: { annotations: { depth: String(depth) } } })
  const fifth = JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests: [child.descriptor] })
  expectAnswer(await put(repository, 'deep', fifth, ociIndex), 400, 'MANIFEST_INVALID')
})

test('C-59: a layer with URLs needs no blob in the repository', async () => {
  const repository = newRepository()
  const type = 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip'
  const layer = { ...descriptorOf(randomBytes(9), type), urls: ['https://example.org/layer'] }
  const image = makeImage(0, { layers: [layer] })
  await pushBlob(marina, repository, image.blobs[0])
  expectAnswer(await put(repository, 'v1', image.content), 201)
})

test('Docker schema 2 images and lists are kept as they are, and schema 1 is refused', async () => {
  const repository = newRepository()
  const [docker, list] = [
    'application/vnd.docker.distribution.manifest.v2+json',
    'application/vnd.docker.distribution.manifest.list.v2+json',
  ]
  const image = makeImage(1, { mediaType: docker })
  for (const blob of image.blobs) await pushBlob(marina, repository, blob)
  const child = await pushManifest(marina, repository, image.content, docker)
  const index = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: list,
      manifests: [{ ...child.descriptor, platform: { architecture: 'amd64', os: 'linux' } }],
    }),
  )
  await pushManifest(marina, repository, index, list, { tag: 'v1' })
  const pulled = await ask('GET', `/v2/${repository}/manifests/v1`)
  assert.deepEqual([pulled.headers['content-type'], pulled.body], [list, index])
  expectAnswer(
    await put(
      repository,
      'old',
      '{"schemaVersion":1,"fsLayers":[]}',
      'application/vnd.docker.distribution.manifest.v1+json',
    ),
    400,
    'MANIFEST_INVALID',
  )
})

// Referrers, tags, catalog

test('end-12a, C-60, C-61: referrers of a subject are listed, pushed before or after it, or none at all', async () => {
  const repository = newRepository()
  const subject = makeImage(1)
  const early = await pushReferrer(marina, repository, {
    descriptor: { mediaType: ociManifest, digest: subject.digest, size: subject.content.length },
  })
  for (const blob of subject.blobs) await pushBlob(marina, repository, blob)
  const image = await pushManifest(marina, repository, subject.content, ociManifest)
  const late = makeImage(0, { subject: image.descriptor })
  await pushBlob(marina, repository, late.blobs[0])
  assert.equal(
    expectAnswer(await put(repository, late.digest, late.content), 201).headers['oci-subject'],
    subject.digest,
  )
  await put(repository, late.digest, late.content)
  const answer = expectAnswer(await ask('GET', `/v2/${repository}/referrers/${subject.digest}`), 200)
  assert.deepEqual([answer.headers['content-type'], answer.headers['oci-filters-applied']], [ociIndex, undefined])
  const { manifests } = answer.json() as Index
  assert.deepEqual(manifests.map(({ digest }) => digest).sort(), [early.digest, late.digest].sort())
  const entry = manifests.find(({ digest }) => digest === early.digest)!
  assert.deepEqual(entry, {
    ...early.descriptor,
    artifactType: 'application/vnd.test.note',
    annotations: { 'test.said': 'application/vnd.test.note' },
  })
  assert.equal(
    manifests.find(({ digest }) => digest === late.digest)?.artifactType,
    'application/vnd.oci.image.config.v1+json',
  )
  for (const name of [repository, newRepository()])
    assert.deepEqual(((await ask('GET', `/v2/${name}/referrers/${none}`)).json() as Index).manifests, [])
  expectAnswer(await ask('GET', `/v2/${repository}/referrers/latest`), 400, 'DIGEST_INVALID')
})

test('end-12b, C-61: referrers are listed by artifact type, and in pages', async () => {
  const repository = newRepository()
  const image = await pushImage(marina, repository)
  const [a, b] = ['application/vnd.a', 'application/vnd.b']
  for (const artifactType of [a, b, a, b, a]) await pushReferrer(marina, repository, image, { artifactType })
  const filtered = await ask('GET', `/v2/${repository}/referrers/${image.digest}?artifactType=${a}`)
  assert.deepEqual(
    [
      filtered.headers['oci-filters-applied'],
      (filtered.json() as Index).manifests.map(({ artifactType }) => artifactType),
    ],
    ['artifactType', [a, a, a]],
  )
  assert.deepEqual(
    ((await ask('GET', `/v2/${repository}/referrers/${image.digest}?artifactType=application/vnd.c`)).json() as Index)
      .manifests,
    [],
  )
  for (const bad of ['%00', '%0A', 'x'.repeat(256)])
    expectAnswer(
      await ask('GET', `/v2/${repository}/referrers/${image.digest}?artifactType=${bad}`),
      400,
      'BAD_REQUEST',
    )
  const seen: string[] = []
  for (let path: string | undefined = `/v2/${repository}/referrers/${image.digest}?n=2&artifactType=${a}`; path;) {
    const page: Answer = expectAnswer(await ask('GET', path), 200)
    seen.push(...(page.json() as Index).manifests.map(({ digest }) => digest))
    path = /^<([^>]+)>; rel="next"$/.exec(String(page.headers.link ?? ''))?.[1]
  }
  assert.deepEqual([seen.length, new Set(seen).size], [3, 3])
})

test('end-8a, end-8b, C-62: tags are listed in byte order and in pages', async () => {
  const repository = newRepository()
  const image = await pushImage(marina, repository)
  const tags = ['10', '9', 'A', 'Z', '_a', 'a', 'a-b', 'a.b', 'a_b', 'z', 'v1', 'v10', 'v2']
  await put(repository, `${image.digest}?${tags.map((tag) => `tag=${tag}`).join('&')}`, image.content)
  const sorted = tags.toSorted((a, b) => (a < b ? -1 : 1))
  const list = async (query: string) => {
    const answer = expectAnswer(await ask('GET', `/v2/${repository}/tags/list${query}`), 200)
    return { tags: (answer.json() as Tags).tags, link: answer.headers.link }
  }
  assert.deepEqual(await list(''), { tags: sorted, link: undefined })
  assert.deepEqual(await list('?n=0'), { tags: [], link: undefined })
  assert.deepEqual(await list('?n=13'), { tags: sorted, link: undefined })
  assert.deepEqual(await list('?n=5'), {
    tags: sorted.slice(0, 5),
    link: `</v2/${repository}/tags/list?n=5&last=${sorted[4]}>; rel="next"`,
  })
  assert.deepEqual(await list(`?n=5&last=${sorted[4]}`), {
    tags: sorted.slice(5, 10),
    link: `</v2/${repository}/tags/list?n=5&last=${sorted[9]}>; rel="next"`,
  })
  assert.deepEqual(await list('?last=a0'), { tags: sorted.filter((tag) => tag > 'a0'), link: undefined })
  assert.deepEqual((await list('?last=zzz')).tags, [])
})

test('D03, PAGINATION_NUMBER_INVALID: a page is never larger than the limit, and n is a number', async () => {
  const repository = newRepository()
  const image = await pushImage(marina, repository)
  await put(
    repository,
    `${image.digest}?${Array.from({ length: 30 }, (_, index) => `tag=t${index + 10}`).join('&')}`,
    image.content,
  )
  for (const query of ['', '?n=25', '?n=2147483647', '?n=9223372036854775807', `?n=${'9'.repeat(400)}`]) {
    const answer = expectAnswer(await ask('GET', `/v2/${repository}/tags/list${query}`), 200)
    assert.deepEqual(
      [(answer.json() as Tags).tags.length, answer.headers.link],
      [20, `</v2/${repository}/tags/list?n=20&last=t29>; rel="next"`],
    )
  }
  for (const path of ['_catalog', `${repository}/tags/list`, `${repository}/referrers/${none}`]) {
    for (const n of ['-1', 'abc', '1e18', '1.5', '', '%00', '0x10'])
      expectAnswer(await ask('GET', `/v2/${path}?n=${n}`), 400, 'PAGINATION_NUMBER_INVALID')
    for (const n of ['1000000000', '9223372036854775807']) expectAnswer(await ask('GET', `/v2/${path}?n=${n}`), 200)
    expectAnswer(await ask('GET', `/v2/${path}?last=%00`), 400, 'BAD_REQUEST')
    expectAnswer(await ask('GET', `/v2/${path}?last=${'x'.repeat(513)}`), 400, 'BAD_REQUEST')
  }
})

test('the pages of the catalog list every name once', async () => {
  for (let count = 0; count < 3; count++) await pushImage(marina, newRepository())
  const seen: string[] = []
  for (let path: string | undefined = '/v2/_catalog?n=2'; path;) {
    const page: Answer = expectAnswer(await ask('GET', path), 200)
    seen.push(...(page.json() as { repositories: string[] }).repositories)
    path = /^<([^>]+)>; rel="next"$/.exec(String(page.headers.link ?? ''))?.[1]
  }
  assert.ok(seen.length >= 3)
  assert.deepEqual(
    seen,
    [...new Set(seen)].sort((a, b) => (a < b ? -1 : 1)),
  )
})

// Delete

test('end-9, C-63: a manifest and a tag are deleted, and gone with the next request', async () => {
  const repository = newRepository()
  const image = await pushImage(marina, repository, { tag: 'v1' })
  await put(repository, 'v2', image.content)
  expectAnswer(await ask('GET', `/v2/${repository}/manifests/v1`), 200)
  expectAnswer(await ask('DELETE', `/v2/${repository}/manifests/v1`), 202)
  expectAnswer(await ask('GET', `/v2/${repository}/manifests/v1`), 404, 'MANIFEST_UNKNOWN')
  expectAnswer(await ask('GET', `/v2/${repository}/manifests/v2`), 200)
  expectAnswer(await ask('DELETE', `/v2/${repository}/manifests/v1`), 404, 'MANIFEST_UNKNOWN')
  expectAnswer(await ask('DELETE', `/v2/${repository}/manifests/${image.digest}`), 202)
  for (const reference of ['v2', image.digest])
    expectAnswer(await ask('GET', `/v2/${repository}/manifests/${reference}`), 404, 'MANIFEST_UNKNOWN')
  assert.deepEqual(((await ask('GET', `/v2/${repository}/tags/list`)).json() as Tags).tags, [])
  expectAnswer(await ask('DELETE', `/v2/${repository}/manifests/${image.digest}`), 404, 'MANIFEST_UNKNOWN')
  expectAnswer(await ask('DELETE', `/v2/${newRepository()}/manifests/v1`), 404, 'NAME_UNKNOWN')
})

test('C-63, PRECONDITION: a manifest is not deleted before its index, nor a blob before its manifest', async () => {
  const repository = newRepository()
  const child = await pushImage(marina, repository)
  const index = await pushIndex(marina, repository, [child], { tag: 'v1' })
  expectAnswer(await ask('DELETE', `/v2/${repository}/manifests/${child.digest}`), 412, 'PRECONDITION')
  expectAnswer(await ask('DELETE', `/v2/${repository}/blobs/${child.config}`), 405, 'UNSUPPORTED')
  assert.deepEqual((await ask('GET', `/v2/${repository}/manifests/${child.digest}`)).body, child.content)
  for (const { digest } of [index, child])
    expectAnswer(await ask('DELETE', `/v2/${repository}/manifests/${digest}`), 202)
  // The repository's hold on the blob ended with the last manifest that needed it.
  expectAnswer(await ask('DELETE', `/v2/${repository}/blobs/${child.config}`), 404, 'BLOB_UNKNOWN')
})

test('end-10: a blob is deleted from one repository, and stays in others', async () => {
  const [repository, other] = [newRepository(), newRepository()]
  const digest = await pushBlob(marina, repository, 'shared')
  await pushBlob(marina, other, 'shared')
  assert.equal(await isThere(repository, digest), true)
  expectAnswer(await ask('DELETE', `/v2/${repository}/blobs/${digest}`), 202)
  assert.deepEqual([await isThere(repository, digest), await isThere(other, digest)], [false, true])
  expectAnswer(await ask('DELETE', `/v2/${repository}/blobs/${digest}`), 404, 'BLOB_UNKNOWN')
  expectAnswer(await ask('DELETE', `/v2/${newRepository()}/blobs/${digest}`), 404, 'NAME_UNKNOWN')
})

test('end-1: the version check answers with the version', async () => {
  const answer = expectAnswer(await ask('GET', '/v2/'), 200)
  assert.deepEqual([answer.text, answer.headers['docker-distribution-api-version']], ['{}', 'registry/2.0'])
})

test('NAME_INVALID, TAG_INVALID, NOT_FOUND: wrong names, tags and paths are refused before all else', async () => {
  expectAnswer(await marina.ask('GET', '/v2/A/b/manifests/v1'), 400, 'NAME_INVALID')
  expectAnswer(await marina.ask('GET', '/v2/a/../b/manifests/v1'), 400, 'NAME_INVALID')
  expectAnswer(await marina.ask('GET', '/v2/a%2fb/c/manifests/v1'), 400, 'NAME_INVALID')
  expectAnswer(await marina.ask('PUT', '/v2/a/b/manifests/-x'), 400, 'TAG_INVALID')
  for (const method of ['GET', 'DELETE'])
    expectAnswer(await marina.ask(method, '/v2/a/b/manifests/.INVALID_MANIFEST_NAME'), 404, 'MANIFEST_UNKNOWN')
  assert.equal((await marina.ask('HEAD', '/v2/a/b/manifests/.INVALID_MANIFEST_NAME')).status, 404)
  expectAnswer(await marina.ask('GET', '/v2/a/b/nonsense'), 404, 'NOT_FOUND')
  for (const path of ['/V2/', '/v2x', '//v2/', '/v2\\', '/./v2/', '/x/../v2/'])
    assert.equal((await marina.ask('GET', path)).status, 404, path)
})

test('C-70: an error is a code, a message and perhaps a detail, as JSON', async () => {
  const answer = await ask('GET', `/v2/${project}/none/manifests/v1`)
  const { errors } = answer.json() as { errors: Record<string, unknown>[] }
  assert.equal(answer.headers['content-type'], 'application/json')
  assert.deepEqual(Object.keys(errors[0]!), ['code', 'message', 'detail'])
})

test('after the tests above, storage and database agree to the byte', async () => {
  assert.deepEqual(await findDisagreements(marina, ['loss']), [])
})
