import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { digestOf } from '../../../oci/digest.ts'
import { ociManifest } from '../../../oci/media-type.ts'
import { factsSince, lastFact } from '../../testing/api.ts'
import { fresh, givenProject } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openBeside, openTestMarina } from '../../testing/server.ts'
import { sweepEvents } from './actions.ts'

const secret = 'a-shared-secret-of-ours'
const marina = await openTestMarina({ MARINA_NOTIFICATIONS_SECRET: secret, MARINA_NOTIFICATIONS_BYTES: '64KiB' })
after(() => marina[Symbol.asyncDispose]())
const project = await givenProject(marina)

type Part = Record<string, unknown>
const digest = digestOf(Buffer.from('elsewhere'))
const event = (action: string, target: Part = {}, more: Part = {}) => ({
  id: randomUUID(),
  timestamp: '2026-11-20T10:00:00.5Z',
  action,
  target: {
    mediaType: ociManifest,
    digest,
    size: 525,
    length: 525,
    repository: `${project.name}/app`,
    url: 'http://other:5000/v2/x',
    ...target,
  },
  request: { id: 'r-1', addr: '192.0.2.7:4711', host: 'other:5000', method: 'PUT', useragent: 'docker' },
  actor: { name: 'alice' },
  source: { addr: 'other:5000', instanceID: 'i-1' },
  ...more,
})
const post = (body: unknown, authorization = `Bearer ${secret}`) =>
  marina.ask('POST', '/service/notifications', {
    headers: { authorization, 'content-type': 'application/vnd.docker.distribution.events.v1+json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
const take = async (...events: unknown[]) => {
  const since = await lastFact(marina)
  expectAnswer(await post({ events }), 200)
  return factsSince(marina, since)
}
const repositoryOf = async (name: string) =>
  (await marina.ask('GET', `/api/v2.0/projects/${project.name}/repositories/${name}`, { as: marina.admin })).json() as {
    pull_count: number
    name: string
  }

test('S4-04 to S4-10: a push with a tag in another registry is the same fact as a push here', async () => {
  const name = fresh('pushed')
  const sent = event('push', { repository: `${project.name}/${name}`, tag: 'v1' })
  const facts = await take(sent)
  const origin = {
    registry: 'other:5000',
    eventId: sent.id,
    at: '2026-11-20T10:00:00.500Z',
    address: '192.0.2.7',
    requestId: 'r-1',
  }
  const by = { kind: 'external', id: null, name: 'alice' }
  const at = { projectId: project.id, repository: `${project.name}/${name}` }
  assert.deepEqual(facts, [
    { topic: 'repository.created', payload: { ...at, by } },
    {
      topic: 'artifact.pushed',
      payload: { ...at, origin, digest, mediaType: ociManifest, size: 525, tags: ['v1'], isNew: true, by },
    },
  ])
  assert.equal((await repositoryOf(name)).name, `${project.name}/${name}`)
  const listed = (
    await marina.ask('GET', `/api/v2.0/projects/${project.name}/repositories?page_size=100`, { as: marina.admin })
  ).json() as { name: string; artifact_count: number }[]
  assert.equal(listed.find((one) => one.name === `${project.name}/${name}`)?.artifact_count, 0)
})

test('S4-08: a push without a tag creates no repository', async () => {
  const name = fresh('untagged')
  const facts = await take(event('push', { repository: `${project.name}/${name}` }))
  assert.deepEqual(
    facts.map(({ topic }) => topic),
    ['artifact.pushed'],
  )
  expectAnswer(
    await marina.ask('GET', `/api/v2.0/projects/${project.name}/repositories/${name}`, { as: marina.admin }),
    404,
    'NOT_FOUND',
  )
})

test('S4-09: a push with a tag makes the repository known, pulls are counted on it, deletes are facts', async () => {
  const name = fresh('pulled')
  const target = { repository: `${project.name}/${name}`, tag: 'v1' }
  const facts = await take(
    event('push', target),
    event('pull', target),
    event('pull', target),
    event('delete', { ...target, mediaType: undefined, tag: undefined }),
    event('delete', { ...target, digest: undefined, mediaType: undefined }),
  )
  assert.deepEqual(
    facts.map(({ topic }) => topic),
    ['repository.created', 'artifact.pushed', 'artifact.pulled', 'artifact.pulled', 'artifact.deleted', 'tag.deleted'],
  )
  assert.equal((await repositoryOf(name)).pull_count, 2)
  // The count is right also when the repository is cached by now.
  await take(event('pull', target))
  assert.equal((await repositoryOf(name)).pull_count, 3)
})

test('an event that is sent again counts once, in one envelope, in another, and on two processes at once', async () => {
  await using beside = await openBeside(marina, { MARINA_NOTIFICATIONS_SECRET: secret })
  const [one, two] = [event('push', { tag: 'v1' }), event('push', { tag: 'v2' })]
  const since = await lastFact(marina)
  const send = (to: typeof marina, events: unknown[]) =>
    to.ask('POST', '/service/notifications', {
      headers: { authorization: `Bearer ${secret}` },
      body: JSON.stringify({ events }),
    })
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, i) =>
      send(i % 2 === 0 ? marina : beside, i % 3 === 0 ? [one, two, one] : [two, one]),
    ),
  )
  for (const answer of answers) expectAnswer(answer, 200)
  const facts = await factsSince(marina, since)
  assert.deepEqual(
    facts
      .filter(({ topic }) => topic === 'artifact.pushed')
      .map(({ payload }) => String(payload['tags']))
      .toSorted((a, b) => a.localeCompare(b)),
    ['v1', 'v2'],
  )
})

