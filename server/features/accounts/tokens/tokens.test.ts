import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { callApi, factsSince, lastFact, type CallOptions } from '../../../testing/api.ts'
import { changeUser, fresh, givenMember, givenProject, givenUser, pushImage } from '../../../testing/given.ts'
import { eventually, expectAnswer, type Person } from '../../../testing/http.ts'
import { openBeside, openTestMarina, type TestMarina } from '../../../testing/server.ts'
import { sql } from '../../../platform/db/sql.ts'
import { tokenRightsKey } from '../../access/index.ts'
import { sweepTokens } from './store.ts'

let marina: TestMarina
before(async () => {
  marina = await openTestMarina()
})
after(() => marina[Symbol.asyncDispose]())

type Token = {
  id: number
  name: string
  secret: string
  permissions?: unknown
  expires_at?: string
  last_used_time?: string
}
const tokens = '/users/current/tokens'
const call = (method: string, path: string, options?: CallOptions) => callApi(marina, method, path, options)
const pull = { resource: 'repository', action: 'pull' }
const push = { resource: 'repository', action: 'push' }
const inProject = (namespace: string, ...access: object[]) => ({ kind: 'project', namespace, access })

async function givenToken(as: Person, more: object = {}): Promise<{ token: Token; by: Person }> {
  const answer = expectAnswer(await call('POST', tokens, { as, body: { name: fresh('token'), ...more } }), 201)
  const token = answer.json() as Token
  return { token, by: { ...as, password: token.secret } }
}
const list = async (as: Person) => expectAnswer(await call('GET', tokens, { as }), 200).json() as Token[]
const scope = (name: string, actions: string) => `repository:${name}:${actions}`
const grants = async (by: Person, name: string) => {
  const token = await marina.token(by, scope(name, 'pull,push,delete'))
  const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as {
    access: { actions: string[] }[]
  }
  return claims.access[0]!.actions
}

test('a token takes the place of the password, for the API and for pushes, and says when it was used', async () => {
  const project = await givenProject(marina)
  const person = await givenMember(marina, project, 'developer')
  const since = await lastFact(marina)
  const { token, by } = await givenToken(person)
  assert.match(token.secret, /^marina_pat_[\w-]{43}$/)
  assert.deepEqual(
    (await factsSince(marina, since)).map(({ topic, payload }) => [topic, payload['tokenName']]),
    [['token.created', token.name]],
  )
  const profile = expectAnswer(await call('GET', '/users/current', { as: by }), 200).json() as { username: string }
  assert.equal(profile.username, person.name)
  await pushImage(marina, `${project.name}/app`, { as: by })
  const made = expectAnswer(await call('POST', '/projects', { as: by, body: { project_name: fresh('by-token') } }), 201)
  assert.ok(made.headers.location)
  await eventually(async () => assert.ok((await list(person))[0]!.last_used_time))
  const shown = await list(person)
  assert.equal(JSON.stringify(shown).includes(token.secret), false)
  const stored = await marina.ground.db.rows<{ text: string }>(
    sql`select to_jsonb(t)::text as text from personal_token t`,
  )
  assert.equal(
    stored.some(({ text }) => text.includes(token.secret)),
    false,
  )
  const days = (Date.parse(shown[0]!.expires_at!) - Date.now()) / 86_400_000
  assert.ok(days > 89 && days <= 90, String(days))
})

