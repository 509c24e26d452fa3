import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { digestOf, type Digest } from '../../../oci/digest.ts'
import { ociManifest } from '../../../oci/media-type.ts'
import type { RepositoryName, Tag } from '../../../oci/reference.ts'
import type { Lookup } from '../../platform/outbound/names.ts'
import { makeCertificate } from '../../testing/certificate.ts'
import { makeImage } from '../../testing/given.ts'
import { openOtherRemote, openOtherSide, sendError, sendJson, type Answering } from '../../testing/other-side.ts'
import { RemoteFailed, type Remote } from './remote.ts'

const app = 'team/app' as RepositoryName
const v1 = { tag: 'v1' as Tag }
const by = { kind: 'system', id: null, name: 'test' } as const

/** Answers `/v2/`; the rest by `answer`. */
const beside =
  (answer: Answering): Answering =>
  (request, response) =>
    request.url === '/v2/' ? response.end('{}') : answer(request, response)
const failsWith =
  (reason: RemoteFailed['reason'], pattern = /./) =>
  (error: unknown) => {
    assert.ok(error instanceof RemoteFailed, String(error))
    assert.equal(error.reason, reason, error.message)
    assert.match(error.message, pattern)
    return true
  }
const manifestOf = (content: Buffer, more: Record<string, string> = {}): Answering =>
  beside((_, response) => response.writeHead(200, { 'content-type': ociManifest, ...more }).end(content))
const readAll = async (remote: Remote, digest: Digest, range?: { start: number; end: number }) =>
  Buffer.concat((await (await remote.openBlob(app, digest, range)).toArray()) as Buffer[])

test('a manifest that is not what the digest, the header or the type says is refused', async () => {
  const { content, digest } = makeImage(1)
  const none = digestOf(Buffer.from('none'))
  const table: [Answering, RemoteFailed['reason'], RegExp][] = [
    [manifestOf(Buffer.from('{}')), 'lied', /have the digest/],
    [manifestOf(content, { 'docker-content-digest': none }), 'lied', /have the digest/],
    [beside((_, response) => response.end('<html>Log in</html>')), 'not-a-registry', /no manifest/],
    [
      beside((_, response) => response.writeHead(404, { 'content-type': 'text/html' }).end('<html>')),
      'not-a-registry',
      /URL/,
    ],
    [manifestOf(Buffer.alloc(100_000)), 'not-a-registry', /more than 65536 bytes/],
    [manifestOf(content, { 'content-length': '5' }), 'lied', /have the digest/],
    [manifestOf(content, { 'content-length': String(content.length + 5) }), 'silent', /silent/],
    [beside((_, response) => sendError(response, 500, 'UNKNOWN')), 'unavailable', /status 500.*no UNKNOWN/],
    [beside((_, response) => sendError(response, 403, 'DENIED')), 'denied', /right/],
    [beside((_, response) => response.writeHead(302, { location: 'http://[' }).end()), 'not-a-registry', /elsewhere/],
  ]
  for (const [answer, reason, pattern] of table) {
    await using side = await openOtherSide(answer)
    using remote = openOtherRemote(
      { url: side.url },
      { manifestBytes: 65_536, tries: 2, ...(reason === 'silent' ? { silenceMs: 300 } : {}) },
    )
    const isByTag = pattern.source.includes('digest') && answer === table[1]![0]
    const reading = async () => remote.readManifest(app, isByTag ? v1 : { digest })
    await assert.rejects(reading(), failsWith(reason, pattern), `${reason} ${pattern}`)
  }
})

test('a HEAD that says another digest is refused, and one that says too little is followed by GET', async () => {
  const { content, digest } = makeImage(1)
  const none = digestOf(Buffer.from('none'))
  await using liar = await openOtherSide(manifestOf(content, { 'docker-content-digest': none, 'content-length': '7' }))
  using lied = openOtherRemote({ url: liar.url })
  await assert.rejects(async () => lied.statManifest(app, { digest }), failsWith('lied'))
  await using terse = await openOtherSide(manifestOf(content))
  using remote = openOtherRemote({ url: terse.url })
  assert.deepEqual(await remote.statManifest(app, v1), { digest, mediaType: ociManifest, size: content.length })
})

