import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { callApi, create, type CallOptions } from '../../testing/api.ts'
import { fresh, givenUser } from '../../testing/given.ts'
import { eventually, expectAnswer } from '../../testing/http.ts'
import { openTestMarina } from '../../testing/server.ts'

const marina = await openTestMarina({ MARINA_EVENT_TRIES: '2' })
after(() => marina[Symbol.asyncDispose]())
const {
  admin,
  ground: { db },
} = marina
const call = (method: string, path: string, options: CallOptions = {}) =>
  callApi(marina, method, `/system/reactions${path}`, { as: admin, ...options })
type Standing = { name: string; behind: number; parked: number; trouble?: string }
const audit = async () =>
  (expectAnswer(await call('GET', ''), 200).json() as Standing[]).find(({ name }) => name === 'audit')!
const logged = async (name: string) =>
  (await db.row<{ count: number }>(sql`select count(*) from audit_log where resource = ${name}`))!.count

test('an administrator sees each reaction and its parked facts, and has these retried', async () => {
  await eventually(async () => assert.deepEqual([(await audit()).behind, (await audit()).parked], [0, 0]))
  const [bad, good] = [fresh('bad'), fresh('good')]
  await db.run({
    name: '',
    text: `alter table audit_log add constraint no_bad check (resource <> '${bad}') not valid`,
    values: [],
  })
  await create(marina, '/labels', admin, { name: bad, scope: 'g' })
  await create(marina, '/labels', admin, { name: good, scope: 'g' })
  await eventually(async () => assert.equal((await audit()).parked, 1))
  await eventually(async () => assert.equal(await logged(good), 1))
  const parked = expectAnswer(await call('GET', '/audit/parked'), 200).json() as { topic: string; trouble: string }[]
  assert.equal(parked.length, 1)
  assert.equal(parked[0]!.topic, 'label.created')
  assert.match(parked[0]!.trouble, /no_bad/)
  assert.deepEqual(expectAnswer(await call('POST', '/audit/parked'), 200).json(), { taken: 0, left: 1 })
  await db.run(sql`alter table audit_log drop constraint no_bad`)
  assert.deepEqual(expectAnswer(await call('POST', '/audit/parked'), 200).json(), { taken: 1, left: 0 })
  assert.deepEqual([await logged(bad), (await audit()).parked], [1, 0])
})

test('an administrator replays facts, and the audit log has an entry for it', async () => {
  const name = fresh('again')
  await create(marina, '/labels', admin, { name, scope: 'g' })
  await eventually(async () => assert.equal(await logged(name), 1))
  await db.run(sql`delete from audit_log where resource = ${name}`)
  const { id } = (await db.row<{ id: number }>(sql`select id from outbox where payload->>'name' = ${name}`))!
  expectAnswer(await call('POST', '/audit/replay', { body: { from_fact: id } }), 200)
  await eventually(async () => assert.equal(await logged(name), 1))
  await eventually(async () =>
    assert.deepEqual(
      (
        await db.rows(
          sql`select operation from audit_log
            where resource_type = 'reaction' and resource = 'audit' and operation = 'replay'`,
        )
      ).length,
      1,
    ),
  )
})

test('reactions are for system administrators alone, and an unknown one is 404', async () => {
  const user = await givenUser(marina)
  for (const [method, path] of [
    ['GET', ''],
    ['GET', '/audit/parked'],
    ['POST', '/audit/parked'],
    ['POST', '/audit/replay'],
  ] as const) {
    expectAnswer(
      await call(method, path, { as: user, ...(path.endsWith('replay') ? { body: { from_fact: 1 } } : {}) }),
      403,
      'FORBIDDEN',
    )
  }
  expectAnswer(await call('GET', '/nobody/parked'), 404, 'NOT_FOUND')
  expectAnswer(await call('POST', '/nobody/replay', { body: { from_fact: 1 } }), 404, 'NOT_FOUND')
  expectAnswer(await call('POST', '/audit/replay', { body: { from_fact: 0 } }), 422, 'UNPROCESSABLE_ENTITY')
})
