import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, test } from 'node:test'
import { oneWriteBytes, sendPrepared, type Prepared } from './prepared.ts'
import { openServer } from './server.ts'

/** As Latin-1, as the answers are read. */
let body = ''
const make = (text = 'grüße {}'): Prepared => {
  body = text
  return {
    headers: ['content-type', 'application/test', 'content-length', text.length],
    body: Buffer.from(text, 'latin1'),
  }
}
let current = make()
let ids = 0
const server = await openServer(
  (request, response) => {
    response.requestId = `id-${ids++}`
    sendPrepared(request, response, current)
  },
  {
    port: 0,
    host: '127.0.0.1',
    headerTimeoutMs: 60_000,
    idleTimeoutMs: 60_000,
    headerBytes: 16_384,
    leftover: { bytes: 1000, ms: 1000 },
  },
)
after(() => server.drain(1000))

const get = (headers = '', version = '1.1') => `GET / HTTP/${version}\r\nHost: a\r\n${headers}\r\n`

/** Sends requests over one connection at once. Returns all answers, each with its id and date replaced. */
async function exchange(requests: string[]): Promise<string[]> {
  const socket = connect(server.port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  socket.write(requests.join(''))
  const isWhole = () => text.split(body).length > requests.length
  while (!isWhole() && !socket.destroyed) await Promise.race([once(socket, 'data'), once(socket, 'close')])
  socket.destroy()
  return text
    .split(body)
    .slice(0, -1)
    .map((head) => {
      const sent = Date.parse(/\r\nDate: (.{29})\r\n/.exec(head)![1]!)
      assert.ok(Math.abs(Date.now() - sent) < 60_000, head)
      return head.replace(/\r\nDate: .{29}\r\n/, '\r\nDate: D\r\n').replace(/(x-request-id: )id-\d+\r/, '$1I\r') + body
    })
}

test('a prepared answer has the very bytes that Node writes itself, apart from its own id and date', async () => {
  current = make()
  const [first, ...others] = await exchange([get(), get(), get('X-Other: 1\r\n')])
  assert.ok(current.parts, 'the head was learnt')
  assert.match(first!, /^HTTP\/1\.1 200 OK\r\nx-request-id: I\r\ncontent-type: application\/test\r\n/)
  assert.deepEqual(others, [first, first])
  assert.deepEqual(await exchange([get()]), [first])
})

test('a body that does not fit into one write with its head is sent unchanged behind a prepared head', async () => {
  current = make('ü'.repeat(oneWriteBytes + 1))
  const [first, ...others] = await exchange([get(), get(), get()])
  assert.equal(current.parts?.apart, current.body)
  assert.deepEqual(others, [first, first])
  current = make('ü'.repeat(oneWriteBytes))
  await exchange([get(), get()])
  assert.equal(current.parts?.apart, undefined)
})

test('each prepared answer has the id of its own request', async () => {
  current = make()
  await exchange([get()])
  const from = ids
  const answer = await fetch(`http://127.0.0.1:${server.port}/`)
  assert.equal(answer.headers.get('x-request-id'), `id-${from}`)
  assert.equal(Buffer.from(await answer.arrayBuffer()).toString('latin1'), body)
})

test('a connection that is to end, or that speaks HTTP/1.0, is answered as without preparation', async () => {
  const asks = [get('Connection: close\r\n'), get('', '1.0'), get('Connection: keep-alive\r\n', '1.0')]
  for (const ask of asks) {
    current = make()
    const [unprepared] = await exchange([ask])
    assert.equal(current.parts, undefined)
    await exchange([get()])
    assert.ok(current.parts, 'the head was learnt')
    assert.deepEqual(await exchange([ask]), [unprepared])
  }
})