test('a token with a scope does what both the scope and the account allow', async () => {
  const [one, two] = [await givenProject(marina), await givenProject(marina)]
  const person = await givenMember(marina, one, 'maintainer')
  await pushImage(marina, `${one.name}/app`)
  const { by } = await givenToken(person, { permissions: [inProject(one.name, pull)] })
  assert.deepEqual(await grants(by, `${one.name}/app`), ['pull'])
  assert.deepEqual(await grants(by, `${two.name}/app`), [])
  expectAnswer(await call('GET', `/projects/${one.name}/repositories`, { as: by }), 403, 'FORBIDDEN')
  expectAnswer(await call('DELETE', `/projects/${one.name}/repositories/app`, { as: by }), 403, 'FORBIDDEN')
  expectAnswer(await call('POST', '/projects', { as: by, body: { project_name: fresh('none') } }), 403, 'FORBIDDEN')
  const everywhere = await givenToken(person, { permissions: [inProject('*', push)] })
  assert.deepEqual(await grants(everywhere.by, `${one.name}/app`), ['pull', 'push'])
  assert.deepEqual(await grants(everywhere.by, `${two.name}/app`), [])
  const shown = (await list(person)).map(({ permissions }) => permissions)
  assert.deepEqual(shown[1], [inProject(one.name, { ...pull, effect: 'allow' })])
})

test("an administrator's token with a scope is no administrator", async () => {
  const project = await givenProject(marina)
  await pushImage(marina, `${project.name}/app`)
  const { by } = await givenToken(marina.admin, { permissions: [inProject(project.name, pull)] })
  assert.deepEqual(await grants(by, `${project.name}/app`), ['pull'])
  assert.deepEqual(await grants(by, `${(await givenProject(marina)).name}/app`), [])
  for (const path of ['/users', '/quotas', '/configurations', '/system/gc'])
    expectAnswer(await call('GET', path, { as: by }), 403, 'FORBIDDEN')
  const robots = { kind: 'system', namespace: '/', access: [{ resource: 'robot', action: 'create' }] }
  const maker = await givenToken(marina.admin, { permissions: [robots, inProject('*', pull)] })
  const robot = (access: object) => ({
    as: maker.by,
    body: { name: fresh('robot'), level: 'system', duration: 1, permissions: [inProject(project.name, access)] },
  })
  expectAnswer(await call('POST', '/robots', robot(push)), 403, 'DENIED')
  expectAnswer(await call('POST', '/robots', robot(pull)), 201)
})

test('no token makes or revokes tokens, changes its account, or opens a session', async () => {
  const person = await givenUser(marina)
  const { token, by } = await givenToken(person)
  const change = { old_password: token.secret, new_password: 'Another12345' }
  expectAnswer(await call('PUT', `/users/${person.id}/password`, { as: by, body: change }), 403, 'FORBIDDEN')
  expectAnswer(await call('PUT', `/users/${person.id}/password`, { as: person, body: change }), 403, 'FORBIDDEN')
  expectAnswer(await call('PUT', `/users/${person.id}`, { as: by, body: { comment: 'x' } }), 403, 'FORBIDDEN')
  expectAnswer(await call('POST', tokens, { as: by, body: { name: 'more' } }), 403, 'FORBIDDEN')
  expectAnswer(await call('GET', tokens, { as: by }), 403, 'FORBIDDEN')
  expectAnswer(await call('DELETE', `${tokens}/${token.id}`, { as: by }), 403, 'FORBIDDEN')
  expectAnswer(await call('GET', '/users/current/sessions', { as: by }), 403, 'FORBIDDEN')
  const body = new URLSearchParams({ principal: person.name, password: token.secret }).toString()
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  expectAnswer(await marina.ask('POST', '/c/login', { body, headers }), 401, 'UNAUTHORIZED')
})

