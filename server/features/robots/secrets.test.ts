import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { callApi, factsSince, givenRobot, lastFact, type CallOptions } from '../../testing/api.ts'
import { fresh, givenMember, givenProject, givenUser } from '../../testing/given.ts'
import { eventually, expectAnswer, type Person } from '../../testing/http.ts'
import { openBeside, openTestMarina, type TestMarina } from '../../testing/server.ts'
import { robotKey } from '../access/index.ts'
import { warnOfExpiry } from './warn.ts'

let marina: TestMarina
before(async () => {
  marina = await openTestMarina()
})
after(() => marina[Symbol.asyncDispose]())

/** Refused logins are written a little later, so that those of other lines may come between. */
const robotFacts = async (since: number) =>
  (await factsSince(marina, since)).filter(({ topic }) => topic.startsWith('robot.'))
type Shown = { name: string; old_secret_until?: string; expires_soon?: boolean; last_used_time?: string }
const call = (method: string, path: string, options?: CallOptions) => callApi(marina, method, path, options)
const pull = { resource: 'repository', action: 'pull' }
const show = async (id: number) =>
  expectAnswer(await call('GET', `/robots/${id}`, { as: marina.admin }), 200).json() as Shown
const statusOf = async (robot: Person, at = marina) =>
  (await at.ask('GET', '/service/token?service=harbor-registry', { as: robot })).status
const refresh = async (robot: Person, body: object, as = marina.admin): Promise<Person> => {
  const answer = expectAnswer(await call('PATCH', `/robots/${robot.id}`, { as, body }), 200)
  return { ...robot, password: (answer.json() as { secret: string }).secret }
}
async function given(): Promise<{ robot: Person; fullName: string }> {
  const [project, name] = [await givenProject(marina), fresh('bot')]
  const robot = await givenRobot(marina, name, { project: project.name, access: [pull] })
  return { robot, fullName: `${project.name}+${name}` }
}

test('an old secret works beside the new one for the hours of the request, and lists say until when', async () => {
  const { robot } = await given()
  await using beside = await openBeside(marina)
  const since = await lastFact(marina)
  const young = await refresh(robot, { old_secret_hours: 2 })
  for (const at of [marina, beside])
    assert.deepEqual([await statusOf(robot, at), await statusOf(young, at)], [200, 200])
  const until = Date.parse((await show(robot.id)).old_secret_until!)
  assert.ok(Math.abs(until - Date.now() - 2 * 3_600_000) < 60_000)
  const [fact] = await robotFacts(since)
  assert.deepEqual([fact!.topic, fact!.payload['oldUntil']], ['robot.secret-refreshed', new Date(until).toISOString()])
  assert.equal(JSON.stringify(await show(robot.id)).includes(young.password), false)

  // A third secret: only the one before it lives on.
  const third = await refresh(robot, { old_secret_hours: 1 })
  assert.deepEqual([await statusOf(robot), await statusOf(young), await statusOf(third)], [401, 200, 200])
  await eventually(async () => assert.ok((await show(robot.id)).last_used_time))
})

test('C-23: without hours the old secret ends at once, unless MARINA_ROBOT_OLD_SECRET says otherwise', async () => {
  const { robot } = await given()
  const young = await refresh(robot, {})
  assert.deepEqual([await statusOf(robot), await statusOf(young)], [401, 200])
  assert.equal((await show(robot.id)).old_secret_until, undefined)
  await using gentle = await openBeside(marina, { MARINA_ROBOT_OLD_SECRET: '1h' })
  const answer = await callApi(gentle, 'PATCH', `/robots/${robot.id}`, { as: marina.admin, body: {} })
  const third = { ...robot, password: (expectAnswer(answer, 200).json() as { secret: string }).secret }
  assert.deepEqual([await statusOf(young), await statusOf(third)], [200, 200])
  await refresh(robot, { old_secret_hours: 0 })
  assert.deepEqual([await statusOf(young), await statusOf(third)], [401, 401])
})

test('an old secret ends by itself, and at once when that is asked for', async () => {
  const { robot, fullName } = await given()
  const young = await refresh(robot, { old_secret_hours: 1 })
  assert.equal(await statusOf(robot), 200)
  await marina.ground.db.transaction(async (tx) => {
    tx.changes(robotKey(fullName))
    await tx.run(sql`update robot set old_secret_until = now() - interval '1 s' where id = ${robot.id}`)
  })
  assert.deepEqual([await statusOf(robot), await statusOf(young)], [401, 200])
  const path = `/robots/${robot.id}/old-secret`
  expectAnswer(await call('DELETE', path, { as: marina.admin }), 404, 'NOT_FOUND')

  const third = await refresh(robot, { old_secret_hours: 1 })
  assert.deepEqual([await statusOf(young), await statusOf(third)], [200, 200])
  const since = await lastFact(marina)
  expectAnswer(await call('DELETE', path, { as: marina.admin }), 200)
  assert.deepEqual([await statusOf(young), await statusOf(third)], [401, 200])
  assert.deepEqual(
    (await robotFacts(since)).map(({ topic }) => topic),
    ['robot.old-secret-ended'],
  )
})

