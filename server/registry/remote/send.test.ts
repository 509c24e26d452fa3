import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { after, before, test } from 'node:test'
import { digestOf, type Digest } from '../../../oci/digest.ts'
import { OciError } from '../../../oci/errors.ts'
import { ociIndex, ociManifest } from '../../../oci/media-type.ts'
import type { RepositoryName, Tag } from '../../../oci/reference.ts'
import { openDockerRegistry } from '../../testing/docker-registry.ts'
import { fresh, givenProject, makeImage } from '../../testing/given.ts'
import { openOtherRemote, openOtherSide, sendError } from '../../testing/other-side.ts'
import { openTestMarina, type TestMarina } from '../../testing/server.ts'
import { RemoteFailed, type Remote, type SendBlob } from './remote.ts'

const by = { kind: 'system', id: null, name: 'test' } as const
const opened = new AsyncDisposableStack()
let marina: TestMarina
let docker: { url: string }
let project: string
before(async () => {
  docker = opened.use(await openDockerRegistry())
  marina = opened.use(await openTestMarina())
  project = (await givenProject(marina)).name
})
after(() => opened.disposeAsync())

const newName = () => `${project}/${fresh('app')}` as RepositoryName
const credential = () => ({ kind: 'basic', username: marina.admin.name, password: marina.admin.password }) as const

/** A blob whose source notes from which bytes on it was opened. */
function blobOf(bytes: Buffer, more: Partial<SendBlob> = {}): SendBlob & { opens: number[] } {
  const opens: number[] = []
  return {
    digest: digestOf(bytes),
    size: bytes.length,
    opens,
    async open(at) {
      opens.push(at)
      return (async function* () {
        for (let from = at; from < bytes.length; from += 50_000) yield bytes.subarray(from, from + 50_000)
      })()
    },
    ...more,
  }
}

/** Passes requests on to `url`, and cuts each PATCH after as many bytes as `cuts` says; undefined cuts none. */
async function openCutting(url: string, cuts: (number | undefined)[]) {
  const side = await openOtherSide((request, response) => {
    const onward = httpRequest(new URL(request.url!, url), { method: request.method, headers: request.headers })
    onward.on('error', () => response.destroy())
    onward.on('response', (answer) => {
      const { location } = answer.headers
      const headers = location ? { ...answer.headers, location: location.replace(url, side.url) } : answer.headers
      answer.pipe(response.writeHead(answer.statusCode!, headers))
    })
    const most = request.method === 'PATCH' ? cuts.shift() : undefined
    if (most === undefined) return request.pipe(onward)
    let passed = 0
    request.on('data', (chunk: Buffer) => {
      if (passed >= most) return
      passed += chunk.length
      // Ended when the other side has it: what was not yet sent would be lost.
      onward.write(chunk, () => {
        if (passed >= most) setImmediate(() => (onward.destroy(), request.destroy()))
      })
    })
  })
  return opened.use(side)
}

async function readAll(remote: Remote, name: RepositoryName, digest: Digest): Promise<Buffer> {
  return Buffer.concat((await (await remote.openBlob(name, digest)).toArray()) as Buffer[])
}

test('an upload that is cut goes on at the byte that arrived, in a second process too', async () => {
  const [bytes, name] = [randomBytes(3_000_000), newName()]
  const side = await openCutting(marina.url, [undefined, 500_000, 700_000])
  using first = openOtherRemote({ url: side.url, credential: credential() }, { tries: 1 })
  let upload = ''
  const begun = blobOf(bytes, { chunkBytes: 1_000_000, onUpload: ({ id }) => void (upload = id) })
  await assert.rejects(first.sendBlob(name, by, begun), RemoteFailed)
  using second = openOtherRemote({ url: side.url, credential: credential() })
  const rest = blobOf(bytes, { upload, chunkBytes: 1_000_000 })
  await second.sendBlob(name, by, rest)
  assert.deepEqual(begun.opens, [0])
  // The chunk that was acknowledged is never sent again, and no try begins a new upload.
  const [from = 0, again = 0] = rest.opens
  assert.ok(rest.opens.length === 2 && from >= 1_000_000 && again >= from, String(rest.opens))
  assert.equal(side.asked.filter(({ method }) => method === 'POST').length, 1)
  assert.deepEqual(await readAll(second, name, begun.digest), bytes)
})