test('simultaneous envelopes that name the same repositories in different orders are all taken', async () => {
  const names = Array.from({ length: 20 }, (_, index) => `${project.name}/${fresh(`many-${index}`)}`)
  const envelope = (round: number) => {
    const order = round % 2 === 0 ? names : names.toReversed()
    return {
      events: order.flatMap((repository) => [
        ...(round < 4 ? [event('push', { repository, tag: `v${round}` })] : []),
        event('pull', { repository, tag: 'v1' }),
      ]),
    }
  }
  const answers = await Promise.all(Array.from({ length: 24 }, (_, round) => post(envelope(round))))
  assert.deepEqual(
    answers.map(({ status }) => status),
    answers.map(() => 200),
  )
  const conflicts = await marina.ground.db.row<{ deadlocks: number }>({
    name: '',
    text: 'select deadlocks::int from pg_stat_database where datname = current_database()',
    values: [],
  })
  assert.equal(conflicts!.deadlocks, 0)
})

test('an impossible time is replaced by now, and an address is kept without its port', async () => {
  const repository = `${project.name}/${fresh('times')}`
  const began = Date.now()
  const wrong = ['+275760-09-13T00:00:00.000Z', '-271821-04-20T00:00:00.000Z', '9999-01-01T00:00:00Z', 'soon', 7]
  const facts = await take(
    event('push', { repository, tag: 'v1' }),
    ...wrong.map((timestamp) =>
      event('pull', { repository, tag: 'v1' }, { timestamp, request: { id: 'r', addr: '[2001:db8::7]:4711' } }),
    ),
  )
  const origins = facts
    .filter(({ topic }) => topic === 'artifact.pulled')
    .map(({ payload }) => payload['origin'] as { at: string; address: string })
  assert.equal(origins.length, wrong.length)
  for (const { at, address } of origins)
    assert.deepEqual([Date.parse(at) >= began && Date.parse(at) <= Date.now(), address], [true, '2001:db8::7'])
})

