import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync } from 'node:crypto'
import { after, before, test } from 'node:test'
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose'
import { sql } from '../platform/db/sql.ts'
import {
  changeUser,
  fresh,
  givenCast,
  givenMember,
  givenProject,
  givenUser,
  pushImage,
  removeMember,
  removeProject,
} from '../testing/given.ts'
import { eventually, expectAnswer, type Person } from '../testing/http.ts'
import { openBeside, openTestMarina, type TestMarina } from '../testing/server.ts'
import { rotateKeys } from './keys.ts'

let marina: TestMarina
let cast: Awaited<ReturnType<typeof givenCast>>
before(async () => {
  marina = await openTestMarina()
  cast = await givenCast(marina)
})
after(() => marina[Symbol.asyncDispose]())

const service = 'service=harbor-registry'
const askToken = (query: string, as?: Person) => marina.ask('GET', `/service/token?${query}`, { as })
type Access = { type: string; class?: string; name: string; actions: string[] }[]
const accessOf = (token: string) => (decodeJwt(token) as { access: Access }).access
const grantedTo = async (person: Person | undefined, ...scopes: string[]) =>
  accessOf(await marina.token(person, ...scopes))
const repo = (project: { name: string }) => `${project.name}/app`

test('C-01: a token request for another service, or for none, is 400', async () => {
  for (const query of ['', 'service=', 'service=other', 'service=harbor-registry2', 'service=HARBOR-REGISTRY'])
    expectAnswer(await askToken(query, marina.admin), 400, 'BAD_REQUEST')
  expectAnswer(await askToken(service, marina.admin), 200)
})

test('C-02: a token request by another method than GET and POST is 405', async () => {
  for (const method of ['PUT', 'DELETE', 'PATCH', 'HEAD']) {
    const answer = await marina.ask(method, `/service/token?${service}`, { as: marina.admin })
    assert.deepEqual([answer.status, answer.headers.allow], [405, 'GET, POST'], method)
  }
})

