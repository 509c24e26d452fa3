import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { isIP, type AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { refusals } from './addresses.ts'
import { openOutbound, OutboundFailed, OutboundRefused, type OutboundOptions, type Reach } from './outbound.ts'

const opened = new AsyncDisposableStack()
after(() => opened.disposeAsync())

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.defer(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function outbound(options: Partial<OutboundOptions> = {}) {
  const made = openOutbound({ allow: [], ...options })
  opened.defer(() => made.close())
  return made
}

const names =
  (table: Record<string, string>): OutboundOptions['lookup'] =>
  (name, done) => {
    const address = table[name]
    if (address === undefined) done(new Error('no such name'), [])
    else done(null, [{ address, family: isIP(address) } satisfies LookupAddress])
  }

const get = (made: ReturnType<typeof outbound>, url: string, reach: Reach, redirects = 0) =>
  made.open({ url, method: 'GET', silenceMs: 5000, reach, redirects })
const refused = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof OutboundRefused, String(error))
  assert.match(error.message, pattern)
  return true
}

const inside = ['10.0.0.1', '172.16.5.4', '192.168.1.1', '100.64.0.1', 'fc00::1', 'fd12:3456::1']
const metadata = ['169.254.169.254', 'fd00:ec2::254', 'fd20:ce::254', '100.100.100.200', '168.63.129.16']
const linkLocal = ['169.254.1.1', 'fe80::1', 'fe80::1%eth0', 'fd00:ec2::1']
const reserved = ['0.0.0.0', '224.0.0.1', '255.255.255.255', '::', 'ff02::1', '198.18.0.1', '192.0.2.1', '2001:db8::1']

test('an endpoint may lie inside; metadata, link-local, reserved and translated addresses are refused', () => {
  const refusalOf = refusals([])
  for (const address of [...inside, '8.8.8.8', '2606:4700::1111']) {
    assert.equal(refusalOf(address, 'endpoint'), undefined, address)
  }
  for (const address of [...metadata, ...linkLocal])
    assert.match(refusalOf(address, 'endpoint')!, /never calls/, address)
  for (const address of reserved) assert.match(refusalOf(address, 'endpoint')!, /MARINA_OUTBOUND_ALLOW/, address)
  for (const address of ['::ffff:10.0.0.1', '64:ff9b::a00:1', '2002:a00:1::1', 'x', '']) {
    assert.notEqual(refusalOf(address, 'endpoint'), undefined, address)
  }
})

test('loopback needs MARINA_OUTBOUND_ALLOW, which opens neither link-local addresses nor metadata services', () => {
  const [closed, open] = [
    refusals([]),
    refusals(['127.0.0.0/8', '::1', '169.254.0.0/16', 'fd00:ec2::/32', 'fe80::/10']),
  ]
  for (const address of ['127.0.0.1', '127.9.9.9', '::1']) {
    assert.match(closed(address, 'endpoint')!, /loopback.*MARINA_OUTBOUND_ALLOW/)
    assert.equal(open(address, 'endpoint'), undefined)
  }
  for (const address of ['169.254.169.254', 'fd00:ec2::254', 'fe80::1']) {
    for (const reach of ['endpoint', 'onward'] as const) assert.match(open(address, reach)!, /never calls/)
  }
})

test('where a public endpoint leads is public; the metadata reach knows metadata services alone', () => {
  const refusalOf = refusals(['10.9.0.0/16'])
  for (const address of inside) assert.match(refusalOf(address, 'onward')!, /inside.*MARINA_OUTBOUND_ALLOW/, address)
  assert.equal(refusalOf('10.9.1.1', 'onward'), undefined)
  assert.equal(refusalOf('8.8.8.8', 'onward'), undefined)
  assert.equal(refusalOf('169.254.169.254', 'metadata'), undefined)
  for (const address of ['169.254.169.253', '10.9.1.1', '8.8.8.8']) {
    assert.notEqual(refusalOf(address, 'metadata'), undefined, address)
  }
})

test('a refusal names host, address and setting, in a call and in a check beforehand', async () => {
  const made = outbound({ lookup: names({ 'meta.example': '169.254.169.254', 'here.example': '127.0.0.1' }) })
  for (const work of [
    (url: string) => get(made, url, 'endpoint'),
    (url: string) => made.check(url, 'endpoint'),
    (url: string) => made.send({ url, method: 'GET', timeoutMs: 5000, answerBytes: 1, reach: 'endpoint' }),
  ]) {
    await assert.rejects(work('http://meta.example/'), refused(/^meta\.example \(169\.254\.169\.254\) .*never calls/))
    await assert.rejects(work('http://here.example/'), refused(/here\.example \(127\.0\.0\.1\).*MARINA_OUTBOUND_ALLOW/))
    await assert.rejects(
      work('http://[::1]:5000/'),
      refused(/^::1 may not be called: .*add ::1 to MARINA_OUTBOUND_ALLOW/),
    )
  }
  await made.check('http://nobody.example/', 'endpoint')
  await made.check('http://10.1.2.3/', 'endpoint')
})

test('an administrator reads that a name is not known; users read the one text of all refusals', async () => {
  const made = outbound({ lookup: names({}) })
  await assert.rejects(
    get(made, 'http://nobody.example/', 'endpoint'),
    (error) => error instanceof OutboundFailed && /nobody\.example is not known/.test(error.message),
  )
  await assert.rejects(get(made, 'http://nobody.example/', 'public'), refused(/inside, or unknown/))
})

test('a connection of an endpoint is not lent to a call that may not open it', async () => {
  const url = await serve((_, response) => response.end('in'))
  const { port } = new URL(url)
  let address = '127.0.0.1'
  const made = outbound({
    allow: ['127.0.0.1'],
    lookup: (_, done) => done(null, [{ address, family: 4 }]),
  })
  await (await get(made, `http://moving.example:${port}/`, 'endpoint')).body.resume().toArray()
  address = '10.0.0.1'
  await assert.rejects(get(made, `http://moving.example:${port}/`, 'public'), refused(/inside/))
})

test('an endpoint inside may redirect inside; a public one may not', async () => {
  const target = await serve((_, response) => response.end('layer'))
  const redirecting: RequestListener = (request, response) =>
    response.writeHead(307, { location: `${target}${request.url!.endsWith('/inside') ? '/' : '/x'}` }).end()
  const endpoint = await serve(redirecting)
  const made = outbound({ allow: ['127.0.0.1'] })
  const { body, isInside } = await get(made, `${endpoint}/inside`, 'endpoint', 1)
  assert.equal(isInside, true)
  assert.equal(Buffer.concat((await body.toArray()) as Buffer[]).toString(), 'layer')

  // The proxy stands for a registry at a public address: what it answers comes from there.
  const proxy = await serve((_, response) => response.writeHead(307, { location: 'http://10.0.0.5/layer' }).end())
  const lookup = names({ 'public.example': '93.184.216.34', 'inner.example': '10.0.0.9' })
  const proxied = outbound({ lookup, proxy: { http: proxy, no: '10.0.0.0/8' } })
  assert.equal((await get(proxied, 'http://public.example/', 'endpoint')).isInside, false)
  assert.equal((await get(proxied, 'http://inner.example/', 'endpoint')).isInside, true)
  await assert.rejects(
    get(proxied, 'http://public.example/', 'endpoint', 1),
    refused(/^10\.0\.0\.5 .*a public registry may not lead to an inside address/),
  )
})
