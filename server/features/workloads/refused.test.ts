import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, test } from 'node:test'
import { exportJWK, exportSPKI, generateKeyPair, importJWK, SignJWT } from 'jose'
import { sql } from '../../platform/db/sql.ts'
import { callApi, create, factsSince, lastFact } from '../../testing/api.ts'
import { givenMember, givenProject, givenUser, removeMember } from '../../testing/given.ts'
import { eventually, expectAnswer } from '../../testing/http.ts'
import { githubClaims, openIssuer } from '../../testing/issuer.ts'
import { openBeside, openTestMarina } from '../../testing/server.ts'
import { audience, by, main, openScene, push, right, rulesOf, type Access } from './scene.suite.ts'
import { sweepUsed } from './store.ts'

const { marina, issuer, call, exchange, ruleOf, givenRule, statusOf, ...scene } = await openScene()
after(() => scene[Symbol.asyncDispose]())

test('a rule of one use takes a token once, on every process, until the token is over', async () => {
  const project = await givenProject(marina)
  const claims = [{ claim: 'repository', equals: 'octo/once' }]
  await givenRule(project, { claims, one_use: true })
  await using beside = await openBeside(marina, { MARINA_OUTBOUND_ALLOW: '127.0.0.0/8' })
  const token = await issuer.sign(githubClaims({ ...main, repository: 'octo/once' }))
  const tries = await Promise.all([marina, beside, marina, beside].map((at) => exchange(token, {}, at)))
  assert.deepEqual(
    tries.map(({ status }) => status).toSorted((a, b) => a - b),
    [200, 401, 401, 401],
  )
  assert.match(tries.find(({ status }) => status === 401)!.text, /used before/)
  const test = await call('POST', `${rulesOf(project)}/test`, { as: marina.admin, body: { token } })
  assert.equal((expectAnswer(test, 200).json() as { fits: boolean }).fits, true, 'a test uses nothing up')
  assert.equal(await sweepUsed(marina.ground.db), 0)
  await marina.ground.db.run(sql`update workload_token_used set expires_at = now() - interval '1 s'`)
  assert.equal(await sweepUsed(marina.ground.db), 1)
})

