import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Project } from '../../catalog/project.ts'
import { callApi, create, factsSince, givenRobot, lastFact, type CallOptions } from '../../testing/api.ts'
import { fresh, givenMember, givenProject, givenUser, makeImage, pushBlob, pushImage } from '../../testing/given.ts'
import { expectAnswer, type Person } from '../../testing/http.ts'
import { openBeside, openTestMarina, type TestMarina } from '../../testing/server.ts'

let marina: TestMarina
before(async () => {
  marina = await openTestMarina()
})
after(() => marina[Symbol.asyncDispose]())

const call = (method: string, path: string, options?: CallOptions) => callApi(marina, method, path, options)
const rulesOf = ({ name }: Project) => `/projects/${name}/tagprotectionrules`
const protect = (project: Project, more: object) =>
  create(marina, rulesOf(project), marina.admin, {
    name: fresh('rule'),
    tags: 'v*',
    actions: ['push', 'overwrite', 'delete'],
    ...more,
  })

/** Pushes an image and returns the status of its manifest. */
async function push(name: string, tag: string, as: Person, at: TestMarina = marina) {
  const { blobs, content } = makeImage()
  for (const bytes of blobs) await pushBlob(at, name, bytes, { as })
  const headers = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }
  return at.ask('PUT', `/v2/${name}/manifests/${tag}`, { as, body: content, headers })
}

/** A project with an own role for releases, somebody who holds it, a developer and a maintainer. */
async function givenTeam() {
  const project = await givenProject(marina)
  const role = fresh('release')
  const permissions = ['push', 'pull', 'delete'].map((action) => ({ resource: 'repository', action }))
  const body = { name: role, permissions: [...permissions, { resource: 'artifact', action: 'delete' }] }
  const roleId = await create(marina, `/projects/${project.name}/roles`, marina.admin, body)
  const releaser = await givenUser(marina)
  await create(marina, `/projects/${project.name}/role-bindings`, marina.admin, {
    role_id: roleId,
    member_user: { user_id: releaser.id },
  })
  const [developer, maintainer] = [
    await givenMember(marina, project, 'developer'),
    await givenMember(marina, project, 'maintainer'),
  ]
  return { project, app: `${project.name}/app`, role, roleId, releaser, developer, maintainer }
}

test('only the named role pushes, moves and deletes the tags; the refusal names the rule and who may', async () => {
  const { project, app, role, roleId, releaser, developer, maintainer } = await givenTeam()
  await protect(project, { name: 'releases', role_ids: [roleId] })
  for (const as of [developer, maintainer, marina.admin]) {
    const refused = expectAnswer(await push(app, 'v1', as), 403, 'DENIED')
    assert.match(refused.text, new RegExp(`${app}:v1 is protected by the rule .*releases.*only ${role} may push it`))
  }
  expectAnswer(await push(app, 'v1', releaser), 201)
  assert.match(expectAnswer(await push(app, 'v1', developer), 403, 'DENIED').text, /may overwrite it/)
  expectAnswer(await push(app, 'v1', releaser), 201)
  expectAnswer(await push(app, 'main', developer), 201)
  const artifacts = `/projects/${project.name}/repositories/app/artifacts`
  const denied: [string, string, object?][] = [
    ['DELETE', `${artifacts}/v1/tags/v1`],
    ['DELETE', `${artifacts}/v1`],
    ['DELETE', `/projects/${project.name}/repositories/app`],
    ['POST', `${artifacts}/main/tags`, { name: 'v2' }],
  ]
  for (const [method, path, body] of denied) {
    const answer = await call(method, path, { as: maintainer, ...(body ? { body } : {}) })
    assert.match(expectAnswer(answer, 403, 'FORBIDDEN').text, /releases/, `${method} ${path}`)
  }
  expectAnswer(await marina.ask('DELETE', `/v2/${app}/manifests/v1`, { as: maintainer }), 403, 'DENIED')
  const copy = `/projects/${project.name}/repositories/copy/artifacts?from=${encodeURIComponent(`${app}:v1`)}`
  expectAnswer(await call('POST', copy, { as: maintainer }), 403, 'FORBIDDEN')
  expectAnswer(await call('GET', `${artifacts}/v1`, { as: maintainer }), 200)
  expectAnswer(await call('DELETE', `${artifacts}/v1`, { as: releaser }), 200)
})

test('a rule keeps just the actions it names, in the repositories and of the tags that match', async () => {
  const { project, app, developer, maintainer } = await givenTeam()
  await protect(project, { repositories: 'app', tags: 'v[0-9]*', actions: ['overwrite'], role_ids: [4] })
  expectAnswer(await push(app, 'v1', developer), 201)
  expectAnswer(await push(app, 'v1', developer), 403, 'DENIED')
  expectAnswer(await push(app, 'v1', maintainer), 201)
  expectAnswer(await push(app, 'vx', developer), 201)
  expectAnswer(await push(app, 'vx', developer), 201)
  expectAnswer(await push(`${app}/other`, 'v1', developer), 201)
  expectAnswer(await push(`${app}/other`, 'v1', developer), 201)
  expectAnswer(await marina.ask('DELETE', `/v2/${app}/manifests/v1`, { as: maintainer }), 202)
})

