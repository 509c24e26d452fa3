import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { callApi, factsSince, givenRobot, lastFact, type CallOptions } from '../../testing/api.ts'
import { fresh, givenCast, givenUser, givenMember, givenProject, pushImage } from '../../testing/given.ts'
import { eventually, expectAnswer, type Person } from '../../testing/http.ts'
import { sql } from '../../platform/db/sql.ts'
import { openRival, untilWaiting } from '../../testing/rival.ts'
import { openBeside, openTestMarina, type TestMarina } from '../../testing/server.ts'
import { deleteProject } from '../projects/index.ts'

let marina: TestMarina
let cast: Awaited<ReturnType<typeof givenCast>>
const call = (method: string, path: string, options?: CallOptions) => callApi(marina, method, path, options)
const pull = { resource: 'repository', action: 'pull' }
const push = { resource: 'repository', action: 'push' }
type Shown = {
  id: number
  name: string
  secret?: string
  expires_at: number
  duration: number
  disable: boolean
  level: string
  permissions: unknown[]
  last_used_time?: string
}

before(async () => {
  marina = await openTestMarina()
  cast = await givenCast(marina)
})
after(() => marina[Symbol.asyncDispose]())

const wanted = (more: Record<string, unknown> = {}) => ({
  name: fresh('robot'),
  level: 'project',
  duration: 7,
  description: 'builds',
  permissions: [{ kind: 'project', namespace: cast.A.name, access: [push] }],
  ...more,
})
const make = (as: Person | undefined, more: Record<string, unknown> = {}) =>
  call('POST', '/robots', { as, body: wanted(more) })
const show = async (id: number) => (await call('GET', `/robots/${id}`, { as: marina.admin })).json() as Shown
const tokenStatus = async (robot: Person) =>
  (await marina.ask('GET', '/service/token?service=harbor-registry', { as: robot })).status

test('a project administrator makes a robot: its secret is shown once and works in its project alone', async () => {
  const since = await lastFact(marina)
  const body = wanted({
    permissions: [
      { kind: 'project', namespace: cast.A.name, access: [push, { resource: 'repository', action: 'list' }] },
    ],
  })
  const answer = expectAnswer(await call('POST', '/robots', { as: cast.uaA, body }), 201)
  const { id, name, secret, expires_at: expiresAt } = answer.json() as Required<Shown>
  assert.equal(answer.headers.location, `/api/v2.0/robots/${id}`)
  assert.equal(name, `robot$${cast.A.name}+${body.name}`)
  assert.ok(Math.abs(expiresAt - (Date.now() / 1000 + 7 * 86_400)) < 60)
  const robot: Person = { kind: 'robot', id, name, password: secret }
  await pushImage(marina, `${cast.A.name}/app`, { as: robot })
  assert.equal(await tokenStatus(robot), 200)
  const token = await marina.token(
    robot,
    `repository:${cast.A.name}/app:pull,push`,
    `repository:${cast.B.name}/app:pull`,
  )
  expectAnswer(await marina.ask('GET', `/v2/${cast.A.name}/app/tags/list`, { token }), 200)
  expectAnswer(await marina.ask('GET', `/v2/${cast.B.name}/app/tags/list`, { token }), 401, 'UNAUTHORIZED')
  expectAnswer(await marina.ask('POST', `/v2/${cast.B.name}/app/blobs/uploads/`, { as: robot }), 401, 'UNAUTHORIZED')
  expectAnswer(await call('GET', `/projects/${cast.A.name}`, { as: robot }), 403, 'FORBIDDEN')
  const shown = await show(id)
  assert.deepEqual([shown.secret, shown.level, shown.duration, shown.disable], [undefined, 'project', 7, false])
  assert.deepEqual(shown.permissions, [
    {
      kind: 'project',
      namespace: cast.A.name,
      access: [
        { resource: 'repository', action: 'list', effect: 'allow' },
        { ...push, effect: 'allow' },
      ],
    },
  ])
  const facts = await factsSince(marina, since)
  assert.ok(facts.some(({ topic, payload }) => topic === 'robot.created' && payload['name'] === name))
  assert.ok(!JSON.stringify(facts).includes(secret))
  const row = await marina.ground.db.row<{ hash: string }>({
    name: '',
    text: 'select secret_hash as hash from robot where id = $1',
    values: [id],
  })
  assert.ok(!row!.hash.includes(secret))
})