const postForm = (form: Record<string, string>) =>
  marina.ask('POST', '/service/token', {
    body: new URLSearchParams({ service: 'harbor-registry', client_id: 'containerd-client', ...form }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })

test('C-02: a form with a name and a password gets a token, as in OAuth 2', async () => {
  const scope = `repository:${repo(cast.A)}:pull repository:${repo(cast.B)}:pull`
  const form = { grant_type: 'password', username: cast.uaA.name, password: cast.uaA.password, scope }
  const answer = expectAnswer(await postForm(form), 200)
  const body = answer.json() as Record<string, unknown>
  assert.deepEqual([answer.headers['cache-control'], typeof body['expires_in']], ['no-store', 'number'])
  assert.deepEqual(accessOf(body['access_token'] as string), [
    { type: 'repository', name: repo(cast.A), actions: ['pull'] },
    { type: 'repository', name: repo(cast.B), actions: [] },
  ])
})

test('C-02: a form with a wrong password or a refresh token is 401, with an unknown grant type 400', async () => {
  const person = { username: cast.uaA.name, password: 'wrong' }
  expectAnswer(await postForm({ grant_type: 'password', ...person }), 401, 'UNAUTHORIZED')
  expectAnswer(await postForm({ grant_type: 'password' }), 401, 'UNAUTHORIZED')
  expectAnswer(await postForm({ grant_type: 'refresh_token', refresh_token: 'x' }), 401, 'UNAUTHORIZED')
  expectAnswer(await postForm({ grant_type: 'client_credentials' }), 400, 'BAD_REQUEST')
  expectAnswer(await postForm({ grant_type: 'password', ...person, service: 'other' }), 400, 'BAD_REQUEST')
  expectAnswer(await postForm({ filler: 'x'.repeat(70_000) }), 413, 'SIZE_INVALID')
})

test('a token that would be too long for a request is refused, with the reason', async () => {
  const scopes = (count: number) =>
    Array.from({ length: count }, (_, at) => `scope=repository:library/${'x'.repeat(186)}${at}:pull,push`).join('&')
  const refused = expectAnswer(await askToken(`${service}&${scopes(55)}`, marina.admin), 400, 'BAD_REQUEST')
  assert.match(refused.text, /a token for 55 scopes would have \d+ bytes of 12288/)
  const { token } = expectAnswer(await askToken(`${service}&${scopes(30)}`, marina.admin), 200).json() as {
    token: string
  }
  expectAnswer(await marina.ask('GET', '/v2/', { token }), 200)
})

test('a scope with a class, as of Docker plugins, has the rights of its repository', async () => {
  const name = `${cast.A.name}/sshfs`
  const scope = `repository(plugin):${name}:pull,push`
  const token = await marina.token(cast.uaA, scope)
  const actions = ['pull', 'push']
  assert.deepEqual(accessOf(token), [{ type: 'repository', class: 'plugin', name, actions }])
  expectAnswer(await marina.ask('POST', `/v2/${name}/blobs/uploads/`, { token }), 202)
  assert.deepEqual(await grantedTo(cast.uaB, scope), [{ type: 'repository', class: 'plugin', name, actions: [] }])
  for (const type of ['repository(', 'repository()', '(plugin)', 'repository(a)(b)'])
    assert.deepEqual(await grantedTo(cast.uaA, `${type}:${name}:pull`), [{ type, name, actions: [] }])
})

test('C-03: without credentials, no scope is 401, and a scope is 200 with what anonymous callers may do', async () => {
  expectAnswer(await askToken(service), 401, 'UNAUTHORIZED')
  assert.deepEqual(await grantedTo(undefined, `repository:${repo(cast.P)}:pull,push`), [
    { type: 'repository', name: repo(cast.P), actions: ['pull'] },
  ])
  assert.deepEqual(await grantedTo(undefined, `repository:${repo(cast.A)}:pull`), [
    { type: 'repository', name: repo(cast.A), actions: [] },
  ])
})

test('C-04: a wrong password is 401, never a token', async () => {
  const { uaA } = cast
  const wrong: Person[] = [
    { ...uaA, password: 'Wrong12345' },
    { ...uaA, password: '' },
    { ...uaA, name: fresh('nobody') },
    { ...uaA, name: '' },
    { ...uaA, password: `${uaA.password} ` },
  ]
  for (const person of wrong)
    expectAnswer(await askToken(`${service}&scope=repository:${repo(cast.P)}:pull`, person), 401, 'UNAUTHORIZED')
  for (const authorization of [
    'Basic',
    'Basic !!!',
    `Basic ${Buffer.from('nocolon').toString('base64')}`,
    'Digest x',
    'x',
    'Bearer x',
    '',
  ]) {
    const answer = await marina.ask('GET', `/service/token?${service}&scope=repository:${repo(cast.P)}:pull`, {
      headers: { authorization },
    })
    expectAnswer(answer, 401, 'UNAUTHORIZED')
  }
})

test('C-05: scopes in several parameters and several in one are all read, and names may hold colons', async () => {
  const [a, p] = [`repository:${repo(cast.A)}:pull`, `repository:${repo(cast.P)}:pull`]
  const answer = await askToken(
    `${service}&scope=${encodeURIComponent(`${a} ${p}`)}&scope=${encodeURIComponent('repository:host:5000/x:pull')}`,
    cast.guA,
  )
  const access = accessOf((answer.json() as { token: string }).token)
  assert.deepEqual(access, [
    { type: 'repository', name: repo(cast.A), actions: ['pull'] },
    { type: 'repository', name: repo(cast.P), actions: ['pull'] },
    { type: 'repository', name: 'host:5000/x', actions: [] },
  ])
})

test('C-06: a scope that does not exist is answered like one that is not allowed', async () => {
  const scopes = [
    'repository:nosuchproject/x:pull',
    `repository:${repo(cast.B)}:pull`,
    `repository:${repo(cast.A)}:fly`,
    'galaxy:far:away',
    'repository:NOT A NAME:pull',
    'nonsense',
    'repository::pull',
    '::',
  ]
  for (const scope of scopes) {
    const answer = expectAnswer(await askToken(`${service}&scope=${encodeURIComponent(scope)}`, cast.uaA), 200)
    for (const { actions } of accessOf((answer.json() as { token: string }).token)) assert.deepEqual(actions, [], scope)
  }
})

test('C-07: a token grants what was asked for and the role allows', async () => {
  const all = 'pull,push,delete'
  const expected = {
    uaA: ['pull', 'push', 'delete'],
    maA: ['pull', 'push', 'delete'],
    deA: ['pull', 'push'],
    guA: ['pull'],
    laA: ['pull'],
    uaB: [],
    sys: ['pull', 'push', 'delete'],
  }
  for (const [who, actions] of Object.entries(expected)) {
    const person = cast[who as keyof typeof expected]
    assert.deepEqual((await grantedTo(person, `repository:${repo(cast.A)}:${all}`))[0]?.actions, actions, who)
    assert.deepEqual((await grantedTo(person, `repository:${repo(cast.A)}:*`))[0]?.actions, actions, who)
    assert.deepEqual(
      (await grantedTo(person, `repository:${repo(cast.A)}:pull`))[0]?.actions,
      actions.filter((one) => one === 'pull'),
      who,
    )
    assert.deepEqual(
      (await grantedTo(person, `repository:${repo(cast.P)}:${all}`))[0]?.actions,
      who === 'sys' ? ['pull', 'push', 'delete'] : ['pull'],
      who,
    )
  }
})

test('C-08: a token for one repository opens no other, not even in its project', async () => {
  await pushImage(marina, `${cast.A.name}/one`, { tag: 'v1' })
  await pushImage(marina, `${cast.A.name}/two`, { tag: 'v1' })
  const token = await marina.token(cast.uaA, `repository:${cast.A.name}/one:pull,push,delete`)
  expectAnswer(await marina.ask('GET', `/v2/${cast.A.name}/one/manifests/v1`, { token }), 200)
  for (const [method, path] of [
    ['GET', 'two/manifests/v1'],
    ['POST', 'two/blobs/uploads/'],
    ['DELETE', 'two/manifests/v1'],
    ['GET', 'one/more/tags/list'],
    ['GET', 'on/tags/list'],
  ] as const) {
    expectAnswer(await marina.ask(method, `/v2/${cast.A.name}/${path}`, { token }), 401, 'UNAUTHORIZED')
  }
})

test('C-08: a token gives only the actions that it names', async () => {
  await pushImage(marina, `${cast.A.name}/acts`, { tag: 'v1' })
  const token = await marina.token(cast.uaA, `repository:${cast.A.name}/acts:pull`)
  expectAnswer(await marina.ask('POST', `/v2/${cast.A.name}/acts/blobs/uploads/`, { token }), 401, 'UNAUTHORIZED')
  expectAnswer(await marina.ask('DELETE', `/v2/${cast.A.name}/acts/manifests/v1`, { token }), 401, 'UNAUTHORIZED')
})

test('C-09: registry:catalog:* is for the system administrator', async () => {
  assert.deepEqual((await grantedTo(cast.sys, 'registry:catalog:*'))[0]?.actions, ['*'])
  for (const person of [undefined, cast.uaA, cast.guA])
    assert.deepEqual((await grantedTo(person, 'registry:catalog:*'))[0]?.actions, [])
  assert.deepEqual((await grantedTo(cast.sys, 'registry:other:*'))[0]?.actions, [])
})

test('C-10: claims name issuer, subject, audience, times, a random id and the access', async () => {
  const scope = `repository:${repo(cast.A)}:pull`
  const [first, second] = [await marina.token(cast.guA, scope), await marina.token(cast.guA, scope)]
  const claims = decodeJwt(first)
  assert.deepEqual([claims.iss, claims.sub, claims.aud], ['harbor-token-issuer', cast.guA.name, ['harbor-registry']])
  assert.equal(claims.exp! - claims.iat!, 1800)
  assert.ok(Math.abs(claims.iat! - Date.now() / 1000) < 5 && claims.nbf! <= claims.iat!)
  assert.notEqual(claims.jti, decodeJwt(second).jti)
  const { alg, kid } = decodeProtectedHeader(first)
  assert.equal(alg, 'ES256')
  assert.match(kid!, /^[0-9a-f-]{36}$/)
})

/** Signs a token with Marina's own private key, so that it is wrong in `change` alone. */
async function forge(change: {
  claims?: Record<string, unknown>
  header?: Record<string, unknown>
  without?: string
}): Promise<string> {
  const { db, secrets } = marina.ground
  const row = (await db.row<{ id: string; key: string }>(
    sql`select id, private_key as key from signing_key where retired_at is null`,
  ))!
  const key = JSON.parse(secrets.unseal(row.key, `signing_key:${row.id}`)) as Record<string, string>
  const now = Math.floor(Date.now() / 1000)
  const claims: Record<string, unknown> = {
    iss: 'harbor-token-issuer',
    sub: 'admin',
    aud: ['harbor-registry'],
    iat: now,
    nbf: now,
    exp: now + 60,
    jti: fresh('jti'),
    uid: marina.admin.id,
    access: [{ type: 'repository', name: repo(cast.P), actions: ['pull'] }],
    projects: { [cast.P.name]: cast.P.id },
    ...change.claims,
  }
  if (change.without) delete claims[change.without]
  return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: row.id, ...change.header }).sign(key)
}

