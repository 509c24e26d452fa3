import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from '../../platform/db/sql.ts'
import { callApi, create, factsSince, lastFact, type CallOptions } from '../../testing/api.ts'
import { fresh, givenProject, givenUser } from '../../testing/given.ts'
import { eventually, expectAnswer, type Person } from '../../testing/http.ts'
import { openTestMarina, type TestMarina } from '../../testing/server.ts'
import { setGroupsOf } from './index.ts'

let marina: TestMarina
let plain: Person
const call = (method: string, path: string, options?: CallOptions) => callApi(marina, method, path, options)

before(async () => {
  marina = await openTestMarina()
  plain = await givenUser(marina)
})
after(() => marina[Symbol.asyncDispose]())

test('groups of all three kinds are made, shown, renamed and deleted by an administrator', async () => {
  const since = await lastFact(marina)
  const [ldap, http, oidc] = [fresh('ldap'), fresh('http'), fresh('oidc')]
  const ids = [
    await create(marina, '/usergroups', marina.admin, { group_name: ldap, group_type: 1, ldap_group_dn: `cn=${ldap}` }),
    await create(marina, '/usergroups', marina.admin, { group_name: http, group_type: 2 }),
    await create(marina, '/usergroups', marina.admin, { id: 1, group_name: oidc, group_type: 3 }),
  ]
  assert.deepEqual((await call('GET', `/usergroups/${ids[0]}`, { as: marina.admin })).json(), {
    id: ids[0],
    group_name: ldap,
    group_type: 1,
    ldap_group_dn: `cn=${ldap}`,
  })
  expectAnswer(
    await call('PUT', `/usergroups/${ids[1]}`, {
      as: marina.admin,
      body: { group_name: `${http}-new`, group_type: 3, id: 77 },
    }),
    200,
  )
  assert.deepEqual((await call('GET', `/usergroups/${ids[1]}`, { as: marina.admin })).json(), {
    id: ids[1],
    group_name: `${http}-new`,
    group_type: 2,
    ldap_group_dn: '',
  })
  expectAnswer(await call('DELETE', `/usergroups/${ids[2]}`, { as: marina.admin }), 200)
  for (const method of ['GET', 'DELETE'])
    expectAnswer(await call(method, `/usergroups/${ids[2]}`, { as: marina.admin }), 404, 'NOT_FOUND')
  expectAnswer(
    await call('PUT', `/usergroups/${ids[2]}`, { as: marina.admin, body: { group_name: 'x' } }),
    404,
    'NOT_FOUND',
  )
  assert.deepEqual(
    (await factsSince(marina, since)).map(({ topic, payload }) => [topic, payload['name']]),
    [
      ['group.created', ldap],
      ['group.created', http],
      ['group.created', oidc],
      ['group.changed', `${http}-new`],
      ['group.deleted', oidc],
    ],
  )
})

test('a malformed group is 400, a duplicate 409', async () => {
  const name = fresh('group')
  const bad: unknown[] = [
    {},
    { group_name: name },
    { group_type: 2 },
    { group_name: '', group_type: 2 },
    { group_name: name, group_type: 4 },
    { group_name: name, group_type: 1 },
    { group_name: name, group_type: 2, ldap_group_dn: 'cn=x' },
    { group_name: 'a\0b', group_type: 2 },
    { group_name: 'a\u202eb', group_type: 2 },
    { group_name: 'a'.repeat(256), group_type: 2 },
  ]
  for (const body of bad)
    expectAnswer(await call('POST', '/usergroups', { as: marina.admin, body }), 400, 'BAD_REQUEST')
  const untyped = { group_name: name, group_type: '2' }
  expectAnswer(await call('POST', '/usergroups', { as: marina.admin, body: untyped }), 422, 'UNPROCESSABLE_ENTITY')
  const id = await create(marina, '/usergroups', marina.admin, { group_name: name, group_type: 2 })
  expectAnswer(
    await call('POST', '/usergroups', { as: marina.admin, body: { group_name: name, group_type: 2 } }),
    409,
    'CONFLICT',
  )
  const other = await create(marina, '/usergroups', marina.admin, { group_name: `${name}2`, group_type: 2 })
  expectAnswer(
    await call('PUT', `/usergroups/${other}`, { as: marina.admin, body: { group_name: name } }),
    409,
    'CONFLICT',
  )
  expectAnswer(await call('PUT', `/usergroups/${id}`, { as: marina.admin, body: {} }), 400, 'BAD_REQUEST')
})

