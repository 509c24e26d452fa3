import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, test } from 'node:test'
import { callApi, create } from '../../testing/api.ts'
import { fresh, givenProject } from '../../testing/given.ts'
import { eventually, expectAnswer } from '../../testing/http.ts'
import { openReceiver, type Receiver } from '../../testing/receiver.ts'
import { openBeside, openTestMarina, type TestMarina } from '../../testing/server.ts'

type Project = Awaited<ReturnType<typeof givenProject>>
type Delivery = {
  id: number
  event_id: string
  status: string
  status_message: string
  next_try?: string
  tries: { at: string; took_ms: number; status?: number; error?: string }[]
  response?: { status: number; headers: Record<string, string>; body: string; is_cut: boolean }
  request: { method: string; headers?: Record<string, string>; body: string }
}

/** Pauses are short, so that tests can wait for their end; a try may take as long as a busy machine needs. */
const quick = {
  MARINA_OUTBOUND_ALLOW: '127.0.0.0/8',
  MARINA_WEBHOOK_TIMEOUT: '1m',
  MARINA_WEBHOOK_BACK_OFF: '40ms',
  MARINA_WEBHOOK_BACK_OFF_MOST: '400ms',
  MARINA_WEBHOOK_PAUSE_AFTER: '4',
  MARINA_WEBHOOK_PROBE: '200ms',
  MARINA_WEBHOOK_ANSWER_BYTES: '100B',
}
let marina: TestMarina
let project: Project
before(async () => {
  marina = await openTestMarina(quick)
  project = await givenProject(marina)
})
after(() => marina[Symbol.asyncDispose]())

const path = () => `/projects/${project.name}/webhook/policies`
const as = () => ({ as: marina.admin })

/** Creates a policy with these targets, by default at the receiver, and returns its id. */
async function givenPolicy(receiver: Pick<Receiver, 'url'>, ...targets: Record<string, unknown>[]): Promise<number> {
  const given = (targets.length === 0 ? [{}] : targets).map((one) => ({
    type: 'http',
    address: `${receiver.url}/hook`,
    ...one,
  }))
  return create(marina, path(), marina.admin, { name: fresh('policy'), event_types: ['PUSH_ARTIFACT'], targets: given })
}

async function trigger(policy: number, at = marina): Promise<number[]> {
  return (
    expectAnswer(await callApi(at, 'POST', `${path()}/${policy}/test`, { ...as(), body: {} }), 200).json() as {
      executions: number[]
    }
  ).executions
}

const deliveryOf = async (policy: number, id: number) =>
  expectAnswer(await callApi(marina, 'GET', `${path()}/${policy}/executions/${id}`, as()), 200).json() as Delivery
const ended = (policy: number, id: number) =>
  eventually(async () => {
    const delivery = await deliveryOf(policy, id)
    assert.notEqual(delivery.status, 'Pending')
    return delivery
  })
const targetOf = async (policy: number) =>
  (
    expectAnswer(await callApi(marina, 'GET', `${path()}/${policy}`, as()), 200).json() as {
      targets: { id: number; paused: boolean; paused_reason?: string; resting_until?: string }[]
    }
  ).targets[0]!