test('a token that is revoked, has expired, or whose account is disabled opens nothing more', async () => {
  await using beside = await openBeside(marina)
  const project = await givenProject(marina)
  const person = await givenMember(marina, project, 'developer')
  await pushImage(marina, `${project.name}/app`)
  const path = `/v2/${project.name}/app/tags/list`
  const bearerOf = async (by: Person) => ({
    authorization: `Bearer ${await marina.token(by, scope(`${project.name}/app`, 'pull'))}`,
  })
  const isOut = async (by: Person, headers: Record<string, string>) => {
    for (const one of [marina, beside]) {
      await eventually(async () => expectAnswer(await one.ask('GET', path, { headers }), 401, 'UNAUTHORIZED'))
      await eventually(async () =>
        expectAnswer(await callApi(one, 'GET', '/users/current', { as: by }), 401, 'UNAUTHORIZED'),
      )
    }
  }
  const [first, second, third] = [await givenToken(person), await givenToken(person), await givenToken(person)]
  const bearers = [await bearerOf(first.by), await bearerOf(second.by), await bearerOf(third.by)]
  for (const headers of bearers)
    for (const one of [marina, beside]) expectAnswer(await one.ask('GET', path, { headers }), 200)

  const since = await lastFact(marina)
  expectAnswer(await call('DELETE', `${tokens}/${first.token.id}`, { as: person }), 200)
  assert.deepEqual(
    (await factsSince(marina, since)).map(({ topic }) => topic),
    ['token.revoked'],
  )
  expectAnswer(await call('DELETE', `${tokens}/${first.token.id}`, { as: person }), 404, 'NOT_FOUND')
  await isOut(first.by, bearers[0]!)

  await marina.ground.db.transaction(async (tx) => {
    tx.changes(tokenRightsKey(second.token.id))
    await tx.run(sql`update personal_token set expires_at = now() - interval '31 days' where id = ${second.token.id}`)
  })
  for (const one of [marina, beside])
    await eventually(async () =>
      expectAnswer(await one.ask('GET', path, { headers: bearers[1]! }), 401, 'UNAUTHORIZED'),
    )
  assert.equal(await sweepTokens(marina.ground.db, 30), 1)

  await changeUser(marina, person, { isDisabled: true })
  await isOut(third.by, bearers[2]!)
})

test('administrators see and revoke the tokens of others; nobody else does', async () => {
  const [person, other] = [await givenUser(marina), await givenUser(marina)]
  const { token } = await givenToken(person)
  const path = `/users/${person.id}/tokens`
  expectAnswer(await call('GET', path, { as: other }), 403, 'FORBIDDEN')
  expectAnswer(await call('DELETE', `${path}/${token.id}`, { as: other }), 403, 'FORBIDDEN')
  expectAnswer(await call('DELETE', `${tokens}/${token.id}`, { as: other }), 404, 'NOT_FOUND')
  const shown = expectAnswer(await call('GET', path, { as: marina.admin }), 200).json() as Token[]
  assert.deepEqual(
    shown.map(({ name }) => name),
    [token.name],
  )
  expectAnswer(await call('DELETE', `${path}/${token.id}`, { as: marina.admin }), 200)
  assert.deepEqual(await list(person), [])
})

test('what is wrong with a wanted token is said, and nothing is made', async () => {
  const project = await givenProject(marina)
  const hidden = await givenProject(marina)
  const person = await givenMember(marina, project, 'guest')
  const { token } = await givenToken(person)
  const wrong: [object, number, RegExp][] = [
    [{ name: '' }, 400, /1 to 64/],
    [{ name: 'a'.repeat(65) }, 400, /1 to 64/],
    [{ name: 'a\u202eb' }, 400, /invisible/],
    [{ name: 'x', duration: 0 }, 400, /duration/],
    [{ name: 'x', duration: 3651 }, 400, /duration/],
    [{ name: 'x', permissions: [] }, 400, /leave them out/],
    [{ name: 'x', permissions: [inProject(project.name)] }, 400, /needs access/],
    [{ name: 'x', permissions: [inProject(hidden.name, pull)] }, 400, /no project/],
    [{ name: 'x', permissions: [inProject('none-such', pull)] }, 400, /no project/],
    [{ name: 'x', permissions: [inProject('*', { resource: 'moon', action: 'pull' })] }, 400, /moon:pull/],
    [{ name: 'x', permissions: [{ kind: 'system', namespace: '*', access: [pull] }] }, 400, /system/],
    [{ name: 'x', permissions: [{ kind: 'moon', namespace: '*', access: [pull] }] }, 400, /kind/],
    [{ name: token.name }, 409, /already/],
  ]
  for (const [body, status, says] of wrong) {
    const answer = await call('POST', tokens, { as: person, body })
    assert.equal(answer.status, status, JSON.stringify(body))
    assert.match(answer.text, says)
  }
  assert.equal((await list(person)).length, 1)
})
