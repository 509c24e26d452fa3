import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { test } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { makeCertificate } from '../../testing/certificate.ts'
import { eventually } from '../../testing/http.ts'
import { openForwarder, parseForwardTarget, type ForwarderOptions, type Message } from './forward.ts'

const open = (options: Partial<ForwarderOptions> = {}) =>
  openForwarder({ isOpen: () => true, onChange: () => {}, backOffMs: 20, timeoutMs: 500, ...options })
const message = (n: number, more: Partial<Message> = {}): Message => ({
  at: new Date('2026-02-03T04:05:06.789Z'),
  kind: 'create_label',
  isWarning: false,
  content: { n, who: 'Zoë' },
  ...more,
})

/** A server that gathers what it receives, by connection. */
async function listening(
  server: Server,
): Promise<{ port: number; text(): string; sockets: Set<Socket> } & AsyncDisposable> {
  let text = ''
  const sockets = new Set<Socket>()
  server.on(
    server instanceof (createTlsServer().constructor as never) ? 'secureConnection' : 'connection',
    (socket: Socket) => {
      sockets.add(
        socket
          .setEncoding('utf8')
          .on('data', (part: string) => (text += part))
          .on('error', () => {}),
      )
    },
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    text: () => text,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((done) => server.close(done))
    },
  }
}

/** Splits `<bytes> <message>`, repeated (RFC 6587). */
function unframed(text: string): string[] {
  const bytes = Buffer.from(text)
  const found: string[] = []
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(' ', at)
    const end = space + 1 + Number(bytes.toString('utf8', at, space))
    found.push(bytes.toString('utf8', space + 1, end))
    at = end
  }
  return found
}

const expected = (n: number, priority = 110) =>
  new RegExp(
    `^<${priority}>1 2026-02-03T04:05:06\\.789Z \\S+ marina ${process.pid} create_label - {"n":${n},"who":"Zoë"}$`,
  )

test('messages arrive as RFC 5424 over TCP, each after its length in bytes, and refusals as warnings', async () => {
  await using server = await listening(createServer())
  await using forwarder = open()
  forwarder.send(`127.0.0.1:${server.port}`, message(1))
  forwarder.send(`127.0.0.1:${server.port}`, message(2, { isWarning: true }))
  const [first, second] = await eventually(() => {
    const found = unframed(server.text())
    assert.equal(found.length, 2)
    return found as [string, string]
  })
  assert.match(first, expected(1))
  assert.match(second, expected(2, 108))
})

test('messages arrive over UDP, one datagram each, as syslog or JSON', async () => {
  const socket = createSocket('udp4')
  const heard: string[] = []
  socket.on('message', (datagram) => heard.push(datagram.toString()))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  {
    await using forwarder = open()
    forwarder.send(`udp://127.0.0.1:${socket.address().port}`, message(1))
    forwarder.send(`udp://127.0.0.1:${socket.address().port}?format=json`, message(2))
    await eventually(() => assert.equal(heard.length, 2))
  }
  socket.close()
  assert.match(heard[0]!, expected(1))
  assert.equal(heard[1], '{"n":2,"who":"Zoë"}\n')
})

test('messages go over TLS only to a server with a certificate of a known authority', async () => {
  const { key, cert } = await makeCertificate()
  await using server = await listening(createTlsServer({ key, cert }))
  const states: string[] = []
  await using stranger = open({ onChange: (state) => states.push(state) })
  stranger.send(`tls://127.0.0.1:${server.port}`, message(1))
  await eventually(() => assert.deepEqual(states, ['failing']))
  await using forwarder = open({ ca: cert })
  forwarder.send(`tls://127.0.0.1:${server.port}?format=json`, message(2))
  await eventually(() => assert.equal(server.text(), '{"n":2,"who":"Zoë"}\n'))
})

test('while no server listens a bounded number of messages waits; they are sent once one listens', async () => {
  const states: string[] = []
  await using forwarder = open({ capacity: 10, onChange: (state, { reason = '' }) => void states.push(state, reason) })
  const reserved = createServer()
  const { port } = await listening(reserved)
  await new Promise((done) => reserved.close(done))
  // All in one turn of the event loop, as `send` does not wait.
  for (let n = 0; n < 1000; n++) forwarder.send(`tcp://127.0.0.1:${port}?format=json`, message(n))
  assert.deepEqual(forwarder.counts(), { sent: 0, waiting: 10, lost: 990 })
  await eventually(() => assert.equal(states[0], 'failing'))
  assert.match(states[1]!, /ECONNREFUSED/)
  const server = createServer()
  let text = ''
  server.on('connection', (socket) => socket.on('data', (part) => (text += part.toString())))
  server.listen(port, '127.0.0.1')
  await eventually(() =>
    assert.deepEqual(
      text
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { n: number }).n),
      [990, 991, 992, 993, 994, 995, 996, 997, 998, 999],
    ),
  )
  assert.equal(states.at(-2), 'well')
  await forwarder[Symbol.asyncDispose]()
  await new Promise((done) => server.close(done))
})