test('S4-27, S4-29: a delivery carries its authorization, headers, an id and a signature to check', async () => {
  await using receiver = await openReceiver()
  receiver.answer(() => ({
    status: 202,
    body: 'x'.repeat(300),
    headers: { 'x-request-id': 'r-7', 'set-cookie': 'session=secret' },
  }))
  const policy = await givenPolicy(receiver, {
    auth_header: 'Bearer a-token',
    headers: { 'X-Team': 'red' },
    secret: 'a-signing-secret-of-ours',
  })
  const [id] = await trigger(policy)
  const { request: sent, ...delivery } = await ended(policy, id!)
  const [got, ...more] = receiver.received
  assert.deepEqual(more, [])
  const {
    authorization,
    'x-team': team,
    'content-type': type,
    'marina-event-id': eventId,
    'marina-delivery-id': deliveryId,
    'marina-try': tryNumber,
    'marina-event-type': eventType,
    'marina-signature': signature,
  } = got!.headers
  assert.deepEqual(
    [authorization, team, type, eventId, deliveryId, tryNumber, eventType],
    ['Bearer a-token', 'red', 'application/json', delivery.event_id, String(id), '1', 'PUSH_ARTIFACT'],
  )
  const [, seconds, hash] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(signature))!
  assert.equal(hash, createHmac('sha256', 'a-signing-secret-of-ours').update(`${seconds}.${got!.body}`).digest('hex'))
  assert.ok(Math.abs(Number(seconds) - Date.now() / 1000) < 30)
  assert.deepEqual([got!.path, got!.body, delivery.status], ['/hook', sent.body, 'Success'])
  // What an account has set may be a secret.
  assert.deepEqual(
    [sent.method, sent.headers],
    [
      'POST',
      {
        authorization: '******',
        'x-team': '******',
        'content-type': type,
        'marina-event-id': eventId,
        'marina-event-type': eventType,
        'marina-delivery-id': deliveryId,
        'marina-try': '1',
        'marina-signature': signature,
      },
    ],
  )
  assert.deepEqual(delivery.response, {
    status: 202,
    headers: { 'x-request-id': 'r-7', date: delivery.response!.headers['date'] },
    body: 'x'.repeat(100),
    is_cut: true,
  })
})

test('S4-30, F41: a delivery is tried three times under the same ids, with a back-off, and then fails', async () => {
  await using receiver = await openReceiver()
  receiver.answer(() => ({ status: 500, body: 'broken' }))
  const policy = await givenPolicy(receiver)
  const [id] = await trigger(policy)
  const delivery = await ended(policy, id!)
  assert.deepEqual(
    [delivery.status, delivery.status_message, delivery.tries.map(({ status }) => status), delivery.response!.body],
    ['Error', 'answered with 500', [500, 500, 500], 'broken'],
  )
  assert.deepEqual(
    receiver.received.map(({ headers }) => [
      headers['marina-event-id'],
      headers['marina-delivery-id'],
      headers['marina-try'],
    ]),
    ['1', '2', '3'].map((number) => [delivery.event_id, String(id), number]),
  )
  const [first, second, third] = receiver.received.map(({ at }) => at) as [number, number, number]
  assert.ok(second - first >= 38 && third - second >= 76, `${second - first} ms, ${third - second} ms`)
})

test('F41: a receiver that hangs fails after the timeout, and the history says so', async () => {
  await using hasty = await openTestMarina({ ...quick, MARINA_WEBHOOK_TIMEOUT: '150ms' })
  await using receiver = await openReceiver()
  receiver.answer(() => 'never')
  const at = '/projects/library/webhook/policies'
  const policy = await create(hasty, at, hasty.admin, {
    name: 'hangs',
    event_types: ['PUSH_ARTIFACT'],
    targets: [{ type: 'http', address: receiver.url }],
  })
  const {
    executions: [id],
  } = (await callApi(hasty, 'POST', `${at}/${policy}/test`, { as: hasty.admin, body: {} })).json() as {
    executions: number[]
  }
  const hung = await eventually(async () => {
    const one = (
      await callApi(hasty, 'GET', `${at}/${policy}/executions/${id}`, { as: hasty.admin })
    ).json() as Delivery
    assert.equal(one.status, 'Error')
    return one
  })
  assert.deepEqual(
    hung.tries.map(({ error }) => error),
    Array.from({ length: 3 }, () => 'no answer within 150 ms'),
  )
})

