import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { create, factsSince, lastFact } from '../../testing/api.ts'
import { fresh, givenMember, givenProject, givenUser, pushImage } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openBeside } from '../../testing/server.ts'
import { setGroupsOf } from '../user-groups/index.ts'
import { openRolesScene } from './scene.suite.ts'

const { marina, right, call, roleOf, givenRole, toUser, bindings, bind, pulls } = await openRolesScene()
after(() => marina[Symbol.asyncDispose]())

type Role = {
  id: number
  name: string
  project_id?: number
  built_in: boolean
  permissions: object[]
  bindings: number
}

test('a role is made, listed, shown, changed and deleted, and each of it is a fact', async () => {
  const since = await lastFact(marina)
  const project = await givenProject(marina)
  const id = await givenRole(['repository:pull'])
  const own = await givenRole(['tag:list'], project)
  const all = (await call('GET', '/roles?page_size=100', { as: marina.admin })).json() as Role[]
  assert.deepEqual(
    all
      .slice(0, 5)
      .map(({ id: one, name, built_in: isBuiltIn, permissions }) => [one, name, isBuiltIn, permissions.length]),
    [
      [1, 'projectAdmin', true, 75],
      [2, 'developer', true, 36],
      [3, 'guest', true, 20],
      [4, 'maintainer', true, 53],
      [5, 'limitedGuest', true, 14],
    ],
  )
  assert.ok(all.some((one) => one.id === id) && !all.some((one) => one.id === own))
  const here = (
    await call('GET', `/projects/${project.name}/roles?page_size=100`, { as: marina.admin })
  ).json() as Role[]
  assert.ok(here.some((one) => one.id === id) && here.some((one) => one.id === own && one.project_id === project.id))
  const name = fresh('renamed')
  const body = { name, description: 'words', permissions: [right('repository:push')] }
  expectAnswer(await call('PUT', `/roles/${id}`, { as: marina.admin, body }), 200)
  const shown = (await call('GET', `/roles/${id}`, { as: marina.admin })).json() as Record<string, unknown>
  assert.deepEqual(
    [shown['name'], shown['description'], shown['permissions']],
    [name, 'words', [right('repository:push')]],
  )
  for (const one of [id, own]) expectAnswer(await call('DELETE', `/roles/${one}`, { as: marina.admin }), 200)
  expectAnswer(await call('GET', `/roles/${id}`, { as: marina.admin }), 404, 'NOT_FOUND')
  const topics = (await factsSince(marina, since)).map(({ topic }) => topic).filter((topic) => topic.startsWith('role'))
  assert.deepEqual(topics, ['role.created', 'role.created', 'role.changed', 'role.deleted', 'role.deleted'])
})

test('what is wrong with a role or a binding is said, and nothing is made', async () => {
  const [project, other] = [await givenProject(marina), await givenProject(marina)]
  const person = await givenUser(marina)
  const taken = roleOf(['repository:pull'])
  await create(marina, '/roles', marina.admin, taken)
  const wrong: [object, number, RegExp][] = [
    [{ name: '', permissions: [right('repository:pull')] }, 400, /1 to 64/],
    [{ name: 'a\u202eb', permissions: [right('repository:pull')] }, 400, /1 to 64/],
    [{ name: fresh('role') }, 400, /needs permissions/],
    [roleOf(['moon:pull']), 400, /moon:pull/],
    [taken, 409, /already/],
  ]
  for (const path of ['/roles', `/projects/${project.name}/roles`])
    for (const [body, status, says] of wrong) {
      const answer = await call('POST', path, { as: marina.admin, body })
      assert.equal(answer.status, status, JSON.stringify(body))
      assert.match(answer.text, says)
    }
  const puller = await givenRole(['repository:pull'])
  const foreign = await givenRole(['repository:pull'], other)
  const reader = await givenRole(['member:list'])
  const holder = toUser(person)
  const unfit: [object, number, RegExp][] = [
    [{ role_id: 99_999_999, ...holder }, 404, /no role/],
    [{ role_id: foreign, ...holder }, 404, /no role/],
    [{ role_id: puller }, 400, /member_user or member_group/],
    [{ role_id: puller, member_user: { username: 'nobody-at-all' } }, 404, /no such user/],
    [{ role_id: 2, ...holder }, 400, /make them a member/],
    [{ role_id: puller, repositories: '[', ...holder }, 400, /not closed/],
    [{ role_id: puller, repositories: '*'.repeat(3) + '/*'.repeat(60), ...holder }, 400, /50 stars/],
    [{ role_id: puller, repositories: 'a'.repeat(1025), ...holder }, 400, /1024/],
    [{ role_id: reader, repositories: 'web/**', ...holder }, 400, /nothing in single repositories/],
  ]
  for (const [body, status, says] of unfit) {
    const answer = await call('POST', bindings(project), { as: marina.admin, body })
    assert.equal(answer.status, status, `${JSON.stringify(body).slice(0, 200)} ${answer.text}`)
    assert.match(answer.text, says)
  }
  assert.deepEqual((await call('GET', bindings(project), { as: marina.admin })).json(), [])
  await bind(project, puller, holder)
  expectAnswer(
    await call('POST', bindings(project), { as: marina.admin, body: { role_id: puller, ...holder } }),
    409,
    'CONFLICT',
  )
  for (const [method, body] of [
    ['PUT', { description: 'x' }],
    ['DELETE', undefined],
  ] as const)
    expectAnswer(await call(method, '/roles/2', { as: marina.admin, ...(body ? { body } : {}) }), 412, 'PRECONDITION')
})

