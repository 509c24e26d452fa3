import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { callApi, create, factsSince, lastFact } from '../../testing/api.ts'
import { fresh, givenCast } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openRest, type Rest } from '../../testing/rest.ts'
import { untilWaiting } from '../../testing/rival.ts'
import { openTestMarina, type TestMarina } from '../../testing/server.ts'
import { addDeliveries, repeatLimit, sweepDeliveries } from './deliveries.ts'
import { testEvent } from './events.ts'
import { dropTargets, listTargets, lockPolicy } from './store.ts'
import { mask } from './wire.ts'

type Target = Record<string, unknown> & { id: number; address: string }
type Policy = {
  id: number
  name: string
  project_id: number
  targets: Target[]
  event_types: string[]
  creator: string
  creation_time: string
  update_time: string
  enabled: boolean
  description: string
  repository_filter: string
  tag_filter: string
}

let marina: TestMarina
let rest: Rest
let cast: Awaited<ReturnType<typeof givenCast>>
before(async () => {
  marina = await openTestMarina({ MARINA_WORKERS: 'none' })
  rest = openRest(marina)
  cast = await givenCast(marina)
})
after(() => marina[Symbol.asyncDispose]())

const path = () => `/projects/${cast.A.name}/webhook/policies`
const bodyOf = (target: object = {}, more: object = {}) => ({
  name: fresh('hook'),
  event_types: ['PUSH_ARTIFACT'],
  targets: [{ type: 'http', address: 'https://hooks.example/in', ...target }],
  ...more,
})
const make = (target: object = {}, more: object = {}, at = path()) =>
  create(marina, at, marina.admin, bodyOf(target, more))
const read = async (id: number, at = path()) =>
  expectAnswer(await rest('GET', `${at}/${id}`, marina.admin), 200).json() as Policy

test('a policy is made, read, listed, changed and deleted, with the fields that Harbor has', async () => {
  const body = {
    ...bodyOf({ skip_cert_verify: true, payload_format: 'CloudEvents' }),
    description: 'words',
    enabled: false,
    id: 77,
    project_id: cast.B.id,
    creator: 'somebody',
  }
  const id = await create(marina, path(), cast.uaA, body)
  const made = await read(id)
  const { creation_time: created, update_time: updated, ...rested } = made
  assert.ok(Math.abs(Date.parse(created) - Date.now()) < 60_000 && updated === created)
  assert.deepEqual(rested, {
    id,
    name: body.name,
    description: 'words',
    project_id: cast.A.id,
    event_types: ['PUSH_ARTIFACT'],
    creator: cast.uaA.name,
    enabled: false,
    repository_filter: '',
    tag_filter: '',
    targets: [
      {
        type: 'http',
        address: 'https://hooks.example/in',
        skip_cert_verify: true,
        payload_format: 'CloudEvents',
        id: made.targets[0]!.id,
        headers: {},
        paused: false,
      },
    ],
  })
  const listed = expectAnswer(
    await rest('GET', `${path()}?q=${encodeURIComponent(`name=${body.name}`)}`, cast.maA),
    200,
  )
  assert.deepEqual([listed.json(), listed.headers['x-total-count']], [[made], '1'])
  expectAnswer(await rest('POST', path(), cast.uaA, { ...body, enabled: true }), 409, 'CONFLICT')
  expectAnswer(
    await rest('PUT', `${path()}/${id}`, cast.uaA, {
      ...made,
      name: fresh('renamed'),
      enabled: true,
      event_types: ['PULL_ARTIFACT', 'QUOTA_EXCEED', 'PULL_ARTIFACT'],
    }),
    200,
  )
  const changed = await read(id)
  assert.deepEqual(
    [changed.enabled, changed.description, changed.event_types, changed.targets],
    [true, 'words', ['PULL_ARTIFACT', 'QUOTA_EXCEED'], made.targets],
  )
  const { description: _, ...undescribed } = changed
  expectAnswer(await rest('PUT', `${path()}/${id}`, cast.uaA, undescribed), 200)
  assert.equal((await read(id)).description, '', "Harbor's Go client leaves out what is empty")
  expectAnswer(await rest('DELETE', `${path()}/${id}`, cast.uaA), 200)
  for (const method of ['GET', 'DELETE', 'PUT'])
    expectAnswer(
      await rest(method, `${path()}/${id}`, cast.uaA, method === 'PUT' ? bodyOf() : undefined),
      404,
      'NOT_FOUND',
    )
})

