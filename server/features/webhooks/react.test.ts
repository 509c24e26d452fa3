import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { parseRepositoryName } from '../../../oci/reference.ts'
import { facts } from '../../catalog/topics.ts'
import { sql } from '../../platform/db/sql.ts'
import { emit } from '../../platform/events/emit.ts'
import { callApi, create, givenRobot } from '../../testing/api.ts'
import { fresh, givenCast, givenProject, pushBlob, pushImage } from '../../testing/given.ts'
import { eventually, expectAnswer } from '../../testing/http.ts'
import { openReceiver, type Received, type Receiver } from '../../testing/receiver.ts'
import { openTestMarina, type TestMarina } from '../../testing/server.ts'
import { warnOfExpiry } from '../robots/warn.ts'

type Project = Awaited<ReturnType<typeof givenProject>>
type Payload = {
  type: string
  occur_at: number
  operator: string
  event_data: {
    resources: { digest: string; tag: string; resource_url: string }[]
    repository: Record<string, unknown>
    custom_attributes?: { Details: string }
  }
}

/** The secret shared with another registry that reports its events. */
const shared = 'a-shared-secret-of-ours'
let marina: TestMarina
let project: Project
let receiver: Receiver
before(async () => {
  marina = await openTestMarina({
    MARINA_OUTBOUND_ALLOW: '127.0.0.0/8',
    MARINA_EXTERNAL_URL: 'https://registry.example:8443',
    MARINA_NOTIFICATIONS_SECRET: shared,
  })
  project = await givenProject(marina)
  receiver = await openReceiver()
})
after(async () => {
  await receiver[Symbol.asyncDispose]()
  await marina[Symbol.asyncDispose]()
})

const as = () => ({ as: marina.admin })

/** Creates a policy with a target of its own at the receiver; `got` are the requests to it. */
async function givenHook(target: object = {}, policy: object = {}, at = `/projects/${project.name}`) {
  const path = `/${fresh('hook')}`
  const given = {
    name: fresh('policy'),
    event_types: ['PUSH_ARTIFACT'],
    targets: [{ type: 'http', address: receiver.url + path, ...target }],
    ...policy,
  }
  const id = await create(marina, `${at}/webhook/policies`, marina.admin, given)
  const got = () => receiver.received.filter((one) => one.path === path)
  return { id, path, got, first: () => nth(got, 1), nth: (count: number) => nth(got, count) }
}

const nth = (got: () => Received[], count: number) =>
  eventually(() => {
    const all = got()
    assert.ok(all.length >= count, `${all.length} of ${count} deliveries`)
    return all[count - 1]!
  })
/** Waits until a reaction has handled every push so far. */
const told = (reaction: string) =>
  eventually(async () => {
    const text = `select count(*) as behind from outbox, event_place
        where handler = $1 and not pg_visible_in_snapshot(xid, seen) and topic = 'artifact.pushed'`
    const row = await marina.ground.db.row<{ behind: number }>({ name: '', text, values: [reaction] })
    assert.equal(row!.behind, 0)
  })
const payloadOf = ({ body }: Received) => JSON.parse(body) as Payload

test("S4-20, S4-23, S4-24, S4-32: a push leads to a delivery with Harbor's payload, field by field", async () => {
  const hook = await givenHook()
  const name = `${project.name}/some/app`
  const { digest } = await pushImage(marina, name, { tag: 'v1' })
  const {
    occur_at: at,
    event_data: { repository, resources },
    ...rest
  } = payloadOf(await hook.first())
  assert.ok(Number.isInteger(at) && Math.abs(at - Date.now() / 1000) < 30)
  assert.deepEqual(rest, { type: 'PUSH_ARTIFACT', operator: 'admin' })
  assert.deepEqual(resources, [{ digest, tag: 'v1', resource_url: `registry.example:8443/${name}:v1` }])
  const { date_created: created, ...named } = repository
  assert.ok(Number.isInteger(created) && Math.abs(Number(created) - Date.now() / 1000) < 30)
  assert.deepEqual(named, { name: 'some/app', namespace: project.name, repo_full_name: name, repo_type: 'private' })
})

