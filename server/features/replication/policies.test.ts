import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '../../testing/api.ts'
import { fresh } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import {
  get,
  givenEndpoint,
  givenPolicy,
  messageOf,
  openPolicyScene,
  policiesPath as path,
  run,
  type Shown,
} from './replication.suite.ts'

const { marina, docker, endpoint, call, post, read, least } = await openPolicyScene()

test('S3-06, S3-07, S3-10: a policy with every field is read back as it was given', async () => {
  const given = {
    name: fresh('full'),
    description: 'all fields',
    dest_registry: { id: endpoint },
    dest_namespace: 'mirrorb',
    dest_namespace_replace_count: 1,
    trigger: { type: 'scheduled', trigger_settings: { cron: '0 0 3 * * *' } },
    filters: [
      { type: 'name', value: 'src/**' },
      { type: 'tag', value: 'v*', decoration: 'matches' },
      { type: 'label', value: ['l1'], decoration: 'excludes' },
      { type: 'resource', value: 'image' },
    ],
    override: true,
    enabled: true,
    deletion: true,
    replicate_deletion: true,
    speed: 100,
    copy_by_chunk: true,
    single_active_replication: true,
    dest_template: 'mirror/{{project}}/{{path}}',
    dest_pattern: '(.*)/x',
    platforms: ['linux/amd64', 'linux/arm/v7'],
    rewrite_index: true,
  }
  const answer = expectAnswer(await post(given), 201)
  assert.match(answer.headers.location ?? '', /^\/api\/v2\.0\/replication\/policies\/\d+$/)
  const {
    id,
    creation_time: made,
    update_time: changed,
    src_registry: source,
    dest_registry: target,
    ...shown
  } = await read(Number(/\d+$/.exec(answer.headers.location!)![0]))
  assert.ok(id > 0 && typeof made === 'string' && typeof changed === 'string')
  const { dest_registry: _, ...rest } = given
  assert.deepEqual(shown, rest)
  assert.deepEqual(source, {
    id: 0,
    name: 'Local',
    type: 'harbor',
    url: (source as { url: string }).url,
    credential: { type: 'secret', access_secret: '*****' },
    insecure: true,
    status: 'healthy',
    creation_time: '0001-01-01T00:00:00.000Z',
    update_time: '0001-01-01T00:00:00.000Z',
  })
  const { id: targetId, type, url, credential } = target as Record<string, unknown>
  assert.deepEqual([targetId, type, url, credential], [endpoint, 'docker-registry', docker.url, {}])
})

test("S3-07: the least policy has Harbor's zero values, and leaves out what is empty", async () => {
  const {
    id,
    src_registry: _,
    dest_registry: __,
    creation_time: ___,
    update_time: ____,
    ...shown
  } = await read(await create(marina, path, marina.admin, least()))
  const { name } = shown
  assert.deepEqual(shown, {
    name,
    dest_namespace_replace_count: -1,
    filters: null,
    speed: 0,
    copy_by_chunk: false,
    single_active_replication: false,
  })
  assert.ok(id > 0)
})

test('S3-07: odd values are kept or mended as in Harbor', async () => {
  const kept = async (more: object) => read(await create(marina, path, marina.admin, { ...least(), ...more }))
  assert.equal((await kept({ speed: -5 })).speed, 0)
  assert.equal((await kept({ filters: [] })).filters, null)
  assert.equal((await kept({ filters: null })).filters, null)
  assert.equal((await kept({ dest_namespace: 'x', dest_namespace_replace_count: -2 })).dest_namespace_replace_count, -2)
  const deleting = await kept({ deletion: true, replicate_deletion: false })
  assert.deepEqual([deleting.deletion, deleting.replicate_deletion], [true, true])
  assert.deepEqual((await kept({ trigger: { type: 'manual', trigger_settings: { cron: '0 0 3 * * *' } } })).trigger, {
    type: 'manual',
  })
  assert.deepEqual((await kept({ name: `A b/${fresh('c')}` })).filters, null)
  assert.deepEqual((await kept({ filters: [{ type: 'name', value: '' }] })).filters, [{ type: 'name', value: '' }])
})

test('S3-06: a name is given once', async () => {
  const given = least()
  const id = await create(marina, path, marina.admin, given)
  const conflict = expectAnswer(await post(given), 409, 'CONFLICT')
  assert.equal(messageOf(conflict), `replication policy ${given.name} already exists`)
  const other = await create(marina, path, marina.admin, least())
  expectAnswer(await call('PUT', `${path}/${other}`, given), 409, 'CONFLICT')
  assert.equal((await read(id)).name, given.name)
})

