import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { callApi, create, factsSince, givenRobot, lastFact } from '../../testing/api.ts'
import { changeUser, fresh, givenMember, givenProject, pushImage, removeMember } from '../../testing/given.ts'
import { eventually, expectAnswer } from '../../testing/http.ts'
import { githubClaims, gitlabClaims, kubernetesClaims, openIssuer } from '../../testing/issuer.ts'
import { openBeside, type TestMarina } from '../../testing/server.ts'
import { audience, by, exchangeType, jwtType, main, openScene, push, right, rulesOf } from './scene.suite.ts'

const { marina, issuer, call, exchange, ruleOf, secretOf, givenRule, granted, statusOf, ...scene } = await openScene()
after(() => scene[Symbol.asyncDispose]())

test('a token of a pipeline pushes where its rule says and nowhere else, by login and by a secret', async () => {
  const [project, other] = [await givenProject(marina), await givenProject(marina)]
  const id = await givenRule(project)
  const since = await lastFact(marina)
  const token = await issuer.sign(githubClaims(main))
  const secret = await secretOf(token)
  assert.match(secret.password, /^marina_wl_ey/)
  for (const as of [by(token), secret]) {
    await pushImage(marina, `${project.name}/app`, { as })
    assert.deepEqual(await granted(as, `${project.name}/app`), ['pull', 'push'])
    assert.deepEqual(await granted(as, `${other.name}/app`), [])
  }
  const facts = await factsSince(marina, since)
  const name = `${issuer.url.slice('http://'.length)}#repo:octo/app:ref:refs/heads/main`
  assert.deepEqual(
    facts
      .filter(({ topic }) => topic === 'workload.admitted')
      .map(({ payload }) => [payload['subject'], payload['by']]),
    [['repo:octo/app:ref:refs/heads/main', { kind: 'workload', id, name }]],
  )
  const pushed = facts.find(({ topic }) => topic === 'artifact.pushed')
  assert.deepEqual(pushed!.payload['by'], { kind: 'workload', id, name })
  await eventually(async () => {
    const shown = expectAnswer(await call('GET', `${rulesOf(project)}/${id}`, { as: marina.admin }), 200)
    assert.ok((shown.json() as { last_used_time?: string }).last_used_time)
  })
  const robots = await marina.ground.db.row<{ count: number }>(sql`select count(*) from robot`)
  assert.equal(robots!.count, 0, 'nothing piles up')
})

test('tokens with the claims of GitLab and Kubernetes get what their rules say', async () => {
  const project = await givenProject(marina)
  await givenRule(project, { claims: [{ claim: 'project_path', matches: 'team/*' }], issuer: issuer.url })
  await givenRule(project, { claims: [{ claim: 'kubernetes.io/serviceaccount/name', equals: 'puller' }] }, [
    right('pull'),
  ])
  const gitlab = await issuer.sign(gitlabClaims({ audience, repository: 'team/app', ref: 'main' }))
  const cluster = await issuer.sign(kubernetesClaims({ audience, namespace: 'ci', account: 'puller' }))
  assert.deepEqual(await granted(by(gitlab), `${project.name}/app`), ['pull', 'push'])
  assert.deepEqual(await granted(by(cluster), `${project.name}/app`), ['pull'])
  const stranger = await issuer.sign(gitlabClaims({ audience, repository: 'other/app', ref: 'main' }))
  assert.equal(await statusOf(by(stranger)), 401)
})

test('a cluster that cannot be reached is trusted by its keys in the rule, and by no others', async () => {
  await using cluster = await openIssuer({ alg: 'ES256' })
  const project = await givenProject(marina)
  const name = 'https://kubernetes.default.svc.cluster.local'
  const claims = [{ claim: 'sub', equals: 'system:serviceaccount:ci:builder' }]
  await givenRule(project, { issuer: name, jwks: cluster.jwks(), claims })
  const given = { ...kubernetesClaims({ audience, namespace: 'ci', account: 'builder' }), iss: name }
  const token = await cluster.sign(given)
  assert.deepEqual(await granted(by(token), `${project.name}/app`), ['pull', 'push'])
  assert.deepEqual(cluster.asked, [])
  await cluster.rotate()
  assert.equal(await statusOf(by(await cluster.sign(given))), 401)
})

