import assert from 'node:assert/strict'
import { createServer, request as httpRequest } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { peerReader, type Peer } from './server.ts'

/** The peer that peerReader reads from a real request from 127.0.0.1 with these headers. */
async function peerOf(trusted: string[], headers: Record<string, string | string[]>): Promise<Peer> {
  const read = peerReader(trusted)
  let peer: Peer | undefined
  const server = createServer((request, response) => {
    try {
      peer = read(request)
    } finally {
      response.end()
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const request = httpRequest({
    port: (server.address() as AddressInfo).port,
    host: '127.0.0.1',
    headers: { host: 'own:80', ...headers },
  }).end()
  const [response] = (await once(request, 'response')) as [NodeJS.ReadableStream]
  response.resume()
  server.close()
  return peer!
}

const forged = {
  'x-forwarded-for': '8.8.8.8',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'evil.example',
  forwarded: 'for=8.8.8.8;host=evil.example;proto=https',
}

test('C-28, X07: forwarding headers are not believed unless a trusted proxy sends them', async () => {
  for (const trusted of [[], ['10.0.0.0/8'], ['::1']])
    assert.deepEqual(await peerOf(trusted, forged), { address: '127.0.0.1', protocol: 'http', host: 'own:80' })
})

test('C-28: forwarding headers of a trusted proxy are believed', async () => {
  assert.deepEqual(await peerOf(['127.0.0.0/8'], forged), {
    address: '8.8.8.8',
    protocol: 'https',
    host: 'evil.example',
  })
})

test('C-28: of a chain of proxies, the nearest address that is not a trusted proxy counts', async () => {
  assert.equal(
    (await peerOf(['127.0.0.1', '10.0.0.0/8'], { 'x-forwarded-for': '1.1.1.1, 9.9.9.9, 10.1.1.1' })).address,
    '9.9.9.9',
  )
  assert.equal((await peerOf(['127.0.0.1'], { 'x-forwarded-for': '' })).address, '127.0.0.1')
  assert.equal((await peerOf(['127.0.0.1'], { 'x-forwarded-for': '::ffff:9.9.9.9' })).address, '9.9.9.9')
  assert.equal(
    (await peerOf(['127.0.0.1', '2001:db8::/32'], { 'x-forwarded-for': '9.9.9.9, 2001:db8::1' })).address,
    '9.9.9.9',
  )
})

test('C-28: a forwarded text that is not an address is ignored, and the request is served', async () => {
  for (const nonsense of ['unknown', '_hidden', '9.9.9.9:1234', '<script>', '999.1.1.1', '1.1.1.1/8']) {
    assert.equal((await peerOf(['127.0.0.1'], { 'x-forwarded-for': nonsense })).address, '127.0.0.1', nonsense)
    assert.equal(
      (await peerOf(['127.0.0.1'], { 'x-forwarded-for': `1.1.1.1, ${nonsense}` })).address,
      '127.0.0.1',
      nonsense,
    )
  }
})

test('C-28: a forwarded protocol other than http and https is not believed', async () => {
  assert.equal((await peerOf(['127.0.0.1'], { 'x-forwarded-proto': 'ftp' })).protocol, 'http')
  assert.equal((await peerOf(['127.0.0.1'], { 'x-forwarded-proto': 'HTTPS' })).protocol, 'https')
})

test('of lists that a chain of proxies has written, what the client asked for counts', async () => {
  const list = { 'x-forwarded-proto': 'https, http', 'x-forwarded-host': 'reg.example.com, localhost:8080' }
  const outer = await peerOf(['127.0.0.1'], list)
  assert.deepEqual([outer.protocol, outer.host], ['https', 'reg.example.com'])
  const known = await peerOf(['127.0.0.1', '10.0.0.0/8'], { ...list, 'x-forwarded-for': '9.9.9.9, 10.1.1.1' })
  assert.deepEqual([known.address, known.protocol, known.host], ['9.9.9.9', 'https', 'reg.example.com'])
  // What stands left of the client's own entry was invented by the client.
  const forging = await peerOf(['127.0.0.1', '10.0.0.0/8'], {
    'x-forwarded-for': '1.1.1.1, 9.9.9.9',
    'x-forwarded-proto': 'http, https',
    'x-forwarded-host': 'evil.example, reg.example.com',
  })
  assert.deepEqual([forging.address, forging.protocol, forging.host], ['9.9.9.9', 'https', 'reg.example.com'])
})