test('each change is a fact that names what changed and holds no secret (H29)', async () => {
  const since = await lastFact(marina)
  const secrets = { auth_header: 'Bearer hidden-1', headers: { 'x-key': 'hidden-2' }, secret: 'hidden-3-which-signs' }
  const id = await make(secrets)
  expectAnswer(await rest('PUT', `${path()}/${id}`, cast.uaA, { ...(await read(id)), description: 'x' }), 200)
  expectAnswer(await rest('POST', `${path()}/${id}/test`, cast.uaA, { event_type: 'QUOTA_WARNING' }), 200)
  const [{ id: target }] = (await read(id)).targets as [Target]
  for (const paused of [true, false])
    expectAnswer(await rest('PUT', `${path()}/${id}/targets/${target}`, cast.uaA, { paused }), 200)
  expectAnswer(await rest('DELETE', `${path()}/${id}`, cast.uaA), 200)
  const facts = await factsSince(marina, since)
  assert.deepEqual(
    facts.map(({ topic }) => topic),
    [
      'webhook-policy.created',
      'webhook-policy.changed',
      'webhook-policy.tested',
      'webhook-target.paused',
      'webhook-target.resumed',
      'webhook-policy.deleted',
    ],
  )
  assert.ok(!JSON.stringify(facts).includes('hidden'))
})

test('a change names the fields and targets that differ, and nothing when all is sent unchanged', async () => {
  const secrets = { auth_header: 'Bearer hidden-1', headers: { 'x-key': 'hidden-2' }, secret: 'hidden-3-which-signs' }
  const id = await make(
    {},
    {
      targets: [
        { type: 'http', address: 'https://hooks.example/in', ...secrets },
        { type: 'slack', address: 'https://slack.example/' },
      ],
    },
  )
  const changes = async (change: (policy: Policy) => object) => {
    const since = await lastFact(marina)
    expectAnswer(await rest('PUT', `${path()}/${id}`, cast.uaA, change(await read(id))), 200)
    const facts = (await factsSince(marina, since)) as { topic: string; payload: { changed: string[] } }[]
    assert.deepEqual(
      facts.map(({ topic }) => topic),
      ['webhook-policy.changed'],
    )
    return facts[0]!.payload.changed
  }
  const first =
    (change: object) =>
    ({ targets: [target, other] }: Policy) => ({ targets: [{ ...target, ...change }, other] })
  assert.deepEqual(await changes((policy) => policy), [])
  assert.deepEqual(await changes((policy) => ({ ...policy, ...secretsIn(policy) })), [])
  assert.deepEqual(
    await changes((policy) => ({
      ...policy,
      description: 'x',
      enabled: false,
      ...first({ address: 'https://hooks.example/out', secret: 'hidden-4-which-signs', skip_cert_verify: true })(
        policy,
      ),
    })),
    ['description', 'isEnabled', 'targets.0.address', 'targets.0.verifiesTls', 'targets.0.secret'],
  )
  assert.deepEqual(
    await changes((policy) => ({
      ...policy,
      ...first({ auth_header: '', headers: { 'x-key': mask, 'x-more': 'y' } })(policy),
    })),
    ['targets.0.authHeader', 'targets.0.headers'],
  )
  assert.deepEqual(
    await changes((policy) => ({
      ...policy,
      targets: [...policy.targets, { type: 'http', address: 'https://third.example/' }],
    })),
    ['targets.2'],
  )
  assert.deepEqual(await changes((policy) => ({ ...policy, targets: policy.targets.slice(1) })), [
    'targets.0.position',
    'targets.1.position',
    'targets.0',
  ])

  /** The same secrets, decrypted. */
  function secretsIn({ targets: [target, other] }: Policy): object {
    return { targets: [{ ...target, ...secrets }, other] }
  }
})