test('S3-06: an update replaces everything, and a wrong one changes nothing', async () => {
  const id = await givenPolicy(marina, { dest_registry: { id: endpoint }, description: 'old', override: true })
  const { name } = await read(id)
  expectAnswer(await call('PUT', `${path}/${id}`, { description: 'new' }), 400, 'BAD_REQUEST')
  const wrong = {
    name,
    dest_registry: { id: endpoint },
    trigger: { type: 'scheduled', trigger_settings: { cron: 'x' } },
  }
  expectAnswer(await call('PUT', `${path}/${id}`, wrong), 400, 'BAD_REQUEST')
  assert.equal((await read(id)).description, 'old')
  expectAnswer(await call('PUT', `${path}/${id}`, { id: 1, name, src_registry: { id: endpoint } }), 200)
  const shown = await read(id)
  assert.deepEqual(
    [shown.id, shown.description, shown.override, (shown.src_registry as Shown).id],
    [id, undefined, undefined, endpoint],
  )
  expectAnswer(await call('PUT', `${path}/99999999`, least()), 404, 'NOT_FOUND')
})

test('S3-11: a scheduled policy that is on has a schedule, and loses it with its trigger or itself', async () => {
  const cronOf = async (id: number) =>
    (await get<{ vendor_type: string; vendor_id: number; cron: string }[]>(marina, '/schedules?page_size=100')).find(
      (one) => one.vendor_type === 'REPLICATION' && one.vendor_id === id,
    )?.cron
  const scheduled = (cron: string, enabled = true) => ({
    ...given,
    enabled,
    trigger: { type: 'scheduled', trigger_settings: { cron } },
  })
  const given = least()
  const id = await create(marina, path, marina.admin, scheduled('0 0 3 * * *'))
  assert.equal(await cronOf(id), '0 0 3 * * *')
  const put = async (body: object) => expectAnswer(await call('PUT', `${path}/${id}`, body), 200)
  await put(scheduled('0 0 4 * * *'))
  assert.equal(await cronOf(id), '0 0 4 * * *')
  await put(scheduled('0 0 4 * * *', false))
  assert.equal(await cronOf(id), undefined)
  await put(scheduled('0 0 5 * * *'))
  await put(given)
  assert.equal(await cronOf(id), undefined)
  await put(scheduled('0 0 5 * * *'))
  expectAnswer(await call('DELETE', `${path}/${id}`), 200)
  assert.equal(await cronOf(id), undefined)
  expectAnswer(await call('DELETE', `${path}/${id}`), 404, 'NOT_FOUND')
})

test('S3-06: a list is filtered by name and by q, and sorted', async () => {
  const stem = fresh('listed')
  for (const end of ['b', 'a']) await create(marina, path, marina.admin, { ...least(), name: `${stem}-${end}` })
  const names = async (query: string) => (await get<Shown[]>(marina, `${path}?${query}`)).map(({ name }) => name)
  assert.deepEqual(await names(`name=${stem}`), [`${stem}-a`, `${stem}-b`])
  assert.deepEqual(await names(`name=${stem}&sort=-name`), [`${stem}-b`, `${stem}-a`])
  assert.deepEqual(await names(`q=name=${stem}-a`), [`${stem}-a`])
  assert.deepEqual(await names(`name=${stem}&q=dest_registry_id=${endpoint}&page_size=1&page=2`), [`${stem}-b`])
})

test('S3-06: a policy goes with its executions, and an endpoint not before its policies', async () => {
  const own = await givenEndpoint(marina, docker.url, { type: 'docker-registry' })
  const id = await givenPolicy(marina, { dest_registry: { id: own }, filters: [{ type: 'name', value: 'none/**' }] })
  const { name } = await read(id)
  const { id: execution } = await run(marina, id)
  const refused = expectAnswer(await call('DELETE', `/registries/${own}`), 412, 'PRECONDITION')
  assert.ok(messageOf(refused).includes(name), messageOf(refused))
  expectAnswer(await call('DELETE', `${path}/${id}`), 200)
  assert.deepEqual(await get(marina, `/replication/executions?policy_id=${id}`), [])
  expectAnswer(await call('GET', `/replication/executions/${execution}`), 404, 'NOT_FOUND')
  expectAnswer(await call('DELETE', `/registries/${own}`), 200)
})

test("S3-12: executions and tasks are filtered by Harbor's words, and unknown ids are named", async () => {
  const id = await givenPolicy(marina, {
    dest_registry: { id: endpoint },
    filters: [{ type: 'name', value: 'none/**' }],
  })
  const { id: execution } = await run(marina, id)
  const list = async (query: string) =>
    (await get<Shown[]>(marina, `/replication/executions?${query}`)).map((one) => one.id)
  assert.deepEqual(await list(`policy_id=${id}&status=Succeed&trigger=manual`), [execution])
  for (const query of ['status=Failed', 'status=nope', 'trigger=scheduled', 'trigger=nope'])
    assert.deepEqual(await list(`policy_id=${id}&${query}`), [])
  assert.deepEqual(await get(marina, `/replication/executions/${execution}/tasks?status=nope`), [])
  for (const [method, at] of [
    ['GET', '/replication/executions/99999999'],
    ['PUT', '/replication/executions/99999999'],
    ['GET', '/replication/executions/99999999/tasks'],
    ['GET', `/replication/executions/${execution}/tasks/99999999/log`],
    ['GET', `${path}/0`],
    ['DELETE', `${path}/0`],
  ] as const)
    expectAnswer(await call(method, at), 404, 'NOT_FOUND')
  // As in Harbor, stopping what has ended is no error.
  expectAnswer(await call('PUT', `/replication/executions/${execution}`), 200)
})