test('a blob of another digest or length fails before its end, an answer that names another one at once', async () => {
  const bytes = randomBytes(200_000)
  const digest = digestOf(bytes)
  const send = (body: Buffer, headers = {}) => beside((_, response) => response.writeHead(200, headers).end(body))
  for (const answer of [
    send(randomBytes(200_000)),
    send(bytes.subarray(1)),
    send(Buffer.concat([bytes, bytes])),
    send(bytes, { 'docker-content-digest': digestOf(Buffer.from('none')) }),
    beside((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')),
  ]) {
    await using side = await openOtherSide(answer)
    using remote = openOtherRemote({ url: side.url })
    await assert.rejects(readAll(remote, digest), failsWith('lied'))
  }
})

test('a blob whose line is cut again and again arrives whole, by Range and without', async () => {
  const bytes = randomBytes(1_000_000)
  const digest = digestOf(bytes)
  for (const knowsRange of [true, false]) {
    let left = 12
    const cutting = beside((request, response) => {
      const from = knowsRange ? Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0
      const head = { 'content-length': String(bytes.length - from) }
      if (from > 0) response.writeHead(206, { ...head, 'content-range': `bytes ${from}-999999/1000000` })
      else response.writeHead(200, head)
      if (left-- <= 0) return response.end(bytes.subarray(from))
      // At least 70,000 bytes further each time, also without Range.
      const to = knowsRange ? from + 70_000 : (12 - left) * 70_000
      response.write(bytes.subarray(from, to), () => response.destroy())
    })
    await using side = await openOtherSide(cutting)
    using remote = openOtherRemote({ url: side.url }, { tries: 3 })
    assert.deepEqual(await readAll(remote, digest), bytes)
    assert.ok(side.asked.length > 10)
  }
})

test('a line that is cut without progress fails after its tries, whatever the byte', async () => {
  const bytes = randomBytes(100)
  for (const at of [0, 1, 50, 99]) {
    await using side = await openOtherSide(
      beside((request, response) => {
        const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
        if (from > 0) response.writeHead(206, { 'content-range': `bytes ${from}-99/100`, 'content-length': 100 - from })
        else response.writeHead(200, { 'content-length': 100 })
        response.flushHeaders()
        response.write(bytes.subarray(from, Math.max(at, from)), () => response.destroy())
        if (at <= from) response.destroy()
      }),
    )
    using remote = openOtherRemote({ url: side.url }, { tries: 3 })
    await assert.rejects(readAll(remote, digestOf(bytes)), (error) => error instanceof RemoteFailed && error.isPassing)
    assert.ok(side.asked.length <= 1 + 2 * 3 + 3, String(side.asked.length))
  }
})

test('a range is read of a registry that knows ranges or sends all; another range is refused', async () => {
  const bytes = randomBytes(1000)
  const digest = digestOf(bytes)
  const range = { start: 100, end: 199 }
  const send = (status: number, body: Buffer, contentRange: string): Answering =>
    beside((_, response) => response.writeHead(status, { 'content-range': contentRange }).end(body))
  const good: Answering[] = [
    send(206, bytes.subarray(100, 200), 'bytes 100-199/1000'),
    beside((_, response) => response.end(bytes)),
  ]
  for (const answer of good) {
    await using side = await openOtherSide(answer)
    using remote = openOtherRemote({ url: side.url })
    assert.deepEqual(await readAll(remote, digest, range), bytes.subarray(100, 200))
  }
  await using side = await openOtherSide(send(206, bytes.subarray(0, 100), 'bytes 0-99/1000'))
  using remote = openOtherRemote({ url: side.url })
  await assert.rejects(readAll(remote, digest, range), failsWith('lied', /another range/))
})

test('a redirect to a metadata service is refused by its address, and nothing is asked of it', async () => {
  await using side = await openOtherSide(
    beside((_, response) => response.writeHead(307, { location: 'http://169.254.169.254/latest/' }).end()),
  )
  using remote = openOtherRemote({ url: side.url })
  await assert.rejects(readAll(remote, digestOf(Buffer.from('x'))), failsWith('refused', /169\.254\.169\.254.*never/))
})

test('a registry at a public address leads no upload, no redirect and no password inside', async () => {
  const inside = 'http://10.0.0.5'
  // A proxy stands for the public address: what it answers comes from there.
  await using proxy = await openOtherSide((request, response) => {
    const { method = '', url = '', headers } = request
    if (url.startsWith(inside)) return response.end('reached')
    if (url.includes('guarded.example')) {
      response.setHeader('www-authenticate', `Bearer realm="${inside}/token"`)
      return sendError(response, 401, 'UNAUTHORIZED')
    }
    if (url.endsWith('/v2/')) return response.end('{}')
    assert.equal(headers.authorization, undefined)
    return response.writeHead(method === 'POST' ? 202 : 307, { location: `${inside}/upload` }).end()
  })
  const lookup: Lookup = (name, done) => {
    done(null, [{ address: name === 'inner.example' ? '10.0.0.9' : '93.184.216.34', family: 4 }])
  }
  const options = { lookup, proxy: { http: proxy.url } }
  const credential = { kind: 'basic', username: 'me', password: 'word' } as const
  const send = async (url: string) => {
    using remote = openOtherRemote({ url }, { tries: 1 }, options)
    const { id } = await remote.startUpload(app, by, 'sha256')
    await remote.cancelUpload(app, id)
  }
  const refused = failsWith('refused', /10\.0\.0\.5.*a public registry may not lead to an inside address/)
  await assert.rejects(send('http://public.example'), refused)
  await send('http://inner.example')
  using remote = openOtherRemote({ url: 'http://public.example' }, {}, options)
  await assert.rejects(readAll(remote, digestOf(Buffer.from('x'))), refused)
  using guarded = openOtherRemote({ url: 'http://guarded.example', credential }, {}, options)
  await assert.rejects(guarded.ping(), refused)
  const reached = proxy.lines().filter((line) => line.includes('10.0.0.5'))
  assert.deepEqual(reached, [`DELETE ${inside}/upload`])
})

test('a ping says in plain words what is wrong', async () => {
  const certificate = await makeCertificate()
  await using tls = await openOtherSide((_, response) => response.end('{}'), certificate)
  await using site = await openOtherSide((_, response) => response.writeHead(404).end('nothing'))
  await using silent = await openOtherSide(() => {})
  await using closed = await openOtherSide(() => {})
  await closed[Symbol.asyncDispose]()
  const ping = async (url: string, more = {}, options = {}) => {
    const limits = url === silent.url ? { silenceMs: 200 } : {}
    using remote = openOtherRemote({ url, ...more }, limits, options)
    await remote.ping()
  }
  await ping(tls.url, { caCertificate: certificate.cert })
  await ping(tls.url, { insecure: true })
  await assert.rejects(ping(tls.url), failsWith('untrusted', /CA certificate.*insecure/))
  await assert.rejects(ping(site.url), failsWith('not-a-registry', /no registry answers there/))
  await assert.rejects(ping(silent.url), failsWith('silent', /200 ms/))
  await assert.rejects(ping(closed.url), failsWith('unreachable', /nobody listens/))
  await assert.rejects(ping(tls.url, {}, { allow: [] }), failsWith('refused', /127\.0\.0\.1.*MARINA_OUTBOUND_ALLOW/))
  for (const url of ['ftp://a', 'a', 'https://me:pass@a/', 'https://a/?x=1']) {
    await assert.rejects(ping(url), (error: Error) => failsWith('refused')(error) && !error.message.includes('me:pass'))
  }
})

test('what fails in passing is repeated where that is safe, and a caller can give up', async () => {
  let left = 2
  await using side = await openOtherSide(
    beside((_, response) =>
      left-- > 0 ? sendError(response, 503, 'UNAVAILABLE') : sendJson(response, { tags: ['a'] }),
    ),
  )
  using remote = openOtherRemote({ url: side.url })
  assert.deepEqual(await remote.listTags(app, { limit: 1, last: '' }), ['a'])
  left = 1
  await assert.rejects(remote.api({ method: 'POST', path: '/x' }), failsWith('unavailable'))
  const giving = new AbortController()
  await using silent = await openOtherSide(() => giving.abort())
  using other = openOtherRemote({ url: silent.url })
  await assert.rejects(other.until(giving.signal).ping(), failsWith('aborted'))
})

test('an error of the other side is told on one line, without what it could hide in it', async () => {
  const text = `first\r\nsecond\u001b[31m${'x'.repeat(1000)}`
  await using side = await openOtherSide(
    beside((_, response) => sendJson(response, { errors: [{ code: 'MANIFEST_INVALID', message: text }] }, 400)),
  )
  using remote = openOtherRemote({ url: side.url, name: 'mirror' })
  const { content, digest } = makeImage(1)
  const push = { reference: { digest }, tags: [], contentType: ociManifest, content }
  await assert.rejects(remote.writeManifest(app, by, push), (error) => {
    assert.ok(error instanceof RemoteFailed)
    assert.equal(error.code, 'MANIFEST_INVALID')
    assert.match(error.message, /^mirror: PUT http.*\(status 400\): .*it says: first second \[31mx+$/)
    assert.ok(error.message.length < 700)
    return true
  })
})

test('a registry that stores another manifest than was sent is found out', async () => {
  const { content, digest } = makeImage(1)
  await using side = await openOtherSide(
    beside((_, response: ServerResponse) =>
      response.writeHead(201, { 'docker-content-digest': digestOf(Buffer.from('none')) }).end(),
    ),
  )
  using remote = openOtherRemote({ url: side.url })
  const push = { reference: { digest }, tags: [], contentType: ociManifest, content }
  await assert.rejects(remote.writeManifest(app, by, push), failsWith('lied', /stored/))
})

test('300 MB pass in bounded memory', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const size = () => (collect(), process.memoryUsage().arrayBuffers)
  const [piece, count] = [randomBytes(1024 * 1024), 300]
  await using side = await openOtherSide(
    beside((_, response) => {
      let left = count
      const more = () => {
        while (left > 0) if ((left--, !response.write(piece))) return
        response.end()
      }
      response.on('drain', more)
      more()
    }),
  )
  using remote = openOtherRemote({ url: side.url })
  const before = size()
  let [peak, seen] = [0, 0]
  const stream = await remote.openBlob(app, digestOf(Buffer.from('none')))
  await assert.rejects(async () => {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      seen += chunk.length
      if (seen % (32 * 1024 * 1024) < chunk.length) peak = Math.max(peak, size() - before)
    }
  }, failsWith('lied'))
  assert.equal(seen, count * piece.length)
  assert.ok(peak < 64 * 1024 * 1024, `${peak} bytes`)
})