test('H33: a robot with a wrong name, duration, level or permission is 400 and not made', async () => {
  const space = cast.A.name
  const bad: Record<string, unknown>[] = [
    { name: '' },
    { name: 'Upper' },
    { name: 'a__b' },
    { name: 'a+b' },
    { name: 'a'.repeat(256) },
    { name: undefined },
    { level: undefined },
    { level: 'other' },
    { level: 'SYSTEM' },
    { duration: -2 },
    { duration: 1e9 },
    { permissions: undefined },
    { permissions: [] },
    { permissions: [{}] },
    { permissions: [{ kind: 'project', namespace: space, access: [] }] },
    { permissions: [{ kind: '', namespace: space, access: [push] }] },
    { permissions: [{ kind: 'project', namespace: null, access: [push] }] },
    { permissions: [{ kind: 'project', namespace: '', access: [push] }] },
    { permissions: [{ kind: 'project', namespace: '*', access: [push] }] },
    { permissions: [{ kind: 'system', namespace: '/', access: [{ resource: 'user', action: 'list' }] }] },
    {
      permissions: [
        { kind: 'project', namespace: space, access: [push] },
        { kind: 'project', namespace: cast.B.name, access: [push] },
      ],
    },
    { permissions: [{ kind: 'project', namespace: space, access: [{ ...push, effect: 'deny' }] }] },
    ...[
      ['configuration', 'read'],
      ['robot', 'update'],
      ['repository', 'create'],
      ['repository', '*'],
      ['*', '*'],
      ['user', 'list'],
      ['__proto__', 'read'],
    ].map(([resource, action]) => ({
      permissions: [{ kind: 'project', namespace: space, access: [{ resource, action }] }],
    })),
    {
      level: 'system',
      permissions: [{ kind: 'system', namespace: space, access: [{ resource: 'user', action: 'list' }] }],
    },
    {
      level: 'system',
      permissions: [{ kind: 'system', namespace: '/', access: [{ resource: 'configuration', action: 'read' }] }],
    },
    { secret: 'weak' },
    { secret: 'nouppercase1' },
    { secret: `Aa1${'x'.repeat(126)}` },
    { description: 'x'.repeat(1025) },
    { description: 'a\0b' },
  ]
  const count = async () =>
    (await marina.ground.db.row<{ count: number }>({ name: '', text: 'select count(*) from robot', values: [] }))!.count
  const before = await count()
  for (const more of bad) expectAnswer(await make(marina.admin, more), 400, 'BAD_REQUEST')
  const untyped: Record<string, unknown>[] = [
    { duration: 1.5 },
    { duration: 'NaN' },
    { permissions: [null] },
    { permissions: [{ kind: 'project', namespace: space, access: [null] }] },
  ]
  for (const more of untyped) expectAnswer(await make(marina.admin, more), 422, 'UNPROCESSABLE_ENTITY')
  assert.equal(await count(), before)
})

test('a robot as a typed client sends it back, with nulls for unknown fields, can be changed', async () => {
  const { id } = expectAnswer(
    await make(marina.admin, { name: fresh('typed'), duration: null, description: null, secret: null }),
    201,
  ).json() as Shown
  const shown = await show(id)
  expectAnswer(
    await call('PUT', `/robots/${id}`, {
      as: marina.admin,
      body: { ...shown, description: 'changed', secret: null, expires_at: null },
    }),
    200,
  )
  const changed = await show(id)
  assert.deepEqual(
    [changed.duration, (changed as Shown & { description: string }).description, changed.name],
    [30, 'changed', shown.name],
  )
})