test("C-27: a target's secrets are shown as ******, are encrypted, and stay when they are sent back so", async () => {
  const secrets = {
    address: 'https://hooks.example/services/hidden-0',
    auth_header: 'Bearer hidden-1',
    headers: { 'X-Key': 'hidden-2' },
    secret: 'hidden-3-which-signs',
  }
  const id = await make(secrets)
  const sealed = async () =>
    (await marina.ground.db.row<{ text: string; sealed: string }>(
      sql`select to_jsonb(webhook_target)::text as text, sealed from webhook_target where policy_id = ${id}`,
    ))!
  const clear = async () =>
    JSON.parse(marina.ground.secrets.unseal((await sealed()).sealed, `webhook policy ${id}`)) as Record<string, unknown>
  const policy = await read(id)
  const [target] = policy.targets as [Target]
  // Callers who may change the policy read its authorization as it was sent; callers who may only read it do not.
  assert.deepEqual(
    [target['auth_header'], target['headers'], target['secret']],
    [secrets.auth_header, { 'x-key': mask }, mask],
  )
  const readOnly = expectAnswer(await rest('GET', `${path()}/${id}`, cast.maA), 200).json() as typeof policy
  assert.deepEqual((readOnly.targets as [Target])[0]['auth_header'], mask)
  assert.ok(!JSON.stringify([policy, await sealed()].map((one) => ({ ...one, targets: [] }))).includes('hidden'))
  const was = await clear()
  assert.deepEqual(was, {
    address: secrets.address,
    authHeader: 'Bearer hidden-1',
    headers: { 'x-key': 'hidden-2' },
    secret: 'hidden-3-which-signs',
  })
  expectAnswer(await rest('PUT', `${path()}/${id}`, cast.uaA, { ...policy, name: fresh('renamed') }), 200)
  assert.deepEqual(await clear(), was)
  // Harbor's clients know neither headers nor a secret, and leave out an authorization to remove it.
  expectAnswer(
    await rest('PUT', `${path()}/${id}`, cast.uaA, {
      ...policy,
      targets: [{ type: 'http', address: secrets.address }],
    }),
    200,
  )
  assert.deepEqual(await clear(), { ...was, authHeader: '' })
})

test('a kept secret is sent to no other server than the one it was given for', async () => {
  const id = await make({ auth_header: 'Bearer hidden', headers: { 'x-key': 'hidden' } })
  const policy = await read(id)
  const target = { ...(policy.targets as [Target])[0], auth_header: mask }
  for (const change of [
    { address: 'https://thief.example/in' },
    { address: 'http://hooks.example/in' },
    { address: 'https://hooks.example:444/in', headers: {} },
    { address: 'https://thief.example/', auth_header: '' },
  ]) {
    expectAnswer(
      await rest('PUT', `${path()}/${id}`, cast.uaA, { ...policy, targets: [{ ...target, ...change }] }),
      400,
      'BAD_REQUEST',
    )
  }
  expectAnswer(await rest('POST', path(), cast.uaA, bodyOf({ auth_header: mask })), 400, 'BAD_REQUEST')
  expectAnswer(
    await rest('PUT', `${path()}/${id}`, cast.uaA, {
      ...policy,
      targets: [{ id: target.id, type: 'http', address: 'https://thief.example/in' }],
    }),
    200,
  )
  const [row] = await marina.ground.db.rows<{ sealed: string }>(
    sql`select sealed from webhook_target where policy_id = ${id}`,
  )
  assert.ok(!marina.ground.secrets.unseal(row!.sealed, `webhook policy ${id}`).includes('hidden'))
})

