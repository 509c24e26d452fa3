import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeCertificate } from '../../testing/certificate.ts'
import { addressRule } from './addresses.ts'
import {
  isCallable,
  openOutbound,
  OutboundFailed,
  OutboundRefused,
  type Call,
  type OutboundOptions,
} from './outbound.ts'

const loopback = ['127.0.0.1/32']
const open: { close(): unknown }[] = []
after(() => open.forEach((one) => one.close()))

async function listen(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  open.push({ close: () => server.close() })
  return (server.address() as AddressInfo).port
}
const serve = (listener: RequestListener) => listen(createServer(listener))
function outbound(options: Partial<OutboundOptions> = {}) {
  const made = openOutbound({ allow: loopback, ...options })
  open.push(made)
  return made
}
const call = (url: string, more: Partial<Call> = {}): Call => ({
  url,
  method: 'POST',
  timeoutMs: 2000,
  answerBytes: 1000,
  ...more,
})
const names =
  (table: Record<string, string[]>): OutboundOptions['lookup'] =>
  (name, done) =>
    done(
      null,
      (table[name] ?? []).map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })),
    )

test('Q06, X08: no address of an internal range may be called, in any spelling; public ones may', () => {
  const isOpen = addressRule([])
  const inside = [
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.1',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.1',
    '192.0.2.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.1.1.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::10.0.0.1',
    '::ffff:10.0.0.1',
    '::ffff:a00:1',
    '::ffff:8.8.8.8',
    '64:ff9b::a00:1',
    '64:ff9b:1::1',
    '2001::1',
    '2001:db8::1',
    '2002:a00:1::',
    'fc00::1',
    'fd12::1',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '::ffff:0:10.0.0.1',
    '::ffff:0:7f00:1',
    '::ffff:0:8.8.8.8',
    '3fff::1',
    '3fff:fff::1',
    '5f00::1',
    '',
    'host',
    '1.2.3',
  ]
  for (const address of inside) assert.equal(isOpen(address), false, address)
  for (const address of [
    '8.8.8.8',
    '1.1.1.1',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.0.1.1',
    '198.17.255.255',
    '198.20.0.0',
    '223.255.255.255',
    '2606:4700::1111',
    '2a00:1450::1',
    '3ffe::1',
    '3fff:1000::1',
    '5eff::1',
    '5f01::1',
  ])
    assert.equal(isOpen(address), true, address)
})

test('only the internal addresses that an operator allows may be called', () => {
  const isOpen = addressRule(['10.1.0.0/16', '192.168.5.5', 'fd00:1::/32'])
  for (const address of ['10.1.2.3', '192.168.5.5', 'fd00:1::9', '::ffff:10.1.2.3'])
    assert.equal(isOpen(address), true, address)
  for (const address of ['10.2.0.0', '10.0.255.255', '192.168.5.6', 'fd00:2::9', '127.0.0.1'])
    assert.equal(isOpen(address), false, address)
})

test('H09: an internal URL is refused with the same text for all, without a connection', async () => {
  let connections = 0
  const port = await listen(createTcpServer((socket) => (connections++, socket.destroy())))
  const { send } = outbound({
    allow: [],
    lookup: names({
      'inside.example': ['127.0.0.1'],
      'mixed.example': ['93.184.216.34', '127.0.0.1'],
      'mapped.example': ['::ffff:127.0.0.1'],
      'none.example': [],
    }),
  })
  const hosts = [
    '127.0.0.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '127.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '0.0.0.0',
    '169.254.169.254',
    'inside.example',
    'mixed.example',
    'mapped.example',
    'none.example',
    'INSIDE.example',
  ]
  const texts = new Set<string>()
  for (const host of hosts) {
    await assert.rejects(
      send(call(`http://${host}:${port}/`)),
      (error: Error) => (texts.add(error.message), error instanceof OutboundRefused),
      host,
    )
  }
  for (const url of [
    'ftp://93.184.216.34/',
    'file:///etc/passwd',
    'http://name:word@93.184.216.34/',
    'nothing',
    'http://',
  ])
    await assert.rejects(send(call(url)), OutboundRefused, url)
  assert.deepEqual([texts.size, connections], [1, 0])
})

test('X08: the connection goes to the address that was checked, even if the name changes', async () => {
  const port = await serve((_request, response) => response.end('here'))
  let asked = 0
  const { send } = outbound({
    lookup: (_name, done) => done(null, [{ address: asked++ === 0 ? '127.0.0.1' : '10.0.0.1', family: 4 }]),
  })
  const reply = await send(call(`http://changing.example:${port}/`))
  assert.deepEqual([reply.body.toString(), asked], ['here', 1])
})

test('Q06: `send` returns a redirect and never follows it', async () => {
  let visits = 0
  const inner = await serve((_request, response) => (visits++, response.end('secret')))
  const port = await serve((_request, response) =>
    response.writeHead(302, { location: `http://127.0.0.1:${inner}/` }).end(),
  )
  const reply = await outbound().send(call(`http://127.0.0.1:${port}/`))
  assert.deepEqual([reply.status, visits], [302, 0])
})

