import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Project } from '../../catalog/project.ts'
import { callApi, create, givenRobot } from '../../testing/api.ts'
import { fresh, givenMember, givenProject, givenUser, pushImage } from '../../testing/given.ts'
import { expectAnswer, type Person } from '../../testing/http.ts'
import { openTestMarina, type TestMarina } from '../../testing/server.ts'
import { setGroupsOf } from '../user-groups/index.ts'

let marina: TestMarina
before(async () => {
  marina = await openTestMarina({ MARINA_WORKERS: 'none' })
})
after(() => marina[Symbol.asyncDispose]())

type Entry = {
  entity_type: string
  entity_name: string
  action: string
  allowed: boolean
  only_in?: string[]
  because: (Coded & { kind: string; role_name?: string; group_name?: string; repositories?: string })[]
  protected_by: (Coded & { rule_name: string })[]
}
type Coded = { text: string; code: string; parameters: Record<string, string> }
type Question = { who?: string; action?: string; repository?: string; tag?: string }

async function ask(project: Project, question: Question, as: Person = marina.admin): Promise<Entry[]> {
  const query = new URLSearchParams({ page_size: '100', ...question }).toString()
  const answer = expectAnswer(await callApi(marina, 'GET', `/projects/${project.name}/access?${query}`, { as }), 200)
  return answer.json() as Entry[]
}
/** The one answer about somebody, and the kinds of its reasons. */
async function one(project: Project, question: Question) {
  const entries = await ask(project, question)
  assert.equal(entries.length, 1)
  return { ...entries[0]!, kinds: entries[0]!.because.map(({ kind }) => kind) }
}
const codesOf = ({ because }: Pick<Entry, 'because'>) => because.map(({ code, parameters }) => [code, parameters])
const roleOf = (...permissions: string[]) => ({
  name: fresh('role'),
  permissions: permissions.map((text) => ({ resource: text.split(':')[0]!, action: text.split(':')[1]! })),
})
const bind = (project: Project, body: object) =>
  create(marina, `/projects/${project.name}/role-bindings`, marina.admin, body)

test('the chain of a user: role, group, own role in a part, public project, administrator, auditor', async () => {
  const project = await givenProject(marina)
  const action = 'repository:push'
  const developer = await givenMember(marina, project, 'developer')
  const found = await one(project, { who: `user:${developer.name}`, action })
  assert.deepEqual([found.allowed, found.kinds], [true, ['role']])
  assert.match(found.because[0]!.text, /the role developer gives repository:push/)
  assert.deepEqual(codesOf(found), [['role', { role: 'developer', right: action }]])

  const [stranger, group] = [await givenUser(marina), fresh('group')]
  const none = await one(project, { who: `user:${stranger.name}`, action })
  assert.deepEqual([none.allowed, none.because], [false, []])

  const groupId = await create(marina, '/usergroups', marina.admin, { group_name: group, group_type: 2 })
  const role = roleOf('repository:push')
  const roleId = await create(marina, '/roles', marina.admin, role)
  await bind(project, { role_id: roleId, repositories: 'web/**', member_group: { id: groupId } })
  await setGroupsOf(marina.ground.db, stranger.id, [groupId])
  for (const who of [`user:${stranger.name}`, `group:${group}`]) {
    const partly = await one(project, { who, action })
    assert.deepEqual([partly.allowed, partly.only_in, partly.kinds], [true, ['web/**'], ['own role']])
    const through = who.startsWith('user') ? { group } : {}
    assert.equal(partly.because[0]!.group_name, through.group)
    assert.deepEqual(codesOf(partly), [
      ['role', { role: role.name, right: action, ...through, repositories: 'web/**' }],
    ])
    assert.equal((await one(project, { who, action, repository: 'web/a' })).allowed, true)
    const outside = await one(project, { who, action, repository: 'db' })
    assert.deepEqual([outside.allowed, outside.because], [false, []])
  }

  const open = await givenProject(marina, { isPublic: true })
  const anyone = await one(open, { who: 'anonymous', action: 'repository:pull' })
  assert.deepEqual([anyone.allowed, anyone.kinds], [true, ['public project']])
  assert.deepEqual(codesOf(anyone), [['public_project', { right: 'repository:pull' }]])
  // A bare name is that of an account: none begins as names of robots do.
  for (const who of ['user:admin', 'admin'])
    assert.deepEqual((await one(project, { who, action })).kinds, ['administrator', 'role'])
  await create(marina, '/system/auditors', marina.admin, { member_user: { user_id: stranger.id } })
  const audited = await one(open, { who: `user:${stranger.name}`, action: 'member:list' })
  assert.deepEqual([audited.allowed, audited.kinds], [true, ['auditor']])
  assert.deepEqual(codesOf(audited), [['auditor_reads', {}]])
})