test('a signing secret is not kept for another server either: it is given anew, or there is none', async () => {
  const [first, second] = ['hidden-1-which-signs', 'hidden-2-which-signs']
  const id = await make({ secret: first })
  const put = async (change: object) =>
    rest('PUT', `${path()}/${id}`, cast.uaA, bodyOf({ id: (await read(id)).targets[0]!.id, ...change }))
  const set = async (change: object) => expectAnswer(await put(change), 200)
  const clear = async () => {
    const [row] = await marina.ground.db.rows<{ sealed: string }>(
      sql`select sealed from webhook_target where policy_id = ${id}`,
    )
    const { secret, before = [] } = JSON.parse(marina.ground.secrets.unseal(row!.sealed, `webhook policy ${id}`)) as {
      secret: string
      before?: { secret: string }[]
    }
    return [secret, ...before.map((one) => one.secret)]
  }
  expectAnswer(await put({ address: 'https://thief.example/in', secret: mask }), 400, 'BAD_REQUEST')
  assert.deepEqual(await clear(), [first])
  // Another path on the same server keeps the secret, and those that it replaced.
  await set({ address: 'https://hooks.example/elsewhere', secret: second })
  await set({ address: 'https://hooks.example/in', secret: mask })
  assert.deepEqual(await clear(), [second, first])
  await set({ address: 'https://other.example/in', secret: second })
  assert.deepEqual(await clear(), [second])
  await set({ address: 'https://thief.example/in' })
  assert.deepEqual(await clear(), [''])
})

test('a replaced secret that an older version stored alone still signs', async () => {
  const id = await make({ secret: 'hidden-1-which-signs' })
  const until = new Date(Date.now() + 3_600_000).toISOString()
  const was = {
    address: 'https://hooks.example/in',
    authHeader: '',
    headers: {},
    secret: 'hidden-1-which-signs',
    before: { secret: 'hidden-0-which-signs', until },
  }
  await marina.ground.db.run(
    sql`update webhook_target
      set sealed = ${marina.ground.secrets.seal(JSON.stringify(was), `webhook policy ${id}`)}
      where policy_id = ${id}`,
  )
  assert.equal((await read(id)).targets[0]!['secret_before_until'], until)
  expectAnswer(await rest('PUT', `${path()}/${id}`, cast.uaA, bodyOf({ secret: 'hidden-2-which-signs' })), 200)
  const [target] = (await listTargets(marina.ground.db, marina.ground.secrets, [id])).get(id)!
  assert.deepEqual(
    [target!.secret, target!.before.map(({ secret }) => secret)],
    ['hidden-2-which-signs', ['hidden-1-which-signs', 'hidden-0-which-signs']],
  )
})

test('H13, H17, H19: policies and deliveries of another project are not found, by any id', async () => {
  const theirs = `/projects/${cast.B.name}/webhook/policies`
  const [id, own] = [await make({}, {}, theirs), await make()]
  const executions = async (at: string) =>
    (expectAnswer(await rest('POST', `${at}/test`, marina.admin, {}), 200).json() as { executions: number[] })
      .executions[0]!
  const [foreign, other] = [await executions(`${theirs}/${id}`), await executions(`${path()}/${await make()}`)]
  const [target] = (await read(id, theirs)).targets as [Target]
  const tries: [string, string, object?][] = [
    ['GET', `/${id}`],
    ['PUT', `/${id}`, bodyOf()],
    ['DELETE', `/${id}`],
    ['POST', `/${id}/test`, {}],
    ['PUT', `/${id}/targets/${target.id}`, { paused: true }],
    ['PUT', `/${own}/targets/${target.id}`, { paused: true }],
    ['GET', `/${id}/executions`],
    ['POST', `/${id}/redeliver`, { first: 1, last: foreign }],
    ...[
      [id, foreign],
      [own, foreign],
      [own, other],
    ].flatMap(([policy, execution]): [string, string][] => [
      ['GET', `/${policy}/executions/${execution}`],
      ['GET', `/${policy}/executions/${execution}/tasks`],
      ['GET', `/${policy}/executions/${execution}/tasks/${execution}/log`],
      ['POST', `/${policy}/executions/${execution}/redeliver`],
    ]),
  ]
  for (const [method, tail, body] of tries)
    expectAnswer(await rest(method, path() + tail, cast.uaA, body), 404, 'NOT_FOUND')
  expectAnswer(await rest('GET', `/projects/${cast.A.name}/webhook/jobs?policy_id=${id}`, cast.uaA), 404, 'NOT_FOUND')
  assert.equal((await read(id, theirs)).targets[0]!['paused'], false)
  const system = await make({}, {}, '/system/webhook/policies')
  for (const at of [path(), theirs]) expectAnswer(await rest('GET', `${at}/${system}`, marina.admin), 404, 'NOT_FOUND')
  expectAnswer(await rest('GET', `/system/webhook/policies/${own}`, marina.admin), 404, 'NOT_FOUND')
})

