import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { enqueue } from '../../platform/jobs/enqueue.ts'
import { openLog } from '../../platform/observe/log.ts'
import { openOutbound } from '../../platform/outbound/outbound.ts'
import { noBudget, openRemote, type OpenRemote } from '../../registry/remote/remote.ts'
import { callApi, givenRobot, lastFact } from '../../testing/api.ts'
import { makeCertificate } from '../../testing/certificate.ts'
import { fresh } from '../../testing/given.ts'
import { eventually, expectAnswer } from '../../testing/http.ts'
import { openTestMarina } from '../../testing/server.ts'
import { deleteEndpoint } from './actions.ts'
import {
  findEndpoint,
  findEndpoints,
  openEndpoints,
  presentEndpoint,
  presentLocal,
  wantedBy,
  type Endpoint,
  type Endpoints,
  type Expected,
  type FindUse,
  type ListedArtifact,
  type OpenEndpoint,
  type Use,
  type Wanted,
} from './index.ts'
import { healthCheck } from './jobs.ts'
import { openEndpointScene } from './scene.suite.ts'

const { marina, guarded, call, make, withLogin, show, told } = await openEndpointScene()

const outbound = openOutbound({ allow: ['127.0.0.1'] })
after(() => outbound.close())
const log = openLog({ level: 'silent', format: 'json' })
const remotes: OpenRemote = (endpoint, limits = {}) => openRemote({ outbound, endpoint, budget: noBudget, log, limits })
const noRole = () => Promise.reject(new Error('no role here'))

test('Q06: metadata and link-local addresses are refused at saving and at a ping, with the setting', async () => {
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
  const use: Use = { kind: 'replication policies', names }
  const uses: FindUse[] = [async () => undefined, async () => use]
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
  expectAnswer(await call('DELETE', '/registries/0'), 412, 'PRECONDITION')
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

test('what other features are lent: endpoints by id, as the API shows them, and open for use', async () => {
  const { db, secrets: seal } = marina.ground
  const id = await make({ ...withLogin(), ca_certificate: (await makeCertificate()).cert })
  const [shown, found] = [await show(id), await findEndpoints(db, [id, 999_999_999])]
  const endpoint: Endpoint = found.get(id)!
  assert.deepEqual([[...found.keys()], presentEndpoint(endpoint)], [[id], shown])
  assert.equal((await findEndpoint(db, id))!.version, endpoint.version)
  assert.deepEqual(presentLocal(marina.url).url, marina.url)
  const all: Endpoints = openEndpoints({ db, seal, openRemote: remotes, machineRole: noRole })
  const first: OpenEndpoint = await all.open(id)
  await first.remote.ping()
  const expected: Expected[] = []
  await first.prepare(expected)
  const wanted: Wanted = wantedBy('none/of-this')
  const artifacts: ListedArtifact[] = []
  for await (const name of first.repositories(wanted))
    await assert.rejects(async () => {
      for await (const one of first.artifacts(name)) artifacts.push(one)
    })
  assert.deepEqual(artifacts, [])
  // One that was not changed is opened once, and keeps its tokens.
  assert.equal((await all.open(id)).remote, first.remote)
  assert.deepEqual([first.endpoint.id, first.type, first.remote.endpoint.id], [id, 'docker-registry', id])
  expectAnswer(await call('PUT', `/registries/${id}`, { description: 'other' }), 200)
  assert.notEqual((await all.open(id)).remote, first.remote)
  await assert.rejects(all.open(999_999_999), { code: 'NOT_FOUND' })
})
