import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openLog } from '../../platform/observe/log.ts'
import { openPart } from '../../platform/observe/part.ts'
import { openOutbound } from '../../platform/outbound/outbound.ts'
import { sql } from '../../platform/db/sql.ts'
import { callApi, create } from '../../testing/api.ts'
import { fresh, givenProject } from '../../testing/given.ts'
import { eventually, expectAnswer } from '../../testing/http.ts'
import { openReceiver, type Receiver } from '../../testing/receiver.ts'
import { openTestMarina, type TestMarina } from '../../testing/server.ts'
import { openDeliverer } from './deliver.ts'
import { channel } from './deliveries.ts'

const rules = {
  tries: 3,
  backOffMs: 40,
  mostMs: 400,
  timeoutMs: 60_000,
  answerBytes: 100,
  pauseAfter: 10,
  probeMs: 200,
}
let marina: TestMarina
/** This Marina delivers nothing itself: each test opens deliverers of its own. */
before(async () => void (marina = await openTestMarina({ MARINA_WORKERS: 'none' })))
after(() => marina[Symbol.asyncDispose]())

const log = openLog({ level: 'silent', format: 'json' })

function openDelivererWith(
  lanes: { places: number; share: number },
  connectionsPerHost?: number,
  more: Partial<typeof rules> = {},
): AsyncDisposable {
  const stack = new AsyncDisposableStack()
  const { db, secrets } = marina.ground
  const outbound = openOutbound({ allow: ['127.0.0.0/8'], ...(connectionsPerHost ? { connectionsPerHost } : {}) })
  stack.defer(() => outbound.close())
  stack.use(
    openDeliverer({
      db,
      secrets,
      outbound,
      rules: { ...rules, ...more },
      lanes,
      log,
      part: openPart('webhooks', log),
    }),
  )
  return stack
}

/**
 * A policy with one target for each path of the receiver, each with `count` pending deliveries; with 'same', in order.
 */
async function givenQueue(
  receiver: Receiver,
  { name: project, at = `/projects/${project}` }: { name: string; at?: string },
  paths: string[],
  count = 1,
  ordered = 'same',
): Promise<void> {
  const targets = paths.map((path) => ({ type: 'http', address: `${receiver.url}/${path}` }))
  const policy = await create(marina, `${at}/webhook/policies`, marina.admin, {
    name: fresh('policy'),
    event_types: ['PUSH_ARTIFACT'],
    targets,
  })
  await marina.ground.db.run(sql`
    insert into webhook_delivery (
      policy_id, target_id, notify_type, event_type, event_id, ordered_by, trigger, content_type, body)
    select policy_id, id, 'http', 'PUSH_ARTIFACT', gen_random_uuid(),
      case when ${ordered} = 'same' then '' else n::text end, 'EVENT', 'application/json', '{}'
    from webhook_target, generate_series(1, ${count}::int) n where policy_id = ${policy} order by n, position`)
  await marina.ground.db.rows(sql`select pg_notify(${channel}, '')`)
}

const pathsOf = ({ received }: Receiver) => received.map(({ path }) => path.slice(1))

test('a target with a long queue passes its lane to waiting targets after each round', async () => {
  await using receiver = await openReceiver()
  await givenQueue(receiver, await givenProject(marina), ['long', 'short'], 3)
  await using _deliverer = openDelivererWith({ places: 1, share: 1 })
  await eventually(() => assert.deepEqual(pathsOf(receiver), ['long', 'short', 'long', 'short', 'long', 'short']))
  // A call that is aborted now would be delivered once more in the next test.
  const waiting = sql`select 1 from webhook_delivery where status = 'Pending'`
  await eventually(async () => assert.deepEqual(await marina.ground.db.rows(waiting), []))
})

test('projects and the system get lanes in turn, however many targets one of them has', async () => {
  await using receiver = await openReceiver()
  await givenQueue(receiver, await givenProject(marina), ['a1', 'a2', 'a3', 'a4'])
  await givenQueue(receiver, await givenProject(marina), ['b1', 'b2'])
  await givenQueue(receiver, { name: 'system', at: '/system' }, ['s1'])
  // The first target gets its lane before others wait, and keeps it until all others wait.
  receiver.answer(() => (receiver.received.length === 1 ? { until: sleep(1500) } : {}))
  await using _deliverer = openDelivererWith({ places: 1, share: 1 })
  await eventually(() => assert.equal(receiver.received.length, 7))
  assert.deepEqual(pathsOf(receiver).slice(1), ['a2', 'b1', 's1', 'a3', 'b2', 'a4'])
})

