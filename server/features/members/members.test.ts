import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { callApi, create, factsSince, lastFact, type CallOptions } from '../../testing/api.ts'
import { fresh, givenCast, givenProject, givenUser, pushImage } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openBeside, openTestMarina, type TestMarina } from '../../testing/server.ts'
import { setGroupsOf } from '../user-groups/index.ts'

let marina: TestMarina
let cast: Awaited<ReturnType<typeof givenCast>>
const call = (method: string, path: string, options?: CallOptions) => callApi(marina, method, path, options)
type Listed = {
  id: number
  entity_name: string
  role_id: number
  role_name: string
  entity_type: string
  entity_id: number
  project_id: number
}
const list = async (project: { name: string }, query = '') =>
  (await call('GET', `/projects/${project.name}/members${query}`, { as: marina.admin })).json() as Listed[]

before(async () => {
  marina = await openTestMarina()
  cast = await givenCast(marina)
})
after(() => marina[Symbol.asyncDispose]())

test('a member is added by name or id, shown, changed and removed, effective with the next request', async () => {
  const since = await lastFact(marina)
  const [project, byName, byId] = [await givenProject(marina), await givenUser(marina), await givenUser(marina)]
  const base = `/projects/${project.name}/members`
  expectAnswer(await call('GET', `/projects/${project.name}`, { as: byName }), 403, 'FORBIDDEN')
  const mid = await create(marina, base, marina.admin, { role_id: 3, member_user: { username: byName.name } })
  await create(marina, base, marina.admin, { role_id: 1, member_user: { user_id: byId.id } })
  expectAnswer(await call('GET', `/projects/${project.name}`, { as: byName }), 200)
  expectAnswer(await call('GET', `${base}/${mid}`, { as: byName }), 200)
  const { creation_time: addedAt, ...shown } = (
    await call('GET', `${base}/${mid}`, { as: marina.admin })
  ).json() as Record<string, unknown>
  assert.ok(Date.parse(String(addedAt)) <= Date.now())
  assert.deepEqual(shown, {
    id: mid,
    project_id: project.id,
    entity_name: byName.name,
    role_name: 'guest',
    role_id: 3,
    entity_id: byName.id,
    entity_type: 'u',
    added_by: 'admin',
  })
  expectAnswer(
    await call('POST', base, { as: byName, body: { role_id: 3, member_user: { user_id: cast.uaB.id } } }),
    403,
    'FORBIDDEN',
  )
  expectAnswer(await call('PUT', `${base}/${mid}`, { as: byId, body: { role_id: 2 } }), 200)
  await pushImage(marina, `${project.name}/x`, { as: byName })
  expectAnswer(await call('DELETE', `${base}/${mid}`, { as: byId }), 200)
  expectAnswer(await call('GET', `/projects/${project.name}`, { as: byName }), 403, 'FORBIDDEN')
  expectAnswer(await call('GET', `${base}/${mid}`, { as: marina.admin }), 404, 'NOT_FOUND')
  const topics = (await factsSince(marina, since))
    .filter(({ topic }) => topic.startsWith('member.'))
    .map(({ topic, payload }) => [topic, payload['member'], payload['role'], payload['before']])
  assert.deepEqual(topics, [
    ['member.added', byName.name, 3, undefined],
    ['member.added', byId.name, 1, undefined],
    ['member.changed', byName.name, 2, 3],
    ['member.removed', byName.name, 2, undefined],
  ])
})