test('no token with a broken, foreign or missing signature is taken', async () => {
  const project = await givenProject(marina)
  await givenRule(project)
  await using stranger = await openIssuer()
  const good = githubClaims(main)
  const [header, body, signature] = (await issuer.sign(good)).split('.') as [string, string, string]
  const weak = await generateKeyPair('RS256', { extractable: true })
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const publicKey = await exportSPKI((await importJWK(issuer.key().publicJwk, 'RS256')) as typeof weak.publicKey)
  const hmac = (key: string, kid = issuer.key().kid) => {
    const signed = `${part({ alg: 'HS256', kid, typ: 'JWT' })}.${body}`
    return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`
  }
  const withOwnKey = await new SignJWT({
    ...good,
    iss: issuer.url,
    exp: Date.now() / 1000 + 60,
    iat: Date.now() / 1000,
  })
    .setProtectedHeader({ alg: 'RS256', jwk: await exportJWK(weak.publicKey) })
    .sign(weak.privateKey)
  const now = Math.floor(Date.now() / 1000)
  const critical = part({ alg: 'RS256', kid: issuer.key().kid, crit: ['x'], x: 1 })
  const wrong: Record<string, string> = {
    none: `${part({ alg: 'none' })}.${body}.`,
    'none with a signature': `${part({ alg: 'none' })}.${body}.${signature}`,
    'HS256 with the public key': hmac(publicKey),
    'HS256 with the key set': hmac(issuer.jwks()),
    'a changed body': `${header}.${part({ ...good, iss: issuer.url, repository: 'octo/evil' })}.${signature}`,
    'the key of a stranger': await stranger.sign({ ...good, iss: issuer.url }),
    'the kid of the issuer and the key of a stranger': await stranger.sign(
      { ...good, iss: issuer.url },
      { kid: issuer.key().kid },
    ),
    'a key in its own header': withOwnKey,
    'an issuer whom nobody trusts': await stranger.sign(good),
    'an issuer that is a list': await issuer.sign({ ...good, iss: [issuer.url] }),
    'a wrong audience': await issuer.sign({ ...good, aud: 'other' }),
    'an audience that is an object': await issuer.sign({ ...good, aud: { [audience]: true } }),
    'no audience': await issuer.sign({ ...good, aud: undefined }),
    'it has expired': await issuer.sign({ ...good, iat: now - 900, exp: now - 300 }),
    'it begins later': await issuer.sign({ ...good, nbf: now + 300 }),
    'it was issued later': await issuer.sign({ ...good, iat: now + 300 }),
    'no end': await issuer.sign({ ...good, exp: undefined }),
    'no beginning': await issuer.sign({ ...good, iat: undefined }),
    'an end that is a text': await issuer.sign({ ...good, exp: 'never' }),
    'a life of two days': await issuer.sign({ ...good, exp: now + 2 * 86_400 }),
    'a subject that is an object': await issuer.sign({ ...good, sub: { a: 1 } }),
    'a subject without end': await issuer.sign({ ...good, sub: 'x'.repeat(256) }),
    'a subject with a line break': await issuer.sign({ ...good, sub: 'a\nb' }),
    'a claim that is an object': await issuer.sign({ ...good, repository: { name: main.repository } }),
    'a token for logging out': await issuer.sign(good, { typ: 'logout+jwt' }),
    'a critical header that nobody knows': `${critical}.${body}.${signature}`,
    'far too long': await issuer.sign({ ...good, filler: 'x'.repeat(20_000) }),
    'no JSON': `${Buffer.from('{').toString('base64url')}.${body}.${signature}`,
  }
  for (const [what, token] of Object.entries(wrong)) {
    const answer = await exchange(token)
    assert.equal(answer.status, 401, `${what}: ${answer.text}`)
    assert.doesNotMatch(answer.text, /octo|rule-|refs/, `${what} tells of the rule`)
    if (token.length < 10_000) assert.equal(await statusOf(by(token)), 401, what)
  }
  expectAnswer(await exchange(await issuer.sign(good)), 200)
})

test('a wrong grant type or token type is 400', async () => {
  const token = await issuer.sign(githubClaims(main))
  expectAnswer(await exchange(token, { grant_type: 'password' }), 400, 'BAD_REQUEST')
  expectAnswer(await exchange(token, { subject_token_type: 'urn:x' }), 400, 'BAD_REQUEST')
})

test('a test of a token says for each rule what it would get, and why not', async () => {
  const project = await givenProject(marina)
  const maker = await givenMember(marina, project, 'projectAdmin')
  const good = await givenRule(project, { claims: [{ claim: 'repository', equals: 'octo/test' }] }, push, maker)
  const bad = await givenRule(project, { claims: [{ claim: 'environment', equals: 'production' }] }, push, maker)
  const claims = githubClaims({ ...main, repository: 'octo/test' })
  type Test = { fits: boolean; problem?: string; subject?: string; rules: { id: number; reasons: string[] }[] }
  const ask = async (token: string, as = maker) =>
    expectAnswer(await call('POST', `${rulesOf(project)}/test`, { as, body: { token } }), 200).json() as Test
  const since = await lastFact(marina)
  const said = await ask(await issuer.sign(claims))
  assert.deepEqual(
    [said.fits, said.subject, said.rules.map(({ id, reasons }) => [id, reasons])],
    [
      true,
      'repo:octo/test:ref:refs/heads/main',
      [
        [good, []],
        [bad, ['there is no claim environment']],
      ],
    ],
  )
  const late = await ask(await issuer.sign({ ...claims, exp: 1000, iat: 900, nbf: 900 }))
  assert.deepEqual([late.fits, late.rules[0]!.reasons], [false, ['the token has expired']])
  const unsigned = (await issuer.sign(claims)).replace(/\.[^.]*$/, '.AAAA')
  assert.match((await ask(unsigned)).rules[0]!.reasons[0]!, /no key of its issuer/)
  assert.match((await ask('nonsense')).problem!, /no JSON Web Token/)
  const everywhere = await call('POST', '/workloads/test', {
    as: marina.admin,
    body: { token: await issuer.sign(claims) },
  })
  assert.ok((expectAnswer(everywhere, 200).json() as Test).rules.length >= 2)
  // Refused logins of other tests are written a little later.
  const told = (await factsSince(marina, since)).filter(({ topic }) => topic !== 'login.failed')
  assert.deepEqual(told, [], 'a test leaves no trace')
  await removeMember(marina, project, maker)
  const lost = await ask(await issuer.sign(claims), marina.admin)
  assert.match(lost.rules[0]!.reasons[0]!, /its maker may do nothing/)
})

test('what is wrong with a wanted rule is said, and nothing is made', async () => {
  const project = await givenProject(marina)
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const secretKey = JSON.stringify({ keys: [{ ...(await exportJWK(privateKey)), kid: 'x' }] })
  const inProject = (...access: Access) => [{ kind: 'project', namespace: project.name, access }]
  const wrong: [object, RegExp][] = [
    [{ name: '' }, /1 to 64/],
    [{ name: 'a\u202eb' }, /invisible/],
    [{ issuer: 'http://issuer.example' }, /https/],
    [{ issuer: 'https://ann:secret@issuer.example' }, /https/],
    [{ issuer: 'https://issuer.example?x=1' }, /query/],
    [{ issuer: 'ftp://issuer.example' }, /https/],
    [{ audience: '' }, /audience/],
    [{ claims: [] }, /1 to 20/],
    [{ claims: [{ claim: 'sub', matches: '*' }] }, /every token/],
    [{ claims: [{ claim: 'sub' }] }, /either equals or matches/],
    [{ claims: [{ claim: 'sub', equals: 'a', matches: 'b' }] }, /either equals or matches/],
    [{ claims: [{ claim: 'sub', matches: '{a' }] }, /not closed/],
    [{ jwks: '{}' }, /keys must be a list/],
    [{ jwks: 'x' }, /no JSON/],
    [{ jwks: '{"keys":[{"kty":"oct","k":"AAAA"}]}' }, /no public key/],
    [{ jwks: secretKey }, /private key/],
    [{ repositories: [''] }, /empty/],
    [{ repositories: ['[a'] }, /cannot be used/],
    [{ repositories: ['app'], permissions: inProject(right('read', 'project')) }, /patterns of repositories/],
    [{ permissions: [] }, /empty/],
    [{ permissions: inProject(right('create', 'robot')) }, /cannot give robot:create/],
    [{ permissions: inProject(right('create', 'member')) }, /cannot give member:create/],
    [{ permissions: inProject(right('read', 'moon')) }, /moon:read/],
    [{ permissions: [{ kind: 'system', namespace: '/', access: [right('list', 'project')] }] }, /kind project/],
    [{ permissions: [{ kind: 'project', namespace: '*', access: push }] }, /in that project alone/],
    [{ duration: 59 }, /duration/],
    [{ duration: 86_401 }, /duration/],
  ]
  for (const [more, says] of wrong) {
    const answer = await call('POST', rulesOf(project), { as: marina.admin, body: ruleOf(project, more) })
    assert.equal(answer.status, 400, `${JSON.stringify(more)}: ${answer.text}`)
    assert.match(answer.text, says)
  }
  const body = ruleOf(project)
  await create(marina, rulesOf(project), marina.admin, body)
  expectAnswer(await call('POST', rulesOf(project), { as: marina.admin, body }), 409, 'CONFLICT')
  const listed = await call('GET', rulesOf(project), { as: marina.admin })
  assert.deepEqual([listed.headers['x-total-count'], (listed.json() as unknown[]).length], ['1', 1])
})

test('rules, projects and the number of rules have their limits and their ends', async () => {
  await using small = await openTestMarina({ MARINA_WORKLOAD_RULES: '1', MARINA_OUTBOUND_ALLOW: '127.0.0.0/8' })
  const project = await givenProject(small)
  const path = rulesOf(project)
  await create(small, path, small.admin, ruleOf(project))
  const many = await callApi(small, 'POST', path, { as: small.admin, body: ruleOf(project) })
  assert.match(expectAnswer(many, 412, 'PRECONDITION').text, /MARINA_WORKLOAD_RULES/)
  const token = await issuer.sign(githubClaims(main))
  expectAnswer(await exchange(token, {}, small), 200)
  expectAnswer(await callApi(small, 'DELETE', `/projects/${project.name}`, { as: small.admin }), 200)
  expectAnswer(await exchange(token, {}, small), 401, 'UNAUTHORIZED')
})

test('an address whose tokens are refused again and again has to wait, and metrics count why', async () => {
  await using small = await openTestMarina({
    MARINA_WORKLOAD_FAILURES: '3',
    MARINA_OUTBOUND_ALLOW: '127.0.0.0/8',
    MARINA_METRICS_PORT: '0',
  })
  const ask = (token: string) => exchange(token, {}, small)
  const token = await issuer.sign(githubClaims(main))
  const statuses = []
  for (let count = 0; count < 5; count++) statuses.push((await ask(token)).status)
  assert.deepEqual(statuses, [401, 401, 401, 429, 429])
  assert.equal((await ask(token)).headers['retry-after'], '60')
  const text = await small.ground.metrics.registry.metrics()
  assert.match(text, /marina_workload_tokens_total\{result="untrusted"\} 3/)
  assert.match(text, /marina_workload_tokens_total\{result="throttled"\} 3/)
  await eventually(async () => {
    const failed = (await factsSince(small, 0)).filter(({ topic }) => topic === 'login.failed')
    assert.ok(failed.some(({ payload }) => payload['name'] === 'workload'))
  })
  const person = await givenUser(small)
  expectAnswer(await callApi(small, 'GET', '/users/current', { as: person }), 200)
})