/** An endpoint on which no server listens. */
async function closedEndpoint(): Promise<string> {
  await using server = await listening(createServer())
  return `tcp://127.0.0.1:${server.port}?format=json`
}

const numbersIn = (text: string) =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { n: number }).n)

test('messages that wait for a wrong endpoint go to the next one, whichever process was told of it', async () => {
  await using server = await listening(createServer())
  const right = `tcp://127.0.0.1:${server.port}?format=json`
  const wrong = await closedEndpoint()
  const states: string[] = []
  // A long back-off: only a wake-up, not its end, can bring the message in time.
  await using forwarder = open({ backOffMs: 30_000, onChange: (state) => states.push(state) })
  for (const n of [1, 2]) forwarder.send(wrong, message(n))
  await eventually(() => assert.deepEqual(states, ['failing']))
  forwarder.send(right, message(3))
  await eventually(() => assert.deepEqual(numbersIn(server.text()), [1, 2, 3]))
  let wanted = wrong
  await using other = open({ wanted: () => Promise.resolve(wanted) })
  other.send(wrong, message(4))
  wanted = right
  await eventually(() => assert.deepEqual(numbersIn(server.text()), [1, 2, 3, 4]))
  wanted = ''
  other.send(wrong, message(5))
  await eventually(() => assert.deepEqual(other.counts(), { sent: 1, waiting: 0, lost: 1 }))
})

test('an endpoint that fails after one over UDP that worked is a failure like any other', async () => {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const states: string[] = []
  await using forwarder = open({ isOpen: (address) => address !== '::1', onChange: (state) => states.push(state) })
  forwarder.send(`udp://127.0.0.1:${socket.address().port}`, message(1))
  await eventually(() => assert.equal(forwarder.counts().sent, 1))
  forwarder.send('udp://[::1]:514', message(2))
  await eventually(() => assert.deepEqual(states, ['failing']))
  forwarder.send(`udp://127.0.0.1:${socket.address().port}`, message(3))
  await eventually(() => assert.equal(forwarder.counts().sent, 3))
  socket.close()
})

test('messages not sent at the end are counted and reported', async () => {
  const said: unknown[] = []
  const forwarder = open({ backOffMs: 30_000, onChange: (state, { reason, lost }) => said.push([state, reason, lost]) })
  const endpoint = await closedEndpoint()
  for (const n of [1, 2]) forwarder.send(endpoint, message(n))
  await eventually(() => assert.equal(said.length, 1))
  await forwarder[Symbol.asyncDispose]()
  assert.deepEqual(said[1], ['failing', 'Marina stops', 2])
  assert.deepEqual(forwarder.counts(), { sent: 0, waiting: 0, lost: 2 })
})

test('a server that reads nothing holds up no caller, and a lost connection is replaced', async () => {
  await using server = await listening(createServer())
  await using forwarder = open({ capacity: 2000 })
  const endpoint = `tcp://127.0.0.1:${server.port}?format=json`
  forwarder.send(endpoint, message(1))
  await eventually(() => assert.match(server.text(), /"n":1/))
  for (const socket of server.sockets) socket.destroy()
  await eventually(() => {
    forwarder.send(endpoint, message(2))
    assert.match(server.text(), /"n":2/)
  })
  for (const socket of server.sockets) socket.pause()
  for (let n = 0; n < 5000; n++) forwarder.send(endpoint, message(n, { content: { long: 'x'.repeat(4000) } }))
  assert.ok(forwarder.counts().waiting <= 2000 && forwarder.counts().lost >= 2999)
})

test('H09: nothing is sent to an internal address unless an operator has opened it', async () => {
  await using server = await listening(createServer())
  const states: string[] = []
  await using forwarder = open({
    isOpen: (address) => address !== '127.0.0.1',
    onChange: (_, { reason = '' }) => states.push(reason),
  })
  for (const host of ['127.0.0.1', 'localhost']) forwarder.send(`${host}:${server.port}`, message(1))
  await eventually(() => assert.match(states[0] ?? '', /MARINA_OUTBOUND_ALLOW/))
  assert.equal(server.sockets.size, 0)
})

test('an endpoint is host:port as in Harbor, or a URL with transport and format', () => {
  assert.deepEqual(parseForwardTarget('log.example:514'), {
    transport: 'tcp',
    host: 'log.example',
    port: 514,
    format: 'syslog',
  })
  assert.deepEqual(parseForwardTarget('udp://[::1]:514'), {
    transport: 'udp',
    host: '::1',
    port: 514,
    format: 'syslog',
  })
  assert.deepEqual(parseForwardTarget('tls://log.example:6514?format=json'), {
    transport: 'tls',
    host: 'log.example',
    port: 6514,
    format: 'json',
  })
  for (const wrong of [
    '',
    'log',
    'log:0',
    'log:65536',
    'http://log:1',
    'tcp://a:b@log:1',
    'tcp://log:1/path',
    'log:1?format=xml',
    'log:1 ',
  ])
    assert.throws(() => parseForwardTarget(wrong), /must be host:port/, wrong)
})
