import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import type { Tag } from '../../../oci/reference.ts'
import { makeCertificate } from '../../testing/certificate.ts'
import { openOtherRemote, openOtherSide, sendError, sendJson, type Answering } from '../../testing/other-side.ts'
import { RemoteFailed, remoteName, type Credential } from './remote.ts'

const app = remoteName('team/app')
const web = remoteName('alpine')
const basic: Credential = { kind: 'basic', username: 'robot', password: 'pass:word' }
const basicHeader = `Basic ${Buffer.from('robot:pass:word').toString('base64')}`

/** A registry whose calls need a token that `isGood` takes, and the token service at `realm`. */
const registry =
  (realm: () => string, isGood: (token: string) => boolean): Answering =>
  (request, response) => {
    const [, token] = /^Bearer (.*)$/.exec(request.headers.authorization ?? '') ?? []
    if (token !== undefined && isGood(token)) return sendJson(response, { name: app, tags: ['v1'] })
    const scope =
      request.url === '/v2/'
        ? ''
        : `,scope="repository:${/^\/v2\/(.*)\/(?:tags|manifests)\//.exec(request.url!)?.[1]}:pull"`
    response.setHeader('www-authenticate', `Bearer realm="${realm()}",service="other side"${scope}`)
    sendError(response, 401, 'UNAUTHORIZED')
  }

type Form = Record<string, string>

/** A token service that notes what it was asked, and answers by `give`. */
async function openTokens(give: (form: Form, request: IncomingMessage, response: ServerResponse) => unknown) {
  const forms: Form[] = []
  const side = await openOtherSide(async (request, response) => {
    const query = new URL(request.url!, 'http://x').searchParams
    const form = Object.fromEntries(request.method === 'POST' ? new URLSearchParams(await text(request)) : query)
    forms.push({ method: request.method!, ...form })
    const given = give(form, request, response)
    if (given !== undefined) sendJson(response, given)
  })
  return { ...side, forms }
}

const failsWith = (reason: RemoteFailed['reason'], pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof RemoteFailed, String(error))
  assert.equal(error.reason, reason, error.message)
  assert.match(error.message, pattern)
  assert.doesNotMatch(error.message, /pass:word|cGFzczp3b3Jk/)
  return true
}

test('S3-34: a token is got by GET with name and password, once a scope; the registry sees no password', async () => {
  await using tokens = await openTokens(({ scope = 'none' }) => ({ token: `good-${scope}`, expires_in: 300 }))
  await using side = await openOtherSide(
    registry(
      () => `${tokens.url}/token`,
      (token) => token.startsWith('good'),
    ),
  )
  using remote = openOtherRemote({ url: side.url, credential: basic })
  for (const name of [app, web, app]) assert.deepEqual(await remote.listTags(name, { limit: 5, last: '' }), ['v1'])
  const wanted = { method: 'GET', service: 'other side', account: 'robot' }
  assert.deepEqual(
    tokens.forms,
    [app, web].map((name) => ({ ...wanted, scope: `repository:${name}:pull` })),
  )
  assert.ok(tokens.asked.every(({ authorization }) => authorization === basicHeader))
  assert.ok(side.asked.every(({ authorization }) => authorization === undefined || authorization.startsWith('Bearer')))
})

test('many calls at once share one token, and without a credential it is an anonymous one', async () => {
  await using tokens = await openTokens(() => ({ access_token: 'good' }))
  await using side = await openOtherSide(
    registry(
      () => tokens.url,
      (token) => token === 'good',
    ),
  )
  using remote = openOtherRemote({ url: side.url })
  await Promise.all(Array.from({ length: 10 }, () => remote.listTags(app, { limit: 5, last: '' })))
  assert.equal(tokens.forms.length, 1)
  assert.equal(tokens.asked[0]!.authorization, undefined)
})

