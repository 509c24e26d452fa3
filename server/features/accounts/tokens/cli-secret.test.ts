import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { callApi, factsSince, lastFact, type CallOptions } from '../../../testing/api.ts'
import { fresh, givenMember, givenProject, givenUser, pushImage } from '../../../testing/given.ts'
import { eventually, expectAnswer, type Person } from '../../../testing/http.ts'
import { openBeside, openTestMarina, type TestMarina } from '../../../testing/server.ts'
import { sql } from '../../../platform/db/sql.ts'
import { accountRightsKey } from '../../access/index.ts'
import { hashOfSecret, makeTokenSecret } from './secret.ts'
import { saveToken } from './store.ts'

let marina: TestMarina
before(async () => {
  marina = await openTestMarina()
  const body = { auth_mode: 'oidc_auth' }
  expectAnswer(await callApi(marina, 'PUT', '/configurations', { as: marina.admin, body }), 200)
})
after(() => marina[Symbol.asyncDispose]())

const call = (method: string, path: string, options?: CallOptions) => callApi(marina, method, path, options)
const chosen = 'Chosen-Secret-1'

/** A member of a project whose account a provider vouches for: it has no password. */
async function givenOidcMember() {
  const project = await givenProject(marina)
  const person = await givenMember(marina, project, 'developer')
  await marina.ground.db.transaction(async (tx) => {
    tx.changes(accountRightsKey(person.id))
    await tx.run(sql`update account set password_hash = null where id = ${person.id}`)
    await tx.run(sql`
      insert into account_origin (account_id, provider, issuer, subject)
      values (${person.id}, 'oidc', 'https://id.example', ${person.name})`)
  })
  return { project, person }
}

const set = (person: Person, secret: string | undefined, as: Person = marina.admin) =>
  call('PUT', `/users/${person.id}/cli_secret`, { as, body: secret === undefined ? {} : { secret } })
const pulls = async (door: TestMarina, person: Person, repository: string) => {
  const answer = await door.ask('GET', `/service/token?service=harbor-registry&scope=repository:${repository}:pull`, {
    as: person,
  })
  return answer.status
}

test('C-22: a CLI secret logs in to the registry and nowhere else, chosen or made', async () => {
  const { project, person } = await givenOidcMember()
  const since = await lastFact(marina)
  expectAnswer(await set(person, chosen), 200)
  assert.deepEqual(
    (await factsSince(marina, since)).map(({ topic, payload }) => [topic, payload['tokenName']]),
    [['token.created', 'CLI secret']],
  )
  const made = expectAnswer(await set(person, ''), 200).json() as { secret: string }
  assert.match(made.secret, /^marina_pat_[\w-]{43}$/)
  const byMade = { ...person, password: made.secret }
  assert.equal(await pulls(marina, { ...person, password: chosen }, `${project.name}/app`), 401)
  expectAnswer(await set(person, chosen), 200)
  const byChosen = { ...person, password: chosen }
  assert.equal(await pulls(marina, byMade, `${project.name}/app`), 401)
  await pushImage(marina, `${project.name}/app`, { as: byChosen })
  expectAnswer(await marina.ask('GET', '/v2/', { as: byChosen }), 200)
  expectAnswer(await call('GET', '/users/current', { as: byChosen }), 401, 'UNAUTHORIZED')
  const form = new URLSearchParams({ principal: person.name, password: chosen }).toString()
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  expectAnswer(await marina.ask('POST', '/c/login', { body: form, headers }), 401, 'UNAUTHORIZED')
  const again = expectAnswer(await set(person, undefined), 200).json() as { secret: string }
  await pushImage(marina, `${project.name}/app2`, { as: { ...person, password: again.secret } })
  expectAnswer(await call('GET', '/users/current', { as: { ...person, password: again.secret } }), 401, 'UNAUTHORIZED')
})

