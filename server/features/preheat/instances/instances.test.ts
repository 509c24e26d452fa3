/** Harbor's operations on the services that preheat; the recorded answers of a Harbor are the model. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../../../platform/db/sql.ts'
import { factsSince, lastFact } from '../../../testing/api.ts'
import { fresh, givenMember, givenProject } from '../../../testing/given.ts'
import { expectAnswer } from '../../../testing/http.ts'
import { openPreheatScene } from '../preheat.suite.ts'

const { marina, service, call, makeInstance, makePolicy } = await openPreheatScene()
const path = '/p2p/preheat/instances'
const body = (more: object = {}) => ({
  name: fresh('df'),
  vendor: 'dragonfly',
  endpoint: `${service.url}/${fresh('at')}`,
  auth_mode: 'NONE',
  enabled: true,
  insecure: true,
  ...more,
})
const refusal = async (method: string, to: string, given: object) =>
  (expectAnswer(await call(method, to, given), 400, 'BAD_REQUEST').json() as { errors: { message: string }[] })
    .errors[0]!.message

test('N-01: providers are listed as Harbor has them', async () => {
  const all = expectAnswer(await call('GET', '/p2p/preheat/providers'), 200).json() as Record<string, unknown>[]
  assert.deepEqual(
    all.map(({ id, name, version }) => [id, name, version]),
    [
      ['dragonfly', 'Dragonfly', '2.1.59'],
      ['kraken', 'Kraken', '0.1.3'],
    ],
  )
  for (const one of all)
    assert.deepEqual(Object.keys(one).sort(), ['icon', 'id', 'maintainers', 'name', 'source', 'version'])
})

test("N-01: an instance is saved, read, replaced and deleted with Harbor's bodies", async () => {
  const given = body()
  const made = expectAnswer(await call('POST', path, given), 201)
  assert.equal(made.headers.location, `/api/v2.0${path}/${given.name}`)
  const show = async (name: string) =>
    expectAnswer(await call('GET', `${path}/${name}`), 200).json() as Record<string, unknown>
  const { id, setup_timestamp: at, ...shown } = await show(given.name)
  assert.deepEqual(shown, { ...given, default: false, status: 'Unknown' })
  assert.ok(typeof id === 'number' && Math.abs(Number(at) * 1000 - Date.now()) < 3_600_000)
  const full = { ...given, description: 'for all', default: true, auth_mode: 'BASIC' }
  const auth = { auth_info: { username: 'u1', password: 'very-secret' } }
  expectAnswer(await call('PUT', `${path}/${given.name}`, { ...full, ...auth }), 200)
  assert.deepEqual(
    { ...(await show(given.name)), id, setup_timestamp: at },
    { ...full, id, setup_timestamp: at, status: 'Unknown' },
  )
  const renamed = fresh('df')
  expectAnswer(await call('PUT', `${path}/${given.name}`, { ...full, name: renamed }), 200)
  assert.equal((await call('GET', `${path}/${given.name}`)).code, 'NOT_FOUND')
  expectAnswer(await call('DELETE', `${path}/${renamed}`), 200)
  const gone = expectAnswer(await call('DELETE', `${path}/${renamed}`), 404, 'NOT_FOUND')
  assert.match(gone.text, new RegExp(`instance ${renamed} not found`))
})

test('what cannot be used is refused with a reason, and changes nothing', async () => {
  const kept = body()
  expectAnswer(await call('POST', path, kept), 201)
  const cases: [object, RegExp][] = [
    [{ name: '' }, /name must have/],
    [{ name: 'a b/c' }, /name must have/],
    [{ vendor: 'nope' }, /vendor must be one of dragonfly, kraken/],
    [{ vendor: undefined }, /vendor must be one of/],
    [{ endpoint: undefined }, /endpoint must be a URL/],
    [{ endpoint: 'x y' }, /endpoint must be a URL/],
    [{ endpoint: 'http://u:p@host' }, /without a login/],
    [{ endpoint: 'http://host/?a=1' }, /no query/],
    [{ auth_mode: 'nope' }, /auth_mode must be one of NONE, BASIC, OAUTH, CUSTOM/],
    [{ auth_mode: 'BASIC' }, /needs auth_info/],
    [{ auth_mode: 'CUSTOM', auth_info: { host: 'x' } }, /no header/],
    [{ description: 'x'.repeat(1025) }, /description/],
  ]
  for (const [more, text] of cases) {
    assert.match(await refusal('POST', path, body(more)), text)
    assert.match(await refusal('PUT', `${path}/${kept.name}`, { ...kept, ...more }), text)
  }
  const taken = expectAnswer(await call('POST', path, body({ name: kept.name })), 409, 'CONFLICT')
  assert.match(taken.text, new RegExp(`instance ${kept.name} already exists`))
  assert.match(
    expectAnswer(await call('POST', path, body({ endpoint: kept.endpoint })), 409, 'CONFLICT').text,
    /an instance with the endpoint/,
  )
  expectAnswer(await call('PUT', `${path}/${fresh('absent')}`, kept), 404, 'NOT_FOUND')
  const { endpoint } = expectAnswer(await call('GET', `${path}/${kept.name}`), 200).json() as { endpoint: string }
  assert.equal(endpoint, kept.endpoint)
})

test('secrets are sealed, never shown, kept by a change without them, and sent to no other server', async () => {
  const secret = fresh('secret')
  const given = body({ auth_mode: 'OAUTH', auth_info: { token: secret } })
  const since = await lastFact(marina)
  expectAnswer(await call('POST', path, given), 201)
  const { auth_info: _, ...rest } = given as { auth_info?: object; name: string }
  expectAnswer(await call('PUT', `${path}/${rest.name}`, { ...rest, description: 'new' }), 200)
  for (const answer of [await call('GET', path), await call('GET', `${path}/${rest.name}`)])
    assert.doesNotMatch(answer.text, new RegExp(`${secret}|auth_info`))
  const told = await factsSince(marina, since)
  assert.doesNotMatch(JSON.stringify(told), new RegExp(secret))
  const row = await marina.ground.db.row<{ all: string }>(
    sql`select to_jsonb(one)::text as all from preheat_instance one where name = ${rest.name}`,
  )
  assert.doesNotMatch(row!.all, new RegExp(secret))
  service.answer(({ path: asked }) => (asked.endsWith('/healthy') ? { body: 'OK' } : undefined))
  const { id } = expectAnswer(await call('GET', `${path}/${rest.name}`), 200).json() as { id: number }
  expectAnswer(await call('POST', `${path}/ping`, { id }), 200)
  assert.equal(service.requests.at(-1)!.headers.authorization, `Bearer ${secret}`)
  const moved = { ...rest, endpoint: 'http://elsewhere.example' }
  assert.match(await refusal('PUT', `${path}/${rest.name}`, moved), /send auth_info again/)
})

test('a service at an address that is never called is refused when it is saved, and nothing changes', async () => {
  const never = 'http://169.254.169.254'
  assert.match(await refusal('POST', path, body({ endpoint: never })), /metadata service/)
  const known = await makeInstance(body())
  const now = expectAnswer(await call('GET', `${path}/${known.name}`), 200).json() as object
  assert.match(await refusal('PUT', `${path}/${known.name}`, { ...now, endpoint: never }), /metadata service/)
  assert.deepEqual(expectAnswer(await call('GET', `${path}/${known.name}`), 200).json(), now)
})

test('a ping asks a service that is saved or not, and says why it is unhealthy; a saved one is shown so', async () => {
  service.answer(({ path: asked }) => (/\/sick\//.test(asked) ? { status: 500, body: 'sick' } : { body: 'OK' }))
  expectAnswer(await call('POST', `${path}/ping`, body()), 200)
  assert.match(
    await refusal('POST', `${path}/ping`, body({ endpoint: `${service.url}/sick` })),
    /unhealthy: .*500: sick/,
  )
  assert.match(await refusal('POST', `${path}/ping`, {}), /vendor must be/)
  assert.match(await refusal('POST', `${path}/ping`, body({ endpoint: 'http://169.254.169.254' })), /metadata service/)
  expectAnswer(await call('POST', `${path}/ping`, { id: 99_999_999 }), 404, 'NOT_FOUND')
  const statusOf = async (name: string) =>
    (expectAnswer(await call('GET', `${path}/${name}`), 200).json() as { status: string }).status
  const [well, sick] = [await makeInstance(body()), await makeInstance(body({ endpoint: `${service.url}/sick` }))]
  expectAnswer(await call('POST', `${path}/ping`, { id: well.id }), 200)
  expectAnswer(await call('POST', `${path}/ping`, { id: sick.id }), 400, 'BAD_REQUEST')
  assert.deepEqual([await statusOf(well.name), await statusOf(sick.name)], ['Healthy', 'Unhealthy'])
  const metrics = await marina.ground.metrics.registry.metrics()
  assert.match(metrics, new RegExp(`marina_preheat_instance_up\\{instance="${well.name}",provider="dragonfly"\\} 1`))
  service.answer(() => undefined)
})

test('one instance is the default at most; lists page, filter and sort', async () => {
  const [one, two] = [await makeInstance(body({ default: true })), await makeInstance(body({ default: true }))]
  const list = async (query: string) => {
    const answer = expectAnswer(await call('GET', `${path}?${query}`), 200)
    return { rows: answer.json() as { name: string; default: boolean }[], total: answer.headers['x-total-count'] }
  }
  const both = await list(`q=${encodeURIComponent(`name={${one.name} ${two.name}}`)}&sort=-name`)
  assert.deepEqual(
    both.rows.map(({ name, default: isDefault }) => [name, isDefault]),
    [
      [two.name, true],
      [one.name, false],
    ].sort(([a], [b]) => (String(a) < String(b) ? 1 : -1)),
  )
  assert.equal((await list('page_size=1')).rows.length, 1)
  assert.deepEqual((await list(`q=name%3D${fresh('none')}`)).total, '0')
})

test('a project sees what it can choose; an instance in use stays, in Harbor’s words', async () => {
  const project = await givenProject(marina)
  const admin = await givenMember(marina, project, 'projectAdmin')
  const [on, off] = [await makeInstance(), await makeInstance({ enabled: false })]
  const all = expectAnswer(await call('GET', `/projects/${project.name}/preheat/providers`, undefined, admin), 200)
  const shown = all.json() as { id: number; provider: string }[]
  assert.deepEqual(
    shown.filter(({ id }) => id === on.id || id === off.id),
    [
      { id: on.id, provider: `dragonfly ${on.name}-http://127.0.0.1:1/${on.name}`, enabled: true },
      { id: off.id, provider: `dragonfly ${off.name}-http://127.0.0.1:1/${off.name}` },
    ],
  )
  const policy = await makePolicy({ provider_id: on.id }, project.name)
  const used = expectAnswer(await call('DELETE', `${path}/${on.name}`), 412, 'PRECONDITION')
  assert.match(used.text, /Provider \[\w+\] cannot be deleted as some preheat policies are using it/)
  expectAnswer(await call('DELETE', policy), 200)
  expectAnswer(await call('DELETE', `${path}/${on.name}`), 200)
})
