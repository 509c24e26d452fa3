import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { create, factsSince, givenRobot, lastFact } from '../../testing/api.ts'
import { fresh, givenProject, givenUser, pushImage } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openRolesScene } from './scene.suite.ts'

const { marina, right, call, roleOf, givenRole, toUser, bindings, bind, pulls } = await openRolesScene()
after(() => marina[Symbol.asyncDispose]())

test('nobody gives more than they have: by a role, a change of one, a binding, a membership or a robot', async () => {
  const [project, giver, friend] = [await givenProject(marina), await givenUser(marina), await givenUser(marina)]
  const keeper = await givenRole(
    ['member:create', 'member:update', 'member:list', 'robot:create', 'robot:update', 'robot:read', 'repository:pull'],
    project,
  )
  await bind(project, keeper, toUser(giver))
  const pusher = await givenRole(['repository:push'], project)
  const roles = `/projects/${project.name}/roles`
  const refusedTo = async (method: string, path: string, body: object) => {
    const answer = expectAnswer(await call(method, path, { as: giver, body }), 403, 'DENIED')
    assert.match(answer.text, /you lack/)
  }
  await refusedTo('POST', roles, roleOf(['repository:push']))
  await refusedTo('PUT', `/roles/${keeper}`, { permissions: [right('member:list'), right('repository:push')] })
  await refusedTo('POST', bindings(project), { role_id: pusher, ...toUser(giver) })
  await refusedTo('POST', bindings(project), { role_id: pusher, repositories: 'web/**', ...toUser(giver) })
  await refusedTo('POST', bindings(project), { role_id: 2, repositories: 'web/**', ...toUser(giver) })
  await refusedTo('POST', `/projects/${project.name}/members`, { role_id: 1, ...toUser(giver) })
  const mid = await create(marina, `/projects/${project.name}/members`, marina.admin, { role_id: 3, ...toUser(friend) })
  await refusedTo('PUT', `/projects/${project.name}/members/${mid}`, { role_id: 1 })
  const robot = (access: string[]) => ({
    name: fresh('ci'),
    level: 'project',
    duration: -1,
    permissions: [{ kind: 'project', namespace: project.name, access: access.map(right) }],
  })
  await refusedTo('POST', '/robots', robot(['repository:push']))
  const strong = await givenRobot(marina, fresh('strong'), {
    project: project.name,
    access: [right('repository:push')],
  })
  await refusedTo('PATCH', `/robots/${strong.id}`, {})
  // What the giver has can be given.
  const puller = await create(marina, roles, giver, roleOf(['repository:pull']))
  await bind(project, puller, toUser(friend), {}, giver)
  await create(marina, '/robots', giver, robot(['repository:pull']))
  // And the right counts where it is held alone, not in every project.
  const elsewhere = await givenProject(marina)
  expectAnswer(await call('POST', bindings(elsewhere), { as: giver, body: { role_id: 2 } }), 403, 'FORBIDDEN')
  const sees = await call('GET', `/roles/${await givenRole(['repository:pull'], elsewhere)}`, { as: giver })
  expectAnswer(sees, 403, 'FORBIDDEN')
  expectAnswer(await call('POST', '/roles', { as: giver, body: roleOf(['repository:pull']) }), 403, 'FORBIDDEN')
})

test('a right that is public, or held in a part, is none that could be given', async () => {
  const [project, giver] = [await givenProject(marina, { isPublic: true }), await givenUser(marina)]
  const keeper = await givenRole(['member:create'], project)
  const pusher = await givenRole(['repository:push'], project)
  await bind(project, keeper, toUser(giver))
  await bind(project, pusher, toUser(giver), { repositories: '**' })
  for (const role of [pusher, await givenRole(['repository:pull'], project)])
    expectAnswer(
      await call('POST', bindings(project), { as: giver, body: { role_id: role, ...toUser(giver) } }),
      403,
      'DENIED',
    )
})

test('an auditor reads what an administrator reads, pulls only where that was said, and changes nothing', async () => {
  const [project, person] = [await givenProject(marina), await givenUser(marina)]
  const app = `${project.name}/app`
  await pushImage(marina, app, { tag: 'v1' })
  expectAnswer(await call('GET', '/configurations', { as: person }), 403, 'FORBIDDEN')
  const since = await lastFact(marina)
  const id = await create(marina, '/system/auditors', marina.admin, toUser(person))
  for (const path of ['/configurations', '/audit-logs', '/users', '/system/auditors', `/projects/${project.name}/logs`])
    expectAnswer(await call('GET', path, { as: person }), 200)
  const shown = (await call('GET', `/projects?name=${project.name}`, { as: person })).json() as { name: string }[]
  assert.deepEqual(
    shown.map(({ name }) => name),
    [project.name],
  )
  const read = `/projects/${project.name}/repositories/app/artifacts`
  expectAnswer(await call('GET', read, { as: person }), 200)
  assert.equal(await pulls(person, app), 401)
  for (const [method, path, body] of [
    ['PUT', '/configurations', { read_only: true }],
    ['PUT', `/projects/${project.name}`, { metadata: { public: 'true' } }],
    ['POST', '/system/auditors', toUser(person)],
    ['DELETE', `${read}/v1`, undefined],
  ] as const)
    expectAnswer(await call(method, path, { as: person, ...(body ? { body } : {}) }), 403, 'FORBIDDEN')
  expectAnswer(await call('POST', '/system/auditors', { as: marina.admin, body: toUser(person) }), 409, 'CONFLICT')
  expectAnswer(await call('DELETE', `/system/auditors/${id}`, { as: marina.admin }), 200)
  expectAnswer(await call('GET', '/configurations', { as: person }), 403, 'FORBIDDEN')
  await create(marina, '/system/auditors', marina.admin, { ...toUser(person), may_pull: true })
  assert.equal(await pulls(person, app), 200)
  await assert.rejects(pushImage(marina, app, { as: person }), /401/)
  const facts = (await factsSince(marina, since)).map(({ topic }) => topic)
  assert.deepEqual(
    facts.filter((topic) => topic.startsWith('auditor')),
    ['auditor.added', 'auditor.removed', 'auditor.added'],
  )
})
