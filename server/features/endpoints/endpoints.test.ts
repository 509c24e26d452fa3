import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { factsSince, lastFact } from '../../testing/api.ts'
import { fresh } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openReceiver } from '../../testing/receiver.ts'
import { openEndpointScene, type Shown } from './scene.suite.ts'

const { marina, plain, guarded, login, dead, call, make, withLogin, show, told, refusal } = await openEndpointScene()

test('S3-02, S3-03: an endpoint is saved with its fields, shown, listed, changed and deleted', async () => {
  const since = await lastFact(marina)
  const name = fresh('whole')
  const url = `  ${plain.url}/some/path?a=b `
  const id = await make({ name, url, description: 'of the branch', insecure: true, id: 99, status: 'unhealthy' })
  const {
    creation_time: made,
    update_time: changed,
    checked_time: checked,
    ...rest
  } = (await show(id)) as Shown & Record<string, string>
  assert.ok([made, changed, checked].every((time) => !Number.isNaN(Date.parse(time!))))
  assert.deepEqual(rest, {
    id,
    name,
    description: 'of the branch',
    type: 'docker-registry',
    url: plain.url,
    credential: {},
    insecure: true,
    status: 'healthy',
  })
  for (const query of [`q=name%3D${name}`, `name=${name.toUpperCase()}`, `q=id%3D${id},type%3Ddocker-registry`]) {
    const listed = expectAnswer(await call('GET', `/registries?${query}`), 200)
    assert.deepEqual([(listed.json() as Shown[]).map((one) => one.id), listed.headers['x-total-count']], [[id], '1'])
  }
  for (let time = 0; time < 2; time++)
    expectAnswer(await call('PUT', `/registries/${id}`, { description: '', insecure: false }), 200)
  const after = await show(id)
  assert.deepEqual([after.description, after.insecure, after.name], [undefined, undefined, name])
  expectAnswer(await call('DELETE', `/registries/${id}`), 200)
  for (const method of ['GET', 'DELETE']) expectAnswer(await call(method, `/registries/${id}`), 404, 'NOT_FOUND')
  assert.deepEqual(
    (await told(since, id)).map(({ topic, payload }) => [topic, payload['changed'] ?? null]),
    [
      ['endpoint.created', null],
      ['endpoint.changed', ['description', 'isInsecure']],
      ['endpoint.deleted', null],
    ],
  )
})

test('S3-04, C-27: a secret is sealed in the database, and stands in no answer, fact or error', async () => {
  const since = await lastFact(marina)
  const id = await make(withLogin())
  assert.deepEqual((await show(id)).credential, { type: 'basic', access_key: login.accessKey, access_secret: '*****' })
  expectAnswer(await call('PUT', `/registries/${id}`, { access_secret: 'Another-Secret-9' }), 400, 'BAD_REQUEST')
  const row = await marina.ground.db.row(sql`select to_jsonb(endpoint)::text as text from endpoint where id = ${id}`)
  const seen = JSON.stringify([
    row,
    await factsSince(marina, since),
    (await call('GET', '/registries?page_size=100')).text,
    (await call('POST', '/registries/ping', { id, access_secret: 'Another-Secret-9' })).text,
  ])
  for (const secret of [login.accessSecret, 'Another-Secret-9']) assert.ok(!seen.includes(secret))
  // The mask of an answer that is sent back keeps the secret: the registry still takes it.
  expectAnswer(await call('PUT', `/registries/${id}`, { access_secret: '*****', insecure: true }), 200)
  expectAnswer(await call('POST', '/registries/ping', { id }), 200)
  assert.deepEqual((await told(since, id)).at(-1)!.payload['changed'], ['isInsecure'])
})

test('a kept secret is not sent to another server, and goes with the credential', async () => {
  const id = await make(withLogin())
  await using other = await openReceiver()
  for (const change of [{ url: other.url }, { token_service_url: other.url }])
    assert.match(await refusal('PUT', `/registries/${id}`, change), /send access_secret again/)
  // As in Harbor, a URL in the body of a ping of a saved endpoint has no effect.
  expectAnswer(await call('POST', '/registries/ping', { id, url: other.url }), 200)
  assert.deepEqual(other.received, [])
  expectAnswer(await call('PUT', `/registries/${id}`, { access_key: '', access_secret: '' }), 200)
  assert.deepEqual((await show(id)).credential, {})
})

