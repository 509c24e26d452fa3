import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { callApi, factsSince, lastFact } from '../../testing/api.ts'
import type { CookieBrowser } from '../../testing/cookie-browser.ts'
import { fresh, givenProject } from '../../testing/given.ts'
import { eventually, expectAnswer } from '../../testing/http.ts'
import { openBeside, type TestMarina } from '../../testing/server.ts'
import { sql } from '../../platform/db/sql.ts'
import { givenPerson, openScene, patient, sessionOf, setItems, signIn, type OidcScene } from './scene.suite.ts'

const env = {
  ...patient,
  MARINA_OUTBOUND_ALLOW: '127.0.0.1',
  // Each use of rights asks the provider.
  MARINA_IDENTITY_REFRESH: '0s',
  MARINA_IDENTITY_PAUSE: '0s',
  MARINA_IDENTITY_GRACE: '1h',
} as const
let scene: OidcScene
before(async () => {
  scene = await openScene({ env })
})
after(() => scene[Symbol.asyncDispose]())

const asks = (browser: CookieBrowser, path: string, marina: TestMarina = scene.marina) =>
  callApi(marina, 'GET', path, { headers: sessionOf(browser, scene.marina) })

async function givenPat(browser: CookieBrowser, name: string) {
  const headers = sessionOf(browser, scene.marina)
  const csrf = (await callApi(scene.marina, 'GET', '/users/current', { headers })).headers['x-harbor-csrf-token']
  const answer = await callApi(scene.marina, 'POST', '/users/current/tokens', {
    headers: { ...headers, 'x-harbor-csrf-token': String(csrf) },
    body: { name: fresh('token') },
  })
  const { secret } = expectAnswer(answer, 201).json() as { secret: string }
  return { kind: 'user', id: 0, name, password: secret } as const
}

test('groups and administrator lost at the provider are lost with the next request, without a login', async () => {
  const { marina, provider } = scene
  const team = fresh('team')
  const ann = givenPerson(provider, fresh('ann'), [team, 'registry-admins'])
  const browser = await signIn(scene, ann)
  const pat = await givenPat(browser, ann)
  const project = await givenProject(marina)
  const body = { role_id: 2, member_group: { group_name: team, group_type: 3 } }
  expectAnswer(await callApi(marina, 'POST', `/projects/${project.name}/members`, { as: marina.admin, body }), 201)
  expectAnswer(await asks(browser, '/quotas'), 200)
  givenPerson(provider, ann, [team])
  expectAnswer(await asks(browser, '/quotas'), 403, 'FORBIDDEN')
  expectAnswer(await asks(browser, `/projects/${project.name}`), 200)
  givenPerson(provider, ann, [])
  for (const answer of [
    await asks(browser, `/projects/${project.name}/members`),
    await callApi(marina, 'GET', `/projects/${project.name}/members`, { as: pat }),
  ])
    expectAnswer(answer, 403, 'FORBIDDEN')
  const [claims] = expectAnswer(
    await callApi(marina, 'GET', '/system/oidc/claims', { as: marina.admin }),
    200,
  ).json() as { occasion: string; groups: string[] }[]
  assert.deepEqual([claims!.occasion, claims!.groups], ['refresh', []])
})

test('a person who is gone at the provider has no session and no token any more, on all processes', async () => {
  const { marina, provider } = scene
  await using beside = await openBeside(marina, env)
  const ben = givenPerson(provider, fresh('ben'))
  const browser = await signIn(scene, ben)
  const pat = await givenPat(browser, ben)
  for (const one of [marina, beside]) expectAnswer(await asks(browser, '/users/current', one), 200)
  const since = await lastFact(marina)
  provider.people.delete(ben)
  for (const one of [marina, beside]) {
    await eventually(async () => expectAnswer(await asks(browser, '/users/current', one), 401, 'UNAUTHORIZED'))
    expectAnswer(await callApi(one, 'GET', '/users/current', { as: pat }), 401, 'UNAUTHORIZED')
  }
  assert.ok((await factsSince(marina, since)).some(({ topic }) => topic === 'account.gone'))
  const kept = await marina.ground.db.rows<{ secret: string | null }>(
    sql`select secret from account_origin where subject = ${ben}`,
  )
  assert.deepEqual(kept, [{ secret: null }])
})

test('a provider that is away or refuses Marina itself ends nothing', async () => {
  const { marina, provider } = scene
  const cat = givenPerson(provider, fresh('cat'))
  const browser = await signIn(scene, cat)
  const pat = await givenPat(browser, cat)
  const holds = async () => {
    expectAnswer(await asks(browser, '/users/current'), 200)
    expectAnswer(await callApi(marina, 'GET', '/users/current', { as: pat }), 200)
  }
  const asked = provider.count('/token')
  for (const status of [500, 429, 401, 400]) {
    const error = status === 400 ? 'invalid_request' : 'invalid_client'
    provider.faults.push({
      path: '/token',
      answer: (_, response) =>
        void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error })),
    })
    await holds()
    provider.faults.splice(0)
  }
  assert.ok(provider.count('/token') > asked)
  await setItems(marina, { oidc_client_secret: 'wrong' })
  await holds()
  await setItems(marina, { oidc_client_secret: provider.client.secret })
  await holds()
})

test('of many requests at once, on two processes, no refresh token is used twice', async () => {
  // The provider gives a new refresh token each time and ends everything when an old one comes again.
  await using rotating = await openScene({ env, more: { rotateRefreshToken: () => true } })
  const { marina, provider } = rotating
  await using beside = await openBeside(marina, env)
  const dan = givenPerson(provider, fresh('dan'))
  const browser = await signIn(rotating, dan)
  const headers = sessionOf(browser, marina)
  const before = provider.count('/token')
  for (let rounds = 0; rounds < 3; rounds++) {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        callApi(index % 2 === 0 ? marina : beside, 'GET', '/users/current', { headers }),
      ),
    )
    for (const answer of answers) expectAnswer(answer, 200)
  }
  assert.ok(provider.count('/token') > before)
})

test('without a refresh token the last login counts on, and a token of another client is not tried', async () => {
  await using plain = await openScene({ env, items: { oidc_scope: 'openid,profile,groups' } })
  const { marina, provider } = plain
  const team = fresh('team')
  const eve = givenPerson(provider, fresh('eve'), [team])
  const browser = await signIn(plain, eve)
  const headers = sessionOf(browser, marina)
  const asked = provider.count('/token')
  provider.people.delete(eve)
  for (let tries = 0; tries < 3; tries++) expectAnswer(await callApi(marina, 'GET', '/users/current', { headers }), 200)
  assert.equal(provider.count('/token'), asked)
  const groups = await marina.ground.db.rows<{ name: string }>(sql`
    select user_group.name from account_group join user_group on user_group.id = group_id
    join account on account.id = account_id where account.name = ${eve}`)
  assert.deepEqual(groups, [{ name: team }])
})

test('refresh tokens are sealed in the database, and nothing of them is in the claims that are kept', async () => {
  const { marina, provider } = scene
  const fay = givenPerson(provider, fresh('fay'))
  await signIn(scene, fay)
  const rows = await marina.ground.db.rows<{ secret: string }>(
    sql`select secret from account_origin where subject = ${fay}`,
  )
  assert.match(rows[0]!.secret, /^v1\./)
  const claims = await marina.ground.db.rows(sql`select * from oidc_claims`)
  const sessions = await marina.ground.db.rows(sql`select * from oidc_session`)
  assert.doesNotMatch(JSON.stringify([claims, sessions]), /eyJ[\w-]{10,}\.|refresh_token/)
})
