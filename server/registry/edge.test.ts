import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pino from 'pino'
import { fresh, givenProject, makeImage, pushBlob, pushImage } from '../testing/given.ts'
import { basic, expectAnswer, openRaw, sendRaw } from '../testing/http.ts'
import { openTestMarina, type TestMarina } from '../testing/server.ts'

let marina: TestMarina
const lines: string[] = []
before(async () => {
  marina = await openTestMarina(
    { MARINA_HEADER_TIMEOUT: '1s', MARINA_IDLE_TIMEOUT: '2s' },
    pino({ level: 'debug' }, { write: (line) => lines.push(line) }),
  )
})
after(() => marina[Symbol.asyncDispose]())

const isAlive = async () => assert.equal((await marina.ask('GET', '/api/v2.0/ping')).text, 'Pong')
const authorization = () => `Authorization: ${basic(marina.admin)}`

test('C-68: requests that two HTTP parsers could read differently are 400, and the connection ends', async () => {
  const evil: Record<string, string> = {
    'both lengths':
      'POST /v2/ HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG',
    'both lengths, the other way round':
      'POST /v2/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nG',
    'two lengths': 'POST /v2/ HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
    'a length that is no number': 'POST /v2/ HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na',
    'a wrong chunk size': 'POST /v2/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    'an unknown coding': 'POST /v2/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n',
    'a folded header': 'GET /v2/ HTTP/1.1\r\nHost: a\r\nX: a\r\n b: c\r\n\r\n',
    'a space before the colon': 'GET /v2/ HTTP/1.1\r\nHost : a\r\n\r\n',
    'no host': 'GET /v2/ HTTP/1.1\r\n\r\n',
    'two hosts': 'GET /v2/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
    'a bare CR': 'GET /v2/ HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n',
    'a NUL in a header': 'GET /v2/ HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n',
    'no HTTP at all': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n',
  }
  for (const [what, text] of Object.entries(evil)) {
    const answer = await sendRaw(marina.port, Buffer.from(text, 'latin1'))
    assert.match(answer.text, /^HTTP\/1\.1 400 /, what)
    assert.equal(answer.isClosed, true, what)
    assert.equal(answer.text.split('HTTP/1.1 ').length, 2, `${what}: one answer`)
  }
  await isAlive()
})

test('headers of more than 16 KiB are 431', async () => {
  for (const text of [
    `GET /v2/ HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`,
    `GET /v2/${'x'.repeat(17_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
    `GET /v2/ HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(5000)}\r\n`,
  ]) {
    const answer = await sendRaw(marina.port, text)
    assert.match(answer.text, /^HTTP\/1\.1 431 /)
    assert.equal(answer.isClosed, true)
  }
  await isAlive()
})

test('Z06: metrics are not served at the port for clients', async () => {
  expectAnswer(await marina.ask('GET', '/metrics', { as: marina.admin }), 404)
})

test('Z08: connections whose headers trickle in are ended, and hinder no other', { timeout: 60_000 }, async () => {
  const trickle = async () => {
    const socket = await openRaw(marina.port)
    socket.resume()
    socket.write('GET /v2/ HTTP/1.1\r\nHost: a\r\n')
    const drip = setInterval(() => socket.write('X: y\r\n'), 200)
    return { closed: new Promise<void>((resolve) => socket.once('close', () => (clearInterval(drip), resolve()))) }
  }
  const slow = await Promise.all(Array.from({ length: 100 }, trickle))
  await isAlive()
  await Promise.all(slow.map(({ closed }) => closed))
})

test('a body that stops coming ends with the idle time, and leaves nothing', { timeout: 60_000 }, async () => {
  const socket = await openRaw(marina.port)
  socket.resume()
  socket.write(
    `POST /v2/library/x/blobs/uploads/?digest=sha256:${'0'.repeat(64)} HTTP/1.1\r\n` +
      `Host: a\r\n${authorization()}\r\nContent-Length: 1000\r\n\r\nabc`,
  )
  await new Promise((resolve) => socket.once('close', resolve))
  await isAlive()
})

test('X25: a request target that is not a plain path is 4xx', async () => {
  const targets = [
    'http://other/v2/_catalog',
    '*',
    '/v2/../api/v2.0/projects',
    '/v2/%2e%2e/api/v2.0/projects',
    '/api/../v2/_catalog',
    '//v2/_catalog',
    '/v2//_catalog',
    '/v2/library/x/manifests/../../../_catalog',
    '/v2/_catalog/../_catalog',
    '/v2/_catalog%00',
    '/v2/_catalog;x',
    '/v2/\\_catalog',
    '/V2/_catalog',
    '/api/v2.0/..%2f..%2fv2/_catalog',
  ]
  for (const target of targets) {
    const answer = await sendRaw(
      marina.port,
      `GET ${target} HTTP/1.1\r\nHost: a\r\n${authorization()}\r\nConnection: close\r\n\r\n`,
    )
    assert.match(answer.text, /^HTTP\/1\.1 4\d\d /, target)
    assert.doesNotMatch(answer.text, /repositories/, target)
  }
})

test('X25: names with traversal and encodings reach no file and no other repository', async () => {
  const name = (await givenProject(marina)).name
  const image = await pushImage(marina, `${name}/app`, { tag: 'v1' })
  for (const path of [
    `${name}/x/../app`,
    `${name}/x/%2e%2e/app`,
    `${name}%2fapp`,
    `${name}/./app`,
    `${name}//app`,
    `${name}/app%2f`,
    `${name.toUpperCase()}/app`,
    `%2e%2e/${name}/app`,
  ]) {
    for (const tail of ['manifests/v1', `blobs/${image.config}`, 'tags/list'])
      expectAnswer(await marina.ask('GET', `/v2/${path}/${tail}`, { as: marina.admin }), 400, 'NAME_INVALID')
  }
})