test('a binding, the change of a role and their end count with the next request on every process', async () => {
  await using beside = await openBeside(marina)
  const [project, person] = [await givenProject(marina), await givenUser(marina)]
  const [web, db] = [`${project.name}/web/api`, `${project.name}/db`]
  for (const name of [web, db]) await pushImage(marina, name, { tag: 'v1' })
  const statuses = async () => [
    await pulls(person, web),
    await pulls(person, web, beside),
    await pulls(person, db),
    await pulls(person, db, beside),
  ]
  assert.deepEqual(await statuses(), [401, 401, 401, 401])
  const role = await givenRole(['repository:pull'])
  const id = await bind(project, role, toUser(person), { repositories: 'web/**' })
  assert.deepEqual(await statuses(), [200, 200, 401, 401])
  const change = (permissions: string[]) =>
    call('PUT', `/roles/${role}`, { as: marina.admin, body: { permissions: permissions.map(right) } })
  expectAnswer(await change(['artifact:list']), 200)
  assert.deepEqual(await statuses(), [401, 401, 401, 401])
  expectAnswer(await change(['repository:push']), 200)
  assert.deepEqual(await statuses(), [200, 200, 401, 401])
  await pushImage(beside, `${project.name}/web/new`, { as: person })
  await assert.rejects(pushImage(beside, `${project.name}/other`, { as: person }), /401/)
  expectAnswer(await call('DELETE', `${bindings(project)}/${id}`, { as: marina.admin }), 200)
  assert.deepEqual(await statuses(), [401, 401, 401, 401])
  expectAnswer(await call('DELETE', `${bindings(project)}/${id}`, { as: marina.admin }), 404, 'NOT_FOUND')
})

test('a group gives its role to those who are in it, for as long as they are', async () => {
  const [project, person] = [await givenProject(marina), await givenUser(marina)]
  const app = `${project.name}/app`
  await pushImage(marina, app, { tag: 'v1' })
  const group = fresh('group')
  const groupId = await create(marina, '/usergroups', marina.admin, { group_name: group, group_type: 2 })
  const role = await givenRole(['repository:pull'], project)
  await bind(project, role, { member_group: { id: groupId } })
  assert.equal(await pulls(person, app), 401)
  await setGroupsOf(marina.ground.db, person.id, [groupId])
  assert.equal(await pulls(person, app), 200)
  expectAnswer(await call('PUT', `/roles/${role}`, { as: marina.admin, body: roleOf(['tag:list']) }), 200)
  assert.equal(await pulls(person, app), 401)
  expectAnswer(await call('PUT', `/roles/${role}`, { as: marina.admin, body: roleOf(['repository:pull']) }), 200)
  assert.equal(await pulls(person, app), 200)
  expectAnswer(await call('DELETE', `/usergroups/${groupId}`, { as: marina.admin }), 200)
  assert.equal(await pulls(person, app), 401)
})