test('an event of another registry has a URL that leads to that registry', async () => {
  const hook = await givenHook({}, { event_types: ['PUSH_ARTIFACT', 'DELETE_ARTIFACT'] })
  const name = `${project.name}/${fresh('app')}`
  const digest = `sha256:${'a'.repeat(64)}`
  const event = (action: string, target: object) => ({
    id: randomUUID(),
    timestamp: new Date().toISOString(),
    action,
    target: { digest, repository: name, mediaType: 'application/vnd.oci.image.manifest.v1+json', size: 5, ...target },
    request: { id: 'r-1', addr: '192.0.2.7:4711', host: 'other:5000' },
    actor: { name: 'alice' },
    source: { addr: 'other:5000' },
  })
  const headers = {
    authorization: `Bearer ${shared}`,
    'content-type': 'application/vnd.docker.distribution.events.v1+json',
  }
  expectAnswer(
    await marina.ask('POST', '/service/notifications', {
      headers,
      body: JSON.stringify({ events: [event('push', { tag: 'v1' }), event('delete', {})] }),
    }),
    200,
  )
  await hook.nth(2)
  const urls = hook.got().map((one) => payloadOf(one).event_data.resources[0]!.resource_url)
  assert.deepEqual(urls, [`other:5000/${name}:v1`, `other:5000/${name}@${digest}`])
})

test('S4-21: pulls and deletes are events, too, and an artifact without a tag is named by its digest', async () => {
  const hook = await givenHook({}, { event_types: ['PULL_ARTIFACT', 'DELETE_ARTIFACT'] })
  const name = `${project.name}/${fresh('app')}`
  const { digest } = await pushImage(marina, name)
  expectAnswer(await marina.ask('GET', `/v2/${name}/manifests/${digest}`, as()), 200)
  // Pulls are counted for five seconds before their fact is emitted.
  const pulled = await eventually(() => {
    const [one] = hook.got()
    assert.ok(one)
    return one
  })
  expectAnswer(await marina.ask('DELETE', `/v2/${name}/manifests/${digest}`, as()), 202)
  const resources = [{ digest, tag: digest, resource_url: `registry.example:8443/${name}@${digest}` }]
  for (const [got, type] of [
    [pulled, 'PULL_ARTIFACT'],
    [await hook.nth(2), 'DELETE_ARTIFACT'],
  ] as const)
    assert.deepEqual([payloadOf(got).type, payloadOf(got).event_data.resources], [type, resources])
})

test('an event names the first 100 of thousands of tags, filters see all, and every target gets it', async () => {
  const template = JSON.stringify(
    Array.from({ length: 40 }, () => '{{resource_url}}').concat('{{event_data}}', 'x'.repeat(14_000)),
  )
  const targets = Array.from({ length: 10 }, (_, index) => ({
    type: 'generic',
    address: `${receiver.url}/${fresh('long')}-${index}`,
    template,
  }))
  const hooks = [
    await givenHook({}, { event_types: ['DELETE_ARTIFACT'], tag_filter: '*-2999' }),
    await givenHook({}, { event_types: ['DELETE_ARTIFACT'], tag_filter: 'none' }),
  ]
  for (let policies = 0; policies < 5; policies++) await givenHook({}, { event_types: ['DELETE_ARTIFACT'], targets })
  const tags = Array.from({ length: 3000 }, (_, index) => `${'t'.repeat(100)}-${index}`)
  const digest = `sha256:${'b'.repeat(64)}`
  const by = { kind: 'user', id: marina.admin.id, name: 'admin' } as const
  await marina.ground.db.transaction((tx) =>
    emit(tx, [
      facts.artifactDeleted(
        { projectId: project.id, repository: parseRepositoryName(`${project.name}/many`), digest, tags },
        by,
      ),
    ]),
  )
  const { resources } = payloadOf(await hooks[0]!.first()).event_data
  assert.deepEqual(
    resources.map(({ tag }) => tag),
    tags.slice(0, 100),
  )
  await Promise.all(
    targets.map(({ address }) => nth(() => receiver.received.filter(({ path }) => address.endsWith(path)), 5)),
  )
  assert.deepEqual(hooks[1]!.got(), [])
})