test('H09, H17, X08: a wrong policy is refused with a reason, and nothing is stored', async () => {
  const template = (text: string) => ({ type: 'generic', template: text })
  const bad: [string, object, RegExp][] = [
    ['no name', bodyOf({}, { name: '' }), /name/],
    ['a name that turns the text', bodyOf({}, { name: 'a\u202eb' }), /invisible/],
    ['a long name', bodyOf({}, { name: 'x'.repeat(256) }), /name/],
    ['no type of event', bodyOf({}, { event_types: [] }), /event_types/],
    ['an unknown type of event', bodyOf({}, { event_types: ['PUSH_CHART'] }), /unsupported event type PUSH_CHART/],
    ['no target', bodyOf({}, { targets: [] }), /targets/],
    [
      'too many targets',
      bodyOf({}, { targets: Array.from({ length: 11 }, () => ({ type: 'http', address: 'http://a.example' })) }),
      /10 targets/,
    ],
    ['an unknown kind', bodyOf({ type: 'carrier' }), /unsupported target type carrier/],
    ['an unknown format', bodyOf({ payload_format: 'XML' }), /unsupported payload format/],
    ['a format for Slack', bodyOf({ type: 'slack', payload_format: 'Default' }), /payload_format/],
    ...[
      '',
      'hooks.example',
      'ftp://a.example',
      'http://user:pass@a.example/',
      'javascript:alert(1)',
      `http://a.example/${'x'.repeat(2048)}`,
    ].map((address): [string, object, RegExp] => [address, bodyOf({ address }), /address/]),
    ['a broken line', bodyOf({ auth_header: 'a\r\nX-Evil: 1' }), /one line/],
    ['a header of HTTP', bodyOf({ headers: { 'Content-Length': '0' } }), /cannot be set/],
    ['our own header', bodyOf({ headers: { 'marina-signature': 'x' } }), /cannot be set/],
    ['no header', bodyOf({ headers: { 'a b': 'x' } }), /cannot be set/],
    ['a short secret', bodyOf({ secret: 'short' }), /16/],
    ['a broken pattern', bodyOf({}, { repository_filter: '[' }), /repository_filter/],
    ['a broken tag', bodyOf({}, { tag_filter: '{a' }), /tag_filter/],
    ['a filter that takes long', bodyOf({}, { tag_filter: '*a'.repeat(51) }), /tag_filter has at most 50 stars/],
    ['no template', bodyOf({ type: 'generic' }), /needs a template/],
    ['a template for http', bodyOf({ template: '{}' }), /takes no template/],
    ['no JSON', bodyOf(template('{')), /not JSON/],
    ['an unknown placeholder', bodyOf(template('{"a":"{{secret}}"}')), /\{\{secret\}\}/],
    ['too deep', bodyOf(template(`${'['.repeat(30)}${']'.repeat(30)}`)), /deep/],
    ['too many placeholders', bodyOf(template(JSON.stringify('{{type}}'.repeat(51)))), /50 placeholders/],
    ['too long', bodyOf(template(JSON.stringify('x'.repeat(20_000)))), /16384/],
  ]
  const count = async () =>
    (await marina.ground.db.row<{ count: number }>(sql`select count(*) from webhook_policy`))!.count
  const before = await count()
  const id = await make()
  for (const [what, body, why] of bad) {
    for (const [method, at] of [
      ['POST', path()],
      ['PUT', `${path()}/${id}`],
    ] as const) {
      const answer = expectAnswer(await rest(method, at, cast.uaA, body), 400, 'BAD_REQUEST')
      assert.match(answer.text, why, what)
    }
  }
  assert.equal(await count(), before + 1)
})