test("Harbor's lists of members stay Harbor's: a binding is in a list of its own", async () => {
  const [project, person] = [await givenProject(marina), await givenUser(marina)]
  const id = await bind(project, 2, toUser(person), { repositories: 'web/**' })
  const members = (await call('GET', `/projects/${project.name}/members`, { as: marina.admin })).json() as object[]
  assert.equal(members.length, 1)
  const [bound] = (await call('GET', bindings(project), { as: marina.admin })).json() as Record<string, unknown>[]
  const { creation_time: at, ...rest } = bound!
  assert.ok(Date.parse(String(at)) <= Date.now())
  assert.deepEqual(rest, {
    id,
    project_id: project.id,
    role_id: 2,
    role_name: 'developer',
    entity_id: person.id,
    entity_name: person.name,
    entity_type: 'u',
    repositories: 'web/**',
    added_by: 'admin',
  })
  await pushImage(marina, `${project.name}/web/a`, { as: person })
  const shown = (await call('GET', `/projects/${project.name}`, { as: person })).json() as Record<string, unknown>
  assert.deepEqual([shown['current_user_role_ids'], shown['repo_count']], [[], 1])
})

test('a role that is in use is not deleted, and the refusal says by whom', async () => {
  const [project, person] = [await givenProject(marina), await givenUser(marina)]
  const role = await givenRole(['repository:pull'])
  const id = await bind(project, role, toUser(person))
  const refused = expectAnswer(await call('DELETE', `/roles/${role}`, { as: marina.admin }), 412, 'PRECONDITION')
  assert.match(refused.text, new RegExp(`user ${person.name} in project ${project.name}`))
  expectAnswer(await call('DELETE', `${bindings(project)}/${id}`, { as: marina.admin }), 200)
  expectAnswer(await call('DELETE', `/roles/${role}`, { as: marina.admin }), 200)
})

test('a personal token reaches no further than the part of a project that its person has', async () => {
  const [project, person] = [await givenProject(marina), await givenUser(marina)]
  for (const name of ['web/a', 'db']) await pushImage(marina, `${project.name}/${name}`, { tag: 'v1' })
  await bind(project, await givenRole(['repository:pull', 'repository:list']), toUser(person), {
    repositories: 'web/**',
  })
  const access = [right('repository:pull'), right('repository:list')]
  const body = { name: 'laptop', permissions: [{ kind: 'project', namespace: project.name, access }] }
  const made = expectAnswer(await call('POST', '/users/current/tokens', { as: person, body }), 201)
  const token = { ...person, password: (made.json() as { secret: string }).secret }
  assert.deepEqual([await pulls(token, `${project.name}/web/a`), await pulls(token, `${project.name}/db`)], [200, 401])
  const listed = expectAnswer(await call('GET', `/projects/${project.name}/repositories`, { as: token }), 200)
  assert.deepEqual(
    (listed.json() as { name: string }[]).map(({ name }) => name),
    [`${project.name}/web/a`],
  )
})

test('the current permissions are those of the whole project, or of one repository', async () => {
  const [project, person] = [await givenProject(marina), await givenUser(marina)]
  await bind(project, await givenRole(['repository:push', 'artifact:list']), toUser(person), { repositories: 'web/**' })
  const permissions = async (scope: string) => {
    const path = `/users/current/permissions?scope=${encodeURIComponent(scope)}`
    const rows = (await call('GET', path, { as: person })).json() as { resource: string; action: string }[]
    return rows.map(({ resource, action }) => `${resource.slice(scope.length)}:${action}`).toSorted()
  }
  assert.deepEqual(await permissions(`/project/${project.id}`), ['/artifact:list', ':read'])
  assert.deepEqual(await permissions(`/project/${project.name}/repository/web/a`), [
    '/artifact:list',
    '/repository:pull',
    '/repository:push',
    ':read',
  ])
  assert.deepEqual(await permissions(`/project/${project.id}/repository/db`), ['/artifact:list', ':read'])
})

test('what goes takes its bindings along: the project, the account, and a role of the project', async () => {
  const [project, person] = [await givenProject(marina), await givenMember(marina, await givenProject(marina), 'guest')]
  const role = await givenRole(['repository:pull'], project)
  const shared = await givenRole(['repository:pull'])
  await bind(project, role, toUser(person))
  await bind(project, shared, toUser(person))
  expectAnswer(await call('DELETE', `/users/${person.id}`, { as: marina.admin }), 200)
  assert.deepEqual((await call('GET', bindings(project), { as: marina.admin })).json(), [])
  await bind(project, role, toUser(await givenUser(marina)))
  expectAnswer(await call('DELETE', `/projects/${project.name}`, { as: marina.admin }), 200)
  expectAnswer(await call('GET', `/roles/${role}`, { as: marina.admin }), 404, 'NOT_FOUND')
  expectAnswer(await call('DELETE', `/roles/${shared}`, { as: marina.admin }), 200)
})