test('of two first pushes at once to a tag that may not be moved, one is refused', async () => {
  const { project, app, developer } = await givenTeam()
  await protect(project, { actions: ['overwrite'], role_ids: [1] })
  const answers = await Promise.all(Array.from({ length: 6 }, () => push(app, 'v1', developer)))
  assert.deepEqual(
    answers.map(({ status }) => status).sort((one, other) => one - other),
    [201, ...Array.from({ length: 5 }, () => 403)],
  )
})

test('a robot may what a rule lets it, by its name alone; every rule about a tag has to agree', async () => {
  const { project, app, releaser, roleId } = await givenTeam()
  const access = ['push', 'pull'].map((action) => ({ resource: 'repository', action }))
  const [named, other] = [
    await givenRobot(marina, fresh('ci'), { project: project.name, access }),
    await givenRobot(marina, fresh('ci'), { project: project.name, access }),
  ]
  await protect(project, { role_ids: [roleId], robot_ids: [named.id] })
  expectAnswer(await push(app, 'v1', named), 201)
  expectAnswer(await push(app, 'v1', other), 403, 'DENIED')
  const second = await protect(project, { tags: '*', role_ids: [roleId] })
  expectAnswer(await push(app, 'v1', named), 403, 'DENIED')
  expectAnswer(await push(app, 'v1', releaser), 201)
  expectAnswer(await call('DELETE', `${rulesOf(project)}/${second}`, { as: marina.admin }), 200)
  expectAnswer(await push(app, 'v1', named), 201)
  // A rule that names nobody keeps the tags from everybody.
  const nobody = await protect(project, { tags: 'v1' })
  assert.match(expectAnswer(await push(app, 'v1', releaser), 403, 'DENIED').text, /nobody may/)
  expectAnswer(await call('PUT', `${rulesOf(project)}/${nobody}`, { as: marina.admin, body: { disabled: true } }), 200)
  expectAnswer(await push(app, 'v1', releaser), 201)
})

test('an own role counts in the part of the project for which it is held', async () => {
  const { project, roleId } = await givenTeam()
  const person = await givenMember(marina, project, 'developer')
  await create(marina, `/projects/${project.name}/role-bindings`, marina.admin, {
    role_id: roleId,
    repositories: 'web/**',
    member_user: { user_id: person.id },
  })
  await protect(project, { role_ids: [roleId] })
  expectAnswer(await push(`${project.name}/web/a`, 'v1', person), 201)
  expectAnswer(await push(`${project.name}/db`, 'v1', person), 403, 'DENIED')
})

test('a rule counts, and stops, with the next request on every process; refusals stand in the log', async () => {
  await using beside = await openBeside(marina)
  const { project, app, developer } = await givenTeam()
  const since = await lastFact(marina)
  for (const at of [marina, beside]) expectAnswer(await push(app, 'v1', developer, at), 201)
  const id = await protect(project, { name: 'kept', role_ids: [1] })
  for (const at of [beside, marina]) expectAnswer(await push(app, 'v1', developer, at), 403, 'DENIED')
  expectAnswer(await call('PUT', `${rulesOf(project)}/${id}`, { as: marina.admin, body: { tags: 'w*' } }), 200)
  for (const at of [beside, marina]) expectAnswer(await push(app, 'v1', developer, at), 201)
  expectAnswer(await call('DELETE', `${rulesOf(project)}/${id}`, { as: marina.admin }), 200)
  const told = async () =>
    (await factsSince(marina, since)).map(({ topic, payload: { what, name } }) => [topic, what ?? name])
  const refusal = `overwrite ${app}:v1, protected by the rule kept`
  const isTold = (facts: unknown[][]) => facts.some(([topic, what]) => topic === 'change.refused' && what === refusal)
  // Refusals are written a while after they happened.
  while (!isTold(await told())) await sleep(50)
  const changes = (await told()).filter(
    ([topic, name]) => String(topic).startsWith('tag-protection') && name === 'kept',
  )
  assert.deepEqual(
    changes.map(([topic]) => topic),
    ['tag-protection.created', 'tag-protection.changed', 'tag-protection.deleted'],
  )
})

