import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { enqueue } from '../../platform/jobs/enqueue.ts'
import { noBudget, openRemote, type OpenRemote } from '../../registry/remote/remote.ts'
import { openLog } from '../../platform/observe/log.ts'
import { openOutbound } from '../../platform/outbound/outbound.ts'
import { callApi, create, factsSince, givenRobot, lastFact } from '../../testing/api.ts'
import { makeCertificate } from '../../testing/certificate.ts'
import { openDockerRegistry } from '../../testing/docker-registry.ts'
import { fresh } from '../../testing/given.ts'
import { eventually, expectAnswer, type Person } from '../../testing/http.ts'
import { openReceiver } from '../../testing/receiver.ts'
import { openTestMarina } from '../../testing/server.ts'
import { deleteEndpoint } from './actions.ts'
import { basicStandIn } from './adapters/stand-ins/plain.suite.ts'
import { openStandIn } from './adapters/stand-ins/stand-in.suite.ts'
import { healthCheck } from './jobs.ts'
import { openEndpoints } from './open.ts'

const opened = new AsyncDisposableStack()
after(() => opened.disposeAsync())
const marina = opened.use(
  await openTestMarina({
    MARINA_OUTBOUND_ALLOW: '127.0.0.1',
    MARINA_METRICS_PORT: '0',
    MARINA_METRICS_HOST: '127.0.0.1',
  }),
)
/** An open registry; one that wants a name and a password; one that is no longer there. */
const plain = opened.use(await openDockerRegistry())
const guarded = opened.use(await openStandIn(basicStandIn, marina))
const login = basicStandIn.saved(guarded.url)
const dead = await (async () => {
  await using registry = await openDockerRegistry()
  return registry.url
})()

type Shown = {
  id: number
  name: string
  url: string
  type: string
  credential: { type?: string; access_key?: string; access_secret?: string }
  description?: string
  insecure?: boolean
  status: string
  status_text?: string
}

const call = (method: string, path: string, body?: unknown, as: Person = marina.admin) =>
  callApi(marina, method, path, { as, ...(body === undefined ? {} : { body }) })
const make = (more: object = {}): Promise<number> =>
  create(marina, '/registries', marina.admin, { name: fresh('end'), type: 'docker-registry', url: plain.url, ...more })
const withLogin = (secret = login.accessSecret) => ({
  url: guarded.url,
  credential: { type: 'basic', access_key: login.accessKey, access_secret: secret },
})
const show = async (id: number) => expectAnswer(await call('GET', `/registries/${id}`), 200).json() as Shown
const told = async (since: number, id: number) =>
  (await factsSince(marina, since)).filter(({ payload }) => payload['endpointId'] === id)
/** The text of a refusal with 400. */
const refusal = async (method: string, path: string, body: unknown): Promise<string> => {
  const answer = expectAnswer(await call(method, path, body), 400, 'BAD_REQUEST').json()
  return (answer as { errors: { message: string }[] }).errors[0]!.message
}

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
    [{ ...good, insecure: 'yes' }, /insecure/],
  ]
  for (const [body, why] of bad) assert.match(await refusal('POST', '/registries', body), why)
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

test('Q06: addresses of metadata and link-local ones are refused at saving and at a ping, with address and setting', async () => {
  await using closed = await openTestMarina()
  const ask = (path: string, body: unknown) => callApi(closed, 'POST', path, { as: closed.admin, body })
  for (const [url, address] of [
    ['http://169.254.169.254', '169.254.169.254'],
    ['http://[fe80::1]:5000', 'fe80::1'],
    ['http://127.0.0.1:5000', '127.0.0.1'],
  ] as const)
    for (const [path, body] of [
      ['/registries', { name: fresh('inside'), type: 'harbor', url }],
      ['/registries/ping', { type: 'harbor', url }],
    ] as const) {
      const { text } = expectAnswer(await ask(path, body), 400, 'BAD_REQUEST')
      assert.ok(text.includes(address), text)
      if (address === '127.0.0.1') assert.match(text, /MARINA_OUTBOUND_ALLOW/)
    }
})