test('what is wrong with an endpoint is said, nothing is saved, and no server is asked', async () => {
  const count = async () => (await call('GET', '/registries')).headers['x-total-count']
  const before = await count()
  await using receiver = await openReceiver()
  const good = { name: fresh('bad'), type: 'docker-registry', url: receiver.url }
  const bad: [object, RegExp][] = [
    [{}, /^name cannot be empty$/],
    [{ ...good, name: '' }, /^name cannot be empty$/],
    [{ ...good, name: 'x'.repeat(65) }, /^the max length of name is 64$/],
    [{ ...good, name: 'a\u202eb' }, /invisible/],
    [{ name: 'a', type: 'harbor' }, /url cannot be empty/],
    [{ ...good, type: undefined }, /type must be one of ali-acr/],
    [{ ...good, type: 'Harbor' }, /type must be one of ali-acr/],
    [{ ...good, url: 'ftp://a.example' }, /invalid HTTP scheme: ftp/],
    [{ ...good, url: 'x y' }, /url is not a URL/],
    [{ ...good, url: receiver.url.replace('//', '//anna:word@') }, /belong into the credential/],
    [{ ...good, token_service_url: 'nonsense' }, /token_service_url is not a URL/],
    [{ ...good, credential: { type: 'secret', access_key: 'a', access_secret: 'b' } }, /basic or oauth/],
    [{ ...good, credential: { type: 'basic', access_key: 'a:b', access_secret: 'c' } }, /no colon/],
    [{ ...good, credential: { type: 'basic', access_key: 'a\nb', access_secret: 'c' } }, /one line/],
    [{ ...good, ca_certificate: 'nope' }, /^invalid CA certificate: no valid certificates found in PEM data$/],
  ]
  for (const [body, why] of bad) assert.match(await refusal('POST', '/registries', body), why)
  for (const body of [{ ...good, insecure: 'yes' }, { ...good, name: 5 }, []])
    expectAnswer(await call('POST', '/registries', body), 422, 'UNPROCESSABLE_ENTITY')
  const id = await make()
  const name = fresh('taken')
  await make({ name })
  for (const [method, path] of [
    ['POST', '/registries'],
    ['PUT', `/registries/${id}`],
  ] as const) {
    const answer = expectAnswer(await call(method, path, { ...good, name }), 409, 'CONFLICT')
    assert.match(answer.text, new RegExp(`registry ${name} already exists`))
  }
  assert.deepEqual(receiver.received, [])
  assert.equal(await count(), String(Number(before) + 2))
  for (const id of [0, -1, 999_999_999])
    expectAnswer(await call('PUT', `/registries/${id}`, { description: 'x' }), 404, 'NOT_FOUND')
})

test('S3-31: a registry that does not answer is not saved, and the refusal says why', async () => {
  await using page = await openReceiver()
  page.answer(() => ({ status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Welcome</h1>' }))
  await using silent = await openReceiver()
  silent.answer(() => ({ status: 404 }))
  const why: [object, RegExp][] = [
    [{ url: dead }, /the registry is unhealthy: .*nobody listens there/],
    [withLogin('wrong'), /the registry is unhealthy: .*refuses the credential: check name and secret/],
    [{ url: 'http://no-such-host.invalid' }, /the registry is unhealthy: .*no-such-host\.invalid/],
    [{ url: silent.url }, /no registry answers there: check the URL/],
  ]
  for (const [change, text] of why) {
    const body = { name: fresh('down'), type: 'docker-registry', ...change }
    assert.match(await refusal('POST', '/registries', body), text)
  }
  const ping = { type: 'docker-registry', insecure: true }
  for (const body of [{ url: plain.url }, { type: 'docker-registry' }, {}])
    assert.equal(await refusal('POST', '/registries/ping', body), 'type or url cannot be empty')
  for (const body of [
    { ...ping, url: plain.url },
    { ...ping, url: guarded.url, access_key: login.accessKey, access_secret: login.accessSecret },
    // As in Harbor: what the registry shows to everybody can be copied without a login.
    { ...ping, url: guarded.url },
    { id: 0 },
  ])
    expectAnswer(await call('POST', '/registries/ping', body), 200)
  expectAnswer(await call('POST', '/registries/ping', { id: 999_999_999 }), 404, 'NOT_FOUND')
})

test('an endpoint whose registry is away can be renamed and described, and not be led elsewhere', async () => {
  const id = await make()
  await marina.ground.db.run(
    sql`update endpoint set url = ${dead}, status = 'unhealthy', trouble = 'gone' where id = ${id}`,
  )
  expectAnswer(await call('PUT', `/registries/${id}`, { description: 'away' }), 200)
  const shown = await show(id)
  assert.deepEqual([shown.description, shown.status, shown.status_text], ['away', 'unhealthy', 'gone'])
  assert.match(await refusal('PUT', `/registries/${id}`, { insecure: true }), /unhealthy/)
  expectAnswer(await call('PUT', `/registries/${id}`, { url: plain.url }), 200)
  assert.deepEqual([(await show(id)).status, (await show(id)).status_text], ['healthy', undefined])
})