test('robots and tokens: their permissions, and the scope that takes away', async () => {
  const project = await givenProject(marina)
  const access = [{ resource: 'repository', action: 'pull' }]
  const robot = await givenRobot(marina, fresh('ci'), { project: project.name, access })
  for (const who of [`robot:${robot.name}`, `robot:${robot.name.replace('robot$', '')}`, robot.name]) {
    const pull = await one(project, { who, action: 'repository:pull' })
    assert.deepEqual([pull.allowed, pull.kinds], [true, ['robot permission']])
    assert.equal((await one(project, { who, action: 'repository:push' })).allowed, false)
  }
  const person = await givenMember(marina, project, 'developer')
  const body = { name: 'laptop', permissions: [{ kind: 'project', namespace: project.name, access }] }
  const made = expectAnswer(await callApi(marina, 'POST', '/users/current/tokens', { as: person, body }), 201)
  const who = `token:${(made.json() as { id: number }).id}`
  assert.equal((await one(project, { who, action: 'repository:pull' })).allowed, true)
  const push = await one(project, { who, action: 'repository:push' })
  assert.deepEqual([push.allowed, push.kinds], [false, ['role', 'token scope']])
  assert.deepEqual(codesOf(push)[1], ['token_scope', { right: 'repository:push' }])
})

test('all who may do something, each with why; nobody else is listed', async () => {
  const project = await givenProject(marina)
  const [developer, guest] = [
    await givenMember(marina, project, 'developer'),
    await givenMember(marina, project, 'guest'),
  ]
  const person = await givenUser(marina)
  const roleId = await create(marina, `/projects/${project.name}/roles`, marina.admin, roleOf('repository:push'))
  await bind(project, { role_id: roleId, repositories: 'web/**', member_user: { user_id: person.id } })
  const names = async (question: Question) => {
    const entries = await ask(project, question)
    assert.ok(entries.every(({ allowed, because }) => allowed && because.length > 0))
    const listed = new Set(entries.map(({ entity_name: name }) => name))
    assert.equal(listed.size, entries.length, 'an administrator who is a member stands there once')
    return listed
  }
  const pushers = await names({ action: 'repository:push' })
  assert.ok(pushers.has('admin') && pushers.has(developer.name) && pushers.has(person.name))
  assert.ok(!pushers.has(guest.name))
  assert.ok(!(await names({ action: 'repository:push', repository: 'db' })).has(person.name))
  assert.ok((await names({ action: 'repository:pull' })).has(guest.name))
})

test('a rule for tags stands in the answer, and decides where a tag is asked about', async () => {
  const project = await givenProject(marina)
  const developer = await givenMember(marina, project, 'developer')
  await pushImage(marina, `${project.name}/app`, { tag: 'v1' })
  const rule = { name: 'releases', tags: 'v*', actions: ['overwrite', 'delete'], role_ids: [1] }
  await create(marina, `/projects/${project.name}/tagprotectionrules`, marina.admin, rule)
  const question = { who: `user:${developer.name}`, action: 'repository:push' }
  const all = await one(project, question)
  assert.equal(all.allowed, true)
  assert.match(all.protected_by[0]!.text, /tags v\* of repositories \*\*: only projectAdmin may overwrite them/)
  const { code, parameters } = all.protected_by[0]!
  const named = { tags: 'v*', repositories: '**', only: 'projectAdmin', actions: 'overwrite' }
  assert.deepEqual([code, parameters], ['tag_rule', named])
  const there = { ...question, repository: 'app', tag: 'v1' }
  assert.deepEqual(
    [(await one(project, there)).allowed, (await one(project, { ...there, tag: 'v2' })).allowed],
    [false, true],
  )
  assert.equal((await one(project, { ...there, tag: 'main' })).allowed, true)
})

