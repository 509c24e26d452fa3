import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openOutbound, type Outbound } from '../../platform/outbound/outbound.ts'
import { githubClaims, openIssuer } from '../../testing/issuer.ts'
import { isIssuerUrl, openIssuers, type IssuerLimits } from './issuers.ts'
import { isSigned, readToken } from './verify.ts'

let outbound: Outbound
before(() => {
  outbound = openOutbound({ allow: ['127.0.0.0/8'] })
})
after(() => outbound.close())

const limits: IssuerLimits = { keysBytes: 256 * 1024, keysTimeoutMs: 30_000, keysTtlMs: 3_600_000, keysPauseMs: 30_000 }
const claims = githubClaims({ audience: 'a', repository: 'octo/app', ref: 'refs/heads/main' })

/** A clock that a test moves by hand. */
function openClock() {
  let at = 1_000_000
  return { now: () => at, pass: (ms: number) => void (at += ms) }
}

test('keys are asked for once, by all who ask at the same time, and again when they are old', async () => {
  await using issuer = await openIssuer()
  const clock = openClock()
  const issuers = openIssuers(outbound, limits, clock.now)
  await Promise.all(Array.from({ length: 20 }, () => issuers.keysOf(issuer.url)))
  assert.deepEqual(issuer.asked, ['/.well-known/openid-configuration', '/keys'])
  clock.pass(limits.keysTtlMs - 1)
  await issuers.keysOf(issuer.url)
  assert.equal(issuer.asked.length, 2)
  clock.pass(1)
  await issuers.keysOf(issuer.url)
  assert.equal(issuer.asked.length, 4)
})

test('an unknown key makes Marina ask again, but not more often than the pause allows', async () => {
  await using issuer = await openIssuer()
  const clock = openClock()
  const issuers = openIssuers(outbound, limits, clock.now)
  await issuers.keysOf(issuer.url)
  await issuer.rotate()
  const token = readToken(await issuer.sign(claims), 10_000)
  assert.equal(await isSigned(token, await issuers.keysOf(issuer.url)), 'unknown key')
  assert.equal(await isSigned(token, await issuers.keysOf(issuer.url, true)), 'unknown key', 'asked just now')
  clock.pass(limits.keysPauseMs)
  assert.equal(await isSigned(token, await issuers.keysOf(issuer.url, true)), true)
  const asked = issuer.asked.length
  for (let count = 0; count < 50; count++) await issuers.keysOf(issuer.url, true)
  assert.equal(issuer.asked.length, asked)
})

test('keys of 10 MB, no JSON and errors are refused, and not asked for again before the pause', async () => {
  await using issuer = await openIssuer()
  const huge = 'x'.repeat(10 * 2 ** 20)
  const answers: [(response: { end(text: string): void; writeHead(status: number): unknown }) => void, RegExp][] = [
    [(response) => response.end(`{"keys": ["${huge}"]}`), /more than 262144 bytes/],
    [(response) => response.end('<html>'), /no JSON/],
    [(response) => response.end('{"keys": []}'), /no public key/],
    [(response) => response.end('{"keys": [{"kty": "oct", "k": "AAAA"}]}'), /no public key/],
    [(response) => response.end(`{"keys": [${Array.from({ length: 201 }, () => '{}').join(',')}]}`), /at most 200/],
    [
      (response) => {
        response.writeHead(500)
        response.end('')
      },
      /answers 500/,
    ],
  ]
  for (const [answer, says] of answers) {
    const issuers = openIssuers(outbound, limits, openClock().now)
    issuer.answerKeys(answer)
    await assert.rejects(issuers.keysOf(issuer.url), says)
    const asked = issuer.asked.length
    issuer.answerKeys(undefined)
    await assert.rejects(issuers.keysOf(issuer.url), says)
    assert.equal(issuer.asked.length, asked)
  }
  const other = openIssuers(outbound, limits)
  await assert.rejects(other.keysOf(`${issuer.url}/`), /another issuer/)
})

test('an issuer that hangs costs one question; its last keys stay good meanwhile, for as long again', async () => {
  await using issuer = await openIssuer()
  const clock = openClock()
  const changing = { ...limits }
  const issuers = openIssuers(outbound, changing, clock.now)
  const keys = await issuers.keysOf(issuer.url)
  issuer.answerKeys(() => {})
  changing.keysTimeoutMs = 300
  clock.pass(limits.keysTtlMs)
  const asked = issuer.asked.length
  const all = await Promise.all(Array.from({ length: 20 }, () => issuers.keysOf(issuer.url)))
  assert.deepEqual(new Set(all), new Set([keys]))
  assert.equal(await issuers.keysOf(issuer.url), keys)
  assert.ok(issuer.asked.length <= asked + 2, 'all of them share one question')
  clock.pass(limits.keysTtlMs)
  await assert.rejects(issuers.keysOf(issuer.url), /no answer within 300 ms/)
})

test('an inside address is called only where an operator has opened it', async () => {
  await using issuer = await openIssuer()
  const strict = openOutbound({ allow: [] })
  await assert.rejects(openIssuers(strict, limits).keysOf(issuer.url), /may not be called/)
  assert.deepEqual(issuer.asked, [])
  strict.close()
})

test('an issuer is a URL with https, or on this very machine', () => {
  for (const url of [
    'https://gitlab.example',
    'https://gitlab.example/path',
    'http://localhost:8080',
    'http://[::1]:1',
  ])
    assert.equal(isIssuerUrl(url), true, url)
  for (const url of ['http://gitlab.example', 'gitlab.example', 'https://a:b@c.example', 'file:///etc', 'https://a/#b'])
    assert.equal(isIssuerUrl(url), false, url)
})