test('CloudEvents 1.0: the same event in its own envelope, with the id by which it is known everywhere', async () => {
  const [hook, plain] = [await givenHook({ payload_format: 'CloudEvents' }), await givenHook()]
  await pushImage(marina, `${project.name}/${fresh('app')}`, { tag: 'v1' })
  const [got, other] = [await hook.first(), await plain.first()]
  const { time, requestid, ...event } = JSON.parse(got.body) as Record<string, unknown>
  assert.equal(got.headers['content-type'], 'application/cloudevents+json')
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  assert.ok(String(requestid).length > 0)
  assert.deepEqual(event, {
    specversion: '1.0',
    id: got.headers['marina-event-id'],
    source: `/projects/${project.id}/webhook/policies/${hook.id}`,
    type: 'harbor.artifact.pushed',
    datacontenttype: 'application/json',
    operator: 'admin',
    data: payloadOf(other).event_data,
  })
  assert.equal(other.headers['marina-event-id'], got.headers['marina-event-id'])
})

test('Slack, Teams and templates get their own formats, and no name breaks out of its place', async () => {
  const template = JSON.stringify({
    text: '{{operator}} pushed {{repository}}:{{tag}} "{{ type }}"',
    at: '{{occur_at}}',
    all: '{{event_data}}',
    list: ['{{digest}}', 7, null],
  })
  const [slack, teams, generic] = [
    await givenHook({ type: 'slack' }),
    await givenHook({ type: 'teams' }),
    await givenHook({ type: 'generic', template }),
  ]
  const name = `${project.name}/${fresh('app')}`
  const { digest } = await pushImage(marina, name, { tag: 'v1' })
  const { blocks } = JSON.parse((await slack.first()).body) as {
    blocks: { type: string; text: { type: string; text: string } }[]
  }
  assert.ok(blocks.every(({ type, text }) => type === 'section' && text.type === 'mrkdwn'))
  const texts = blocks.map(({ text }) => text.text)
  assert.ok(
    texts.includes('*event_type:* PUSH_ARTIFACT') &&
      texts.includes('*operator:* admin') &&
      texts.at(-1)!.includes(digest),
  )
  const {
    attachments: [card],
  } = JSON.parse((await teams.first()).body) as {
    attachments: [
      { contentType: string; content: { body: [{ text: string }, { facts: { title: string; value: string }[] }] } },
    ]
  }
  assert.equal(card.contentType, 'application/vnd.microsoft.card.adaptive')
  assert.deepEqual(
    [card.content.body[0].text, card.content.body[1].facts.find(({ title }) => title === 'Repository')?.value],
    ['Marina: PUSH_ARTIFACT', name],
  )
  const { at, all, ...own } = JSON.parse((await generic.first()).body) as { at: number; all: Payload['event_data'] }
  assert.ok(Number.isInteger(at))
  assert.equal(all.repository['repo_full_name'], name)
  assert.deepEqual(own, { text: `admin pushed ${name}:v1 "PUSH_ARTIFACT"`, list: [digest, 7, null] })
})