test('S3-01: health is checked by a job: status, reason, metric, and a fact for each change', async () => {
  const since = await lastFact(marina)
  const id = await make({ ...withLogin(), name: fresh('checked') })
  const { name } = await show(id)
  const check = async () => {
    const { taskId } = await marina.ground.db.transaction((tx) =>
      enqueue(tx, healthCheck, { params: {}, trigger: 'MANUAL' }),
    )
    await eventually(async () => {
      const row = await marina.ground.db.row<{ status: string }>(sql`select status from task where id = ${taskId}`)
      assert.equal(row!.status, 'Success')
    })
    const metrics = await marina.ground.metrics.registry.metrics()
    const [, value] =
      new RegExp(`marina_endpoint_up\\{endpoint="${name}",type="docker-registry"\\} (\\d)`).exec(metrics) ?? []
    const { status, status_text: why = '' } = await show(id)
    return { status, why, value }
  }
  assert.deepEqual(await check(), { status: 'healthy', why: '', value: '1' })
  guarded.break(/^\/v2\/$/, { status: 500, json: {} })
  for (let time = 0; time < 2; time++) {
    const found = await check()
    assert.match(found.why, new RegExp(`^${name}: .*fault of its own`))
    assert.deepEqual([found.status, found.value], ['unhealthy', '0'])
  }
  // A registry that asks for a pause stays what it was, and is not asked before the pause is over.
  guarded.break(/^\/v2\/$/, { status: 429, json: {} })
  assert.equal((await check()).status, 'unhealthy')
  guarded.break(/^$/, {})
  await eventually(async () => assert.equal((await check()).status, 'healthy'))
  assert.deepEqual(
    (await told(since, id)).map(({ topic }) => topic),
    ['endpoint.created', 'endpoint.failed', 'endpoint.recovered'],
  )
  const schedules = expectAnswer(await call('GET', '/schedules?page_size=100'), 200).json() as Record<string, string>[]
  assert.equal(schedules.find((one) => one['vendor_type'] === 'ENDPOINT_HEALTH')?.['cron'], '0 */5 * * * *')
})

test('an endpoint does not go while something uses it, and the refusal names what', async () => {
  const id = await make()
  const { db } = marina.ground
  const ground = { db, seal: marina.ground.secrets, openRemote: remotes, machineRole: noRole }
  const by = { kind: 'user', id: 1, name: 'admin' } as const
  const names = Array.from({ length: 12 }, (_, index) => `policy ${index}`)
  const uses = [async () => undefined, async () => ({ kind: 'replication policies', names })]
  await assert.rejects(deleteEndpoint({ ...ground, uses }, by, id), {
    code: 'PRECONDITION',
    message:
      `the registry ${id} is referenced by replication policies, cannot delete it: ` +
      `${names.slice(0, 10).join(', ')}, ...`,
  })
  // A row that refers to it and that no feature told of.
  await db.run(sql`create table user_of_endpoint (endpoint_id bigint references endpoint)`)
  await db.run(sql`insert into user_of_endpoint values (${id})`)
  await assert.rejects(deleteEndpoint({ ...ground, uses: [] }, by, id), { code: 'PRECONDITION' })
  await db.run(sql`drop table user_of_endpoint`)
  await deleteEndpoint({ ...ground, uses: [] }, by, id)
  await assert.rejects(deleteEndpoint({ ...ground, uses: [] }, by, id), { code: 'NOT_FOUND' })
})

