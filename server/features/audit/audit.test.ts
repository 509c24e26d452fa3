import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { after, test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { emit } from '../../platform/events/emit.ts'
import { callApi, create, givenRobot, type CallOptions } from '../../testing/api.ts'
import { fresh, givenCast, givenUser, pushImage } from '../../testing/given.ts'
import { eventually, expectAnswer, type Person } from '../../testing/http.ts'
import { openTestMarina } from '../../testing/server.ts'
import { isSampled } from './rules.ts'

const marina = await openTestMarina({ MARINA_TRUSTED_PROXIES: '127.0.0.0/8' })
after(() => marina[Symbol.asyncDispose]())
const {
  admin,
  ground: { db },
} = marina
const cast = await givenCast(marina)
const { A, B, uaA, maA, deA, guA, laA, uaB, sys } = cast

type Row = {
  id: number
  username: string
  resource: string
  resource_type: string
  operation: string
  operation_description: string
  operation_result: boolean
  op_time: string
  client_address?: string
  request_id?: string
  event_id?: string
  project_id?: number
  details?: Record<string, unknown>
}
const call = (method: string, path: string, options: CallOptions = {}) =>
  callApi(marina, method, path, { as: admin, ...options })
const read = async (path: string, as: Person = admin) => {
  const answer = expectAnswer(await call('GET', path, { as }), 200)
  return { rows: answer.json() as Row[], total: Number(answer.headers['x-total-count']) }
}
/** Waits until the reaction has written every fact to the log. */
const settled = () =>
  eventually(async () => {
    const behind = await db.row(sql`
    select from event_place where handler = 'audit' and (until is not null or exists (
      select from outbox where xid >= pg_snapshot_xmin(seen) and not pg_visible_in_snapshot(xid, seen)))`)
    assert.equal(behind, undefined)
  })
const log = async (q: string, as?: Person, form = '/auditlog-exts') => {
  await settled()
  return (await read(`${form}?page_size=100&q=${encodeURIComponent(q)}`, as)).rows
}

test('C-74: an entry says who made the change, what, when, from where, by which request, and the outcome', async () => {
  const name = fresh('project')
  const before = Date.now() - 5
  expectAnswer(
    await call('POST', '/projects', {
      as: maA,
      body: { project_name: name },
      headers: { 'x-request-id': 'r-made-1', 'x-forwarded-for': '198.51.100.7' },
    }),
    201,
  )
  const [row] = await log(`resource=${name}`)
  const { id, op_time: at, details, project_id: projectId, event_id: eventId, ...rest } = row!
  assert.deepEqual(rest, {
    username: maA.name,
    resource: name,
    resource_type: 'project',
    operation: 'create',
    operation_description: `create project: ${name}`,
    operation_result: true,
    client_address: '198.51.100.7',
    request_id: 'r-made-1',
  })
  assert.ok(id > 0 && Date.parse(at) >= before && Date.parse(at) <= Date.now() + 5 && projectId! > 0)
  assert.match(eventId!, /^[0-9a-f-]{36}$/)
  assert.deepEqual(await log(`event_id=${eventId}`), [row])
  assert.deepEqual(details, { name, isPublic: false })
})

test('a push, a pull and a delete have entries in the words of Harbor, a robot by its name', async () => {
  const repository = `${A.name}/${fresh('repo')}`
  const robot = await givenRobot(marina, fresh('bot'), {
    project: A.name,
    access: [
      { resource: 'repository', action: 'push' },
      { resource: 'repository', action: 'pull' },
    ],
  })
  const { digest } = await pushImage(marina, repository, { tag: 'v1', as: robot })
  expectAnswer(await marina.ask('GET', `/v2/${repository}/manifests/v1`, { as: deA }), 200)
  // Pulls are written every five seconds.
  await eventually(async () => assert.equal((await log(`resource=~${repository},operation=pull`)).length, 1))
  expectAnswer(
    await call('DELETE', `/projects/${A.name}/repositories/${repository.split('/')[1]}/artifacts/${digest}`, {
      as: maA,
      headers: { 'x-request-id': 'r-del' },
    }),
    200,
  )
  const rows = await log(`resource=~${repository}`)
  const words = (wanted: string) =>
    rows.filter((row) => `${row.operation} ${row.resource_type}` === wanted).map((row) => [row.username, row.resource])
  assert.deepEqual(words('create artifact'), [[robot.name, `${repository}:v1`]])
  assert.deepEqual(words('create repository'), [[robot.name, repository]])
  assert.deepEqual(words('pull artifact'), [[deA.name, `${repository}:v1`]])
  assert.deepEqual(words('delete artifact'), [[maA.name, `${repository}@${digest}`]])
  assert.ok(
    rows
      .filter(({ operation }) => operation !== 'pull')
      .every((row) => row.client_address === '127.0.0.1' && row.request_id !== undefined && row.project_id === A.id),
    JSON.stringify(rows),
  )
})

test('I7: every fact has one entry, also when it is read twice', async () => {
  const label = await create(marina, '/labels', admin, { name: fresh('label'), scope: 'g' })
  expectAnswer(await call('PUT', `/labels/${label}`, { body: { description: 'changed' } }), 200)
  expectAnswer(await call('DELETE', `/labels/${label}`), 200)
  await settled()
  const missing = () => db.rows(sql`select topic from outbox where id not in (select id from audit_log)`)
  assert.deepEqual(await missing(), [])
  const count = async () =>
    (await db.row<{ count: number; ids: number }>(sql`select count(*), count(distinct id) as ids from audit_log`))!
  const { count: rows, ids } = await count()
  assert.equal(rows, ids)
  await db.run(sql`update event_place set seen = '3:3:' where handler = 'audit'`)
  await db.transaction((tx) =>
    emit(tx, [{ topic: 'label.created', payload: { name: 'wakes', labelId: 1, projectId: null } }]),
  )
  await settled()
  assert.deepEqual([await count(), await missing()], [{ count: rows + 1, ids: rows + 1 }, []])
})

test('H29, H38: no change brings a secret into the log', async () => {
  const canary = (n: number) => `Canary${n}Canary${process.pid}`
  const body = { ldap_search_password: canary(1), oidc_client_secret: canary(2) }
  expectAnswer(await call('PUT', '/configurations', { body }), 200)
  for (const broken of [
    JSON.stringify(body).slice(0, -2),
    `{"ldap_search_password":"${canary(1)}","ldap_search_password":"${canary(2)}"`,
    JSON.stringify({ LDAP_SEARCH_PASSWORD: canary(1) }),
  ]) {
    await marina.ask('PUT', '/api/v2.0/configurations', {
      as: admin,
      headers: { 'content-type': 'application/json' },
      body: broken,
    })
  }
  const user = await create(marina, '/users', admin, {
    username: fresh('user'),
    password: canary(3),
    email: `${fresh('u')}@example.org`,
    realname: 'R',
  })
  expectAnswer(await call('PUT', `/users/${user}/password`, { body: { new_password: canary(4) } }), 200)
  expectAnswer(await call('PUT', `/users/${user}/cli_secret`, { body: { secret: canary(5) } }), 412, 'PRECONDITION')
  const robot = await givenRobot(marina, fresh('bot'), { access: [{ resource: 'project', action: 'list' }] })
  const refreshed = expectAnswer(await call('PATCH', `/robots/${robot.id}`, { body: { secret: canary(6) } }), 200)
  await create(marina, '/scanners', admin, {
    name: fresh('scanner'),
    url: 'http://scanner.example',
    auth: 'Bearer',
    access_credential: canary(7),
  }).catch(() => {})
  await db.transaction((tx) =>
    emit(tx, [
      {
        topic: 'label.created',
        payload: {
          name: 'slip',
          changed: {
            auth_header: canary(8),
            deep: [{ clientSecret: canary(9) }],
            url: `see https://me:${canary(11)}@host.example/a, ldap://${canary(12)}@b`,
          },
        },
      },
    ]),
  )
  await call('GET', '/users/current', { as: { kind: 'user', id: 0, name: fresh('nobody'), password: canary(10) } })
  await log('operation=refuse')
  const texts = await db.rows<{ text: string }>(sql`select audit_log::text as text from audit_log`)
  assert.ok(texts.length > 10)
  const secrets = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    .map(canary)
    .concat(robot.password, ...[(refreshed.json() as { secret?: string }).secret ?? []].flat())
  for (const secret of secrets)
    assert.deepEqual(
      texts.filter(({ text }) => text.includes(secret)),
      [],
      secret,
    )
  assert.ok(
    (await log('resource=configuration')).some(({ operation_description: text }) =>
      text.includes('ldap_search_password'),
    ),
    'the entry names the setting that changed',
  )
})

test('system administrators read all of the log, project administrators that of their projects only', async () => {
  const [inA, inB, global] = [fresh('label'), fresh('label'), fresh('label')]
  await create(marina, '/labels', admin, { name: inA, scope: 'p', project_id: A.id })
  await create(marina, '/labels', admin, { name: inB, scope: 'p', project_id: B.id })
  await create(marina, '/labels', admin, { name: global, scope: 'g' })
  await settled()
  const q = `q=${encodeURIComponent(`resource={${inA} ${inB} ${global}}`)}`
  const seen = async (as: Person, path = '/auditlog-exts') => {
    const { rows, total } = await read(`${path}?${q}`, as)
    assert.equal(total, rows.length, 'the count tells nothing either')
    return rows.map(({ resource }) => resource).sort()
  }
  assert.deepEqual(await seen(sys), [inA, inB, global].sort())
  assert.deepEqual(await seen(uaA), [inA])
  assert.deepEqual(await seen(uaB), [inB])
  for (const as of [maA, deA, guA, laA, await givenUser(marina)]) assert.deepEqual(await seen(as), [])
  const rights = { access: [{ resource: 'log', action: 'list' }] }
  assert.deepEqual(await seen(await givenRobot(marina, fresh('bot'), { ...rights, project: B.name })), [inB])
  assert.deepEqual(await seen(await givenRobot(marina, fresh('bot'), { ...rights, in: ['*'] })), [inA, inB].sort())
  assert.deepEqual(
    await seen(await givenRobot(marina, fresh('bot'), { access: [{ resource: 'audit-log', action: 'list' }] })),
    [inA, inB, global].sort(),
  )
  assert.deepEqual(await seen(uaA, `/projects/${A.name}/auditlog-exts`), [inA])
  for (const as of [maA, deA, uaB])
    for (const form of ['logs', 'auditlog-exts'])
      expectAnswer(await call('GET', `/projects/${A.name}/${form}`, { as }), 403, 'FORBIDDEN')
  expectAnswer(await marina.ask('GET', '/api/v2.0/auditlog-exts'), 401, 'UNAUTHORIZED')
})

test('both forms of the log are filtered, sorted and paged by their fields; others are refused (H26)', async () => {
  const stem = fresh('paged')
  for (const n of [1, 2, 3, 4, 5]) await create(marina, '/labels', admin, { name: `${stem}-${n}`, scope: 'g' })
  await settled()
  const q = encodeURIComponent(
    `resource=~${stem},operation=create,resource_type=label,operation_result=true,username=admin`,
  )
  const pages = [
    await read(`/auditlog-exts?q=${q}&page_size=2`),
    await read(`/auditlog-exts?q=${q}&page_size=2&page=3`),
  ]
  assert.deepEqual(
    pages.map(({ rows, total }) => [rows.map(({ resource }) => resource.at(-1)), total]),
    [
      [['5', '4'], 5],
      [['1'], 5],
    ],
  )
  const first = async (query: string) =>
    (await read(`/auditlog-exts?${query}&page_size=1`)).rows.map(({ resource }) => resource)
  assert.deepEqual(await first(`q=${q}&sort=op_time`), [`${stem}-1`])
  assert.deepEqual(
    [await first(`q=${q}&sort=creation_time`), await first(`q=${q}&sort=-creation_time`)],
    [[`${stem}-1`], [`${stem}-5`]],
    "as Harbor's own tests ask",
  )
  assert.deepEqual(
    [await first(`q=${q}&sort=op_time:asc`), await first(`q=${q}&sort=op_time:desc`)],
    [[`${stem}-1`], [`${stem}-5`]],
    "as Harbor's command line has it in its help",
  )
  assert.deepEqual(
    await first(`q=${encodeURIComponent(q)}&sort=op_time`),
    [`${stem}-1`],
    'as in Harbor, a query that is percent-encoded twice is decoded twice',
  )
  assert.deepEqual(
    await first(`q=${encodeURIComponent(`resource=~${stem.toUpperCase()}-3`)}`),
    [`${stem}-3`],
    'as in Harbor, ~ ignores case',
  )
  const soon = encodeURIComponent(`resource=~${stem},op_time=[${new Date(Date.now() + 60_000).toISOString()}~]`)
  assert.deepEqual((await read(`/auditlog-exts?q=${soon}`)).rows, [])
  const zone = process.env['TZ']
  process.env['TZ'] = 'Asia/Tokyo'
  try {
    const since = (at: string) => read(`/auditlog-exts?q=${encodeURIComponent(`resource=~${stem},op_time=[${at}~]`)}`)
    const justBefore = new Date(Date.now() - 60_000).toISOString().slice(0, 19)
    for (const at of [justBefore, justBefore.replace('T', ' ')])
      assert.equal((await since(at)).total, 5, `${at} is in UTC`)
    const soonHere = new Date(Date.now() + 60_000).toISOString().slice(0, 19)
    assert.equal((await since(soonHere)).total, 0, `${soonHere} is in UTC`)
  } finally {
    if (zone === undefined) delete process.env['TZ']
    else process.env['TZ'] = zone
  }
  const project = fresh('project')
  await create(marina, '/projects', admin, { project_name: project })
  const [old] = await log(`resource=${project}`, admin, '/audit-logs')
  assert.deepEqual(Object.keys(old!).sort(), ['id', 'op_time', 'operation', 'resource', 'resource_type', 'username'])
  assert.deepEqual(await log(`resource=~${stem}`, admin, '/audit-logs'), [], 'labels came with the extended form')
  for (const query of ['q=details=~a', 'q=password=~a', 'sort=username', 'q=actor_id=1'])
    expectAnswer(await call('GET', `/auditlog-exts?${query}`), 400, 'BAD_REQUEST')
  expectAnswer(await call('GET', '/audit-logs?q=client_address=1'), 400, 'BAD_REQUEST')
  for (const time of ['[-271821-04-20~]', '{-005000-01-01 2026-01-01}', '[~+275760-09-13]', 'never'])
    expectAnswer(await call('GET', `/auditlog-exts?q=${encodeURIComponent(`op_time=${time}`)}`), 400, 'BAD_REQUEST')
  assert.ok((await read(`/auditlog-exts?q=${encodeURIComponent('op_time=[0000-01-01~9999-12-31]')}`)).total > 0)
})

test('wrong passwords and forbidden changes have entries as failures, equal ones a single entry', async () => {
  const name = fresh('victim')
  const wrong = { kind: 'user', id: 0, name, password: 'WrongOne1' } as const
  for (let tries = 0; tries < 3; tries++)
    expectAnswer(
      await marina.ask('GET', '/api/v2.0/users/current', { as: wrong, headers: { 'x-forwarded-for': '203.0.113.9' } }),
      401,
      'UNAUTHORIZED',
    )
  for (let tries = 0; tries < 2; tries++)
    expectAnswer(await call('DELETE', `/projects/${A.name}`, { as: guA }), 403, 'FORBIDDEN')
  expectAnswer(await call('GET', `/projects/${A.name}/logs`, { as: guA }), 403, 'FORBIDDEN')
  const upload = await marina.ask('POST', `/v2/${A.name}/${fresh('repo')}/blobs/uploads/`, { as: guA })
  assert.equal(upload.status, 401)
  const rows = await eventually(async () => {
    const found = await log('operation_result=false')
    assert.ok(
      found.some(({ resource }) => resource === name) &&
        found.some(({ resource }) => resource.startsWith(`push ${A.name}/`)),
    )
    return found
  })
  const guess = rows.filter(({ resource }) => resource === name)
  assert.deepEqual(
    [guess[0]!.operation, guess[0]!.username, guess[0]!.client_address],
    ['login', 'anonymous', '203.0.113.9'],
  )
  assert.equal(
    guess.reduce((sum, { details }) => sum + Number(details!.count), 0),
    3,
  )
  const deletes = rows.filter(({ resource }) => resource === `DELETE /api/v2.0/projects/${A.name}`)
  assert.ok(deletes.length > 0 && deletes.every(({ username, project_id: id }) => username === guA.name && id === A.id))
  // Administrators of a project see which requests were refused in it.
  assert.ok((await log(`resource=DELETE /api/v2.0/projects/${A.name}`, uaA)).length > 0)
  assert.ok((await log(`resource=~push ${A.name}/`, uaA)).length > 0)
  assert.deepEqual(
    rows.filter(({ resource }) => resource.startsWith('GET')),
    [],
  )
})

test('event types can be disabled, and the database can be skipped only when the log is forwarded', async () => {
  const types = (
    expectAnswer(await call('GET', '/auditlog-exts/events', { as: admin }), 200).json() as { event_type: string }[]
  ).map(({ event_type: type }) => type)
  expectAnswer(await call('GET', '/auditlog-exts/events', { as: guA }), 403, 'FORBIDDEN')
  for (const type of [
    'create_artifact',
    'pull_artifact',
    'login_user',
    'update_configuration',
    'create_label',
    'create_member',
    'update_member',
    'delete_member',
    'update_project',
  ])
    assert.ok(types.includes(type), type)
  assert.equal(new Set(types).size, types.length)
  const set = (body: object, status = 200) =>
    call('PUT', '/configurations', { body }).then((answer) =>
      expectAnswer(answer, status, status === 200 ? undefined : 'BAD_REQUEST'),
    )
  await set({ disabled_audit_log_event_types: 'create_label, delete_label' })
  const name = fresh('quiet')
  const id = await create(marina, '/labels', admin, { name, scope: 'g' })
  expectAnswer(await call('PUT', `/labels/${id}`, { body: { description: 'x' } }), 200)
  assert.deepEqual(
    (await log(`resource=${name}`)).map(({ operation }) => operation),
    ['update'],
  )
  await set({ disabled_audit_log_event_types: '' })
  await set({ disabled_audit_log_event_types: 'create label; drop' }, 400)
  await set({ disabled_audit_log_event_types: 'create_label,creat_label' }, 400)
  await set({ ldap_url: 'ldap://cn=x:hidden@ldap.example' }, 400)
  await set({ skip_audit_log_database: true }, 400)
  await set({ audit_log_forward_endpoint: 'nowhere' }, 400)
  await set({ audit_log_forward_endpoint: 'http://127.0.0.1:1' }, 400)
})

test('entries of things without a name have a resource too, and a removed schedule reads as removed', async () => {
  expectAnswer(await call('PUT', '/jobservice/queues/GARBAGE_COLLECTION', { body: { action: 'pause' } }), 200)
  expectAnswer(await call('PUT', '/jobservice/queues/GARBAGE_COLLECTION', { body: { action: 'resume' } }), 200)
  expectAnswer(await call('DELETE', '/system/cache/label'), 200)
  for (const schedule of [{ type: 'Custom', cron: '0 30 3 * * *' }, { type: 'None' }])
    expectAnswer(await call('PUT', '/system/gc/schedule', { body: { schedule } }), 200)
  const said = async (q: string) =>
    (await log(q)).map(({ resource, operation_description: text }) => [resource, text]).toReversed()
  assert.deepEqual(await said('resource_type=queue'), [
    ['GARBAGE_COLLECTION', 'pause queue: GARBAGE_COLLECTION'],
    ['GARBAGE_COLLECTION', 'resume queue: GARBAGE_COLLECTION'],
  ])
  assert.deepEqual(await said('resource_type=cache'), [['label', 'forget cache: label']])
  assert.deepEqual(await said('resource_type=collection'), [
    ['garbage_collection', 'schedule garbage collection: 0 30 3 * * *'],
    ['garbage_collection', 'end the schedule of garbage collection'],
  ])
})

test('nothing in the API changes the log (C-75)', async () => {
  const document = marina.ask('GET', '/api/v2.0/openapi.json')
  const { paths } = (await document).json() as { paths: Record<string, object> }
  // The logs of preheat's tasks are others.
  const ofLog = Object.entries(paths).filter(([path]) => /audit-?log|\/logs$/.test(path) && !path.includes('/preheat/'))
  assert.equal(ofLog.length, 5)
  for (const [path, methods] of ofLog) assert.deepEqual(Object.keys(methods), ['get'], path)
})

test('facts of other months find their table, and the table of the next month is made ahead', async () => {
  await db.transaction(async (tx) => {
    await emit(tx, [{ topic: 'label.created', payload: { name: 'long-ago', labelId: 1, projectId: null } }])
    await tx.run(sql`update outbox set occurred_at = '2024-02-29 23:59:59.999Z' where payload->>'name' = 'long-ago'`)
  })
  assert.deepEqual(
    (await log('resource=long-ago')).map((row) => row.op_time),
    ['2024-02-29T23:59:59.999Z'],
  )
  const parts = (
    await db.rows<{ name: string }>(sql`select relid::text as name from pg_partition_tree('audit_log') where isleaf`)
  ).map(({ name }) => name)
  const month = (at: Date) => `audit_log_${at.toISOString().slice(0, 7).replace('-', '_')}`
  for (const wanted of ['audit_log_2024_02', month(new Date()), month(new Date(Date.now() + 31 * 86_400_000))])
    assert.ok(parts.includes(wanted), wanted)
})

test('the log is forwarded to the configured server, in addition to the database or instead of it', async () => {
  const socket = createSocket('udp4')
  const heard: { resource: string; operation_result: boolean; username: string }[] = []
  socket.on('message', (datagram) => heard.push(JSON.parse(datagram.toString()) as (typeof heard)[0]))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  await using other = await openTestMarina({ MARINA_OUTBOUND_ALLOW: '127.0.0.1', MARINA_AUDIT_PULLS: '0' })
  const configure = (body: object) =>
    callApi(other, 'PUT', '/configurations', { as: other.admin, body }).then((answer) => expectAnswer(answer, 200))
  await configure({ audit_log_forward_endpoint: `udp://127.0.0.1:${socket.address().port}?format=json` })
  const [both, only] = [fresh('label'), fresh('label')]
  await create(other, '/labels', other.admin, { name: both, scope: 'g' })
  await eventually(() =>
    assert.ok(
      heard.some(
        ({ resource, username, operation_result: isWell }) => resource === both && username === 'admin' && isWell,
      ),
    ),
  )
  const stored = async (name: string) =>
    (await other.ground.db.row<{ count: number }>(sql`select count(*) from audit_log where resource = ${name}`))!.count
  await eventually(async () => assert.equal(await stored(both), 1))
  await configure({ skip_audit_log_database: true })
  await create(other, '/labels', other.admin, { name: only, scope: 'g' })
  await eventually(() => assert.ok(heard.some(({ resource }) => resource === only)))
  assert.equal(await stored(only), 0)
  socket.close()
})

test('X07: without a trusted proxy the address is that of the connection, whatever headers say', async () => {
  await using other = await openTestMarina()
  const name = fresh('label')
  expectAnswer(
    await callApi(other, 'POST', '/labels', {
      as: other.admin,
      body: { name, scope: 'g' },
      headers: { 'x-forwarded-for': '198.51.100.7', forwarded: 'for=198.51.100.8', 'x-real-ip': '198.51.100.9' },
    }),
    201,
  )
  const row = await eventually(async () => {
    const found = await other.ground.db.row<{ address: string }>(
      sql`select address from audit_log where resource = ${name}`,
    )
    assert.ok(found)
    return found
  })
  assert.equal(row.address, '127.0.0.1')
})

test('pulls are sampled evenly, and the same fact always the same way', () => {
  const kept = (percent: number) =>
    Array.from({ length: 10_000 }, (_, id) => id).filter((id) => isSampled(id, percent)).length
  assert.deepEqual([kept(0), kept(100)], [0, 10_000])
  assert.ok(Math.abs(kept(10) - 1000) < 50, String(kept(10)))
})