test('F41: a receiver that redirects, answers without end or is absent fails, and the history says so', async () => {
  await using receiver = await openReceiver()
  receiver.answer(({ path: where }) =>
    where === '/redirect'
      ? { status: 302, headers: { location: `${receiver.url}/elsewhere` } }
      : { status: 200, body: 'y'.repeat(10_000_000) },
  )
  const closed = await openReceiver()
  await closed[Symbol.asyncDispose]()
  const policy = await givenPolicy(
    receiver,
    ...['/redirect', '/long'].map((where) => ({ address: receiver.url + where })),
    { address: closed.url },
  )
  const [redirect, long, gone] = await Promise.all((await trigger(policy)).map((id) => ended(policy, id)))
  assert.deepEqual(
    [redirect!.status, redirect!.status_message, redirect!.response!.headers['location']],
    ['Error', 'answered with 302', `${receiver.url}/elsewhere`],
  )
  assert.deepEqual([long!.status, long!.response!.body.length, long!.response!.is_cut], ['Success', 100, true])
  assert.deepEqual([gone!.status, gone!.status_message], ['Error', 'nobody listens there'])
  assert.ok(!receiver.received.some(({ path: where }) => where === '/elsewhere'))
})

test('H09, Q06, C-76: nothing is sent to an internal address, and the history always has one text', async () => {
  await using closed = await openTestMarina({ ...quick, MARINA_OUTBOUND_ALLOW: '' })
  await using receiver = await openReceiver()
  const inner = await givenProject(closed)
  const at = `/projects/${inner.name}/webhook/policies`
  const addresses = [
    receiver.url,
    'http://[::1]:1/',
    'http://169.254.169.254/latest',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://[::ffff:10.0.0.1]/',
  ]
  const policy = await create(closed, at, closed.admin, {
    name: 'inside',
    event_types: ['PUSH_ARTIFACT'],
    targets: addresses.map((address) => ({ type: 'http', address })),
  })
  const { executions } = (
    await callApi(closed, 'POST', `${at}/${policy}/test`, { as: closed.admin, body: {} })
  ).json() as { executions: number[] }
  for (const id of executions) {
    const delivery = await eventually(async () => {
      const one = (
        await callApi(closed, 'GET', `${at}/${policy}/executions/${id}`, { as: closed.admin })
      ).json() as Delivery
      assert.equal(one.status, 'Error')
      return one
    })
    assert.match(delivery.status_message, /^this address may not be called: it is inside, or unknown/)
  }
  assert.deepEqual(receiver.received, [])
})

test('Retry-After is heeded, up to the longest back-off', async () => {
  await using receiver = await openReceiver()
  receiver.answer(() => (receiver.received.length === 1 ? { status: 503, headers: { 'retry-after': '3600' } } : {}))
  const policy = await givenPolicy(receiver)
  const [id] = await trigger(policy)
  const { status } = await ended(policy, id!)
  // That the delivery has ended shows that the pause was shorter than the hour that the receiver asked for.
  const pause = receiver.received[1]!.at - receiver.received[0]!.at
  assert.ok(status === 'Success' && pause >= 395, `${status}, ${pause} ms`)
})

test('F41: deliveries about one repository keep their order, also when the first is retried', async () => {
  await using receiver = await openReceiver()
  receiver.answer(() => (receiver.received.length === 1 ? { status: 500, delayMs: 30 } : { delayMs: 5 }))
  const policy = await givenPolicy(receiver)
  const ids = [...(await trigger(policy)), ...(await trigger(policy)), ...(await trigger(policy))]
  await Promise.all(ids.map((id) => ended(policy, id)))
  assert.deepEqual(
    receiver.received.map(({ headers }) => Number(headers['marina-delivery-id'])),
    [ids[0], ...ids],
  )
})