test('hanging targets of one project always leave a lane to another project', async () => {
  await using hanging = await openReceiver()
  await using receiver = await openReceiver()
  hanging.answer(() => 'never')
  await givenQueue(hanging, await givenProject(marina), ['1', '2', '3', '4', '5'])
  await using _deliverer = openDelivererWith({ places: 4, share: 3 })
  await eventually(() => assert.equal(hanging.received.length, 3))
  const other = await givenProject(marina)
  for (const path of ['one', 'two', 'three']) {
    await givenQueue(receiver, other, [path], 2)
    await eventually(() => assert.deepEqual(pathsOf(receiver).slice(-2), [path, path]))
  }
  assert.equal(hanging.received.length, 3)
})

test('a target gets through to a host that others keep busy, and waiting for its place is no failure', async () => {
  await using receiver = await openReceiver()
  const held: (() => void)[] = []
  receiver.answer(({ path }) => (path === '/well' ? {} : { until: new Promise<void>((resolve) => held.push(resolve)) }))
  const project = await givenProject(marina)
  await givenQueue(receiver, project, ['busy1', 'busy2', 'busy3'], 8, 'apart')
  await using _deliverer = openDelivererWith({ places: 128, share: 96 }, 2)
  await eventually(() => assert.equal(held.length, 2))
  await givenQueue(receiver, project, ['well'])
  // Targets of other tests may be held at the same time.
  const isHeld = sql`
    select 1 from webhook_target target join webhook_policy policy on policy.id = policy_id
    where held_by is not null and project_id = ${project.id} having count(*) = 4`
  await eventually(async () => assert.equal((await marina.ground.db.rows(isHeld)).length, 1))
  // 22 calls were waiting before. One of each target goes first, then that of the target that came last.
  const isThrough = () => pathsOf(receiver).includes('well')
  for (let answered = 0; !isThrough(); answered++) {
    await eventually(() => assert.ok(held.length > answered || isThrough()))
    held[answered]?.()
  }
  assert.ok(receiver.received.length < 12, pathsOf(receiver).join())
  receiver.answer(() => ({}))
  for (const answer of held) answer()
  await eventually(() => assert.equal(receiver.received.length, 25))
  const ended = sql`
    select status, tries from webhook_delivery where target_id in (
      select id from webhook_target where policy_id in (
        select id from webhook_policy where project_id = ${project.id}))
    group by 1, 2`
  await eventually(async () => assert.deepEqual(await marina.ground.db.rows(ended), [{ status: 'Success', tries: 1 }]))
})

test('a clock that is an hour slow delays no delivery, and a rest is as long as it should be', async (at) => {
  const right = Date.now
  at.mock.method(Date, 'now', () => right() - 3_600_000)
  await using receiver = await openReceiver()
  receiver.answer(({ path }) => ({ status: path === '/bad' ? 500 : 200 }))
  const project = await givenProject(marina)
  await givenQueue(receiver, project, ['good', 'bad'])
  await using _deliverer = openDelivererWith({ places: 4, share: 4 }, undefined, {
    backOffMs: 600_000,
    mostMs: 600_000,
  })
  await eventually(() => assert.deepEqual(pathsOf(receiver).sort(), ['bad', 'good']))
  const resting = sql`
    select extract(epoch from rests_until - clock_timestamp())::float8 as rest,
      extract(epoch from due_at - clock_timestamp())::float8 as due
    from webhook_target target join webhook_delivery delivery on target_id = target.id
    where rests_until is not null
      and target.policy_id in (select id from webhook_policy where project_id = ${project.id})`
  const [{ rest, due }] = await eventually(async () => {
    const rows = await marina.ground.db.rows<{ rest: number; due: number }>(resting)
    assert.equal(rows.length, 1)
    return rows as [{ rest: number; due: number }]
  })
  assert.ok(rest > 500 && rest <= 600 && due > 500 && due <= 600, `${rest} s, ${due} s`)
})

test('a try that fails after its target got a new address neither pauses the target nor makes it rest', async () => {
  await using receiver = await openReceiver()
  const { promise: mayAnswer, resolve: answer } = Promise.withResolvers<void>()
  receiver.answer(({ path }) => (path === '/old' ? { status: 500, until: mayAnswer } : {}))
  const project = await givenProject(marina)
  await givenQueue(receiver, project, ['old'])
  await using _deliverer = openDelivererWith({ places: 4, share: 4 }, undefined, { pauseAfter: 1, probeMs: 3_600_000 })
  await eventually(() => assert.deepEqual(pathsOf(receiver), ['old']))
  const at = `/projects/${project.name}/webhook/policies`
  const [policy] = (await callApi(marina, 'GET', at, { as: marina.admin })).json() as [
    { id: number; targets: object[] },
  ]
  const moved = { ...policy, targets: policy.targets.map((one) => ({ ...one, address: `${receiver.url}/new` })) }
  expectAnswer(await callApi(marina, 'PUT', `${at}/${policy.id}`, { as: marina.admin, body: moved }), 200)
  answer()
  await eventually(() => assert.deepEqual(pathsOf(receiver), ['old', 'new']))
  assert.deepEqual(await marina.ground.db.rows(sql`select topic from outbox where topic = 'webhook-target.paused'`), [])
})