test('a target that is removed from its policy gets nothing more, and its history stays', async () => {
  const id = await make()
  const policy = await read(id)
  const {
    executions: [waiting],
  } = expectAnswer(await rest('POST', `${path()}/${id}/test`, marina.admin, {}), 200).json() as { executions: [number] }
  expectAnswer(
    await rest('PUT', `${path()}/${id}`, cast.uaA, {
      ...policy,
      targets: [{ type: 'http', address: 'https://elsewhere.example/' }],
    }),
    200,
  )
  const delivery = expectAnswer(await rest('GET', `${path()}/${id}/executions/${waiting}`, cast.maA), 200).json() as {
    status: string
    target_id?: number
  }
  assert.deepEqual([delivery.status, delivery.target_id], ['Stopped', undefined])
  expectAnswer(await rest('POST', `${path()}/${id}/executions/${waiting}/redeliver`, cast.uaA), 412, 'PRECONDITION')
})

test('no delivery is left pending for a target that is deleted while events are queued for it', async () => {
  const { db, secrets } = marina.ground
  const id = await make()
  const [target] = (await listTargets(db, secrets, [id])).get(id)!
  const { promise: isDropped, resolve: dropped } = Promise.withResolvers<void>()
  const { promise: mayCommit, resolve: commit } = Promise.withResolvers<void>()
  const dropping = db.transaction(async (tx) => {
    await lockPolicy(tx, cast.A.id, id)
    await dropTargets(tx, [target!.id])
    dropped()
    await mayCommit
  })
  await isDropped
  const event = testEvent(randomUUID(), 'PUSH_ARTIFACT', { id: 1, name: 'project' }, 'somebody', 'host')
  const adding = db.transaction((tx) =>
    addDeliveries(tx, [{ event, policyId: id, target: target!, orderedBy: 'r', trigger: 'EVENT' }]),
  )
  await untilWaiting(db)
  commit()
  await dropping
  assert.deepEqual(await adding, [])
  assert.deepEqual(await db.rows(sql`select id from webhook_delivery where target_id = ${target!.id}`), [])
})

test('a target with a new address is no longer paused by Marina, but still by the account that paused it', async () => {
  const id = await make()
  const [{ id: target }] = (await read(id)).targets as [Target]
  const move = async (address: string) => {
    expectAnswer(await rest('PUT', `${path()}/${id}`, cast.uaA, bodyOf({ id: target, address })), 200)
    const [now] = (await read(id)).targets as [Target]
    return [now.address, now['paused'], now['paused_reason']]
  }
  expectAnswer(await rest('PUT', `${path()}/${id}/targets/${target}`, cast.uaA, { paused: true }), 200)
  assert.deepEqual(await move('https://hooks.example/one'), [
    'https://hooks.example/one',
    true,
    `paused by ${cast.uaA.name}`,
  ])
  await marina.ground.db.run(sql`update webhook_target set paused_by = 'marina' where id = ${target}`)
  assert.deepEqual(await move('https://hooks.example/two'), ['https://hooks.example/two', false, undefined])
})