test('a token is got by POST with a refresh token, and with the password where the service has no GET', async () => {
  await using tokens = await openTokens((_form, request, response) =>
    request.method === 'POST' ? { access_token: 'good' } : sendError(response, 405, 'UNSUPPORTED'),
  )
  await using side = await openOtherSide(
    registry(
      () => tokens.url,
      (token) => token === 'good',
    ),
  )
  const scope = `repository:${app}:pull`
  const shared = { method: 'POST', service: 'other side', client_id: 'marina', access_type: 'online', scope }
  for (const [credential, form] of [
    [
      { kind: 'refresh', token: 'r' },
      { grant_type: 'refresh_token', refresh_token: 'r' },
    ],
    [basic, { grant_type: 'password', username: 'robot', password: 'pass:word' }],
  ] as [Credential, Form][]) {
    using remote = openOtherRemote({ url: side.url, credential })
    await remote.listTags(app, { limit: 5, last: '' })
    assert.deepEqual(tokens.forms.at(-1), { ...shared, ...form })
  }
})

test('a token is replaced before its end, and once when it is refused; then the refusal is an error', async () => {
  let [count, good] = [0, (token: string) => token === `t${count}`]
  let expires = 0.01
  await using tokens = await openTokens(() => ({ token: `t${++count}`, expires_in: expires }))
  await using side = await openOtherSide(
    registry(
      () => tokens.url,
      (token) => good(token),
    ),
  )
  using remote = openOtherRemote({ url: side.url, credential: basic })
  const list = () => remote.listTags(app, { limit: 5, last: '' })
  await list()
  // The next call waits until the first token, of 10 ms, is surely over.
  while (tokens.forms.length < 2) await list()
  expires = 3600
  while (tokens.forms.length < 3) await list()
  await list()
  assert.equal(tokens.forms.length, 3)
  count++
  await list()
  assert.equal(tokens.forms.length, 4)
  good = () => false
  await assert.rejects(list(), failsWith('unauthorized', /status 401.*refuses the credential/))
  assert.equal(tokens.forms.length, 5)
})

test('S3-33, S3-34: Basic is sent to a registry that asks for it, and to no other host', async () => {
  await using storage = await openOtherSide((request, response) =>
    response.end(request.headers.authorization ?? 'none'),
  )
  await using side = await openOtherSide((request, response) => {
    if (request.url!.includes('/blobs/')) return response.writeHead(307, { location: `${storage.url}/blob` }).end()
    if (request.headers.authorization === basicHeader) return sendJson(response, { tags: ['v1'] })
    response.setHeader('www-authenticate', 'Negotiate, Basic realm="x"')
    sendError(response, 401, 'UNAUTHORIZED')
  })
  using remote = openOtherRemote({ url: side.url, credential: basic })
  await remote.ping()
  assert.deepEqual(await remote.listTags(app, { limit: 5, last: '' }), ['v1'])
  const digest = `sha256:${'0'.repeat(64)}` as Parameters<typeof remote.openBlob>[1]
  await assert.rejects(async () => (await remote.openBlob(app, digest)).toArray(), failsWith('lied', /digest/))
  assert.deepEqual(
    storage.asked.map(({ authorization }) => authorization),
    [undefined],
  )
  using anonymous = openOtherRemote({ url: side.url })
  await assert.rejects(anonymous.ping(), failsWith('unauthorized', /needs a credential/))
  using wrong = openOtherRemote({ url: side.url, credential: { ...basic, password: 'x' } })
  await assert.rejects(wrong.ping(), failsWith('unauthorized', /check name and secret/))
})

test('a credential that is made anew is asked for again before its end and after a refusal', async () => {
  let made = 0
  let good = 1
  const fresh = async () => ({
    proof: { kind: 'bearer', token: String(++made) } as const,
    endsAt: new Date(Date.now() + 600_000),
  })
  await using side = await openOtherSide(
    registry(
      () => 'http://127.0.0.1:1/',
      (token) => token === String(good),
    ),
  )
  using remote = openOtherRemote({ url: side.url, credential: { kind: 'fresh', fresh } })
  const list = () => remote.listTags(app, { limit: 5, last: '' })
  await list()
  await list()
  assert.equal(made, 1)
  good = 2
  await list()
  assert.equal(made, 2)
})