test('an upload that the other side forgot when it was cut is begun anew', async () => {
  const [bytes, name] = [randomBytes(2_000_000), newName()]
  const side = await openCutting(docker.url, [500_000])
  using remote = openOtherRemote({ url: side.url })
  const blob = blobOf(bytes)
  await remote.sendBlob(name, by, blob)
  assert.ok(blob.opens.length > 1 && blob.opens.every((at) => at === 0), String(blob.opens))
  assert.deepEqual(await readAll(remote, name, blob.digest), bytes)
})

test('a blob is sent in chunks, whole, empty and of sha512, to docker-registry and to Marina', async () => {
  for (const [url, proof] of [
    [docker.url, undefined],
    [marina.url, credential()],
  ] as const) {
    using remote = openOtherRemote({ url, ...(proof ? { credential: proof } : {}) })
    const name = newName()
    for (const [size, chunkBytes] of [
      [3_000_000, 1_000_000],
      [3_000_001, 1_000_000],
      [2_000_000, undefined],
      [10, undefined],
      [0, undefined],
    ] as const) {
      const bytes = randomBytes(size)
      const sizes: number[] = []
      const chunks = chunkBytes
        ? { chunkBytes, onUpload: (upload: { size: number }) => void sizes.push(upload.size) }
        : {}
      assert.deepEqual(await remote.sendBlob(name, by, blobOf(bytes, chunks)), { digest: digestOf(bytes), size })
      assert.deepEqual(await readAll(remote, name, digestOf(bytes)), bytes)
      if (chunkBytes) assert.deepEqual(sizes.slice(0, 4), [0, 1_000_000, 2_000_000, 3_000_000])
    }
    const long = randomBytes(2_000_000)
    const digest = digestOf(long, 'sha512')
    await remote.sendBlob(name, by, blobOf(long, { digest }))
    assert.deepEqual(await readAll(remote, name, digest), long)
    assert.equal(await remote.hasBlob(name, digestOf(Buffer.from('none'))), false)
    assert.equal(await remote.hasBlob(newName(), digest), false)
  }
})

test('a source with other bytes, fewer or more than it said is refused, and nothing is stored', async () => {
  using remote = openOtherRemote({ url: docker.url })
  const name = newName()
  for (const size of [100, 2_000_000]) {
    const [bytes, other] = [randomBytes(size), randomBytes(size)]
    const digest = digestOf(bytes)
    const sources: [Buffer, OciError['code']][] = [
      [other, 'DIGEST_INVALID'],
      [bytes.subarray(1), 'SIZE_INVALID'],
      [Buffer.concat([bytes, other]), 'SIZE_INVALID'],
    ]
    for (const [source, code] of sources) {
      const { open } = blobOf(source)
      await assert.rejects(
        remote.sendBlob(name, by, { digest, size, open }),
        (error) => error instanceof OciError && error.code === code && !(error instanceof RemoteFailed),
        code,
      )
    }
    assert.equal(await remote.hasBlob(name, digest), false)
  }
})

test('bytes that rotted after they were verified are refused by docker-registry and by Marina', async () => {
  for (const to of [{ url: docker.url }, { url: marina.url, credential: credential() }]) {
    using remote = openOtherRemote(to, { tries: 2 })
    const name = newName()
    for (const size of [100, 2_000_000]) {
      const bytes = randomBytes(size)
      const digest = digestOf(bytes)
      bytes[size - 1]! ^= 1
      const blob = { digest, size, open: blobOf(bytes).open, isVerified: true }
      await assert.rejects(
        remote.sendBlob(name, by, blob),
        (error) => error instanceof RemoteFailed && error.code === 'DIGEST_INVALID',
      )
      assert.equal(await remote.hasBlob(name, digest), false)
    }
  }
})