const isAccepted = async (token: string) => (await marina.ask('GET', '/v2/', { token })).status === 200

test('C-11: a token that is wrong in any one thing is 401', async () => {
  const now = Math.floor(Date.now() / 1000)
  assert.equal(await isAccepted(await forge({})), true)
  const wrong: Parameters<typeof forge>[0][] = [
    { claims: { iss: 'someone' } },
    { claims: { aud: ['other'] } },
    { claims: { aud: 'harbor' } },
    { claims: { exp: now - 120 } },
    { claims: { nbf: now + 120 } },
    ...['iss', 'aud', 'exp', 'nbf', 'iat', 'jti', 'sub'].map((without) => ({ without })),
    { header: { kid: 'unknown' } },
    { header: { kid: '../../etc/passwd' } },
    { header: { kid: undefined } },
    { header: { kid: 'x'.repeat(5000) } },
    { header: { crit: ['x'], x: 1 } },
  ]
  for (const change of wrong)
    assert.equal(
      await isAccepted(await forge(change).catch(() => 'unsignable')),
      false,
      JSON.stringify(change).slice(0, 100),
    )
  assert.equal(await isAccepted(await forge({ claims: { exp: now - 30 } })), true, 'a minute of leeway')
})

test('C-11: a token with another algorithm, another key, or a key in its header is 401', async () => {
  const good = await forge({})
  const [, payload] = good.split('.')
  const kid = decodeProtectedHeader(good).kid
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  assert.equal(await isAccepted(`${part({ alg: 'none', kid })}.${payload}.`), false)
  const publicKey = JSON.stringify(
    await marina.ground.db.row(sql`select public_key from signing_key where id = ${kid}`),
  )
  const head = part({ alg: 'HS256', kid })
  assert.equal(
    await isAccepted(
      `${head}.${payload}.${createHmac('sha256', publicKey).update(`${head}.${payload}`).digest('base64url')}`,
    ),
    false,
  )
  const { privateKey, publicKey: ownKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = ownKey.export({ format: 'jwk' })
  for (const header of [{ kid }, { kid, jwk }, { kid, jku: `${marina.url}/keys` }, { jwk }, { kid, x5c: ['x'] }]) {
    assert.equal(
      await isAccepted(
        await new SignJWT(decodeJwt(good)).setProtectedHeader({ alg: 'ES256', ...header }).sign(privateKey),
      ),
      false,
    )
  }
  for (const token of [
    '',
    '.',
    '..',
    'a.b.c',
    'x',
    `${good}x`,
    good.slice(0, -4),
    good.split('.').slice(0, 2).join('.'),
    `${good}.${good}`,
    '\u0001',
  ]) {
    const answer = await marina.ask('GET', '/v2/', { headers: { authorization: `Bearer ${encodeURI(token)}` } })
    assert.equal(answer.status, 401, token.slice(0, 20))
  }
})

test('C-11: a forged token with the signature of a token that was just verified is 401', async () => {
  const scope = `repository:${repo(cast.A)}:pull`
  const good = await marina.token(cast.guA, scope)
  const stronger = await marina.token(marina.admin, scope)
  const [head, , signature] = good.split('.')
  const forged = [head, stronger.split('.')[1], signature].join('.')
  for (let time = 0; time < 2; time++) {
    expectAnswer(await marina.ask('GET', '/v2/', { token: good }), 200)
    expectAnswer(await marina.ask('GET', '/v2/', { token: forged }), 401, 'UNAUTHORIZED')
  }
})

test('C-12: a token is 401 for a project that was made again under the same name', async () => {
  const old = await givenProject(marina)
  const [scope, path] = [`repository:${old.name}/x:pull,push`, `/v2/${old.name}/x/blobs/uploads/`]
  const token = await marina.token(marina.admin, scope)
  expectAnswer(await marina.ask('POST', path, { token }), 202)
  await removeProject(marina, old)
  expectAnswer(await marina.ask('POST', path, { token }), 404, 'NAME_UNKNOWN')
  await givenProject(marina, { name: old.name })
  expectAnswer(await marina.ask('POST', path, { token }), 401, 'UNAUTHORIZED')
  expectAnswer(await marina.ask('POST', path, { token: await marina.token(marina.admin, scope) }), 202)
})

test('C-12: a token does not open the source of a mount in a project that was made again', async () => {
  const old = await givenProject(marina)
  const target = await givenProject(marina)
  const from = `${old.name}/x`
  const token = await marina.token(marina.admin, `repository:${from}:pull`, `repository:${target.name}/y:pull,push`)
  await removeProject(marina, old)
  await givenProject(marina, { name: old.name })
  const image = await pushImage(marina, from)
  const mount = `/v2/${target.name}/y/blobs/uploads/?mount=${image.config}&from=${from}`
  expectAnswer(await marina.ask('POST', mount, { token }), 202)
  expectAnswer(await marina.ask('POST', mount, { as: marina.admin }), 201)
})

test('C-13: a registry token is 401 on the REST API', async () => {
  const token = await marina.token(marina.admin, `repository:${repo(cast.A)}:pull,push`, 'registry:catalog:*')
  for (const [method, path] of [
    ['GET', '/api/v2.0/projects'],
    ['POST', '/api/v2.0/projects'],
    ['DELETE', `/api/v2.0/projects/${cast.A.name}`],
  ] as const) {
    expectAnswer(await marina.ask(method, path, { token }), 401, 'UNAUTHORIZED')
  }
})

test('C-14: after a rotation all processes soon sign with the new key, and accept tokens of both', async () => {
  await using first = await openTestMarina()
  await using second = await openBeside(first)
  const scope = 'repository:library/x:pull'
  const old = await first.token(first.admin, scope)
  const { db, secrets } = first.ground
  const id = await db.transaction((tx) => rotateKeys(tx, secrets, { kind: 'system', id: null, name: 'marina keys' }))
  assert.deepEqual(
    (await db.row<{ payload: object }>(sql`select payload from outbox where topic = 'signing-key.rotated'`))?.payload,
    { keyId: id, by: { kind: 'system', id: null, name: 'marina keys' } },
  )
  for (const one of [first, second]) {
    await eventually(async () => assert.equal(decodeProtectedHeader(await one.token(one.admin, scope)).kid, id))
  }
  const young = await first.token(first.admin, scope)
  for (const one of [first, second])
    for (const token of [old, young]) expectAnswer(await one.ask('GET', '/v2/', { token }), 200)
  // As if a token's whole life had passed since the rotation.
  const seconds = first.config.limits.tokenTtlMs / 1000 + 61
  await db.run(
    sql`update signing_key set retired_at = now() - make_interval(secs => ${seconds}) where retired_at is not null`,
  )
  await using third = await openBeside(first)
  expectAnswer(await third.ask('GET', '/v2/', { token: old }), 401, 'UNAUTHORIZED')
  expectAnswer(await third.ask('GET', '/v2/', { token: young }), 200)
})

test('C-15: tokens of a removed member and of a disabled account are 401 at once', async () => {
  const project = await givenProject(marina)
  const [member, disabled] = [
    await givenMember(marina, project, 'maintainer'),
    await givenMember(marina, project, 'maintainer'),
  ]
  await pushImage(marina, repo(project), { tag: 'v1' })
  const path = `/v2/${repo(project)}/manifests/v1`
  const tokens = await Promise.all(
    [member, disabled].map((one) => marina.token(one, `repository:${repo(project)}:pull,push,delete`)),
  )
  for (const token of tokens) expectAnswer(await marina.ask('GET', path, { token }), 200)
  await removeMember(marina, project, member)
  await changeUser(marina, disabled, { isDisabled: true })
  for (const token of tokens) expectAnswer(await marina.ask('GET', path, { token }), 401, 'UNAUTHORIZED')
  for (const as of [member, disabled]) expectAnswer(await marina.ask('GET', path, { as }), 401, 'UNAUTHORIZED')
  expectAnswer(await marina.ask('GET', '/v2/', { token: tokens[1]! }), 401, 'UNAUTHORIZED')
  expectAnswer(await askToken(`${service}&scope=repository:${repo(cast.P)}:pull`, disabled), 401, 'UNAUTHORIZED')
  expectAnswer(await marina.ask('GET', '/api/v2.0/projects', { as: disabled }), 401, 'UNAUTHORIZED')
})

test('C-15: a changed password ends the old one at once', async () => {
  const person = await givenUser(marina)
  expectAnswer(await marina.ask('GET', '/v2/', { as: person }), 200)
  await changeUser(marina, person, { password: 'Another12345' })
  expectAnswer(await marina.ask('GET', '/v2/', { as: person }), 401, 'UNAUTHORIZED')
  expectAnswer(await marina.ask('GET', '/v2/', { as: { ...person, password: 'Another12345' } }), 200)
})

test('C-16: the answer has token, access_token, expires_in and issued_at, and is not to be stored', async () => {
  const answer = await askToken(`${service}&scope=repository:${repo(cast.P)}:pull`)
  const body = answer.json() as Record<string, string | number>
  assert.deepEqual(
    [body['access_token'], body['expires_in'], answer.headers['cache-control']],
    [body['token'], 1800, 'no-store'],
  )
  assert.ok(Math.abs(Date.parse(String(body['issued_at'])) - Date.now()) < 5000)
})

test('C-17: wrong passwords for a name from one address are throttled, and then the right one is too', async () => {
  const person = await givenUser(marina)
  const guess = () => marina.ask('GET', '/v2/', { as: { ...person, password: 'Wrong12345' } })
  for (let count = 0; count < 5; count++) expectAnswer(await guess(), 401, 'UNAUTHORIZED')
  const slowed = expectAnswer(await guess(), 429, 'TOOMANYREQUESTS')
  assert.ok(Number(slowed.headers['retry-after']) >= 1)
  expectAnswer(await marina.ask('GET', '/v2/', { as: person }), 429, 'TOOMANYREQUESTS')
  expectAnswer(await askToken(service, person), 429, 'TOOMANYREQUESTS')
  expectAnswer(await marina.ask('GET', '/api/v2.0/projects', { as: person }), 429, 'TOO_MANY_REQUESTS')
  await marina.ground.db.run(sql`update login_failure set last_at = now() - interval '5 minutes'`)
  expectAnswer(await marina.ask('GET', '/v2/', { as: person }), 200)
})

test('C-17: a password that was right before is not throttled by wrong guesses', async () => {
  const person = await givenUser(marina)
  expectAnswer(await marina.ask('GET', '/v2/', { as: person }), 200)
  for (let count = 0; count < 6; count++)
    await marina.ask('GET', '/v2/', { as: { ...person, password: `Wrong1234${count}` } })
  expectAnswer(await marina.ask('GET', '/v2/', { as: person }), 200)
  await marina.ground.db.run(sql`delete from login_failure`)
})

test('C-18: more than 100 scopes, or a scope of more than 4096 characters, are 400', async () => {
  const scopes = (count: number) =>
    Array.from({ length: count }, (_, index) => `scope=repository:a/x${index}:pull`).join('&')
  expectAnswer(await askToken(`${service}&${scopes(100)}`), 200)
  expectAnswer(await askToken(`${service}&${scopes(101)}`), 400, 'BAD_REQUEST')
  expectAnswer(await askToken(`${service}&scope=${'x+'.repeat(101)}`), 400, 'BAD_REQUEST')
  expectAnswer(await askToken(`${service}&scope=repository:a/${'b'.repeat(5000)}:pull`), 400, 'BAD_REQUEST')
})

test('C-19: a caller with refused credentials gets 401, even where anonymous callers may pull', async () => {
  await pushImage(marina, repo(cast.P), { tag: 'v1' })
  const path = `/v2/${repo(cast.P)}/manifests/v1`
  expectAnswer(
    await marina.ask('GET', path, { token: await marina.token(undefined, `repository:${repo(cast.P)}:pull`) }),
    200,
  )
  expectAnswer(await marina.ask('GET', path, { as: { ...cast.uaA, password: 'Wrong1234x' } }), 401, 'UNAUTHORIZED')
  expectAnswer(await marina.ask('GET', path, { token: 'a.b.c' }), 401, 'UNAUTHORIZED')
  expectAnswer(await marina.ask('GET', path, { headers: { authorization: 'Negotiate abc' } }), 401, 'UNAUTHORIZED')
  expectAnswer(
    await marina.ask('GET', '/api/v2.0/projects', { as: { ...cast.uaA, password: 'Wrong1234x' } }),
    401,
    'UNAUTHORIZED',
  )
})

test('C-20: passwords are kept as argon2id with a salt of their own', async () => {
  const [one, two] = [await givenUser(marina), await givenUser(marina)]
  for (const person of [one, two]) await changeUser(marina, person, { password: 'Same12345' })
  const kept = await marina.ground.db.rows<{ hash: string }>(
    sql`select password_hash as hash from account where id = any(${[one.id, two.id]}::bigint[])`,
  )
  for (const { hash } of kept) assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  assert.equal(new Set(kept.map(({ hash }) => hash)).size, 2)
})

test('Q18: passwords that differ only in their last character are different', async () => {
  const person = await givenUser(marina)
  const long = `Aa1${'x'.repeat(120)}`
  await changeUser(marina, person, { password: `${long}y` })
  expectAnswer(await marina.ask('GET', '/v2/', { as: { ...person, password: `${long}z` } }), 401, 'UNAUTHORIZED')
  expectAnswer(await marina.ask('GET', '/v2/', { as: { ...person, password: `${long}y` } }), 200)
})

test('C-27: a Marina with another secret key does not start on the database, and changes nothing in it', async () => {
  await using own = await openTestMarina()
  await assert.rejects(openBeside(own, { MARINA_SECRET_KEY: 'ef'.repeat(32) }), /MARINA_SECRET_KEY/)
  expectAnswer(await own.ask('GET', '/v2/', { token: await own.token(own.admin, 'repository:library/x:pull') }), 200)
  await using again = await openBeside(own)
  expectAnswer(await again.ask('GET', '/v2/', { as: own.admin }), 200)
})

test('X01: an anonymous token without rights opens nothing', async () => {
  await pushImage(marina, repo(cast.A), { tag: 'v1' })
  const token = await marina.token(undefined, `repository:${repo(cast.A)}:pull`)
  for (const path of [`${repo(cast.A)}/manifests/v1`, `${repo(cast.A)}/tags/list`, '_catalog'])
    expectAnswer(await marina.ask('GET', `/v2/${path}`, { token }), 401, 'UNAUTHORIZED')
})