test('S4-25, S4-26: each target of each policy gets its own delivery, and a failing one affects no other', async () => {
  const [broken, second] = [`/${fresh('broken')}`, `/${fresh('second')}`]
  receiver.answer(({ path }) => ({ status: path === broken ? 500 : 200 }))
  const hook = await givenHook(
    {},
    { targets: [broken, second].map((path) => ({ type: 'http', address: receiver.url + path })) },
  )
  const other = await givenHook()
  await pushImage(marina, `${project.name}/${fresh('app')}`, { tag: 'v1' })
  const all = await Promise.all(
    [broken, second, other.path].map((path) => nth(() => receiver.received.filter((one) => one.path === path), 1)),
  )
  assert.equal(new Set(all.map(({ body }) => body)).size, 1)
  assert.equal(new Set(all.map(({ headers }) => headers['marina-delivery-id'])).size, 3)
  receiver.answer(() => ({}))
  expectAnswer(await callApi(marina, 'DELETE', `/projects/${project.name}/webhook/policies/${hook.id}`, as()), 200)
})

test('S4-23: a disabled policy, another type of event and another project get nothing', async () => {
  const elsewhere = await givenProject(marina)
  const silent = [
    await givenHook({}, { enabled: false }),
    await givenHook({}, { event_types: ['DELETE_ARTIFACT'] }),
    await givenHook({}, {}, `/projects/${elsewhere.name}`),
  ]
  const heard = await givenHook()
  await pushImage(marina, `${project.name}/${fresh('app')}`, { tag: 'v1' })
  await heard.first()
  for (const { id, got } of silent) {
    assert.deepEqual(got(), [])
    const at = silent.at(-1)!.id === id ? elsewhere : project
    assert.deepEqual(
      (await callApi(marina, 'GET', `/projects/${at.name}/webhook/policies/${id}/executions`, as())).json(),
      [],
    )
  }
})

test('a change of a policy holds from the next push on', async () => {
  const hook = await givenHook()
  const at = `/projects/${project.name}/webhook/policies/${hook.id}`
  const policy = expectAnswer(await callApi(marina, 'GET', at, as()), 200).json() as Record<string, unknown>
  const [name, marker] = [`${project.name}/${fresh('app')}`, await givenHook()]
  const set = async (enabled: boolean) =>
    expectAnswer(await callApi(marina, 'PUT', at, { ...as(), body: { ...policy, enabled } }), 200)
  for (const [round, isOn] of [true, false, true].entries()) {
    await set(isOn)
    await pushImage(marina, name, { tag: `v${round}` })
    await marker.nth(round + 1)
  }
  await hook.nth(2)
  assert.deepEqual(
    hook.got().map((got) => payloadOf(got).event_data.resources[0]!.tag),
    ['v0', 'v2'],
  )
})

test('patterns choose repositories and tags; those of a system policy match full names of every project', async () => {
  const other = await givenProject(marina)
  const hook = await givenHook({}, { repository_filter: 'team/**', tag_filter: 'rel-*' })
  const system = await givenHook({}, { repository_filter: `{${project.name},${other.name}}/team/*` }, '/system')
  for (const [repository, tag] of [
    ['team/a', 'rel-1'],
    ['team/a', 'dev'],
    ['lone', 'rel-1'],
    ['team/x/y', 'rel-2'],
  ])
    await pushImage(marina, `${project.name}/${repository}`, { tag: tag! })
  await pushImage(marina, `${other.name}/team/b`, { tag: 'v1' })
  const told = async ({ nth: get, got }: typeof hook, count: number) => {
    await get(count)
    return got()
      .map((one) => payloadOf(one).event_data)
      .map(({ repository, resources }) => `${String(repository['repo_full_name'])}:${resources[0]!.tag}`)
  }
  assert.deepEqual(
    (await told(system, 3)).toSorted((a, b) => a.localeCompare(b)),
    [`${project.name}/team/a:dev`, `${project.name}/team/a:rel-1`, `${other.name}/team/b:v1`].toSorted((a, b) =>
      a.localeCompare(b),
    ),
  )
  assert.deepEqual(
    (await told(hook, 2)).toSorted((a, b) => a.localeCompare(b)),
    [`${project.name}/team/a:rel-1`, `${project.name}/team/x/y:rel-2`],
  )
  expectAnswer(await callApi(marina, 'DELETE', `/system/webhook/policies/${system.id}`, as()), 200)
})

