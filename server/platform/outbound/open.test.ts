import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { LookupAddress } from 'node:dns'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect, type AddressInfo, type Server, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { makeCertificate, type Certificate } from '../../testing/certificate.ts'
import { eventually } from '../../testing/http.ts'
import { openOutbound, OutboundFailed, OutboundRefused } from './outbound.ts'
import type { OutboundOptions, StreamingCall } from './outbound.ts'

const opened = new AsyncDisposableStack()
let certificate: Certificate
before(async () => void (certificate = await makeCertificate()))
after(() => opened.disposeAsync())

async function listen(server: Server & { closeAllConnections?(): void }): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.defer(() => {
    server.close()
    server.closeAllConnections?.()
  })
  return (server.address() as AddressInfo).port
}
async function serve(answer: (request: IncomingMessage, response: ServerResponse) => unknown): Promise<string> {
  return `http://127.0.0.1:${await listen(createServer((request, response) => void answer(request, response)))}`
}

function outbound(options: Partial<OutboundOptions> = {}) {
  const made = openOutbound({ allow: ['127.0.0.1/32'], ...options })
  opened.defer(() => made.close())
  return made
}
const call = (url: string, more: Partial<StreamingCall> = {}): StreamingCall => {
  return { url, method: 'GET', silenceMs: 5000, ...more }
}
const names =
  (table: Record<string, string>): OutboundOptions['lookup'] =>
  (name, done) => {
    const address = table[name]
    if (address === undefined) done(new Error('no such name'), [])
    else done(null, [{ address, family: 4 } satisfies LookupAddress])
  }
const failed = (reason: OutboundFailed['reason']) => (error: unknown) => {
  return error instanceof OutboundFailed && error.reason === reason
}