test('a target that fails repeatedly is paused, loses no delivery, and goes on by itself when it answers', async () => {
  await using receiver = await openReceiver()
  receiver.answer(() => ({ status: 500 }))
  const policy = await givenPolicy(receiver)
  const lost = [...(await trigger(policy)), ...(await trigger(policy))]
  const paused = await eventually(async () => {
    const target = await targetOf(policy)
    assert.equal(target.paused, true)
    return target
  })
  assert.equal(paused.paused_reason, '4 tries in a row failed, the last one: answered with 500')
  const [kept] = await trigger(policy)
  const before = receiver.received.length
  // Probes go on beyond the number of tries of a delivery, and count for none.
  await eventually(() => assert.ok(receiver.received.length >= before + 4))
  const waiting = await deliveryOf(policy, lost[1]!)
  assert.deepEqual([waiting.status, (await deliveryOf(policy, kept!)).status], ['Pending', 'Pending'])
  receiver.answer(() => ({}))
  assert.deepEqual(
    [(await ended(policy, lost[1]!)).status, (await ended(policy, kept!)).status],
    ['Success', 'Success'],
  )
  assert.equal((await targetOf(policy)).paused, false)
  const facts = await eventually(async () => {
    const rows = await marina.ground.db.rows<{ topic: string; why: string }>({
      name: '',
      text: `select topic, payload->>'why' as why from outbox
        where topic like 'webhook-target.%' and payload->>'policyId' = $1 order by id`,
      values: [String(policy)],
    })
    assert.equal(rows.length, 3)
    return rows
  })
  assert.deepEqual(facts, [
    { topic: 'webhook-target.failed', why: 'answered with 500' },
    { topic: 'webhook-target.paused', why: '4 tries in a row failed, the last one: answered with 500' },
    { topic: 'webhook-target.resumed', why: null },
  ])
})

test('a delivery that is always refused ends after its tries and does not block a paused target', async () => {
  await using receiver = await openReceiver()
  receiver.answer(() => ({ status: 503 }))
  const policy = await givenPolicy(receiver)
  const waiting = async (body: string) => {
    const { id: target } = await targetOf(policy)
    const text = `
      insert into webhook_delivery (
        policy_id, target_id, notify_type, event_type, event_id, ordered_by, trigger, content_type, body)
      values ($1, $2, 'http', 'PUSH_ARTIFACT', gen_random_uuid(), $3, 'EVENT', 'application/json', $3) returning id`
    const [row] = await marina.ground.db.rows<{ id: number }>({ name: '', text, values: [policy, target, body] })
    return row!.id
  }
  // The first deliveries pause the target, so that it is paused for all later ones.
  const lost = [await waiting('"one"'), ...(await trigger(policy)), await waiting('"two"')]
  await eventually(async () => assert.equal((await targetOf(policy)).paused, true))
  const [bad, good] = [await waiting('"bad"'), await waiting('"good"')]
  receiver.answer(({ body }) => ({ status: body === '"good"' ? 200 : 422 }))
  assert.equal((await ended(policy, good)).status, 'Success')
  assert.equal((await targetOf(policy)).paused, false)
  const { status, status_message: why } = await ended(policy, bad)
  assert.deepEqual([status, why], ['Error', 'answered with 422'])
  for (const id of lost) await ended(policy, id)
})

test('a paused target whose deliveries are all refused has none left after their tries', async () => {
  await using receiver = await openReceiver()
  receiver.answer(() => ({ status: 503 }))
  const policy = await givenPolicy(receiver)
  const ids = [...(await trigger(policy)), ...(await trigger(policy))]
  await eventually(async () => assert.equal((await targetOf(policy)).paused, true))
  receiver.answer(() => ({ status: 422 }))
  assert.equal((await ended(policy, ids[1]!)).status, 'Error')
})