test('S4-28: executions, tasks, log, jobs and last trigger show a delivery as Harbor does', async () => {
  const id = await make({ type: 'slack' })
  const {
    executions: [execution],
  } = expectAnswer(await rest('POST', `${path()}/${id}/test`, marina.admin, {}), 200).json() as { executions: [number] }
  const one = `${path()}/${id}/executions`
  const [shown] = expectAnswer(
    await rest('GET', `${one}?q=${encodeURIComponent('status=Pending,vendor_type=SLACK')}`, cast.maA),
    200,
  ).json() as [Record<string, unknown> & { extra_attrs: { payload: string } }]
  const {
    start_time: start,
    extra_attrs: { payload, ...attrs },
    ...fields
  } = shown
  assert.deepEqual(
    [fields, attrs, typeof start],
    [
      {
        id: execution,
        vendor_type: 'SLACK',
        vendor_id: id,
        status: 'Pending',
        status_message: '',
        trigger: 'MANUAL',
        metrics: { task_count: 1, pending_task_count: 1 },
      },
      { event_type: 'PUSH_ARTIFACT' },
      'string',
    ],
  )
  assert.match(payload, /"type":"mrkdwn"/)
  assert.deepEqual(
    expectAnswer(await rest('GET', `${one}?q=${encodeURIComponent('vendor_type=WEBHOOK')}`, cast.maA), 200).json(),
    [],
  )
  const tasks = expectAnswer(await rest('GET', `${one}/${execution}/tasks`, cast.maA), 200)
  const [task] = tasks.json() as [{ id: number; execution_id: number; status: string; run_count: number }]
  assert.deepEqual(
    [task.id, task.execution_id, task.status, task.run_count, tasks.headers['x-total-count']],
    [execution, execution, 'Pending', 0, '1'],
  )
  const log = expectAnswer(await rest('GET', `${one}/${execution}/tasks/${execution}/log`, cast.maA), 200)
  assert.match(String(log.headers['content-type']), /^text\/plain/)
  assert.match(log.text, /PUSH_ARTIFACT, event [0-9a-f-]{36}/)
  const jobs = async (query: string) =>
    expectAnswer(
      await rest('GET', `/projects/${cast.A.name}/webhook/jobs?policy_id=${id}${query}`, cast.maA),
      200,
    ).json() as Record<string, unknown>[]
  const [job] = await jobs('&status=Pending&status=Error')
  assert.deepEqual(
    [job!['id'], job!['policy_id'], job!['event_type'], job!['notify_type'], job!['status'], job!['job_detail']],
    [execution, id, 'PUSH_ARTIFACT', 'slack', 'Pending', payload],
  )
  assert.deepEqual(await jobs('&status=Success'), [])
  const last = expectAnswer(
    await rest('GET', `/projects/${cast.A.name}/webhook/lasttrigger`, cast.maA),
    200,
  ).json() as { policy_name: string; event_type: string; last_trigger_time?: string }[]
  const { name } = await read(id)
  assert.equal(last.find((row) => row.policy_name === name)!.last_trigger_time, start)
})

test("all of Harbor's types and Marina's own can be chosen, and those that nothing emits yet are named", async () => {
  const types = [
    'PUSH_ARTIFACT',
    'PULL_ARTIFACT',
    'DELETE_ARTIFACT',
    'QUOTA_EXCEED',
    'QUOTA_WARNING',
    'SCANNING_FAILED',
    'SCANNING_STOPPED',
    'SCANNING_COMPLETED',
    'REPLICATION',
    'TAG_RETENTION',
    'VULNERABILITY_FOUND',
    'ROBOT_EXPIRING',
  ]
  const supported = expectAnswer(
    await rest('GET', `/projects/${cast.A.name}/webhook/events`, cast.maA),
    200,
  ).json() as Record<string, unknown>
  assert.deepEqual(supported, {
    event_type: types,
    notify_type: ['http', 'slack', 'teams', 'generic'],
    payload_formats: [{ notify_type: 'http', formats: ['Default', 'CloudEvents'] }],
    without_producer: [],
  })
  assert.deepEqual((await read(await make({}, { event_types: types }))).event_types, types)
})