test('no account has a name that begins like those of robots, whether the name or the prefix came first', async () => {
  const set = (value: string) =>
    call('PUT', '/configurations', { as: marina.admin, body: { robot_name_prefix: value } })
  const user = (username: string) =>
    call('POST', '/users', { as: marina.admin, body: { username, password: 'Strong12345', realname: 'x' } })
  const name = fresh('crew-')
  expectAnswer(await user(name), 201)
  assert.match(expectAnswer(await set('crew-'), 400, 'BAD_REQUEST').text, new RegExp(name))
  expectAnswer(await set('adm'), 400, 'BAD_REQUEST')
  expectAnswer(await set('bot-'), 200)
  try {
    expectAnswer(await user(`bot-${cast.A.name}+ci`), 400, 'BAD_REQUEST')
    expectAnswer(await user(fresh('robot')), 201)
  } finally {
    expectAnswer(await set('robot$'), 200)
  }
})

test('robot_name_prefix and robot_token_duration hold with the next request', async () => {
  const set = async (body: object) =>
    expectAnswer(await call('PUT', '/configurations', { as: marina.admin, body }), 200)
  const name = fresh('prefixed')
  const made = expectAnswer(await make(marina.admin, { name }), 201).json() as Required<Shown>
  const old: Person = { kind: 'robot', id: made.id, name: made.name, password: made.secret }
  const renamed = { ...old, name: `bot-${cast.A.name}+${name}` }
  assert.deepEqual([await tokenStatus(old), await tokenStatus(renamed)], [200, 401])
  await set({ robot_name_prefix: 'bot-', robot_token_duration: 3 })
  try {
    assert.deepEqual(
      [await tokenStatus(old), await tokenStatus(renamed), (await show(made.id)).name],
      [200, 200, renamed.name],
    )
    const young = expectAnswer(
      await make(marina.admin, { name: fresh('young'), duration: undefined }),
      201,
    ).json() as Shown
    assert.ok(young.name.startsWith('bot-'))
    assert.equal((await show(young.id)).duration, 3)
    const found = (
      await call(
        'GET',
        `/robots?q=Level%3Dproject,ProjectID%3D${cast.A.id},name%3D${encodeURIComponent(renamed.name)}`,
        { as: marina.admin },
      )
    ).json() as Shown[]
    assert.deepEqual(
      found.map(({ id }) => id),
      [made.id],
    )
    await set({ robot_token_duration: -1 })
    assert.equal(
      (
        await show(
          (expectAnswer(await make(marina.admin, { name: fresh('ever'), duration: undefined }), 201).json() as Shown)
            .id,
        )
      ).expires_at,
      -1,
    )
    const person = await givenUser(marina, fresh('bot-'))
    assert.equal(await tokenStatus(person), 200, 'an account whose name begins like a robot is still that account')
  } finally {
    await set({ robot_name_prefix: 'robot$', robot_token_duration: 30 })
  }
  assert.equal(await tokenStatus(old), 200)
})

test('a robot lives 30 days by default, for ever with -1; its name is unique in its project', async () => {
  const name = fresh('twice')
  const { id } = expectAnswer(await make(marina.admin, { name, duration: undefined }), 201).json() as Shown
  assert.equal((await show(id)).duration, 30)
  expectAnswer(await make(marina.admin, { name }), 409, 'CONFLICT')
  const other = expectAnswer(
    await make(marina.admin, {
      name,
      duration: -1,
      permissions: [{ kind: 'project', namespace: cast.B.name, access: [push] }],
    }),
    201,
  ).json() as Shown
  assert.equal((await show(other.id)).expires_at, -1)
})

