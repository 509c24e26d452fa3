/** Bodies that are read straight into the memory of a sink. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { after, before, test } from 'node:test'
import { makeCertificate, type Certificate } from '../../testing/certificate.ts'
import { fillDirectly, openOutbound, type Sink } from './outbound.ts'

const opened = new AsyncDisposableStack()
let certificate: Certificate
before(async () => void (certificate = await makeCertificate()))
after(() => opened.disposeAsync())

const body = randomBytes(3_000_001)
/** By path, what the server answers; the ports of its clients, in order. */
const answers: Record<string, (response: ServerResponse) => void> = {
  '/whole': (response) => response.writeHead(200, { 'content-length': body.length }).end(body),
  '/chunked': (response) => response.writeHead(200).end(body),
  '/small': (response) => response.writeHead(200, { 'content-length': 5 }).end('small'),
  '/cut': (response) => {
    response.writeHead(200, { 'content-length': body.length })
    response.write(body.subarray(0, 2_000_000), () => response.destroy())
  },
}
const ports: (number | undefined)[] = []
const answer = (request: IncomingMessage, response: ServerResponse) => {
  ports.push(request.socket.remotePort)
  answers[request.url!]!(response)
}

async function listen(server: Server & { closeAllConnections(): void }): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.defer(() => {
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}
const serve = async () => `http://127.0.0.1:${await listen(createServer(answer))}`
const serveByTls = async () => `https://127.0.0.1:${await listen(createTlsServer(certificate, answer))}`

const outbound = openOutbound({ allow: ['127.0.0.1/32'] })
opened.defer(() => outbound.close())

type Receiving = { rooms?: number[]; more?: Partial<Sink> }

/** Receives a body; `rooms` are the sizes of the memory that the sink gives in turn, `more` what else it does. */
async function receive(url: string, { rooms = [100_003], more = {} }: Receiving = {}) {
  const reply = await outbound.open({ url, method: 'GET', silenceMs: 10_000, verifiesTls: false })
  const got = Buffer.alloc(body.length)
  const count = { chunks: 0, direct: 0, at: 0, rooms: 0 }
  const sink: Sink = {
    left: () => got.length - count.at,
    room: () => got.subarray(count.at, count.at + rooms[count.rooms++ % rooms.length]!),
    filled(bytes) {
      assert.equal(bytes.byteOffset, got.byteOffset + count.at, 'the bytes are where the sink wants them')
      count.direct += bytes.length
      count.at += bytes.length
      return undefined
    },
  }
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  reply.body.on('data', (chunk: Buffer) => {
    count.chunks += chunk.length
    count.at += chunk.copy(got, count.at)
  })
  reply.body.once('end', resolve).once('error', reject)
  fillDirectly(reply.body, { ...sink, filled: (bytes) => (sink.filled(bytes), more.filled?.(bytes)) })
  await promise
  return { got: got.subarray(0, count.at), ...count }
}

for (const [name, open] of [
  ['HTTP', serve],
  ['TLS', serveByTls],
] as const)
  test(`most of a body by ${name} goes into the sink, in order, and its connection is used again`, async () => {
    const url = await open()
    for (const rooms of [[500_000], [1, 70_000, 3], [16_384]]) {
      ports.length = 0
      const { got, direct, chunks } = await receive(`${url}/whole`, { rooms })
      assert.ok(got.equals(body))
      assert.equal(direct + chunks, body.length, 'no byte comes twice')
      // When this fails with a new Node, its parser has changed: see `bodyKeyOf`.
      assert.ok(direct > body.length / 2, `${direct} of ${body.length} bytes came directly`)
      assert.equal((await receive(`${url}/small`)).got.toString(), 'small')
      assert.ok((await receive(`${url}/whole`)).got.equals(body))
      assert.equal(new Set(ports).size, 1)
    }
  })

test('a sink holds up the other side as long as it likes', async () => {
  const held = { now: 0, most: 0, ever: 0 }
  const filled = () => {
    held.most = Math.max(held.most, ++held.now)
    held.ever++
    return new Promise<void>((resolve) => setTimeout(() => resolve(void held.now--), 1))
  }
  const { got } = await receive(`${await serve()}/whole`, { more: { filled } })
  assert.ok(got.equals(body))
  assert.ok(held.ever > 1)
  assert.equal(held.most, 1, 'nothing is read while it waits')
  assert.ok((await receive(`${await serveByTls()}/whole`, { more: { filled } })).got.equals(body))
})

test('a body without a length comes as chunks', async () => {
  const { got, direct } = await receive(`${await serve()}/chunked`)
  assert.ok(got.equals(body))
  assert.equal(direct, 0)
})

test('a body that is cut, and a sink that fails, end the answer with an error', async () => {
  const url = await serve()
  await assert.rejects(receive(`${url}/cut`), { name: 'OutboundFailed' })
  const fails = () => {
    throw new Error('no room')
  }
  await assert.rejects(receive(`${url}/whole`, { more: { filled: fails } }), /no room/)
  await assert.rejects(
    receive(`${url}/whole`, { more: { filled: () => Promise.reject(new Error('no disk')) } }),
    /no disk/,
  )
  assert.ok((await receive(`${url}/whole`)).got.equals(body), 'the next one is whole')
})