test('a secret of its own may be an old one; a disabled robot has neither', async () => {
  const { robot } = await given()
  const [first, second] = ['Chosen12345', 'Another12345']
  for (const secret of [first, second])
    expectAnswer(
      await call('PATCH', `/robots/${robot.id}`, { as: marina.admin, body: { secret, old_secret_hours: 3 } }),
      200,
    )
  const both = [first, second].map((password) => ({ ...robot, password }))
  for (const one of both) assert.equal(await statusOf(one), 200)
  assert.equal(await statusOf(robot), 401)
  expectAnswer(await call('PUT', `/robots/${robot.id}`, { as: marina.admin, body: { disable: true } }), 200)
  for (const one of both) assert.equal(await statusOf(one), 401)
})

test('hours beyond 720, and others than those who may change the robot, are refused', async () => {
  const { robot } = await given()
  for (const hours of [-1, 721])
    expectAnswer(
      await call('PATCH', `/robots/${robot.id}`, { as: marina.admin, body: { old_secret_hours: hours } }),
      400,
      'BAD_REQUEST',
    )
  const stranger = await givenUser(marina)
  expectAnswer(await call('DELETE', `/robots/${robot.id}/old-secret`, { as: stranger }), 403, 'FORBIDDEN')
  assert.equal(await statusOf(robot), 200)
})

test('a robot that expires soon is warned of once for each expiry, and lists and metrics say so', async () => {
  const project = await givenProject(marina)
  const admin = await givenMember(marina, project, 'projectAdmin')
  const make = async (name: string, duration: number) => {
    const permissions = [{ kind: 'project', namespace: project.name, access: [pull] }]
    const body = { name, level: 'project', duration, permissions }
    return (expectAnswer(await call('POST', '/robots', { as: admin, body }), 201).json() as { id: number }).id
  }
  const [soon, late, ever] = [await make(fresh('a'), 30), await make(fresh('b'), 60), await make(fresh('c'), -1)]
  // Made 27 days ago: 3 of its 30 days are left, and of the other 33.
  await marina.ground.db.run(sql`
    update robot set created_at = now() - interval '27 days', expires_at = expires_at - interval '27 days'
    where id = any(${[soon, late]}::bigint[])`)
  const week = 7 * 86_400_000
  const since = await lastFact(marina)
  const told = async () =>
    (await factsSince(marina, since))
      .filter(({ topic }) => topic === 'robot.expires-soon')
      .map(({ payload }) => [payload['robotId'], payload['projectId']])
  await Promise.all([warnOfExpiry(marina.ground.db, week, 'robot$'), warnOfExpiry(marina.ground.db, week, 'robot$')])
  assert.deepEqual(await told(), [[soon, project.id]])
  assert.equal(await warnOfExpiry(marina.ground.db, week, 'robot$'), 0)
  assert.deepEqual(await Promise.all([soon, late, ever].map(async (id) => (await show(id)).expires_soon ?? false)), [
    true,
    false,
    false,
  ])
  assert.match(await marina.ground.metrics.registry.metrics(), /^marina_robots_expiring 1$/m)

  // 34 days from its making: another end, which is 7 days away.
  expectAnswer(await call('PUT', `/robots/${soon}`, { as: admin, body: { duration: 34 } }), 200)
  assert.equal(await warnOfExpiry(marina.ground.db, week, 'robot$'), 1)
  expectAnswer(await call('PUT', `/robots/${soon}`, { as: admin, body: { duration: 90 } }), 200)
  assert.equal((await show(soon)).expires_soon, undefined)
  assert.equal(await warnOfExpiry(marina.ground.db, 0, 'robot$'), 0)
})

test('a robot for a day is not warned of as soon as it is made', async () => {
  const { id } = await givenRobot(marina, fresh('day'), { access: [{ resource: 'project', action: 'list' }] })
  expectAnswer(await call('PUT', `/robots/${id}`, { as: marina.admin, body: { duration: 1 } }), 200)
  assert.equal((await show(id)).expires_soon, undefined)
  assert.equal(await warnOfExpiry(marina.ground.db, 7 * 86_400_000, 'robot$'), 0)
})

test('both robot$ and robot- begin the name of every robot, whatever the prefix of the settings', async () => {
  const { robot, fullName } = await given()
  const named = (prefix: string) => ({ ...robot, name: `${prefix}${fullName}` })
  const statuses = () => Promise.all(['robot$', 'robot-', 'bot-'].map((prefix) => statusOf(named(prefix))))
  assert.deepEqual(await statuses(), [200, 200, 401])
  const set = async (prefix: string) =>
    expectAnswer(await call('PUT', '/configurations', { as: marina.admin, body: { robot_name_prefix: prefix } }), 200)
  try {
    await set('robot-')
    assert.deepEqual(await statuses(), [200, 200, 401])
    assert.equal((await show(robot.id)).name, `robot-${fullName}`)
    // A program that keeps the name of before can still change the robot by it.
    const body = { name: `robot$${fullName}`, description: 'words' }
    expectAnswer(await call('PUT', `/robots/${robot.id}`, { as: marina.admin, body }), 200)
    await set('bot-')
    assert.deepEqual(await statuses(), [200, 200, 200])
  } finally {
    await set('robot$')
  }
})

test('an account whose name looks like that of a robot is still that account', async () => {
  const name = fresh('twin')
  const robot = await givenRobot(marina, name, { access: [{ resource: 'project', action: 'list' }] })
  const person = await givenUser(marina, `robot-${name}`)
  assert.deepEqual([await statusOf(person), await statusOf(robot)], [200, 200])
  assert.equal(await statusOf({ ...robot, name: person.name }), 401)
})