const megabyte = Buffer.alloc(1024 * 1024, 'marina')
function* megabytes(count: number) {
  for (let n = 0; n < count; n++) yield megabyte
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** The most memory that buffers took while `work` ran, in MB. */
async function peakOf(work: () => Promise<void>): Promise<number> {
  // Collected first: only what somebody still holds counts, not what V8 has not yet freed.
  const size = () => (collect(), process.memoryUsage().arrayBuffers)
  const before = size()
  let peak = before
  const timer = setInterval(() => (peak = Math.max(peak, size())), 10)
  await work().finally(() => clearInterval(timer))
  return (peak - before) / 1024 / 1024
}

test('bodies of 200 MB are sent and received at the same time, in bounded memory', async () => {
  const url = await serve((request, response) => void pipeline(request, response))
  const [sent, came] = [createHash('sha256'), createHash('sha256')]
  let bytes = 0
  const peak = await peakOf(async () => {
    const source = Readable.from(
      (function* () {
        for (const part of megabytes(200)) yield (sent.update(part), part)
      })(),
    )
    const { body } = await outbound().open(call(url, { method: 'PUT', body: source }))
    for await (const part of body as AsyncIterable<Buffer>) {
      bytes += part.length
      came.update(part)
    }
  })
  assert.equal(bytes, 200 * megabyte.length)
  assert.equal(came.digest('hex'), sent.digest('hex'))
  assert.ok(peak < 100, `${peak} MB`)
})

test('back pressure works in both directions', async () => {
  let pulled = 0
  const deaf = await serve(() => {})
  const source = Readable.from(
    (function* () {
      for (const part of megabytes(1000)) yield (pulled++, part)
    })(),
  )
  const given = new AbortController()
  const sending = outbound().open(call(deaf, { method: 'PUT', body: source, signal: given.signal }))
  await eventually(() => assert.ok(pulled > 0))
  await sleep(300)
  assert.ok(pulled < 50, `${pulled} MB were read of a body that nobody took`)
  given.abort()
  await assert.rejects(sending, failed('aborted'))

  let written = 0
  const generous = await serve(
    (_request, response) =>
      void pipeline(
        Readable.from(
          (function* () {
            for (const part of megabytes(1000)) yield (written++, part)
          })(),
        ),
        response,
      ).catch(() => {}),
  )
  const { body } = await outbound().open(call(generous))
  await sleep(300)
  assert.ok(written < 50, `${written} MB were sent to one who does not read`)
  body.destroy()
})

test('a slow answer is received to its end, but one that falls silent fails', async () => {
  const url = await serve(async (request, response) => {
    for (let n = 0; n < 20; n++) {
      response.write('.')
      await sleep(60)
    }
    if (request.url !== '/silent') response.end()
  })
  const { send, open } = outbound()
  await assert.rejects(send({ url, method: 'GET', timeoutMs: 600, answerBytes: 100 }), failed('timeout'))
  const { body } = await open(call(url, { silenceMs: 600 }))
  assert.equal(await text(body), '.'.repeat(20))
  const silent = await open(call(`${url}/silent`, { silenceMs: 600 }))
  await assert.rejects(text(silent.body), { reason: 'timeout', message: 'the other side was silent for 600 ms' })
})

test('a server that neither answers nor takes the body counts as silent; a slow reader does not', async () => {
  const deaf = await serve(() => {})
  const { open } = outbound()
  await assert.rejects(open(call(deaf, { silenceMs: 200 })), failed('timeout'))
  for (const body of [Buffer.alloc(64 * megabyte.length), Readable.from(megabytes(64))]) {
    await assert.rejects(open(call(deaf, { method: 'PUT', body, silenceMs: 300 })), failed('timeout'))
  }
  const url = await serve((_request, response) => void response.end(Buffer.alloc(4 * megabyte.length)))
  const { body } = await open(call(url, { silenceMs: 400 }))
  await sleep(900)
  assert.equal((await buffer(body)).length, 4 * megabyte.length)
})

test('a redirect is followed when asked for, with credentials only to the same origin', async () => {
  const seen: IncomingMessage['headers'][] = []
  const other = await serve((request, response) => (seen.push(request.headers), response.end('there')))
  const url = await serve((request, response) => {
    seen.push(request.headers)
    if (request.url === '/here') response.end('here')
    else response.writeHead(307, { location: request.url === '/near' ? '/here' : `${other}/` }).end('over there')
  })
  const { open } = outbound()
  const headers = { Authorization: 'Basic c2VjcmV0', cookie: 'sid=1', 'x-one': 'a' }
  const personal = () => seen.splice(0).map((one) => [one.authorization, one.cookie, one['x-one']])
  const all = ['Basic c2VjcmV0', 'sid=1', 'a']

  const unasked = await open(call(`${url}/far`, { headers }))
  assert.deepEqual([unasked.status, await text(unasked.body), personal()], [307, 'over there', [all]])
  const near = await open(call(`${url}/near`, { headers, redirects: 1 }))
  assert.deepEqual([near.status, await text(near.body), near.url, personal()], [200, 'here', `${url}/here`, [all, all]])
  const far = await open(call(`${url}/far`, { headers, redirects: 1 }))
  assert.deepEqual([far.status, await text(far.body), far.url], [200, 'there', `${other}/`])
  assert.deepEqual(personal(), [all, [undefined, undefined, 'a']])
})

test('redirects are not followed beyond the limit, or where the body is gone or the method would change', async () => {
  const bodies: string[] = []
  const url = await serve(async (request, response) => {
    bodies.push(`${request.method} ${await text(request)}`)
    const status = request.url === '/found' ? 302 : 307
    response.writeHead(bodies.length > 20 ? 200 : status, { location: request.url }).end()
  })
  const { open } = outbound()
  const statusOf = async (path: string, more: Partial<StreamingCall>) => {
    const { status, body } = await open(call(url + path, { redirects: 2, ...more }))
    body.destroy()
    return [status, bodies.splice(0)]
  }
  assert.deepEqual(await statusOf('/', {}), [307, ['GET ', 'GET ', 'GET ']])
  assert.deepEqual(await statusOf('/', { method: 'PUT', body: 'x' }), [307, ['PUT x', 'PUT x', 'PUT x']])
  assert.deepEqual(await statusOf('/', { method: 'PUT', body: Readable.from(['x']) }), [307, ['PUT x']])
  assert.deepEqual(await statusOf('/found', { method: 'POST', body: 'x' }), [302, ['POST x']])
})

test('an internal address is refused at each hop; the error names host and setting, not the address', async () => {
  const targets = ['http://169.254.169.254/latest/', 'http://inside.example/', 'http://none.example/', 'http://[::1]/']
  const { open } = outbound({ lookup: names({ 'inside.example': '10.1.2.3', 'door.example': '127.0.0.1' }) })
  const url = await serve((request, response) => {
    response.writeHead(302, { location: targets[Number(request.url!.slice(1))] }).end()
  })
  for (const [index, target] of targets.entries()) {
    const host = new URL(target).hostname.replace(/[[\]]/g, '')
    for (const one of [call(target), call(`${url}/${index}`, { redirects: 3 })]) {
      await assert.rejects(open(one), (error: Error) => {
        assert.ok(error instanceof OutboundRefused)
        assert.match(error.message, /MARINA_OUTBOUND_ALLOW/)
        assert.ok(error.message.startsWith(`${host} may not be called`), error.message)
        return !error.message.includes('10.1.2.3')
      })
    }
  }
  for (const target of ['ftp://127.0.0.1/', 'http://name:word@127.0.0.1/', 'nothing']) {
    const source = Readable.from(['x'])
    await assert.rejects(open(call(target, { method: 'PUT', body: source })), OutboundRefused, target)
    assert.ok(source.destroyed, target)
  }
})

test("a certificate is checked against the system, against the caller's own authority, or not at all", async () => {
  const port = await listen(createTlsServer(certificate, (_request, response) => response.end('safe')))
  const url = `https://127.0.0.1:${port}/`
  const { open } = outbound()
  await assert.rejects(open(call(url)), /self-signed/)
  for (const more of [{ verifiesTls: false }, { ca: certificate.cert }]) {
    assert.equal(await text((await open(call(url, more))).body), 'safe')
  }
  await assert.rejects(open(call(url)), /self-signed/, 'a connection that was not checked serves nobody else')
  const first = await serve((_request, response) => response.writeHead(302, { location: url }).end())
  assert.equal(await text((await open(call(first, { ca: certificate.cert, redirects: 1 }))).body), 'safe')
})

test('a call can be aborted before the answer, while the body is sent, and while the answer is received', async () => {
  const cut: string[] = []
  const url = await serve((request, response) => {
    request.on('data', () => {}).on('error', () => {})
    response.on('close', () => cut.push(request.url!))
    if (request.url === '/answer') response.write('a')
  })
  const { open } = outbound()
  await assert.rejects(open(call(url, { signal: AbortSignal.abort() })), failed('aborted'))
  await assert.rejects(open(call(`${url}/head`, { signal: AbortSignal.timeout(100) })), failed('aborted'))
  const source = Readable.from(
    (async function* () {
      for (;;) yield (await sleep(5), 'x')
    })(),
  )
  const sending = call(`${url}/body`, { method: 'PUT', body: source, signal: AbortSignal.timeout(100) })
  await assert.rejects(open(sending), failed('aborted'))
  assert.ok(source.destroyed)
  const ending = new AbortController()
  const { body } = await open(call(`${url}/answer`, { signal: ending.signal }))
  ending.abort()
  await assert.rejects(text(body), failed('aborted'))
  await eventually(() => assert.deepEqual(cut.toSorted(), ['/answer', '/body', '/head']))
})

test('a request body that fails ends the request with its error; a truncated answer is an error', async () => {
  let isWhole: boolean | undefined
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
  const url = await serve((request, response) => {
    if (request.method === 'PUT') {
      arrive()
      return void text(request).then(
        () => (isWhole = true),
        () => (isWhole = false),
      )
    }
    response.writeHead(200, { 'content-length': '10' }).write('half', () => response.destroy())
  })
  const { open } = outbound({ connectionsPerHost: 1 })
  const source = Readable.from(
    (async function* () {
      yield 'x'
      await arrived
      throw new Error('the disk is gone')
    })(),
  )
  await assert.rejects(open(call(url, { method: 'PUT', body: source })), { message: 'the disk is gone' })
  await eventually(() => assert.equal(isWhole, false))
  const { body } = await open(call(url))
  const early = new Readable({ read() {} })
  const waiting = open(call(url, { method: 'PUT', body: early }))
  early.destroy(new Error('gone while it waited'))
  await assert.rejects(text(body), failed('connection'))
  await assert.rejects(waiting, { message: 'gone while it waited' })
})

test('an answer that refuses ends the sending of the body', async () => {
  const url = await serve((request, response) => {
    if (request.method === 'PUT') response.writeHead(401).end('who are you?')
    else response.end('fine')
  })
  const { open } = outbound()
  const source = Readable.from(
    (async function* () {
      for (;;) yield (await sleep(1), megabyte)
    })(),
  )
  const { status, body } = await open(call(url, { method: 'PUT', body: source }))
  assert.deepEqual([status, await text(body)], [401, 'who are you?'])
  await eventually(() => assert.ok(source.destroyed))
  assert.equal(await text((await open(call(url))).body), 'fine')
})

test('a call keeps its place at the host until its answer, if it has a body, is read or dropped', async () => {
  const url = await serve((request, response) => {
    if (request.url === '/none') response.writeHead(204).end()
    else response.end(request.method === 'HEAD' ? undefined : megabyte)
  })
  const { open } = outbound({ connectionsPerHost: 1 })
  const held = await open(call(url))
  await assert.rejects(open(call(url, { waitMs: 50 })), failed('busy'))
  held.body.destroy()
  assert.equal((await buffer((await open(call(url))).body)).length, megabyte.length)
  for (const more of [{ method: 'HEAD' }, { url: `${url}/none` }, { method: 'HEAD' }]) await open(call(url, more))
  await assert.rejects(open(call(url, { waitMs: 0, signal: AbortSignal.abort() })), failed('aborted'))
})

/** A proxy for HTTPS_PROXY and HTTP_PROXY, which resolves names by `table`. */
async function openProxy(table: Record<string, string>) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    response.end('by proxy')
  })
  server.on('connect', ({ url = '' }: IncomingMessage, near: Socket) => {
    asked.push(`CONNECT ${url}`)
    const [name = '', port] = url.split(':')
    if (!table[name]) return near.end('HTTP/1.1 403 Forbidden\r\n\r\n')
    const far = connect(Number(port), table[name], () => near.write('HTTP/1.1 200 OK\r\n\r\n'))
    near.pipe(far).pipe(near)
    for (const socket of [near, far]) socket.on('error', () => (near.destroy(), far.destroy()))
  })
  return { url: `http://127.0.0.1:${await listen(server)}`, asked }
}