test('a member twice is 409, an unknown account or group 404, a wrong role or no name at all 400', async () => {
  const project = await givenProject(marina)
  const base = `/projects/${project.name}/members`
  const add = (body: unknown) => call('POST', base, { as: marina.admin, body })
  await create(marina, base, marina.admin, { role_id: 3, member_user: { user_id: cast.guA.id } })
  expectAnswer(await add({ role_id: 2, member_user: { user_id: cast.guA.id } }), 409, 'CONFLICT')
  expectAnswer(await add({ role_id: 2, member_user: { username: cast.guA.name } }), 409, 'CONFLICT')
  expectAnswer(await add({ role_id: 2, member_user: { username: 'nobody-of-this-name' } }), 404, 'NOT_FOUND')
  expectAnswer(await add({ role_id: 2, member_user: { user_id: 999_999 } }), 404, 'NOT_FOUND')
  expectAnswer(await add({ role_id: 2, member_group: { id: 999_999 } }), 404, 'NOT_FOUND')
  const bad: unknown[] = [
    { role_id: 0 },
    { role_id: 6 },
    {},
    { role_id: 2 },
    { role_id: 2, member_user: {} },
    { role_id: 2, member_group: {} },
    { role_id: 2, member_group: { group_name: 'x', group_type: 9 } },
    { role_id: 2, member_user: { user_id: cast.deA.id }, member_group: { id: 1 } },
    { role_id: 6, member_user: { user_id: cast.deA.id } },
    { member_user: { user_id: cast.deA.id } },
    { role_id: 2, member_group: { group_name: 'a\0b', group_type: 2 } },
  ]
  for (const body of bad) expectAnswer(await add(body), 400, 'BAD_REQUEST')
  for (const role_id of ['2', 2.5])
    expectAnswer(await add({ role_id, member_user: { user_id: cast.deA.id } }), 422, 'UNPROCESSABLE_ENTITY')
  expectAnswer(await add({ role_id: 2, member_user: { username: 'a\0b' } }), 400, 'BAD_REQUEST')
  // The account that creates a project is its first member.
  assert.equal((await list(project)).length, 2)
  // Clients written in Go send the unused fields with empty values.
  expectAnswer(
    await add({
      role_id: 2,
      member_user: { user_id: 0, username: cast.deA.name },
      member_group: { id: 0, group_name: '', group_type: 0, ldap_group_dn: '' },
    }),
    201,
  )
})

test('the list is filtered by a part of the name, taken literally, and paged', async () => {
  const project = await givenProject(marina)
  const stem = fresh('filtered')
  for (const name of [`${stem}_a`, `${stem}b`, `${stem}c`]) {
    const person = await givenUser(marina, name)
    await create(marina, `/projects/${project.id}/members`, marina.admin, {
      role_id: 5,
      member_user: { user_id: person.id },
    })
  }
  assert.deepEqual((await list(project, `?entityname=${stem}`)).map(({ entity_name: name }) => name).sort(), [
    `${stem}_a`,
    `${stem}b`,
    `${stem}c`,
  ])
  assert.equal((await list(project, `?entityname=${stem}_`)).length, 1)
  assert.equal((await list(project, '?entityname=%25')).length, 0)
  const page = await call('GET', `/projects/${project.id}/members?entityname=${stem}&page_size=2&page=2`, {
    as: marina.admin,
  })
  assert.equal((page.json() as Listed[]).length, 1)
  assert.equal(page.headers['x-total-count'], '3')
  assert.match(page.headers['link'] as string, new RegExp(`entityname=${stem}&page_size=2&page=1>; rel="prev"`))
  expectAnswer(
    await call('GET', `/projects/${project.id}/members?entityname=%00`, { as: marina.admin }),
    400,
    'BAD_REQUEST',
  )
  expectAnswer(
    await call('GET', `/projects/${project.id}/members?page_size=101`, { as: marina.admin }),
    422,
    'UNPROCESSABLE_ENTITY',
  )
})

test('B.6: a member of another project is 404, and stays as it was', async () => {
  const foreign = (await list(cast.B)).find(({ entity_id: id }) => id === cast.uaB.id)!
  for (const [method, body] of [['GET'], ['PUT', { role_id: 5 }], ['DELETE']] as [string, unknown?][]) {
    expectAnswer(
      await call(method, `/projects/${cast.A.name}/members/${foreign.id}`, {
        as: cast.uaA,
        ...(body === undefined ? {} : { body }),
      }),
      404,
      'NOT_FOUND',
    )
    expectAnswer(
      await call(method, `/projects/${cast.B.name}/members/${foreign.id}`, {
        as: cast.uaA,
        ...(body === undefined ? {} : { body }),
      }),
      403,
      'FORBIDDEN',
    )
  }
  assert.deepEqual(
    (await list(cast.B)).find(({ id }) => id === foreign.id),
    foreign,
  )
})