test('X07: forwarding headers from an untrusted address do not change the challenge', async () => {
  const headers = {
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    'x-forwarded-for': '9.9.9.9',
    forwarded: 'host=evil.example',
  }
  assert.match(
    String((await marina.ask('GET', '/v2/', { headers })).headers['www-authenticate']),
    new RegExp(`realm="${marina.url}/service/token"`),
  )
  for (const host of ['evil"example', 'a b', 'x'.repeat(300), 'a,b="c"']) {
    const challenge = String((await marina.ask('GET', '/v2/', { headers: { host } })).headers['www-authenticate'])
    assert.match(challenge, /^Bearer realm="http:\/\/localhost\/service\/token",service="harbor-registry"$/)
  }
})

test('C-28: the challenge follows forwarding headers of a trusted proxy, but an external URL comes first', async () => {
  const headers = { 'x-forwarded-host': 'registry.example', 'x-forwarded-proto': 'https' }
  await using behind = await openTestMarina({ MARINA_TRUSTED_PROXIES: '127.0.0.1' })
  assert.match(
    String((await behind.ask('GET', '/v2/', { headers })).headers['www-authenticate']),
    /realm="https:\/\/registry\.example\/service\/token"/,
  )
  await using named = await openTestMarina({
    MARINA_TRUSTED_PROXIES: '127.0.0.1',
    MARINA_EXTERNAL_URL: 'https://own.example',
  })
  assert.match(
    String((await named.ask('GET', '/v2/', { headers })).headers['www-authenticate']),
    /realm="https:\/\/own\.example\/service\/token"/,
  )
})

test('C-69, UNKNOWN: an unexpected error is a 500 with a request id, and only the log tells its cause', async () => {
  const repository = `${(await givenProject(marina)).name}/app`
  await pushImage(marina, repository, { tag: 'v1' })
  const { db } = marina.ground
  const { sql } = await import('../platform/db/sql.ts')
  await db.run(sql`alter table tag rename to tag_hidden`)
  try {
    const answer = expectAnswer(
      await marina.ask('GET', `/v2/${repository}/tags/list`, {
        as: marina.admin,
        headers: { 'x-request-id': 'my-request-1' },
      }),
      500,
      'UNKNOWN',
    )
    assert.equal(answer.headers['x-request-id'], 'my-request-1')
    assert.match(answer.text, /my-request-1/)
    assert.doesNotMatch(answer.text, /relation|tag_hidden|select|\.ts|node_modules| at /)
    assert.ok(lines.some((line) => line.includes('my-request-1') && line.includes('relation')))
  } finally {
    await db.run(sql`alter table tag_hidden rename to tag`)
  }
  expectAnswer(await marina.ask('GET', `/v2/${repository}/tags/list`, { as: marina.admin }), 200)
})

test('H38: no line of the log holds a password or a token', async () => {
  const token = await marina.token(marina.admin, 'repository:library/x:pull')
  await marina.ask('GET', '/v2/library/x/tags/list?secret=CANARY', { token })
  await marina.ask('GET', '/v2/', { as: { ...marina.admin, password: 'CANARY-password' } })
  const all = lines.join('\n')
  for (const secret of [marina.admin.password, token, 'CANARY', basic(marina.admin).slice(6), 'ab'.repeat(32)])
    assert.equal(all.includes(secret), false)
})

test('X27: a manifest and a JSON body with prototype keys change no other object', async () => {
  const repository = `${(await givenProject(marina)).name}/app`
  const image = makeImage(0)
  await pushBlob(marina, repository, image.blobs[0])
  const body = image.content
    .toString()
    .replace('{', '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},')
  expectAnswer(
    await marina.ask('PUT', `/v2/${repository}/manifests/v1`, {
      as: marina.admin,
      body,
      headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
    }),
    201,
  )
  await marina.ask('POST', '/api/v2.0/projects', {
    as: marina.admin,
    body: `{"project_name":"${fresh('proto')}","__proto__":{"polluted":1}}`,
    headers: { 'content-type': 'application/json' },
  })
  assert.equal(({} as { polluted?: number }).polluted, undefined)
})

test('a blob over its limit is 413, announced or not, and leaves nothing', async () => {
  await using small = await openTestMarina({ MARINA_BLOB_BYTES: '1MiB' })
  const path = `/v2/library/x/blobs/uploads/?digest=sha256:${'0'.repeat(64)}`
  expectAnswer(await small.ask('POST', path, { as: small.admin, body: Buffer.alloc(2 ** 20 + 1) }), 413, 'SIZE_INVALID')
  const headers = `Host: a\r\n${authorization()}\r\nTransfer-Encoding: chunked`
  const unannounced = `POST ${path} HTTP/1.1\r\n${headers}\r\n\r\n180000\r\n`
  assert.match(
    (
      await sendRaw(
        small.port,
        Buffer.concat([Buffer.from(unannounced), Buffer.alloc(0x180000), Buffer.from('\r\n0\r\n\r\n')]),
      )
    ).text,
    /^HTTP\/1\.1 413 /,
  )
  const keys = []
  for await (const { key } of small.ground.blobs.list('')) keys.push(key)
  assert.deepEqual(keys, [])
})