test('project administrators make robots of their project, the system administrator those of the system', async () => {
  for (const as of [cast.maA, cast.deA, cast.guA, cast.laA, cast.uaB]) expectAnswer(await make(as), 403, 'FORBIDDEN')
  expectAnswer(await make(undefined), 401, 'UNAUTHORIZED')
  for (const namespace of [cast.B.name, 'no-such-project'])
    expectAnswer(
      await make(cast.uaA, { permissions: [{ kind: 'project', namespace, access: [push] }] }),
      403,
      'FORBIDDEN',
    )
  expectAnswer(
    await make(marina.admin, { permissions: [{ kind: 'project', namespace: 'no-such-project', access: [push] }] }),
    404,
    'NOT_FOUND',
  )
  const system = {
    level: 'system',
    permissions: [
      { kind: 'system', namespace: '/', access: [{ resource: 'catalog', action: 'read' }] },
      { kind: 'project', namespace: '*', access: [pull] },
    ],
  }
  expectAnswer(await make(cast.uaA, system), 403, 'FORBIDDEN')
  const made = expectAnswer(await make(marina.admin, system), 201).json() as Required<Shown>
  const robot: Person = { kind: 'robot', id: made.id, name: made.name, password: made.secret }
  assert.match(robot.name, /^robot\$[a-z0-9]+$/)
  const image = await pushImage(marina, `${cast.B.name}/x`, { tag: 'v1' })
  expectAnswer(await marina.ask('GET', `/v2/${cast.B.name}/x/manifests/${image.digest}`, { as: robot }), 200)
  expectAnswer(await marina.ask('GET', '/v2/_catalog', { as: robot }), 200)
  expectAnswer(await marina.ask('POST', `/v2/${cast.B.name}/x/blobs/uploads/`, { as: robot }), 401, 'UNAUTHORIZED')
})

test('B.2: a robot gives another one only what it has itself', async () => {
  const access = [{ resource: 'robot', action: 'create' }, { resource: 'robot', action: 'list' }, pull]
  const maker = await givenRobot(marina, fresh('maker'), { project: cast.A.name, access })
  expectAnswer(await make(maker, { permissions: [{ kind: 'project', namespace: cast.A.name, access: [pull] }] }), 201)
  expectAnswer(
    await make(maker, { permissions: [{ kind: 'project', namespace: cast.A.name, access: [pull, push] }] }),
    403,
    'DENIED',
  )
  expectAnswer(
    await make(maker, { permissions: [{ kind: 'project', namespace: cast.B.name, access: [pull] }] }),
    403,
    'FORBIDDEN',
  )
  expectAnswer(
    await make(maker, { level: 'system', permissions: [{ kind: 'project', namespace: cast.A.name, access: [pull] }] }),
    403,
    'FORBIDDEN',
  )
  const mine = (
    await call('GET', `/robots?q=Level%3Dproject,ProjectID%3D${cast.A.id}&page_size=100`, { as: maker })
  ).json() as (Shown & { creator_type: string; creator_ref: number })[]
  assert.ok(mine.some(({ creator_type: type, creator_ref: ref }) => type === 'robot' && ref === maker.id))
})

test('H15: a robot of another project is 403, an absent one 404, and nothing changes', async () => {
  const robot = await givenRobot(marina, fresh('foreign'), { project: cast.B.name, access: [pull] })
  const before = await show(robot.id)
  const body = {
    level: 'project',
    name: before.name,
    permissions: [{ kind: 'project', namespace: cast.A.name, access: [push] }],
  }
  for (const as of [cast.uaA, cast.guA]) {
    for (const [method, sent] of [['GET'], ['PUT', body], ['PATCH', { secret: 'Stolen12345' }], ['DELETE']] as [
      string,
      unknown?,
    ][]) {
      expectAnswer(
        await call(method, `/robots/${robot.id}`, { as, ...(sent === undefined ? {} : { body: sent }) }),
        403,
        'FORBIDDEN',
      )
    }
  }
  expectAnswer(await call('GET', `/robots/${robot.id}`), 401, 'UNAUTHORIZED')
  expectAnswer(await call('GET', '/robots/999999', { as: marina.admin }), 404, 'NOT_FOUND')
  assert.deepEqual(await show(robot.id), before)
  assert.equal(await tokenStatus(robot), 200)
})