test('a system policy gets events of a project that is deleted before the reaction has seen them', async () => {
  const [short, lasting] = [await givenProject(marina), await givenProject(marina)]
  const system = await givenHook(
    {},
    { event_types: ['PUSH_ARTIFACT', 'DELETE_ARTIFACT'], repository_filter: `{${short.name},${lasting.name}}/*` },
    '/system',
  )
  const own = await givenHook({}, {}, `/projects/${short.name}`)
  const isOfLasting = ({ event_data: { repository } }: ReturnType<typeof payloadOf>) =>
    repository['namespace'] === lasting.name
  let digest = ''
  // The lock on its cursor makes the webhooks' reaction wait.
  await marina.ground.db.transaction(async (tx) => {
    await tx.rows({ name: '', text: "select 1 from event_place where handler = 'webhooks' for update", values: [] })
    digest = (await pushImage(marina, `${short.name}/app`, { tag: 'v1' })).digest
    expectAnswer(await callApi(marina, 'DELETE', `/projects/${short.name}/repositories/app`, as()), 200)
    expectAnswer(await callApi(marina, 'DELETE', `/projects/${short.name}`, as()), 200)
  })
  await pushImage(marina, `${lasting.name}/app`, { tag: 'v2' })
  await system.nth(3)
  // Deliveries keep their order for each artifact, not between artifacts.
  const [pushed, deleted, ...others] = system
    .got()
    .map(payloadOf)
    .toSorted((a, b) => Number(isOfLasting(a)) - Number(isOfLasting(b)))
  assert.deepEqual(
    [pushed!.type, pushed!.event_data],
    [
      'PUSH_ARTIFACT',
      {
        resources: [{ digest, tag: 'v1', resource_url: `registry.example:8443/${short.name}/app:v1` }],
        repository: { name: 'app', namespace: short.name, repo_full_name: `${short.name}/app`, repo_type: 'private' },
      },
    ],
  )
  assert.deepEqual(
    [deleted!.type, others.map(({ event_data: { repository } }) => repository['namespace']), own.got()],
    ['DELETE_ARTIFACT', [lasting.name], []],
  )
  expectAnswer(await callApi(marina, 'DELETE', `/system/webhook/policies/${system.id}`, as()), 200)
})

test('S4-22: with notification_enable off nothing is delivered, neither now nor later', async () => {
  const hook = await givenHook()
  const name = `${project.name}/${fresh('app')}`
  const set = async (isOn: boolean) =>
    expectAnswer(await callApi(marina, 'PUT', '/configurations', { ...as(), body: { notification_enable: isOn } }), 200)
  await set(false)
  await pushImage(marina, name, { tag: 'silent' })
  await told('webhooks')
  await set(true)
  await pushImage(marina, name, { tag: 'heard' })
  assert.deepEqual([payloadOf(await hook.first()).event_data.resources[0]!.tag, hook.got().length], ['heard', 1])
})