test('S4-05, S4-06: events of no interest are passed over, and the others of the envelope are taken', async () => {
  const kept = event('push', { tag: 'kept' })
  const facts = await take(
    event('push', { mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip' }),
    event('pull', { mediaType: 'application/octet-stream' }),
    event('mount'),
    event('pull', {}, { request: { method: 'HEAD' } }),
    event('push', { repository: 'nowhere/app', tag: 'v1' }),
    event('push', { repository: '../etc', tag: 'v1' }),
    event('push', { repository: project.name, tag: 'v1' }),
    event('push', { digest: 'sha256:short' }),
    event('push', {}, { id: '' }),
    event('push', {}, { id: 'x'.repeat(256) }),
    event('push', {}, { id: 'a\0b' }),
    event('push', {}, { target: null }),
    event('delete', { digest: undefined, tag: undefined }),
    null,
    1,
    'text',
    [],
    {},
    kept,
  )
  assert.deepEqual(
    facts.filter(({ topic }) => topic !== 'repository.created').map(({ topic, payload }) => [topic, payload['tags']]),
    [['artifact.pushed', ['kept']]],
  )
})

test('S4-03: an envelope over its limit is 413, a malformed one 400, and neither changes anything', async () => {
  const since = await lastFact(marina)
  expectAnswer(
    await post({ events: [event('push', { tag: 'v1', url: 'x'.repeat(70_000) })] }),
    413,
    'PAYLOAD_TOO_LARGE',
  )
  for (const body of [
    '',
    '{',
    'null',
    '[]',
    '{}',
    '{"events":{}}',
    JSON.stringify({ events: Array.from({ length: 1001 }, () => 1) }),
  ])
    expectAnswer(await post(body), 400, 'BAD_REQUEST')
  assert.deepEqual(await factsSince(marina, since), [])
})

test('events are taken only with the shared secret; where none is configured the path does not exist', async () => {
  const since = await lastFact(marina)
  const body = { events: [event('push', { tag: 'v1' })] }
  for (const authorization of [
    '',
    secret,
    'Bearer',
    `Bearer ${secret}x`,
    `Bearer ${secret.slice(0, -1)}`,
    `Basic ${Buffer.from(`admin:${marina.admin.password}`).toString('base64')}`,
  ])
    expectAnswer(await post(body, authorization), 401, 'UNAUTHORIZED')
  expectAnswer(
    await marina.ask('GET', '/service/notifications', { headers: { authorization: `Bearer ${secret}` } }),
    405,
    'METHOD_NOT_ALLOWED',
  )
  await using closed = await openTestMarina()
  expectAnswer(
    await closed.ask('POST', '/service/notifications', {
      headers: { authorization: 'Bearer undefined' },
      body: JSON.stringify(body),
    }),
    404,
    'NOT_FOUND',
  )
  assert.deepEqual(await factsSince(marina, since), [])
})

test('in read-only mode the registry is told to retry later, and then no event is missing', async () => {
  const body = { events: [event('push', { tag: 'later' })] }
  const setReadOnly = (value: boolean) =>
    marina.ask('PUT', '/api/v2.0/configurations', {
      as: marina.admin,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ read_only: value }),
    })
  expectAnswer(await setReadOnly(true), 200)
  expectAnswer(await post(body), 503, 'UNAVAILABLE')
  expectAnswer(await setReadOnly(false), 200)
  assert.deepEqual(
    (await take(...body.events))
      .filter(({ topic }) => topic === 'artifact.pushed')
      .map(({ payload }) => payload['tags']),
    [['later']],
  )
})

test('ids of events are forgotten after their time and not before', async () => {
  const [old, young] = [event('push', { tag: 'old' }), event('push', { tag: 'young' })]
  await take(old, young)
  await marina.ground.db.run({
    name: '',
    text: "update notification_event set received_at = now() - interval '2 hours' where id = $1",
    values: [old.id],
  })
  await sweepEvents(marina.ground.db, 3_600_000, new AbortController().signal)
  const again = await take(old, young)
  assert.deepEqual(
    again.filter(({ topic }) => topic === 'artifact.pushed').map(({ payload }) => payload['tags']),
    [['old']],
  )
})