test('H15: name, level and project of a robot stay; the rest changes with the next request', async () => {
  const robot = await givenRobot(marina, fresh('changed'), { project: cast.A.name, access: [pull] })
  const path = `/robots/${robot.id}`
  const space = (namespace: string, access = [pull]) => [{ kind: 'project', namespace, access }]
  for (const more of [
    { name: 'robot$other' },
    { level: 'system' },
    { permissions: space(cast.B.name) },
    { permissions: [] },
  ]) {
    expectAnswer(await call('PUT', path, { as: marina.admin, body: more }), 400, 'BAD_REQUEST')
  }
  const begin = () => marina.ask('POST', `/v2/${cast.A.name}/x/blobs/uploads/`, { as: robot })
  expectAnswer(await begin(), 401, 'UNAUTHORIZED')
  const body = {
    id: 1,
    name: robot.name,
    level: 'project',
    description: 'new',
    duration: 90,
    disable: false,
    secret: 'Ignored12345',
    editable: false,
    creator_ref: 77,
    expires_at: 1,
    permissions: space(cast.A.name, [push]),
  }
  expectAnswer(await call('PUT', path, { as: cast.uaA, body }), 200)
  expectAnswer(await begin(), 202)
  const shown = (await show(robot.id)) as Shown & { description: string; creator_ref: number }
  assert.deepEqual([shown.id, shown.description, shown.duration, shown.creator_ref], [robot.id, 'new', 90, 1])
  assert.ok(shown.expires_at > Date.now() / 1000 + 89 * 86_400)
})

test('a robot stays disabled unless a change enables it; a whole robot without `disable` in it does', async () => {
  const robot = await givenRobot(marina, fresh('disabled'), { project: cast.A.name, access: [pull] })
  const permissions = [{ kind: 'project', namespace: cast.A.name, access: [pull] }]
  const disabledAfter = async (body: object) => {
    expectAnswer(await call('PUT', `/robots/${robot.id}`, { as: marina.admin, body }), 200)
    return (await show(robot.id)).disable
  }
  assert.equal(await disabledAfter({ disable: true }), true)
  assert.equal(await disabledAfter({ description: 'still disabled' }), true)
  assert.equal(await disabledAfter({ name: robot.name, level: 'project', permissions }), false)
  assert.equal(await disabledAfter({ disable: true, permissions }), true)
})

test('C-15, G04: a disabled, deleted or expired robot and its tokens end everywhere at once', async () => {
  await using beside = await openBeside(marina)
  const ends: [string, (robot: Person) => Promise<unknown>][] = [
    ['disabled', (robot) => call('PUT', `/robots/${robot.id}`, { as: marina.admin, body: { disable: true } })],
    ['deleted', (robot) => call('DELETE', `/robots/${robot.id}`, { as: marina.admin })],
  ]
  for (const [how, end] of ends) {
    const robot = await givenRobot(marina, fresh('ends'), { project: cast.A.name, access: [push] })
    const token = await marina.token(robot, `repository:${cast.A.name}/x:pull,push`)
    const uses = () =>
      Promise.all(
        [marina, beside].flatMap((one) => [
          one.ask('POST', `/v2/${cast.A.name}/x/blobs/uploads/`, { as: robot }),
          one.ask('POST', `/v2/${cast.A.name}/x/blobs/uploads/`, { token }),
        ]),
      )
    assert.deepEqual(
      (await uses()).map(({ status }) => status),
      [202, 202, 202, 202],
      how,
    )
    await end(robot)
    assert.deepEqual(
      (await uses()).map(({ status }) => status),
      [401, 401, 401, 401],
      how,
    )
    assert.equal(await tokenStatus(robot), 401)
    expectAnswer(await call('GET', '/users/search?username=a', { as: robot }), 401, 'UNAUTHORIZED')
  }
})