test("a change of a target's state and the fact about it are written together or not at all", async () => {
  const { db } = marina.ground
  const run = (text: string, ...values: string[]) => db.run({ name: '', text, values })
  await using receiver = await openReceiver()
  receiver.answer(() => ({ status: 500 }))
  const policy = await givenPolicy(receiver)
  await run(
    `create function refuse_facts() returns trigger language plpgsql
      as $$ begin raise exception 'no room for facts'; end $$`,
  )
  await run(
    `create trigger refuse_facts before insert on outbox for each row
      when (new.topic = 'webhook-target.failed' and new.payload->>'policyId' = '${policy}')
      execute function refuse_facts()`,
  )
  try {
    const [id] = await trigger(policy)
    await eventually(() => assert.equal(receiver.received.length, 1))
    // A hold ends only after its time, so the test ends it: the target is tried anew, as if it was never tried.
    await eventually(async () => {
      await run('update webhook_target set held_until = now() where policy_id = $1', String(policy))
      await run(
        `select pg_notify('marina_webhooks', id::text) from webhook_target where policy_id = $1`,
        String(policy),
      )
      assert.ok(receiver.received.length >= 3)
    })
    const [row] = await db.rows<{ failed: number }>({
      name: '',
      text: 'select failed_rounds as failed from webhook_target where policy_id = $1',
      values: [String(policy)],
    })
    assert.deepEqual([row!.failed, (await deliveryOf(policy, id!)).tries], [0, []])
  } finally {
    await run('drop function refuse_facts cascade')
  }
})

test('a target that an account paused gets nothing until it is resumed', async () => {
  await using receiver = await openReceiver()
  const policy = await givenPolicy(receiver)
  const { id: target } = await targetOf(policy)
  const set = async (paused: boolean) =>
    expectAnswer(
      await callApi(marina, 'PUT', `${path()}/${policy}/targets/${target}`, { ...as(), body: { paused } }),
      200,
    )
  await set(true)
  const [id] = await trigger(policy)
  // Deliveries of other targets go out meanwhile.
  await using other = await openReceiver()
  const beside = await givenPolicy(other)
  for (let n = 0; n < 3; n++) assert.equal((await ended(beside, (await trigger(beside))[0]!)).status, 'Success')
  assert.deepEqual([(await deliveryOf(policy, id!)).status, receiver.received.length], ['Pending', 0])
  await set(false)
  assert.equal((await ended(policy, id!)).status, 'Success')
})

test('F41, F42: a hanging target with a long queue takes up one place and delays no other target', async () => {
  await using receiver = await openReceiver()
  await using dead = await openReceiver()
  dead.answer(() => 'never')
  const [slow, live] = [await givenPolicy(dead), await givenPolicy(receiver)]
  const { id: target } = await targetOf(slow)
  const window = 8
  await marina.ground.db.run({
    name: '',
    values: [slow, target],
    text: `
      insert into webhook_delivery (
        policy_id, target_id, notify_type, event_type, event_id, ordered_by, trigger, content_type, body)
      select $1, $2, 'http', 'PUSH_ARTIFACT', gen_random_uuid(), 'r' || n, 'EVENT', 'application/json', '{}'
      from generate_series(1, 5000) n`,
  })
  await trigger(slow)
  // From here on the dead receiver hangs, until its calls time out after a minute.
  await eventually(() => assert.equal(dead.received.length, window))
  const began = Date.now()
  for (let n = 0; n < 5; n++) assert.equal((await ended(live, (await trigger(live))[0]!)).status, 'Success')
  assert.equal(receiver.received.length, 5)
  assert.equal(
    dead.received.length,
    window,
    `${Date.now() - began} ms later it is called again, before it has answered`,
  )
  expectAnswer(await callApi(marina, 'DELETE', `${path()}/${slow}`, as()), 200)
})