test('H07: quotes and comments of SQL in a name are kept as they are', async () => {
  for (const text of [`x' or '1'='1`, 'a"b', 'a\\b', 'a;drop table user_group;--']) {
    const name = `${fresh('sql')}${text}`
    const id = await create(marina, '/usergroups', marina.admin, {
      group_name: name,
      group_type: 1,
      ldap_group_dn: `cn=${name}`,
    })
    assert.deepEqual(
      (await call('GET', `/usergroups?ldap_group_dn=${encodeURIComponent(`cn=${name}`)}`, { as: marina.admin })).json(),
      [{ id, group_name: name, group_type: 1, ldap_group_dn: `cn=${name}` }],
    )
  }
})

test('H11: every account finds groups by a part of the name, and sees id, name and type alone', async () => {
  const name = fresh('sought')
  const id = await create(marina, '/usergroups', marina.admin, {
    group_name: name,
    group_type: 1,
    ldap_group_dn: `cn=${name},dc=secret`,
  })
  const found = await call('GET', `/usergroups/search?groupname=${name}`, { as: plain })
  assert.deepEqual(found.json(), [{ id, group_name: name, group_type: 1 }])
  assert.equal(found.headers['x-total-count'], '1')
  for (const text of [`%25${name}`, `${name.slice(0, -1)}_`, 'dc=secret'])
    assert.deepEqual((await call('GET', `/usergroups/search?groupname=${text}`, { as: plain })).json(), [], text)
  expectAnswer(await call('GET', '/usergroups/search', { as: plain }), 422, 'UNPROCESSABLE_ENTITY')
  expectAnswer(await call('GET', '/usergroups/search?groupname=', { as: plain }), 422, 'UNPROCESSABLE_ENTITY')
  expectAnswer(
    await call('GET', `/usergroups/search?groupname=${name}&page_size=101`, { as: plain }),
    422,
    'UNPROCESSABLE_ENTITY',
  )
  expectAnswer(await call('GET', `/usergroups/search?groupname=${name}`), 401, 'UNAUTHORIZED')
})

test('the list is for administrators, filtered by a part of the name', async () => {
  const stem = fresh('many')
  for (const end of ['a', 'b', 'c'])
    await create(marina, '/usergroups', marina.admin, { group_name: `${stem}${end}`, group_type: 2 })
  const page = await call('GET', `/usergroups?group_name=${stem}&page=2&page_size=2`, { as: marina.admin })
  assert.deepEqual(
    (page.json() as { group_name: string }[]).map(({ group_name: name }) => name),
    [`${stem}c`],
  )
  assert.equal(page.headers['x-total-count'], '3')
  for (const path of ['/usergroups', '/usergroups/1'])
    expectAnswer(await call('GET', path, { as: plain }), 403, 'FORBIDDEN')
  expectAnswer(
    await call('POST', '/usergroups', { as: plain, body: { group_name: stem, group_type: 2 } }),
    403,
    'FORBIDDEN',
  )
})

test('C-15: an account that joins a group while its role is taken away does not keep the role', async () => {
  const { db } = marina.ground
  const [person, project] = [await givenUser(marina), await givenProject(marina)]
  const groupId = await create(marina, '/usergroups', marina.admin, { group_name: fresh('joined'), group_type: 2 })
  const member = await create(marina, `/projects/${project.name}/members`, marina.admin, {
    role_id: 1,
    member_group: { id: groupId },
  })
  const [held, letGo] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  // Holds up the removal after it has read the group's accounts, and before it commits.
  const holding = db.transaction(async (tx) => {
    await tx.rows(sql`select id from project_member where id = ${member} for update`)
    held.resolve()
    await letGo.promise
  })
  await held.promise
  const removing = call('DELETE', `/projects/${project.name}/members/${member}`, { as: marina.admin })
  try {
    await eventually(async () =>
      assert.ok(
        (await db.row<{ waiting: number }>(sql`select count(*) as waiting from pg_locks where not granted`))!.waiting >
          0,
      ),
    )
    const joining = setGroupsOf(db, person.id, [groupId])
    // The join has to wait for the removal: otherwise the account's rights would be cached with the role now.
    await Promise.race([joining, sleep(300)])
    await call('GET', `/projects/${project.name}`, { as: person })
    letGo.resolve()
    await joining
  } finally {
    letGo.resolve()
    await holding
  }
  expectAnswer(await removing, 200)
  expectAnswer(await call('GET', `/projects/${project.name}`, { as: person }), 403, 'FORBIDDEN')
})