test('a robot is refused once it has expired, although nothing is written to end it', async () => {
  const robot = await givenRobot(marina, fresh('brief'), { project: cast.A.name, access: [push] })
  await marina.ground.db.run({
    name: '',
    text: `update robot set expires_at = now() + interval '1500 ms' where id = $1`,
    values: [robot.id],
  })
  const token = await marina.token(robot, `repository:${cast.A.name}/x:push`)
  expectAnswer(await marina.ask('POST', `/v2/${cast.A.name}/x/blobs/uploads/`, { token }), 202)
  await eventually(async () => assert.equal(await tokenStatus(robot), 401))
  expectAnswer(await marina.ask('POST', `/v2/${cast.A.name}/x/blobs/uploads/`, { token }), 401, 'UNAUTHORIZED')
})

test('C-23: a new secret, generated or chosen, ends the old one at once', async () => {
  const robot = await givenRobot(marina, fresh('fresh'), { project: cast.A.name, access: [push] })
  const refresh = (body: unknown, as = cast.uaA) => call('PATCH', `/robots/${robot.id}`, { as, body })
  const { secret } = expectAnswer(await refresh({}), 200).json() as { secret: string }
  assert.equal(await tokenStatus(robot), 401)
  assert.equal(await tokenStatus({ ...robot, password: secret }), 200)
  assert.deepEqual(expectAnswer(await refresh({ secret: 'Chosen12345' }), 200).json(), {})
  assert.equal(await tokenStatus({ ...robot, password: secret }), 401)
  assert.equal(await tokenStatus({ ...robot, password: 'Chosen12345' }), 200)
  for (const bad of ['short1A', 'alllowercase1', 'ALLUPPERCASE1', 'NoDigitsAtAll', `Aa1${'x'.repeat(126)}`])
    expectAnswer(await refresh({ secret: bad }), 400, 'BAD_REQUEST')
  for (const as of [cast.maA, cast.deA, cast.uaB]) expectAnswer(await refresh({}, as), 403, 'FORBIDDEN')
  assert.equal(await tokenStatus({ ...robot, password: 'Chosen12345' }), 200)
})

test('a robot logs in by exactly its own name, never by one with something appended', async () => {
  const robot = await givenRobot(marina, fresh('alone'), { project: cast.A.name, access: [push] })
  const [system, alias] = [
    await givenRobot(marina, fresh('alone'), { access: [{ resource: 'user', action: 'list' }] }),
    { ...robot, name: `${robot.name}+more` },
  ]
  assert.deepEqual([await tokenStatus(robot), await tokenStatus(system)], [200, 200])
  assert.deepEqual([await tokenStatus(alias), await tokenStatus({ ...system, name: `${system.name}+` })], [401, 401])
  expectAnswer(await call('PATCH', `/robots/${robot.id}`, { as: marina.admin, body: {} }), 200)
  assert.deepEqual([await tokenStatus(robot), await tokenStatus(alias)], [401, 401])
})