test("a vendor's own API gets a new token after a refusal, once; a ready one is not asked for again", async () => {
  let [made, good] = [0, 1]
  const fresh = async () => ({
    proof: { kind: 'bearer', token: String(++made) } as const,
    endsAt: new Date(Date.now() + 600_000),
  })
  await using side = await openOtherSide((request, response) =>
    request.headers.authorization === `Bearer ${good}`
      ? sendJson(response, { results: [] })
      : sendError(response, 401, 'UNAUTHORIZED'),
  )
  using remote = openOtherRemote({ url: side.url, credential: { kind: 'fresh', fresh } })
  const call = (method: 'GET' | 'POST') => remote.api({ method, path: '/v2/namespaces', body: { page: 1 } })
  assert.equal((await call('GET')).status, 200)
  good = 2
  assert.deepEqual([(await call('POST')).status, made], [200, 2])
  good = 9
  await assert.rejects(call('GET'), failsWith('unauthorized', /status 401/))
  assert.deepEqual([made, side.asked.length], [3, 5])
  using ready = openOtherRemote({ url: side.url, credential: { kind: 'bearer', token: 'old' } })
  await assert.rejects(
    ready.api({ path: '/v2/namespaces' }),
    failsWith('unauthorized', /refuses the credential: check name and secret/),
  )
  assert.equal(side.asked.length, 6)
})

test("an administrator's own URL of the token service replaces the registry's", async () => {
  await using tokens = await openTokens(() => ({ token: 'good' }))
  await using side = await openOtherSide(
    registry(
      () => 'https://elsewhere.invalid/',
      (token) => token === 'good',
    ),
  )
  using remote = openOtherRemote({ url: side.url, credential: basic, tokenServiceUrl: `${tokens.url}/own` })
  await remote.listTags(app, { limit: 5, last: '' })
  assert.match(tokens.asked[0]!.path, /^\/own\?/)
})

test('no password goes unencrypted to a token service that an encrypted registry names', async () => {
  const certificate = await makeCertificate()
  await using tokens = await openTokens(() => ({ token: 'good' }))
  const answer = registry(
    () => tokens.url,
    (token) => token === 'good',
  )
  await using side = await openOtherSide(answer, certificate)
  using remote = openOtherRemote({ url: side.url, credential: basic, caCertificate: certificate.cert })
  await assert.rejects(remote.ping(), failsWith('refused', /unencrypted/))
  assert.equal(tokens.asked.length, 0)
  using insecure = openOtherRemote({ url: side.url, credential: basic, insecure: true })
  await insecure.ping()
})

test('a token service that refuses, answers HTML, no token, or one that no header can hold, is an error', async () => {
  const answers: [(response: ServerResponse) => unknown, RemoteFailed['reason'], RegExp][] = [
    [(response) => sendError(response, 401, 'UNAUTHORIZED'), 'unauthorized', /check name and secret/],
    [(response) => sendJson(response, { error: 'invalid_grant' }, 400), 'unauthorized', /token service refuses/],
    [(response) => sendError(response, 403, 'DENIED'), 'denied', /right/],
    [(response) => response.end('<html>'), 'not-a-registry', /without a token/],
    [(response) => sendJson(response, []), 'not-a-registry', /without a token/],
    [(response) => sendJson(response, { token: 'a\r\nb' }), 'not-a-registry', /without a token/],
    [(response) => response.writeHead(302, { location: '/x' }).end(), 'not-a-registry', /leads elsewhere/],
  ]
  for (const [answer, reason, pattern] of answers) {
    await using tokens = await openTokens((_form, _request, response) => void answer(response))
    await using side = await openOtherSide(
      registry(
        () => tokens.url,
        () => false,
      ),
    )
    using remote = openOtherRemote({ url: side.url, credential: basic })
    await assert.rejects(
      Promise.resolve(remote.readManifest(app, { tag: 'v1' as Tag })),
      failsWith(reason, pattern),
      String(pattern),
    )
  }
})