test('a push over the quota is QUOTA_EXCEED, one that leaves little room is QUOTA_WARNING', async () => {
  const tight = await givenProject(marina)
  const hook = await givenHook({}, { event_types: ['QUOTA_EXCEED', 'QUOTA_WARNING'] }, `/projects/${tight.name}`)
  const [quota] = (await callApi(marina, 'GET', `/quotas?reference=project&reference_id=${tight.id}`, as())).json() as [
    { id: number },
  ]
  const limit = async (storage: number) =>
    expectAnswer(await callApi(marina, 'PUT', `/quotas/${quota.id}`, { ...as(), body: { hard: { storage } } }), 200)
  const name = `${tight.name}/app`
  const { content, mediaType } = await pushImage(marina, name, { tag: 'v1' })
  const { used } = (await callApi(marina, 'GET', `/quotas/${quota.id}`, as())).json() as { used: { storage: number } }
  const again = (tag: string) =>
    marina.ask('PUT', `/v2/${name}/manifests/${tag}`, {
      ...as(),
      body: content,
      headers: { 'content-type': mediaType },
    })
  await limit(used.storage * 2)
  expectAnswer(await again('roomy'), 201)
  await told('quota-warnings')
  await limit(Math.floor(used.storage / 0.9))
  expectAnswer(await again('tight'), 201)
  const warned = payloadOf(await hook.first())
  assert.deepEqual([warned.type, warned.event_data.resources[0]!.tag], ['QUOTA_WARNING', 'tight'])
  assert.match(
    warned.event_data.custom_attributes!.Details,
    /^quota usage reach 85%: resource storage used \d+\.\d B of \d+\.\d B$/,
  )
  await assert.rejects(pushBlob(marina, name, Buffer.alloc(2000)), /will exceed/)
  const exceeded = payloadOf(await hook.nth(2))
  assert.equal(exceeded.type, 'QUOTA_EXCEED')
  assert.deepEqual([exceeded.operator, exceeded.event_data.repository['repo_full_name']], ['admin', name])
  assert.match(
    exceeded.event_data.custom_attributes!.Details,
    /^adding 2\.0 KiB of storage resource, which when updated to current usage of/,
  )
})

test('QUOTA_EXCEED is emitted for manifests, blobs, mounts, copies and restores, but not for a retag', async () => {
  const { sys } = await givenCast(marina)
  const tight = await givenProject(marina)
  const hook = await givenHook({}, { event_types: ['QUOTA_EXCEED'] }, `/projects/${tight.name}`)
  const [quota] = (await callApi(marina, 'GET', `/quotas?reference=project&reference_id=${tight.id}`, as())).json() as [
    { id: number },
  ]
  const limit = async (storage: number) =>
    expectAnswer(await callApi(marina, 'PUT', `/quotas/${quota.id}`, { ...as(), body: { hard: { storage } } }), 200)
  const [from, app] = [`${project.name}/${fresh('app')}`, `${tight.name}/app`]
  await pushImage(marina, from, { tag: 'v1' })
  const kept = await pushImage(marina, app, { tag: 'v1' })
  const gone = await pushImage(marina, app, { tag: 'gone' })
  expectAnswer(
    await callApi(marina, 'DELETE', `/projects/${tight.name}/repositories/app/artifacts/${gone.digest}`, as()),
    200,
  )
  const [trash] = (await callApi(marina, 'GET', `/projects/${tight.name}/trash`, as())).json() as [{ id: number }]
  await limit(1)

  const layer = await pushBlob(marina, from, Buffer.alloc(700, 'x'))
  expectAnswer(
    await marina.ask('POST', `/v2/${tight.name}/mounted/blobs/uploads/?mount=${layer}&from=${from}`, as()),
    403,
    'DENIED',
  )
  const mounted = payloadOf(await hook.nth(1))
  expectAnswer(
    await callApi(marina, 'POST', `/projects/${tight.name}/repositories/copied/artifacts?from=${from}:v1`, { as: sys }),
    403,
    'DENIED',
  )
  const copied = payloadOf(await hook.nth(2))
  expectAnswer(await callApi(marina, 'POST', `/projects/${tight.name}/trash/${trash.id}/restore`, as()), 403, 'DENIED')
  const restored = payloadOf(await hook.nth(3))
  expectAnswer(
    await marina.ask('PUT', `/v2/${app}/manifests/v2`, {
      ...as(),
      body: kept.content,
      headers: { 'content-type': kept.mediaType },
    }),
    201,
  )
  expectAnswer(
    await callApi(marina, 'POST', `/projects/${tight.name}/repositories/app/artifacts/v1/tags`, {
      ...as(),
      body: { name: 'v3' },
    }),
    201,
  )
  const bigger = Buffer.from(
    JSON.stringify({ ...(JSON.parse(kept.content.toString()) as object), annotations: { more: 'more' } }),
  )
  expectAnswer(
    await marina.ask('PUT', `/v2/${app}/manifests/v4`, {
      ...as(),
      body: bigger,
      headers: { 'content-type': kept.mediaType },
    }),
    403,
    'DENIED',
  )
  const pushed = payloadOf(await hook.nth(4))

  assert.deepEqual(
    [mounted, copied, restored, pushed].map(({ type, operator, event_data: data }) => [
      type,
      operator,
      data.repository['repo_full_name'],
    ]),
    [
      ['QUOTA_EXCEED', 'admin', `${tight.name}/mounted`],
      ['QUOTA_EXCEED', sys.name, `${tight.name}/copied`],
      ['QUOTA_EXCEED', 'admin', app],
      ['QUOTA_EXCEED', 'admin', app],
    ],
  )
  for (const { event_data: data } of [mounted, copied, restored, pushed])
    assert.match(data.custom_attributes!.Details, /^adding .* will exceed the configured upper limit of 1\.0 B\.$/)
  assert.deepEqual(
    [mounted, copied, restored, pushed].map(({ event_data: { resources } }) => resources?.map(({ tag }) => tag)),
    [undefined, undefined, undefined, ['v4']],
  )
  expectAnswer(await callApi(marina, 'GET', `/projects/${tight.name}/repositories/copied`, as()), 404, 'NOT_FOUND')
  await told('webhooks')
  assert.equal(hook.got().length, 4)
  const log = (
    await callApi(marina, 'GET', `/projects/${tight.name}/auditlog-exts?q=operation%3Dexceed&sort=op_time`, as())
  ).json() as { operation_result: boolean; request_id?: string }[]
  assert.deepEqual(
    [log.length, log.every(({ operation_result: isWell, request_id: id }) => !isWell && id !== undefined)],
    [4, true],
  )
})