test('robots are listed by level, filtered, sorted and paged; H26: no secret field can be used', async () => {
  const project = await givenProject(marina)
  const names = [fresh('ra'), fresh('rb'), fresh('rc')]
  for (const name of names) await givenRobot(marina, name, { project: project.name, access: [pull] })
  const q = `Level%3Dproject,ProjectID%3D${project.id}`
  const shown = await call('GET', `/robots?q=${q}&sort=-name&page_size=2`, { as: marina.admin })
  assert.deepEqual(
    (shown.json() as Shown[]).map(({ name }) => name),
    names
      .toReversed()
      .slice(0, 2)
      .map((name) => `robot$${project.name}+${name}`),
  )
  assert.equal(shown.headers['x-total-count'], '3')
  for (const name of [names[0]!, `robot$${project.name}+${names[0]}`])
    assert.equal(
      ((await call('GET', `/robots?q=${q},name%3D${encodeURIComponent(name)}`, { as: marina.admin })).json() as Shown[])
        .length,
      1,
    )
  for (const part of [names[1]!, names[1]!.toUpperCase()])
    assert.equal(
      ((await call('GET', `/robots?q=${q},name%3D~${part}`, { as: marina.admin })).json() as Shown[]).length,
      1,
    )
  const twice = encodeURIComponent(encodeURIComponent(`Level=project,ProjectID=${project.id}`))
  assert.equal(
    ((await call('GET', `/robots?q=${twice}`, { as: marina.admin })).json() as Shown[]).length,
    3,
    "Harbor's portal escapes q twice",
  )
  for (const bad of [
    'secret_hash=~a',
    'secret=~a',
    'Level=project',
    'Level=other',
    'Level=project,ProjectID=x',
    'Level=project,ProjectID=0',
    'Level=~p,ProjectID=1',
    'ProjectID=1',
  ])
    expectAnswer(await call('GET', `/robots?q=${encodeURIComponent(bad)}`, { as: marina.admin }), 400, 'BAD_REQUEST')
  expectAnswer(await call('GET', `/robots?sort=secret_hash`, { as: marina.admin }), 400, 'BAD_REQUEST')
  expectAnswer(await call('GET', '/robots', { as: cast.uaA }), 403, 'FORBIDDEN')
  expectAnswer(await call('GET', `/robots?q=${q}`, { as: cast.uaA }), 403, 'FORBIDDEN')
  expectAnswer(await call('GET', `/robots?q=Level%3Dproject,ProjectID%3D999999`, { as: cast.uaA }), 403, 'FORBIDDEN')
  for (const as of [cast.uaA, cast.maA, cast.deA, cast.guA])
    expectAnswer(await call('GET', `/robots?q=Level%3Dproject,ProjectID%3D${cast.A.id}`, { as }), 200)
  expectAnswer(
    await call('GET', `/robots?q=Level%3Dproject,ProjectID%3D${cast.A.id}`, { as: cast.laA }),
    403,
    'FORBIDDEN',
  )
})

test('the last use of a robot is shown, and is written apart from its requests', async () => {
  const robot = await givenRobot(marina, fresh('used'), { project: cast.A.name, access: [pull] })
  assert.equal((await show(robot.id)).last_used_time, undefined)
  assert.equal(await tokenStatus(robot), 200)
  await eventually(async () => assert.ok((await show(robot.id)).last_used_time))
})

test('H30: robots and rights in a deleted project do not work in a new project of that name', async () => {
  const old = await givenProject(marina)
  const [own, system] = [
    await givenRobot(marina, 'same', { project: old.name, access: [push] }),
    await givenRobot(marina, fresh('sys'), { in: [old.name], access: [push] }),
  ]
  const begin = async (robot: Person) =>
    (await marina.ask('POST', `/v2/${old.name}/x/blobs/uploads/`, { as: robot })).status
  assert.deepEqual([await begin(own), await begin(system)], [202, 202])
  await deleteProject(marina.ground.db, marina.admin, old)
  assert.equal(await tokenStatus(own), 401)
  const again = await givenProject(marina, { name: old.name })
  assert.notEqual(again.id, old.id)
  assert.deepEqual([await begin(own), await begin(system)], [401, 401])
  const heir = await givenRobot(marina, 'same', { project: old.name, access: [push] })
  assert.deepEqual([await begin(own), await begin(heir)], [401, 202])
})