test('what is wrong with a rule is said; a role that a rule names is not deleted', async () => {
  const { project, roleId, developer, maintainer } = await givenTeam()
  const good = { name: 'good', tags: 'v*', actions: ['push'], role_ids: [roleId] }
  const wrong: [object, number, RegExp][] = [
    [{ ...good, name: '' }, 400, /1 to 64/],
    [{ ...good, tags: '[' }, 400, /tags: .*not closed/],
    [{ ...good, tags: undefined }, 400, /tags/],
    [{ ...good, repositories: '' }, 400, /repositories/],
    [{ ...good, actions: [] }, 400, /actions are missing/],
    [{ ...good, actions: ['fly'] }, 400, /no fly/],
    [{ ...good, role_ids: [99_999_999] }, 400, /no role 99999999/],
    [{ ...good, robot_ids: [99_999_999] }, 400, /no robot 99999999/],
  ]
  for (const [body, status, says] of wrong)
    for (const path of [
      rulesOf(project),
      ...(status === 400 && says.source.includes('999') ? [] : [`${rulesOf(project)}/preview`]),
    ]) {
      if (path.endsWith('preview') && (body as { name: string }).name === '') continue
      const answer = await call('POST', path, { as: marina.admin, body })
      assert.equal(answer.status, status, `${path} ${JSON.stringify(body)} ${answer.text}`)
      assert.match(answer.text, says)
    }
  const id = await create(marina, rulesOf(project), marina.admin, good)
  expectAnswer(await call('POST', rulesOf(project), { as: marina.admin, body: good }), 409, 'CONFLICT')
  for (const as of [developer, maintainer]) {
    expectAnswer(await call('POST', rulesOf(project), { as, body: good }), 403, 'FORBIDDEN')
    expectAnswer(await call('GET', rulesOf(project), { as }), 200)
  }
  const bindings = `/projects/${project.name}/role-bindings`
  const held = (await call('GET', bindings, { as: marina.admin })).json() as { id: number }[]
  for (const one of held) expectAnswer(await call('DELETE', `${bindings}/${one.id}`, { as: marina.admin }), 200)
  const refused = expectAnswer(await call('DELETE', `/roles/${roleId}`, { as: marina.admin }), 412, 'PRECONDITION')
  assert.match(refused.text, /the rule good for tags of project/)
  const [shown] = (await call('GET', rulesOf(project), { as: marina.admin })).json() as Record<string, unknown>[]
  assert.deepEqual([shown!['id'], shown!['repositories'], shown!['disabled']], [id, '**', false])
})

test('a preview says which tags a rule is about, and who would lose a right; it saves nothing', async () => {
  const { project, app, roleId, releaser, developer, maintainer } = await givenTeam()
  for (const tag of ['v1', 'v2', 'main']) await pushImage(marina, app, { tag })
  await pushImage(marina, `${project.name}/web/a`, { tag: 'v1' })
  const robot = await givenRobot(marina, fresh('ci'), {
    project: project.name,
    access: [{ resource: 'repository', action: 'push' }],
  })
  const since = await lastFact(marina)
  const body = { tags: 'v*', repositories: 'app', actions: ['push', 'delete'], role_ids: [roleId, 1] }
  const answer = expectAnswer(await call('POST', `${rulesOf(project)}/preview`, { as: marina.admin, body }), 200)
  const { refused, ...rest } = answer.json() as { refused: { entity_name: string; actions: string[] }[] }
  assert.deepEqual(rest, {
    tag_count: 2,
    is_whole: true,
    tags: [
      { repository: 'app', tag: 'v1' },
      { repository: 'app', tag: 'v2' },
    ],
    refused_count: 3,
  })
  const losing = Object.fromEntries(refused.map(({ entity_name: name, actions }) => [name, actions]))
  assert.deepEqual(losing, {
    [developer.name]: ['push'],
    [maintainer.name]: ['push', 'delete'],
    [robot.name]: ['push'],
  })
  assert.equal(losing[releaser.name], undefined)
  assert.deepEqual((await call('GET', rulesOf(project), { as: marina.admin })).json(), [])
  assert.equal(await lastFact(marina), since)
})

test('retention keeps what only some may delete, and says so', async () => {
  const { project, app, roleId } = await givenTeam()
  for (const tag of ['v1', 'old']) await pushImage(marina, app, { tag })
  await protect(project, { name: 'releases', actions: ['delete'], role_ids: [roleId] })
  const selector = { kind: 'doublestar', decoration: 'matches', pattern: 'none' }
  const scope = { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }] }
  const policy = {
    algorithm: 'or',
    rules: [{ action: 'retain', template: 'always', tag_selectors: [selector], scope_selectors: scope }],
    trigger: { kind: 'Schedule', settings: { cron: '' } },
    scope: { level: 'project', ref: project.id },
  }
  const body = { project_id: project.id, policy }
  const answer = expectAnswer(await call('POST', '/retentions/preview', { as: marina.admin, body }), 200)
  assert.match(
    answer.text,
    /"protected".*the tag v1 is protected by the rule releases|the tag v1 is protected by the rule releases/,
  )
})