test('the forms of OAuth 2 take a token: token exchange, JWT bearer, and a password', async () => {
  const project = await givenProject(marina)
  await givenRule(project)
  const token = await issuer.sign(githubClaims(main))
  const scope = `repository:${project.name}/app:push`
  const post = (form: Record<string, string>) =>
    marina.ask('POST', '/service/token', {
      body: new URLSearchParams({ scope, ...form }).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
  const forms: Record<string, string>[] = [
    { grant_type: exchangeType, subject_token: token, subject_token_type: jwtType },
    { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: token },
    { grant_type: 'password', username: 'workload', password: token, service: 'harbor-registry' },
  ]
  for (const form of forms) {
    const answer = expectAnswer(await post(form), 200).json() as { access_token: string }
    const headers = { authorization: `Bearer ${answer.access_token}` }
    expectAnswer(await marina.ask('POST', `/v2/${project.name}/app/blobs/uploads/`, { headers }), 202)
  }
  expectAnswer(await post({ grant_type: exchangeType, subject_token_type: jwtType }), 401, 'UNAUTHORIZED')
  expectAnswer(await post({ grant_type: exchangeType, subject_token: token, service: 'other' }), 400, 'BAD_REQUEST')
})

test('rights of several rules add up; what one of them gave ends when it is changed, disabled or deleted', async () => {
  const [first, second] = [await givenProject(marina), await givenProject(marina)]
  const claims = [{ claim: 'repository', equals: 'octo/sum' }]
  const rules = [await givenRule(first, { claims }), await givenRule(second, { claims })]
  await using beside = await openBeside(marina)
  const secret = await secretOf(await issuer.sign(githubClaims({ ...main, repository: 'octo/sum' })))
  const bearer = `Bearer ${await marina.token(secret, `repository:${second.name}/app:push`)}`
  const upload = (at: TestMarina) =>
    at.ask('POST', `/v2/${second.name}/app/blobs/uploads/`, { headers: { authorization: bearer } })
  for (const at of [marina, beside]) {
    assert.deepEqual(await granted(secret, `${first.name}/app`, at), ['pull', 'push'])
    expectAnswer(await upload(at), 202)
  }
  const change = { ...ruleOf(second, { claims }), disable: true }
  expectAnswer(await call('PUT', `${rulesOf(second)}/${rules[1]}`, { as: marina.admin, body: change }), 200)
  for (const at of [marina, beside]) {
    expectAnswer(await upload(at), 401, 'UNAUTHORIZED')
    assert.deepEqual(await granted(secret, `${second.name}/app`, at), [])
    assert.deepEqual(await granted(secret, `${first.name}/app`, at), ['pull', 'push'])
  }
  expectAnswer(await call('DELETE', `${rulesOf(first)}/${rules[0]}`, { as: marina.admin }), 200)
  // Nothing is left: it is nobody any more.
  assert.equal(await statusOf(secret), 401)
  for (const at of [marina, beside])
    expectAnswer(await callApi(at, 'GET', '/projects', { as: secret }), 401, 'UNAUTHORIZED')
})

test('a rule never gives more than its maker may do: neither when it is saved nor later', async () => {
  const project = await givenProject(marina)
  const maker = await givenMember(marina, project, 'projectAdmin')
  const developer = await givenMember(marina, project, 'developer')
  const hidden = await givenProject(marina)
  const path = rulesOf(project)
  expectAnswer(await call('POST', path, { as: developer, body: ruleOf(project) }), 403, 'FORBIDDEN')
  const elsewhere = { ...ruleOf(hidden), permissions: ruleOf(hidden).permissions }
  expectAnswer(await call('POST', path, { as: maker, body: elsewhere }), 400, 'BAD_REQUEST')
  const robot = await givenRobot(marina, fresh('maker'), {
    project: project.name,
    access: [right('create', 'robot'), right('push')],
  })
  const byRobot = await call('POST', path, { as: robot, body: ruleOf(project) })
  assert.match(expectAnswer(byRobot, 403, 'FORBIDDEN').text, /account/)

  await givenRule(project, { claims: [{ claim: 'repository', equals: 'octo/maker' }] }, push, maker)
  const secret = await secretOf(await issuer.sign(githubClaims({ ...main, repository: 'octo/maker' })))
  assert.deepEqual(await granted(secret, `${project.name}/app`), ['pull', 'push'])
  await removeMember(marina, project, maker)
  assert.deepEqual(await granted(secret, `${project.name}/app`), [])
  await changeUser(marina, maker, { isDisabled: true })
  expectAnswer(await callApi(marina, 'GET', '/projects', { as: secret }), 401, 'UNAUTHORIZED')
})

test('a rule of the system gives rights in several projects or all, and only administrators make it', async () => {
  const [first, second, third] = [await givenProject(marina), await givenProject(marina), await givenProject(marina)]
  const body = {
    ...ruleOf(first),
    claims: [{ claim: 'repository', equals: 'octo/many' }],
    permissions: [first, second].map(({ name }) => ({ kind: 'project', namespace: name, access: push })),
  }
  const person = await givenMember(marina, first, 'projectAdmin')
  expectAnswer(await call('POST', '/workloads', { as: person, body }), 403, 'FORBIDDEN')
  const id = await create(marina, '/workloads', marina.admin, body)
  const as = by(await issuer.sign(githubClaims({ ...main, repository: 'octo/many' })))
  assert.deepEqual(await granted(as, `${first.name}/app`), ['pull', 'push'])
  assert.deepEqual(await granted(as, `${second.name}/app`), ['pull', 'push'])
  assert.deepEqual(await granted(as, `${third.name}/app`), [])
  const all = { ...body, permissions: [{ kind: 'project', namespace: '*', access: [right('pull')] }] }
  expectAnswer(await call('PUT', `/workloads/${id}`, { as: marina.admin, body: all }), 200)
  assert.deepEqual(await granted(as, `${third.name}/app`), ['pull'])
  expectAnswer(await call('GET', `${rulesOf(first)}/${id}`, { as: marina.admin }), 404, 'NOT_FOUND')
})

test('patterns of repositories cut the rights below /v2, and open nothing in the API', async () => {
  const project = await givenProject(marina)
  await givenRule(project, {
    repositories: ['web/*', 'tools'],
    claims: [{ claim: 'repository', equals: 'octo/web' }],
  })
  const as = await secretOf(await issuer.sign(githubClaims({ ...main, repository: 'octo/web' })))
  await pushImage(marina, `${project.name}/web/shop`, { as })
  await pushImage(marina, `${project.name}/tools`, { as })
  for (const name of ['web/shop/deep', 'web', 'toolsx', 'app'])
    assert.deepEqual(await granted(as, `${project.name}/${name}`), [], name)
  expectAnswer(await call('GET', `/projects/${project.name}`, { as }), 403, 'FORBIDDEN')
  expectAnswer(await call('GET', `/projects/${project.name}/repositories`, { as }), 403, 'FORBIDDEN')
  assert.deepEqual(expectAnswer(await call('GET', `/projects?name=${project.name}`, { as }), 200).json(), [])
})

test('a rule without patterns opens the API as far as it says', async () => {
  const project = await givenProject(marina)
  const claims = [{ claim: 'repository', equals: 'octo/rest' }]
  await givenRule(project, { claims }, [right('read', 'project'), right('list', 'repository'), ...push])
  const as = await secretOf(await issuer.sign(githubClaims({ ...main, repository: 'octo/rest' })))
  await pushImage(marina, `${project.name}/app`, { as })
  expectAnswer(await call('GET', `/projects/${project.name}`, { as }), 200)
  const listed = expectAnswer(await call('GET', '/repositories', { as }), 200).json() as { name: string }[]
  assert.deepEqual(
    listed.filter(({ name }) => name.startsWith(`${project.name}/`)).map(({ name }) => name),
    [`${project.name}/app`],
  )
  expectAnswer(await call('GET', '/users/current', { as }), 412, 'PRECONDITION')
  expectAnswer(await call('POST', '/users/current/tokens', { as, body: { name: 'x' } }), 412, 'PRECONDITION')
  expectAnswer(await call('POST', '/projects', { as, body: { project_name: fresh('p') } }), 403, 'FORBIDDEN')
})

test('a secret and a registry token end when the rule says, and cannot take the place of each other', async () => {
  const project = await givenProject(marina)
  const claims = [{ claim: 'repository', equals: 'octo/short' }]
  await givenRule(project, { claims, duration: 60 })
  const token = await issuer.sign(githubClaims({ ...main, repository: 'octo/short' }))
  const answer = expectAnswer(await exchange(token), 200).json() as Record<string, unknown>
  assert.deepEqual(
    [answer['token_type'], answer['issued_token_type'], answer['username']],
    ['N_A', jwtType, 'workload'],
  )
  const seconds = answer['expires_in'] as number
  assert.ok(seconds > 0 && seconds <= 60, String(seconds))
  const secret = answer['access_token'] as string
  const path = `/v2/${project.name}/app/tags/list`
  for (const text of [secret, secret.slice('marina_wl_'.length)])
    expectAnswer(await marina.ask('GET', path, { headers: { authorization: `Bearer ${text}` } }), 401, 'UNAUTHORIZED')
  const query = `/service/token?service=harbor-registry&scope=repository:${project.name}/app:pull`
  const issued = expectAnswer(await marina.ask('GET', query, { as: by(secret) }), 200).json() as {
    token: string
    expires_in: number
  }
  assert.ok(issued.expires_in <= 60, String(issued.expires_in))
  for (const text of [issued.token, `marina_wl_${issued.token}`]) assert.equal(await statusOf(by(text)), 401)
  for (const name of ['admin', 'robot$x', 'Workload', '']) assert.equal(await statusOf(by(secret, name)), 401, name)
})