test('a robot that is made while its project is being deleted ends with it on every process', async () => {
  await using beside = await openBeside(marina)
  const { db } = marina.ground
  const project = await givenProject(marina)
  await using rival = await openRival(db, sql`select id from project where id = ${project.id} for key share`)
  const deleted = deleteProject(db, marina.admin, project)
  await untilWaiting(db)
  const robot = await givenRobot(marina, fresh('late'), { project: project.name, access: [push] })
  const logIn = () =>
    Promise.all(
      [marina, beside].map(
        async (one) => (await one.ask('GET', '/service/token?service=harbor-registry', { as: robot })).status,
      ),
    )
  assert.deepEqual(await logIn(), [200, 200])
  await rival.commit()
  await deleted
  assert.deepEqual(await logIn(), [401, 401])
})

test('H30: rights given in a project while it is being deleted do not work in a later one', async () => {
  const { db } = marina.ground
  const project = await givenProject(marina)
  const robot = await givenRobot(marina, fresh('heir'), { access: [{ resource: 'project', action: 'list' }] })
  const given = {
    name: robot.name,
    level: 'system',
    duration: -1,
    disable: false,
    permissions: [{ kind: 'project', namespace: project.name, access: [push] }],
  }
  // The deletion has listed the robots of the project, but has not committed.
  await using rival = await openRival(db, sql`select id from project where id = ${project.id} for update`)
  const update = call('PUT', `/robots/${robot.id}`, { as: marina.admin, body: given })
  await untilWaiting(db)
  await rival.run(sql`delete from project where id = ${project.id}`)
  await rival.commit()
  expectAnswer(await update, 404, 'NOT_FOUND')
  assert.deepEqual(await db.rows(sql`select resource from robot_permission where namespace = ${project.name}`), [])
})

test('administrators see which rights a robot can be given; those of a project see no system rights', async () => {
  type Told = { system: unknown[]; project: { resource: string; action: string }[] }
  const all = expectAnswer(await call('GET', '/permissions', { as: marina.admin }), 200).json() as Told
  const part = expectAnswer(await call('GET', '/permissions', { as: cast.uaA }), 200).json() as Told
  assert.deepEqual(part, { system: [], project: all.project })
  assert.equal(all.system.length, 70)
  assert.equal(all.project.length, 70)
  assert.ok(!JSON.stringify(all).includes('configuration'))
  for (const as of [cast.maA, cast.deA, cast.guA])
    expectAnswer(await call('GET', '/permissions', { as }), 403, 'FORBIDDEN')
  expectAnswer(await call('GET', '/permissions'), 401, 'UNAUTHORIZED')
})

test('G08: a robot belongs to its project: it stays when its creator leaves or is deleted', async () => {
  const project = await givenProject(marina)
  const maker = await givenMember(marina, project, 'projectAdmin')
  const robot = await givenRobot(marina, fresh('stays'), { project: project.name, access: [push] }, maker)
  const begin = async (as: Person) => (await marina.ask('POST', `/v2/${project.name}/x/blobs/uploads/`, { as })).status
  assert.deepEqual([await begin(maker), await begin(robot)], [202, 202])
  const members = (
    await call('GET', `/projects/${project.name}/members?entityname=${maker.name}`, { as: marina.admin })
  ).json() as { id: number }[]
  expectAnswer(await call('DELETE', `/projects/${project.name}/members/${members[0]!.id}`, { as: marina.admin }), 200)
  assert.deepEqual([await begin(maker), await begin(robot)], [401, 202])
  expectAnswer(await call('DELETE', `/users/${maker.id}`, { as: marina.admin }), 200)
  assert.deepEqual([await begin(maker), await begin(robot)], [401, 202])
  assert.equal((await call('GET', `/robots/${robot.id}`, { as: marina.admin })).status, 200)
})

test('H31: a name like that of an internal service gives no right', async () => {
  for (const name of ['scanner', 'trivy', 'harbor-core', 'jobservice']) {
    const robot = await givenRobot(marina, name, { project: cast.A.name, access: [pull] })
    expectAnswer(await marina.ask('POST', `/v2/${cast.A.name}/x/blobs/uploads/`, { as: robot }), 401, 'UNAUTHORIZED')
  }
})