test('C-21: a CLI secret is one token of the account, kept as a hash, and its last use is noted', async () => {
  const { project, person } = await givenOidcMember()
  expectAnswer(await set(person, chosen), 200)
  const tokens = async () =>
    expectAnswer(await call('GET', `/users/${person.id}/tokens`, { as: marina.admin }), 200).json() as {
      id: number
      name: string
      expires_at?: string
      last_used_time?: string
    }[]
  const [token] = await tokens()
  assert.deepEqual([token!.name, token!.expires_at], ['CLI secret', undefined])
  assert.equal(await pulls(marina, { ...person, password: chosen }, `${project.name}/app`), 200)
  await eventually(async () => assert.ok((await tokens())[0]!.last_used_time))
  const rows = await marina.ground.db.rows<{ text: string }>(
    sql`select to_jsonb(t)::text as text from personal_token t`,
  )
  assert.equal(
    rows.some(({ text }) => text.includes(chosen)),
    false,
  )
  expectAnswer(await set(person, `${chosen}2`), 200)
  assert.equal((await tokens()).length, 1)
})

test('a CLI secret that is replaced, revoked, or of somebody who is gone opens nothing, on all processes', async () => {
  await using beside = await openBeside(marina)
  const { project, person } = await givenOidcMember()
  const repository = `${project.name}/app`
  const by = { ...person, password: chosen }
  expectAnswer(await set(person, chosen), 200)
  const both = async (status: number, who: Person = by) => {
    for (const one of [marina, beside])
      await eventually(async () => assert.equal(await pulls(one, who, repository), status))
  }
  await both(200)
  expectAnswer(await set(person, 'Another-Secret-1'), 200)
  await both(401)
  const next = { ...person, password: 'Another-Secret-1' }
  await both(200, next)
  const [token] = (await call('GET', `/users/${person.id}/tokens`, { as: marina.admin })).json() as { id: number }[]
  expectAnswer(await call('DELETE', `/users/${person.id}/tokens/${token!.id}`, { as: marina.admin }), 200)
  await both(401, next)
  expectAnswer(await set(person, chosen), 200)
  await both(200)
  await marina.ground.db.transaction(async (tx) => {
    tx.changes(accountRightsKey(person.id))
    await tx.run(sql`update account_origin set gone_at = now() where account_id = ${person.id}`)
  })
  await both(401)
})

test('only the account itself and administrators set it, by the rule of Harbor', async () => {
  const { person } = await givenOidcMember()
  // Another person, and a token of the person itself, which must not make itself last longer.
  for (const one of [await givenUser(marina), person]) {
    const secret = makeTokenSecret()
    const token = { accountId: one.id, name: fresh('token'), hash: hashOfSecret(secret), scope: null, days: 1 }
    await marina.ground.db.transaction((tx) => saveToken(tx, token, 10))
    expectAnswer(await set(person, chosen, { ...one, password: secret }), 403, 'FORBIDDEN')
  }
  for (const weak of ['Ab1', 'Abcdefghij', 'abcdefgh1', 'ABCDEFGH1', `Aa1${'x'.repeat(126)}`])
    assert.match(expectAnswer(await set(person, weak), 400, 'BAD_REQUEST').text, /must be 8-128, inclusively/)
  expectAnswer(await set(marina.admin, chosen), 404, 'NOT_FOUND')
  assert.match(
    expectAnswer(await set({ ...person, id: 99_999 }, chosen), 404, 'NOT_FOUND').text,
    /oidc info for user 99999/,
  )
  await using local = await openTestMarina()
  const answer = await callApi(local, 'PUT', '/users/1/cli_secret', { as: local.admin, body: { secret: chosen } })
  assert.match(expectAnswer(answer, 412, 'PRECONDITION').text, /unable to update CLI secret under authmode: db_auth/)
})

test('wrong CLI secrets are throttled as wrong passwords are', async () => {
  const { project, person } = await givenOidcMember()
  expectAnswer(await set(person, chosen), 200)
  const name = fresh('x')
  let [status, tries] = [401, 0]
  // On a slow machine the first pauses, of a few seconds, are over before the next try.
  for (; status === 401 && tries < 40; tries++)
    status = await pulls(marina, { ...person, password: `Wrong-${name}-${tries}` }, `${project.name}/app`)
  assert.equal(status, 429)
  assert.ok(tries > 5)
})