test('replaced secrets still sign for a while, so that receivers can change them without a gap', async () => {
  await using receiver = await openReceiver()
  const secrets = ['first', 'second', 'third', 'fourth', 'fifth'].map((one) => `the-${one}-secret-of-ours`)
  const policy = await givenPolicy(receiver, { secret: secrets[0] })
  const body = (secret: string) => ({
    name: fresh('policy'),
    event_types: ['PUSH_ARTIFACT'],
    targets: [{ type: 'http', address: `${receiver.url}/hook`, secret }],
  })
  const change = async (index: number, at = marina) =>
    expectAnswer(await callApi(at, 'PUT', `${path()}/${policy}`, { ...as(), body: body(secrets[index]!) }), 200)
  /** The secrets that signed a delivery sent now, in the order of the signatures. */
  const signed = async () => {
    const [id] = await trigger(policy)
    await ended(policy, id!)
    const { headers, body: text } = receiver.received.at(-1)!
    const [time, ...hashes] = String(headers['marina-signature']).split(',')
    const hashOf = (secret: string) =>
      `v1=${createHmac('sha256', secret)
        .update(`${time!.slice(2)}.${text}`)
        .digest('hex')}`
    return hashes.map((hash) => secrets.findIndex((secret) => hashOf(secret) === hash))
  }
  await change(1)
  assert.deepEqual(await signed(), [1, 0])
  await change(2)
  assert.deepEqual(await signed(), [2, 1, 0])
  await change(1)
  assert.deepEqual(await signed(), [1, 2, 0])
  for (const index of [3, 4]) await change(index)
  assert.deepEqual(await signed(), [4, 3, 1, 2])
  await using later = await openBeside(marina, { ...quick, MARINA_WEBHOOK_SECRET_OVERLAP: '0ms' })
  await change(0, later)
  assert.deepEqual(await signed(), [0, 3, 1])
})

test('one delivery or a range is sent again unchanged, under the same event id', async () => {
  await using receiver = await openReceiver()
  const policy = await givenPolicy(receiver)
  const ids = [...(await trigger(policy)), ...(await trigger(policy)), ...(await trigger(policy))]
  await Promise.all(ids.map((id) => ended(policy, id)))
  const again = expectAnswer(
    await callApi(marina, 'POST', `${path()}/${policy}/executions/${ids[0]}/redeliver`, as()),
    201,
  )
  const made = Number(/executions\/(\d+)$/.exec(again.headers.location!)![1])
  const [was, is] = [await deliveryOf(policy, ids[0]!), await ended(policy, made)]
  assert.deepEqual([is.status, is.event_id, is.request.body], ['Success', was.event_id, was.request.body])
  const range = { first: ids[1], last: ids[2] }
  const repeat = async (body: object) =>
    expectAnswer(await callApi(marina, 'POST', `${path()}/${policy}/redeliver`, { ...as(), body }), 200).json() as {
      count: number
      last?: number
    }
  assert.deepEqual(await repeat({ ...range, status: 'Error' }), { count: 0 })
  const { count, last } = await repeat(range)
  await ended(policy, last!)
  await eventually(() => assert.equal(receiver.received.length, 6))
  assert.equal(count, 2)
  assert.deepEqual(
    receiver.received.slice(4).map(({ headers }) => headers['marina-event-id']),
    receiver.received.slice(1, 3).map(({ headers }) => headers['marina-event-id']),
  )
})

test('F41: two processes send each delivery once, and a target that a dead process held goes on', async () => {
  await using receiver = await openReceiver()
  await using beside = await openBeside(marina, quick)
  const policies = await Promise.all(Array.from({ length: 6 }, () => givenPolicy(receiver)))
  const rounds = await Promise.all(
    policies.flatMap((policy) =>
      [marina, beside, marina, beside].map(async (at) => ({ policy, ids: await trigger(policy, at) })),
    ),
  )
  for (const { policy, ids } of rounds) assert.equal((await ended(policy, ids[0]!)).status, 'Success')
  assert.equal(receiver.received.length, 24)
  // A killed process leaves its hold behind, until the hold's time is over.
  const held = policies[0]!
  const hold = (until: string) =>
    marina.ground.db.run({
      name: '',
      text: `update webhook_target set held_by = gen_random_uuid(), held_until = now() + interval '${until}'
        where policy_id = $1`,
      values: [held],
    })
  await hold('1 hour')
  const [late] = await trigger(held)
  assert.equal((await ended(policies[1]!, (await trigger(policies[1]!))[0]!)).status, 'Success')
  assert.equal((await deliveryOf(held, late!)).status, 'Pending')
  await hold('-1 second')
  const { status, tries } = await ended(held, late!)
  assert.deepEqual([status, tries.length], ['Success', 1])
})
