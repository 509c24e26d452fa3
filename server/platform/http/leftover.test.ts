import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { makeCertificate } from '../../testing/certificate.ts'
import type { LeftoverBounds } from './leftover.ts'
import { openServer, type Handle } from './server.ts'

const MiB = 2 ** 20
const refuse: Handle = (_, response) => response.writeHead(413, { 'content-length': '6' }).end('enough')

type Options = { handle?: Handle; leftover?: LeftoverBounds; tls?: { cert: string; key: string } }

async function serve(t: TestContext, { handle = refuse, leftover, tls }: Options = {}): Promise<number> {
  const server = await openServer(handle, {
    port: 0,
    host: '127.0.0.1',
    headerTimeoutMs: 60_000,
    idleTimeoutMs: 60_000,
    headerBytes: 16 * 1024,
    leftover: leftover ?? { bytes: 64 * MiB, ms: 60_000 },
    ...(tls ? { tls } : {}),
  })
  t.after(() => server.drain(0))
  return server.port
}

/** A client that notes what it gets, and the error that ends its connection. */
function watch(socket: Socket) {
  const seen = { socket, text: '', error: undefined as Error | undefined, isClosed: false }
  socket.on('data', (chunk: Buffer) => (seen.text += chunk.toString('latin1')))
  socket.on('error', (error) => (seen.error = error))
  socket.on('close', () => (seen.isClosed = true))
  return seen
}

/** Announces `length` bytes, sends one KiB of them and waits for the answer. */
async function beAnsweredEarly(socket: Socket, length: number, ...headers: string[]) {
  const seen = watch(socket)
  const head = ['PUT / HTTP/1.1', 'Host: a', `Content-Length: ${length}`, ...headers]
  socket.write(`${head.join('\r\n')}\r\n\r\n${'x'.repeat(1024)}`)
  while (!seen.text.includes('enough') && !seen.isClosed)
    await Promise.race([once(socket, 'data'), once(socket, 'end')])
  return seen
}

/** Sends bytes in pieces, each one when the kernel has taken the one before, and stops at an error. */
async function send(seen: ReturnType<typeof watch>, bytes: number): Promise<Error | undefined> {
  const piece = Buffer.alloc(64 * 1024, 'x')
  for (let left = bytes; left > 0; left -= piece.length) {
    const error = await new Promise<Error | null | undefined>((resolve) =>
      seen.socket.write(piece.subarray(0, Math.min(left, piece.length)), resolve),
    )
    if (error) return error
  }
  return seen.error
}

const ways = {
  'the client': { headers: ['Connection: close'], handle: refuse },
  'the server': {
    headers: [],
    handle: ((_, response) =>
      response.writeHead(413, { 'content-length': '6', connection: 'close' }).end('enough')) as Handle,
  },
}
for (const [name, { headers, handle }] of Object.entries(ways))
  test(`an early answer breaks no connection that ${name} closes: the rest of the body is read`, async (t) => {
    const port = await serve(t, { handle })
    const seen = await beAnsweredEarly(connect({ port, host: '127.0.0.1', allowHalfOpen: true }), 8 * MiB, ...headers)
    assert.equal(await send(seen, 8 * MiB - 1024), undefined)
    if (!seen.socket.readableEnded) await once(seen.socket, 'end')
    seen.socket.end()
    if (!seen.isClosed) await once(seen.socket, 'close')
    assert.deepEqual([seen.error, seen.text.startsWith('HTTP/1.1 413 ')], [undefined, true])
  })

test('an early answer over TLS breaks no connection', async (t) => {
  const tls = await makeCertificate()
  const port = await serve(t, { tls })
  const plain = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const socket = connectTls({ socket: plain, host: '127.0.0.1', ca: tls.cert })
  await once(socket, 'secureConnect')
  const seen = await beAnsweredEarly(socket, 8 * MiB, 'Connection: close')
  assert.equal(await send(seen, 8 * MiB - 1024), undefined)
  if (!seen.socket.readableEnded) await once(seen.socket, 'end')
  assert.deepEqual([seen.error, seen.text.startsWith('HTTP/1.1 413 ')], [undefined, true])
  socket.destroy()
})

test('after an early answer the connection serves the next request', async (t) => {
  const port = await serve(t)
  const seen = await beAnsweredEarly(connect(port, '127.0.0.1'), MiB)
  assert.equal(await send(seen, MiB - 1024), undefined)
  seen.socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  await once(seen.socket, 'close')
  assert.equal(seen.text.match(/HTTP\/1\.1 413 /g)?.length, 2)
})

for (const headers of [[], ['Connection: close']])
  test(`a leftover beyond its bytes is cut (${headers[0] ?? 'keep-alive'})`, async (t) => {
    const port = await serve(t, { leftover: { bytes: MiB, ms: 3_600_000 } })
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    const seen = await beAnsweredEarly(socket, 2 ** 50, ...headers)
    while (!seen.isClosed && !(await send(seen, MiB)));
    assert.match(seen.text, /^HTTP\/1\.1 413 /)
  })

test('a leftover beyond its time is cut', async (t) => {
  const port = await serve(t, { leftover: { bytes: 64 * MiB, ms: 1 } })
  const seen = await beAnsweredEarly(connect(port, '127.0.0.1'), 2 * MiB)
  if (!seen.isClosed) await once(seen.socket, 'close')
  assert.match(seen.text, /^HTTP\/1\.1 413 /)
})