test('each right of each principal is answered as the server decides it', async () => {
  const project = await givenProject(marina)
  const { name } = project
  await pushImage(marina, `${name}/web/a`, { tag: 'v1' })
  const roleId = await create(marina, '/roles', marina.admin, roleOf('repository:list', 'artifact:list', 'member:list'))
  const people = [
    ...(await Promise.all(
      (['guest', 'maintainer', 'limitedGuest'] as const).map((role) => givenMember(marina, project, role)),
    )),
    await givenUser(marina),
    await givenUser(marina),
  ]
  await bind(project, { role_id: roleId, member_user: { user_id: people[3]!.id } })
  const asked: [action: string, path: string, repository?: string][] = [
    ['member:list', `/projects/${name}/members`],
    ['log:list', `/projects/${name}/logs`],
    ['label:list', `/labels?scope=p&project_id=${project.id}`],
    ['repository:list', `/projects/${name}/repositories`],
    ['artifact:list', `/projects/${name}/repositories/web%2Fa/artifacts`, 'web/a'],
    ['tag:list', `/projects/${name}/repositories/web%2Fa/artifacts/v1/tags`, 'web/a'],
  ]
  let [yes, no] = [0, 0]
  for (const as of people) {
    const every = await ask(project, { who: `user:${as.name}` })
    for (const [action, path, repository] of asked) {
      const { allowed } = await one(project, { who: `user:${as.name}`, action, ...(repository ? { repository } : {}) })
      const { status } = await callApi(marina, 'GET', path, { as })
      assert.equal(status === 200, allowed, `${as.name} ${action}: ${status}`)
      if (!repository) assert.equal(every.find((entry) => entry.action === action)!.allowed, allowed)
      if (allowed) yes++
      else no++
    }
  }
  assert.ok(yes > 5 && no > 5)
})

test('only administrators of the project ask; what is wrong with a question is said', async () => {
  const project = await givenProject(marina)
  const [owner, maintainer] = [
    await givenMember(marina, project, 'projectAdmin'),
    await givenMember(marina, project, 'maintainer'),
  ]
  const path = `/projects/${project.name}/access`
  expectAnswer(await callApi(marina, 'GET', `${path}?action=repository:push`, { as: owner }), 200)
  expectAnswer(await callApi(marina, 'GET', `${path}?action=repository:push`, { as: maintainer }), 403, 'FORBIDDEN')
  const elsewhere = await givenMember(marina, await givenProject(marina), 'developer')
  const body = { name: 'secret', duration: 1 }
  const made = expectAnswer(await callApi(marina, 'POST', '/users/current/tokens', { as: elsewhere, body }), 201)
  const wrong: [string, number][] = [
    ['', 400],
    ['?action=moon:pull', 400],
    ['?who=', 400],
    ['?who=person:alice', 400],
    ['?who=nobody-at-all', 404],
    ['?who=robot$nobody-at-all', 404],
    ['?who=user:nobody-at-all', 404],
    ['?who=group:nobody-at-all', 404],
    ['?who=robot:nobody-at-all', 404],
    ['?who=token:99999999', 404],
    // The token of somebody who has nothing to do with the project is as absent.
    [`?who=token:${(made.json() as { id: number }).id}`, 404],
    ['?who=anonymous&repository=UPPER', 400],
    ['?who=anonymous&tag=v1', 400],
    ['?who=anonymous&repository=a&tag=-', 400],
  ]
  for (const [query, status] of wrong)
    assert.equal((await callApi(marina, 'GET', `${path}${query}`, { as: owner })).status, status, query)
})