test('a robot that expires soon is told to its project and to the system, whatever the filters are', async () => {
  const access = [{ resource: 'repository', action: 'pull' }]
  const [other, types] = [await givenProject(marina), { event_types: ['ROBOT_EXPIRING'] }]
  const own = await givenHook({}, { ...types, repository_filter: 'apps/**', tag_filter: 'v*' })
  const foreign = await givenHook({}, types, `/projects/${other.name}`)
  const others = await givenHook({}, { event_types: ['PUSH_ARTIFACT'] })
  const whole = await givenHook({}, types, '/system')
  const robot = await givenRobot(marina, fresh('ci'), { project: project.name, access })
  const ofSystem = await givenRobot(marina, fresh('ci'), { access, in: [project.name] })
  const { db } = marina.ground
  const end = new Date(Math.floor(Date.now() / 1000) * 1000 + 86_400_000)
  await db.run(sql`
    update robot set created_at = now() - interval '30 days', expires_at = ${end}
    where id = any(${[robot.id, ofSystem.id]}::bigint[])`)
  assert.equal(await warnOfExpiry(db, 7 * 86_400_000, 'robot$'), 2)
  const { type, operator, event_data: data } = payloadOf(await own.first())
  assert.deepEqual([type, operator], ['ROBOT_EXPIRING', 'marina'])
  assert.deepEqual(data, { robot: { id: robot.id, name: robot.name, expires_at: end.getTime() / 1000 } })
  await whole.nth(2)
  const told = whole
    .got()
    .map((one) => (payloadOf(one).event_data as unknown as { robot: { name: string } }).robot.name)
  assert.deepEqual(told.toSorted(), [robot.name, ofSystem.name].toSorted())
  assert.deepEqual([own.got().length, foreign.got().length, others.got().length], [1, 0, 0])
  expectAnswer(await callApi(marina, 'DELETE', `/system/webhook/policies/${whole.id}`, as()), 200)
})