test('C-15, Z02: rights by groups add up, and end with the group at its source, on every process', async () => {
  await using beside = await openBeside(marina)
  const [project, person] = [await givenProject(marina), await givenUser(marina)]
  const base = `/projects/${project.name}/members`
  const groups = [
    await create(marina, '/usergroups', marina.admin, { group_name: fresh('g'), group_type: 2 }),
    await create(marina, '/usergroups', marina.admin, { group_name: fresh('g'), group_type: 3 }),
  ]
  const mid = await create(marina, base, marina.admin, { role_id: 3, member_group: { id: groups[0] } })
  await create(marina, base, marina.admin, { role_id: 2, member_group: { id: groups[1] } })
  const mayRead = async () => [
    (await call('GET', `/projects/${project.id}`, { as: person })).status,
    (await callApi(beside, 'GET', `/projects/${project.id}`, { as: person })).status,
  ]
  const mayPush = async () => (await marina.ask('POST', `/v2/${project.name}/x/blobs/uploads/`, { as: person })).status

  assert.deepEqual(await mayRead(), [403, 403])
  await setGroupsOf(marina.ground.db, person.id, [groups[0]!])
  assert.deepEqual([await mayRead(), await mayPush()], [[200, 200], 401])
  await setGroupsOf(marina.ground.db, person.id, groups)
  assert.deepEqual([await mayRead(), await mayPush()], [[200, 200], 202])
  await setGroupsOf(marina.ground.db, person.id, [groups[0]!])
  assert.deepEqual([await mayRead(), await mayPush()], [[200, 200], 401])
  expectAnswer(await call('PUT', `${base}/${mid}`, { as: marina.admin, body: { role_id: 4 } }), 200)
  assert.deepEqual([await mayRead(), await mayPush()], [[200, 200], 202])
  expectAnswer(await call('DELETE', `/usergroups/${groups[0]}`, { as: marina.admin }), 200)
  assert.deepEqual(await mayRead(), [403, 403])
})

test('naming an HTTP or OIDC group makes it once; an LDAP group has to be there', async () => {
  const [one, other] = [await givenProject(marina), await givenProject(marina)]
  const name = fresh('made')
  await create(marina, `/projects/${one.name}/members`, marina.admin, {
    role_id: 2,
    member_group: { group_name: name, group_type: 3 },
  })
  await create(marina, `/projects/${other.name}/members`, marina.admin, {
    role_id: 3,
    member_group: { group_name: name, group_type: 3 },
  })
  const [first, second] = await Promise.all(
    [one, other].map(async (project) => (await list(project)).find(({ entity_name: entity }) => entity === name)!),
  )
  assert.deepEqual([first!.entity_type, first!.entity_id], ['g', second!.entity_id])
  const dn = 'cn=ops,dc=example,dc=org'
  expectAnswer(
    await call('POST', `/projects/${one.name}/members`, {
      as: marina.admin,
      body: { role_id: 2, member_group: { ldap_group_dn: dn } },
    }),
    404,
    'NOT_FOUND',
  )
  await create(marina, '/usergroups', marina.admin, { group_name: 'ops', group_type: 1, ldap_group_dn: dn })
  await create(marina, `/projects/${one.name}/members`, marina.admin, {
    role_id: 2,
    member_group: { ldap_group_dn: dn },
  })
})

test('guests see the members of their project, limited guests and strangers do not', async () => {
  for (const as of [cast.uaA, cast.maA, cast.deA, cast.guA])
    expectAnswer(await call('GET', `/projects/${cast.A.name}/members`, { as }), 200)
  for (const as of [cast.laA, cast.uaB])
    expectAnswer(await call('GET', `/projects/${cast.A.name}/members`, { as }), 403, 'FORBIDDEN')
  expectAnswer(await call('GET', `/projects/${cast.A.name}/members`), 401, 'UNAUTHORIZED')
  for (const as of [cast.maA, cast.deA, cast.guA])
    expectAnswer(
      await call('POST', `/projects/${cast.A.name}/members`, {
        as,
        body: { role_id: 1, member_user: { user_id: as.id } },
      }),
      403,
      'FORBIDDEN',
    )
})