test('http and https URLs go through the proxy, except those of NO_PROXY; it needs no permission', async () => {
  const proxy = await openProxy({ 'far.example': '127.0.0.1' })
  const port = await listen(createTlsServer(certificate, (_request, response) => response.end('by tunnel')))
  const near = await serve((_request, response) => response.end('directly'))
  const nearPort = new URL(near).port
  const { open } = outbound({
    lookup: names({ 'near.example': '127.0.0.1' }),
    proxy: { https: proxy.url, http: proxy.url, no: 'other.example, .near.example' },
  })
  const tls = { verifiesTls: false }
  const textOf = async (url: string, more = {}) => text((await open(call(url, more))).body)
  assert.equal(await textOf('http://far.example/x'), 'by proxy')
  assert.equal(await textOf(`https://far.example:${port}/`, tls), 'by tunnel')
  assert.equal(await textOf(`http://near.example:${nearPort}/`), 'directly')
  await assert.rejects(open(call('https://unknown.example/')), { message: 'the proxy does not let the call through' })
  const asked = ['GET http://far.example/x', `CONNECT far.example:${port}`, 'CONNECT unknown.example:443']
  assert.deepEqual(proxy.asked, asked)
})

test('the address rule holds through a proxy, too', async () => {
  const proxy = await openProxy({})
  const lookup = names({ 'inside.example': '10.1.2.3' })
  const { open } = outbound({ allow: [], lookup, proxy: { https: proxy.url, http: proxy.url } })
  for (const url of ['http://169.254.169.254/', 'https://10.0.0.1/', 'http://inside.example/', 'https://[::1]/']) {
    await assert.rejects(open(call(url)), OutboundRefused, url)
  }
  assert.deepEqual(proxy.asked, [])
})