test('S3-29, S3-32: adapters and what they can, as Harbor’s portal reads it', async () => {
  const types = expectAnswer(await call('GET', '/replication/adapters'), 200).json() as string[]
  const harbors = 'ali-acr aws-ecr azure-acr docker-hub docker-registry github-ghcr google-gcr harbor huawei-SWR'
  for (const type of [...harbors.split(' '), 'jfrog-artifactory', 'tencent-tcr', 'volcengine-cr'])
    assert.ok(types.includes(type), type)
  assert.deepEqual(types, [...types].sort())
  type Patterns = Record<string, { endpoint_pattern?: { endpoints: { key: string; value: string }[] } }>
  const infos = expectAnswer(await call('GET', '/replication/adapterinfos'), 200).json() as Patterns
  assert.deepEqual(infos['docker-hub'], {
    endpoint_pattern: {
      endpoint_type: 'EndpointPatternTypeFix',
      endpoints: [{ key: 'hub.docker.com', value: 'https://hub.docker.com' }],
    },
  })
  assert.deepEqual([infos['tencent-tcr'], infos['volcengine-cr'], infos['harbor']], [{}, {}, undefined])
  assert.ok(
    infos['aws-ecr']!.endpoint_pattern!.endpoints.some(
      ({ key, value }) => key === 'cn-north-1' && value === 'https://api.ecr.cn-north-1.amazonaws.com.cn',
    ),
  )
  const id = await make()
  const info = async (of: number) => expectAnswer(await call('GET', `/registries/${of}/info`), 200).json()
  const filters = (resources: string[]) => [
    { type: 'name', style: 'input', values: null },
    { type: 'tag', style: 'input', values: null },
    ...(resources.length > 1 ? [{ type: 'label', style: 'list', values: null }] : []),
    { type: 'resource', style: 'radio', values: resources },
  ]
  assert.deepEqual(await info(id), {
    type: 'docker-registry',
    supported_resource_filters: filters(['image']),
    supported_triggers: ['manual', 'scheduled'],
    cannot_delete_tags: 'a docker-registry deletes an image by its digest only, with all of its tags',
  })
  assert.deepEqual(await info(0), {
    type: 'harbor',
    supported_resource_filters: filters(['image', 'artifact']),
    supported_triggers: ['manual', 'scheduled', 'event_based'],
    supported_copy_by_chunk: true,
  })
  const local = await show(0)
  assert.deepEqual(
    [local.name, local.type, local.credential, local.status],
    ['Local', 'harbor', { type: 'secret', access_secret: '*****' }, 'healthy'],
  )
  expectAnswer(await call('GET', '/registries/999999999/info'), 404, 'NOT_FOUND')
})

test('a robot may do with registries what it was given, and adapters are another right', async () => {
  const robot = await givenRobot(marina, fresh('reader'), {
    access: [
      { resource: 'registry', action: 'read' },
      { resource: 'registry', action: 'list' },
    ],
  })
  const id = await make()
  expectAnswer(await call('GET', '/registries?page_size=1', undefined, robot), 200)
  expectAnswer(await call('POST', '/registries/ping', { id }, robot), 200)
  expectAnswer(await call('POST', '/registries', { name: 'x' }, robot), 403, 'FORBIDDEN')
  expectAnswer(await call('GET', '/replication/adapters', undefined, robot), 403, 'FORBIDDEN')
})

test('an endpoint is opened once for each version of it, and trusts the authority that was saved with it', async () => {
  const { db, secrets: seal } = marina.ground
  const id = await make({ ...withLogin(), ca_certificate: (await makeCertificate()).cert })
  const all = openEndpoints({ db, seal, openRemote: remotes, machineRole: noRole })
  const first = await all.open(id)
  await first.remote.ping()
  assert.equal((await all.open(id)).remote, first.remote)
  assert.deepEqual([first.endpoint.id, first.type, first.remote.endpoint.id], [id, 'docker-registry', id])
  expectAnswer(await call('PUT', `/registries/${id}`, { description: 'other' }), 200)
  assert.notEqual((await all.open(id)).remote, first.remote)
  await assert.rejects(all.open(999_999_999), { code: 'NOT_FOUND' })
})

const outbound = openOutbound({ allow: ['127.0.0.1'] })
opened.defer(() => outbound.close())
const remotes: OpenRemote = (endpoint, limits = {}) =>
  openRemote({ outbound, endpoint, budget: noBudget, log: openLog({ level: 'silent', format: 'json' }), limits })
const noRole = () => Promise.reject(new Error('no role here'))
