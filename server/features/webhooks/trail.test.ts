import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { callApi, create } from '../../testing/api.ts'
import { fresh, givenCast, pushImage } from '../../testing/given.ts'
import { eventually, expectAnswer, type Person } from '../../testing/http.ts'
import { openReceiver } from '../../testing/receiver.ts'
import { openTestMarina } from '../../testing/server.ts'

const marina = await openTestMarina({
  MARINA_OUTBOUND_ALLOW: '127.0.0.0/8',
  MARINA_WEBHOOK_TIMEOUT: '30s',
  MARINA_WEBHOOK_BACK_OFF: '20ms',
  MARINA_WEBHOOK_BACK_OFF_MOST: '50ms',
  MARINA_WEBHOOK_PAUSE_AFTER: '2',
  MARINA_WEBHOOK_PROBE: '50ms',
})
after(() => marina[Symbol.asyncDispose]())
const { A, uaA, maA, uaB } = await givenCast(marina)

type Entry = {
  username: string
  resource: string
  resource_type: string
  operation: string
  operation_description: string
  operation_result: boolean
  event_id: string
  request_id?: string
  details?: Record<string, unknown>
}
const call = async (method: string, path: string, as: Person, body?: unknown, status = 200) =>
  expectAnswer(await callApi(marina, method, path, { as, body }), status)
/** All entries of the audit log for a query, the oldest first, once there are exactly `count`. */
const entries = (q: string, count: number, as = uaA) =>
  eventually(async () => {
    const found = (
      await call('GET', `/projects/${A.name}/auditlog-exts?sort=op_time&page_size=100&q=${encodeURIComponent(q)}`, as)
    ).json() as Entry[]
    assert.equal(found.length, count, JSON.stringify(found.map((one) => one.operation_description)))
    return found
  })
const told = (all: Entry[]) =>
  all.map(({ username, operation, resource_type: type, operation_result: isWell }) => [
    username,
    `${operation} ${type}`,
    isWell,
  ])

test('the audit log has a delivery from push to redelivery under one event id, and under its policy', async () => {
  await using receiver = await openReceiver()
  const secrets = ['Canary1Canary1Canary1', 'Canary2Canary2', 'Canary3Canary3', 'Canary4Canary4Canary4', 'CanaryPath']
  const name = fresh('hook')
  const policies = `/projects/${A.name}/webhook/policies`
  const target = {
    type: 'http',
    address: `${receiver.url}/${secrets[4]}`,
    secret: secrets[0],
    auth_header: `Bearer ${secrets[1]}`,
    headers: { 'X-Key': secrets[2] },
  }
  const body = { name, event_types: ['PUSH_ARTIFACT'], targets: [target] }
  const policy = `${policies}/${await create(marina, policies, uaA, body)}`

  // One failure does not pause the target.
  receiver.answer(() => ({ status: receiver.received.length <= 1 ? 503 : 200 }))
  await pushImage(marina, `${A.name}/${fresh('repo')}`, { tag: 'v1', as: maA })
  await eventually(() => assert.equal(receiver.received.length, 2))
  const eventId = String(receiver.received[0]!.headers['marina-event-id'])
  assert.deepEqual(told(await entries(`event_id=${eventId}`, 3)), [
    [maA.name, 'create artifact', true],
    ['marina', 'fail webhook_target', false],
    ['marina', 'recover webhook_target', true],
  ])
  const [execution] = (await call('GET', `${policy}/executions?q=event_id%3D${eventId}`, uaA)).json() as {
    id: number
  }[]
  await call('POST', `${policy}/executions/${execution!.id}/redeliver`, uaA, undefined, 201)
  const chain = await entries(`event_id=${eventId}`, 4)
  assert.deepEqual(told(chain)[3], [uaA.name, 'repeat webhook_delivery', true])
  assert.deepEqual(
    [chain[3]!.resource, chain[3]!.details!['first'], chain[1]!.details!['why']],
    [name, execution!.id, 'answered with 503'],
  )

  // The target fails until it is paused, and is resumed when it answers again.
  await eventually(() => assert.equal(receiver.received.length, 3))
  receiver.answer(() => ({ status: 500 }))
  const {
    executions: [tried],
  } = (await call('POST', `${policy}/test`, uaA, {})).json() as { executions: number[] }
  await entries(`resource=${name},operation=pause`, 1)
  receiver.answer(() => ({}))
  await entries(`resource=${name},operation=resume`, 1)
  const { event_id: testId } = (await call('GET', `${policy}/executions/${tried}`, uaA)).json() as { event_id: string }
  assert.deepEqual(
    told(await entries(`event_id=${testId}`, 4)).map(([, what]) => what),
    ['test webhook_policy', 'fail webhook_target', 'pause webhook_target', 'resume webhook_target'],
  )

  const {
    targets: [made],
  } = (await call('GET', policy, uaA)).json() as { targets: { id: number }[] }
  for (const paused of [true, false]) await call('PUT', `${policy}/targets/${made!.id}`, uaA, { paused })
  await call('PUT', policy, uaA, { name, event_types: ['PULL_ARTIFACT'], targets: [{ ...target, secret: secrets[3] }] })
  await call('DELETE', policy, uaA)
  const all = await entries(`resource=${name}`, 12)
  assert.deepEqual(
    told(all).map(([who, what]) => `${who === uaA.name ? 'user' : who}: ${what}`),
    [
      'user: create webhook_policy',
      'marina: fail webhook_target',
      'marina: recover webhook_target',
      'user: repeat webhook_delivery',
      'user: test webhook_policy',
      'marina: fail webhook_target',
      'marina: pause webhook_target',
      'marina: resume webhook_target',
      'user: pause webhook_target',
      'user: resume webhook_target',
      'user: update webhook_policy',
      'user: delete webhook_policy',
    ],
  )
  assert.equal(
    all.find(({ operation, resource_type: type }) => `${operation} ${type}` === 'update webhook_policy')!
      .operation_description,
    `update webhook policy: ${name} (eventTypes, targets.0.secret)`,
  )
  const rows = await marina.ground.db.rows<{ text: string }>({
    name: '',
    text: 'select audit_log::text as text from audit_log',
    values: [],
  })
  for (const secret of secrets)
    assert.deepEqual(
      rows.filter(({ text }) => text.includes(secret)),
      [],
      secret,
    )
  expectAnswer(
    await callApi(marina, 'GET', `/projects/${A.name}/auditlog-exts?q=event_id%3D${eventId}`, { as: uaB }),
    403,
    'FORBIDDEN',
  )
})