test('a list of deliveries cannot be filtered by a field that would reveal a secret (H26)', async () => {
  const id = await make({ secret: 'a-signing-secret-of-ours' })
  for (const field of ['sealed', 'secret', 'auth_header', 'targets', 'address', 'body']) {
    expectAnswer(await callApi(marina, 'GET', `${path()}?q=${field}=~a`, { as: marina.admin }), 400, 'BAD_REQUEST')
    expectAnswer(
      await callApi(marina, 'GET', `${path()}/${id}/executions?sort=${field}`, { as: marina.admin }),
      400,
      'BAD_REQUEST',
    )
  }
})

test('a project has at most 100 policies', async () => {
  const at = `/projects/${cast.P.name}/webhook/policies`
  const first = await make({}, {}, at)
  await marina.ground.db.run(
    sql`insert into webhook_policy (project_id, name, is_enabled, event_types, creator)
      select project_id, 'more ' || n, true, event_types, creator
      from webhook_policy, generate_series(1, 99) n where id = ${first}`,
  )
  expectAnswer(await rest('POST', at, marina.admin, bodyOf()), 412, 'PRECONDITION')
})

test('a range larger than one call repeats is continued after the last delivery that was repeated', async () => {
  const id = await make()
  const [row] = await marina.ground.db.rows<{ first: number; last: number }>(sql`
    with added as (
      insert into webhook_delivery (
        policy_id, target_id, notify_type, event_type, event_id, ordered_by, trigger, content_type, body, status)
      select ${id}, (select id from webhook_target where policy_id = ${id}), 'http', 'PUSH_ARTIFACT',
        gen_random_uuid(), 'x', 'EVENT', 'application/json', n::text as body,
        case when n % 2 = 0 then 'Success' else 'Error' end
      from generate_series(1, ${2 * repeatLimit + 2}::int) n order by n returning id)
    select min(id) as first, max(id) as last from added`)
  const repeat = async (first: number) =>
    expectAnswer(
      await rest('POST', `${path()}/${id}/redeliver`, cast.uaA, { first, last: row!.last, status: 'Error' }),
      200,
    ).json() as { count: number; last: number; repeated_until: number }
  const some = await repeat(row!.first)
  assert.deepEqual([some.count, some.repeated_until], [repeatLimit, row!.last - 3])
  const others = await repeat(some.repeated_until + 1)
  assert.deepEqual([others.count, others.repeated_until], [1, row!.last - 1])
  const bodies = await marina.ground.db.row<{ count: number }>(
    sql`select count(distinct body) from webhook_delivery where policy_id = ${id} and trigger = 'MANUAL'`,
  )
  assert.equal(bodies!.count, repeatLimit + 1)
  expectAnswer(await rest('DELETE', `${path()}/${id}`, cast.uaA), 200)
})

test('history is kept up to a number and an age; deliveries that wait for too long go, too', async () => {
  const [id, other] = [await make(), await make()]
  for (const policy of [id, other]) {
    await marina.ground.db.run(sql`
      insert into webhook_delivery (
        policy_id, target_id, notify_type, event_type, event_id, ordered_by, trigger, content_type, body,
        status, created_at)
      select ${policy}, (select id from webhook_target where policy_id = ${policy}), 'http', 'PUSH_ARTIFACT',
        gen_random_uuid(), 'x', 'EVENT', 'application/json', n::text,
        case when n in (1, 2, 6) then 'Pending' else 'Success' end,
        now() - case when n in (1, 4) then interval '2 hours' else interval '0' end
      from generate_series(1, case when ${policy === id} then 9 else 3 end) n order by n`)
  }
  await sweepDeliveries(marina.ground.db, { keep: 3, ageMs: 3_600_000 }, new AbortController().signal)
  const left = async (policy: number) =>
    (
      await marina.ground.db.rows<{ body: string; status: string }>(
        sql`select body, status from webhook_delivery where policy_id = ${policy} order by id`,
      )
    ).map(({ body, status }) => `${body} ${status}`)
  assert.deepEqual(await left(id), ['2 Pending', '6 Pending', '7 Success', '8 Success', '9 Success'])
  assert.deepEqual(await left(other), ['2 Pending', '3 Success'])
})