test('a registry that keeps less than it was sent, or never more, is given up after the tries', async () => {
  await using side = await openOtherSide((request, response) => {
    const { method, url } = request
    request.resume().on('end', () => {
      if (url === '/v2/') return response.end('{}')
      const location = { location: '/v2/a/b/blobs/uploads/1?_state=x' }
      if (method === 'POST') return response.writeHead(202, location).end()
      if (method === 'GET') return response.writeHead(204, { ...location, range: '0-9' }).end()
      if (method === 'PATCH') return response.writeHead(202, { ...location, range: '0-9' }).end()
      return sendError(response, 404, 'BLOB_UNKNOWN')
    })
  })
  using remote = openOtherRemote({ url: side.url }, { tries: 3 })
  const blob = blobOf(randomBytes(2_000_000))
  await assert.rejects(
    remote.sendBlob('a/b' as RepositoryName, by, blob),
    (error) => error instanceof RemoteFailed && /kept 10 bytes of 2000000/.test(error.message),
  )
  assert.deepEqual(blob.opens, [0, 10, 10])
})

test('an upload goes on at a location of another host without the credential', async () => {
  await using storage = await openOtherSide((request, response) => {
    request.resume().on('end', () => response.writeHead(request.method === 'PUT' ? 201 : 202).end())
  })
  await using side = await openOtherSide((request, response) => {
    if (request.headers.authorization === undefined) {
      response.setHeader('www-authenticate', 'Basic realm="x"')
      return sendError(response, 401, 'UNAUTHORIZED')
    }
    return response.writeHead(202, { location: `${storage.url}/upload/1` }).end()
  })
  using remote = openOtherRemote({ url: side.url, credential: credential() })
  await remote.sendBlob('a/b' as RepositoryName, by, blobOf(randomBytes(2_000_000)))
  assert.ok(storage.asked.length >= 2 && storage.asked.every(({ authorization }) => authorization === undefined))
})

test('without the API for referrers, the index under the tag is kept by those who push and delete', async () => {
  using remote = openOtherRemote({ url: docker.url })
  const name = newName()
  const push = async (image: ReturnType<typeof makeImage>, tag?: string) => {
    for (const blob of image.blobs) await remote.writeBlob(name, by, digestOf(blob), stream(blob), blob.length)
    const reference = tag === undefined ? { digest: image.digest } : { tag: tag as Tag }
    await remote.writeManifest(name, by, { reference, tags: [], contentType: ociManifest, content: image.content })
  }
  const image = makeImage(1)
  await push(image, 'v1')
  const subject = { mediaType: ociManifest, digest: image.digest, size: image.content.length }
  const referrers = Array.from({ length: 5 }, (_, index) =>
    makeImage(0, { artifactType: `application/vnd.${index % 2}`, subject, annotations: { index: String(index) } }),
  )
  await Promise.all(referrers.map((one) => push(one)))
  const list = async (type?: string) => {
    const found = []
    for await (const one of remote.referrers(name, image.digest, type)) found.push(one)
    return found
  }
  assert.deepEqual(new Set((await list()).map(({ digest }) => digest)), new Set(referrers.map(({ digest }) => digest)))
  assert.equal((await list('application/vnd.1')).length, 2)
  assert.equal(remote.seen.referrersApi, false)
  const index = await remote.readManifest(name, { tag: image.digest.replace(':', '-') as Tag })
  assert.equal(index.mediaType, ociIndex)
  const [entry] = (JSON.parse(index.content.toString()) as { manifests: Record<string, unknown>[] }).manifests
  assert.deepEqual(Object.keys(entry!).sort(), ['annotations', 'artifactType', 'digest', 'mediaType', 'size'])
  await remote.deleteManifest(name, by, referrers[0]!.digest)
  assert.equal((await list()).length, 4)
})

async function* stream(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}