test('method, headers and body arrive, the answer comes back, and a second call uses the same connection', async () => {
  const seen: unknown[] = []
  const ports = new Set<number | undefined>()
  const port = await serve((request, response) => {
    ports.add(request.socket.remotePort)
    request
      .setEncoding('utf8')
      .on('data', (text: string) =>
        seen.push([request.method, request.url, request.headers['x-one'], request.headers['content-length'], text]),
      )
    request.on('end', () => response.writeHead(201, { 'x-two': 'b' }).end('thanks'))
  })
  const { send } = outbound()
  for (const _ of [1, 2]) {
    const reply = await send(
      call(`http://127.0.0.1:${port}/in?a=1`, { method: 'PUT', headers: { 'x-one': 'a' }, body: 'grüße' }),
    )
    assert.deepEqual(
      [reply.status, reply.headers['x-two'], reply.body.toString(), reply.isCut],
      [201, 'b', 'thanks', false],
    )
  }
  assert.deepEqual(seen, [
    ['PUT', '/in?a=1', 'a', '7', 'grüße'],
    ['PUT', '/in?a=1', 'a', '7', 'grüße'],
  ])
  assert.equal(ports.size, 1)
})

test('an endless answer is cut at the limit, a silent server times out, and a caller can abort the call', async () => {
  const endless = await serve((_request, response) => {
    const timer = setInterval(() => response.write('x'.repeat(400)), 1)
    response.on('close', () => clearInterval(timer))
  })
  const cut = await outbound().send(call(`http://127.0.0.1:${endless}/`))
  assert.deepEqual([cut.body.length, cut.isCut], [1000, true])
  const silent = await serve(() => {})
  const reason = (wanted: OutboundFailed['reason']) => (error: unknown) =>
    error instanceof OutboundFailed && error.reason === wanted
  await assert.rejects(outbound().send(call(`http://127.0.0.1:${silent}/`, { timeoutMs: 50 })), reason('timeout'))
  await assert.rejects(
    outbound().send(call(`http://127.0.0.1:${silent}/`, { signal: AbortSignal.timeout(50) })),
    reason('aborted'),
  )
  const stalled = await serve((_request, response) => void response.write('a'))
  await assert.rejects(outbound().send(call(`http://127.0.0.1:${stalled}/`, { timeoutMs: 100 })), reason('timeout'))
})

test('a call to a server that switches to another protocol fails at once', async () => {
  const port = await listen(
    createTcpServer((socket) =>
      socket
        .on('error', () => {})
        .once('data', () =>
          socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
        ),
    ),
  )
  await assert.rejects(Promise.race([outbound().send(call(`http://127.0.0.1:${port}/`)), sleep(4000, 'no end')]), {
    name: 'OutboundFailed',
    message: 'the connection broke',
  })
})

test('a failure says what happened and repeats neither path nor headers', async () => {
  const closedPort = await serve(() => {})
  for (const one of open.splice(-1)) one.close()
  const { send } = outbound()
  const words = async (url: string, headers = {}) => {
    const error = await send(call(url, { headers })).then(
      () => assert.fail('sent'),
      (reason: Error) => reason,
    )
    assert.ok(error instanceof OutboundFailed, String(error))
    return error.message
  }
  assert.equal(await words(`http://127.0.0.1:${closedPort}/services/T0/secret`), 'nobody listens there')
  const cutting = await listen(createTcpServer((socket) => socket.destroy()))
  assert.equal(await words(`http://127.0.0.1:${cutting}/`), 'the other side closed the connection')
  assert.equal(
    await words(`http://127.0.0.1:${cutting}/`, { authorization: 'sec\nret' }),
    'a header holds a character that HTTP cannot carry',
  )
})

test('a certificate is checked unless the caller says otherwise, and against the authority that it names', async () => {
  const { key, cert } = await makeCertificate()
  const port = await listen(createTlsServer({ key, cert }, (_request, response) => response.end('safe')))
  const { send } = outbound()
  await assert.rejects(send(call(`https://127.0.0.1:${port}/`)), /self-signed/)
  for (const more of [{ verifiesTls: false }, { ca: cert }])
    assert.equal((await send(call(`https://127.0.0.1:${port}/`, more))).body.toString(), 'safe')
  await assert.rejects(
    send(call(`https://127.0.0.1:${port}/`)),
    /self-signed/,
    'a connection that was not checked serves nobody else',
  )
})

test('calls beyond the connections of one host wait; calls to another host do not', async () => {
  let atOnce = 0
  let most = 0
  let isHeldBack = true
  const held: (() => void)[] = []
  const slow = await serve((_request, response) => {
    most = Math.max(most, ++atOnce)
    const answer = () => setTimeout(() => (atOnce--, response.end()), 5)
    if (isHeldBack) held.push(answer)
    else answer()
  })
  const quick = await serve((_request, response) => response.end())
  const { send } = outbound({ connectionsPerHost: 2 })
  const waiting = Promise.all(Array.from({ length: 8 }, () => send(call(`http://127.0.0.1:${slow}/`))))
  // This one answers although the slow one does not.
  await send(call(`http://127.0.0.1:${quick}/`))
  isHeldBack = false
  for (const answer of held) answer()
  await waiting
  assert.equal(most, 2)
})

test('the text of a URL tells whether it can be called at all', () => {
  for (const url of ['http://a.example', 'https://a.example:8443/x?y=z', 'http://10.0.0.1/'])
    assert.equal(isCallable(url), true, url)
  for (const url of [
    '',
    'a.example',
    'ftp://a.example',
    'http://a@b.example',
    'http://:x@b.example',
    'javascript:alert(1)',
    'http://',
  ])
    assert.equal(isCallable(url), false, url)
})
