import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { callApi, create, factsSince, givenRobot, lastFact, type CallOptions } from '../../testing/api.ts'
import { fresh, givenCast, givenProject, givenUser } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openTestMarina, type TestMarina } from '../../testing/server.ts'
import { findProjectById } from '../../catalog/project.ts'

let marina: TestMarina
let cast: Awaited<ReturnType<typeof givenCast>>
const call = (method: string, path: string, options?: CallOptions) => callApi(marina, method, path, options)

before(async () => {
  marina = await openTestMarina()
  cast = await givenCast(marina)
})
after(() => marina[Symbol.asyncDispose]())

const strong = 'Strong12345'
const newUser = (more: Record<string, unknown> = {}) => ({
  username: fresh('new'),
  password: strong,
  realname: 'New One',
  email: `${fresh('mail')}@example.org`,
  ...more,
})

test('an administrator makes an account, which can log in, and a fact tells of it without the password', async () => {
  const since = await lastFact(marina)
  const wanted = newUser({ comment: 'hello' })
  const id = await create(marina, '/users', marina.admin, wanted)
  const person = { kind: 'user' as const, id, name: wanted.username, password: strong }
  const me = expectAnswer(await call('GET', '/users/current', { as: person }), 200).json() as Record<string, unknown>
  assert.deepEqual(
    {
      user_id: me['user_id'],
      username: me['username'],
      email: me['email'],
      realname: me['realname'],
      comment: me['comment'],
      sysadmin_flag: me['sysadmin_flag'],
      admin_role_in_auth: me['admin_role_in_auth'],
    },
    {
      user_id: id,
      username: wanted.username,
      email: wanted.email,
      realname: 'New One',
      comment: 'hello',
      sysadmin_flag: false,
      admin_role_in_auth: false,
    },
  )
  const facts = await factsSince(marina, since)
  assert.deepEqual(facts, [
    {
      topic: 'account.created',
      payload: { accountId: id, name: wanted.username, by: { kind: 'user', id: 1, name: 'admin' } },
    },
  ])
  assert.ok(!JSON.stringify(facts).includes(strong))
})

test('only administrators list and make accounts; everybody else gets 403, and strangers 401', async () => {
  const count = async () => Number((await call('GET', '/users', { as: marina.admin })).headers['x-total-count'])
  const before = await count()
  for (const as of [cast.uaA, cast.guA]) {
    expectAnswer(await call('GET', '/users', { as }), 403, 'FORBIDDEN')
    expectAnswer(await call('POST', '/users', { as, body: newUser() }), 403, 'FORBIDDEN')
  }
  expectAnswer(await call('GET', '/users'), 401, 'UNAUTHORIZED')
  expectAnswer(await call('POST', '/users', { body: newUser() }), 401, 'UNAUTHORIZED')
  assert.equal(await count(), before)
})

test('H01: properties that the operation does not know never take effect', async () => {
  const extras: Record<string, unknown> = {
    sysadmin_flag: true,
    admin_role_in_auth: true,
    has_admin_role: true,
    user_id: 1,
    role_id: 1,
    is_admin: true,
    isAdmin: true,
    creation_time: '2001-01-01T00:00:00Z',
  }
  for (const [key, value] of Object.entries(extras)) {
    const wanted = newUser({ [key]: value })
    const id = await create(marina, '/users', marina.admin, wanted)
    const as = { kind: 'user' as const, id, name: wanted.username, password: strong }
    expectAnswer(await call('PUT', `/users/${id}`, { as, body: { realname: 'x', [key]: value } }), 200)
    const me = (await call('GET', '/users/current', { as })).json() as {
      sysadmin_flag: boolean
      admin_role_in_auth: boolean
      user_id: number
      creation_time: string
    }
    assert.deepEqual([me.sysadmin_flag, me.admin_role_in_auth, me.user_id], [false, false, id], key)
    assert.ok(me.creation_time > '2026')
    expectAnswer(await call('GET', '/users', { as }), 403, 'FORBIDDEN')
  }
  const polluted = await marina.ask('POST', '/api/v2.0/users', {
    as: marina.admin,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(newUser()).replace('{', '{"__proto__":{"isAdmin":true},'),
  })
  expectAnswer(polluted, 422, 'UNPROCESSABLE_ENTITY')
})

test('names, e-mails and passwords that break the rules are 400, taken ones 409', async () => {
  const bad: Record<string, unknown>[] = [
    { username: '' },
    { username: 'robot$x' },
    { username: 'a:b' },
    { username: 'a,b' },
    { username: ' a' },
    { username: 'a\0b' },
    ...['\u202e', '\u2028', '\u200b', '\ufeff', '"'].map((char) => ({ username: `a${char}b` })),
    { realname: 'a\u202eb' },
    { realname: 'a\u200bb' },
    { username: undefined },
    { password: 'Short1' },
    { password: 'alllower123' },
    { password: 'ALLUPPER123' },
    { password: 'NoDigitsHere' },
    { password: `Aa1${'x'.repeat(126)}` },
    { password: undefined },
    { email: 'no' },
    { email: 'a@b' },
    { realname: 'a'.repeat(256) },
    { realname: 'a#b' },
    { comment: 'a'.repeat(256) },
    { comment: 'a\0b' },
  ]
  for (const more of bad)
    expectAnswer(await call('POST', '/users', { as: marina.admin, body: newUser(more) }), 400, 'BAD_REQUEST')
  for (const more of [{ username: 'a'.repeat(256) }, { username: 7 }, { email: `${'a'.repeat(250)}@example.org` }])
    expectAnswer(await call('POST', '/users', { as: marina.admin, body: newUser(more) }), 422, 'UNPROCESSABLE_ENTITY')
  const first = newUser()
  await create(marina, '/users', marina.admin, first)
  expectAnswer(
    await call('POST', '/users', { as: marina.admin, body: newUser({ username: first.username }) }),
    409,
    'CONFLICT',
  )
  expectAnswer(
    await call('POST', '/users', { as: marina.admin, body: newUser({ email: first.email.toUpperCase() }) }),
    409,
    'CONFLICT',
  )
})

test('H05: text and form bodies are 422', async () => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    const answer = await marina.ask('POST', '/api/v2.0/users', {
      as: marina.admin,
      headers: { 'content-type': type },
      body: JSON.stringify(newUser()),
    })
    expectAnswer(answer, 422, 'UNPROCESSABLE_ENTITY')
  }
})

test('H07: quotes, backslashes and comments of SQL are letters like any other', async () => {
  for (const text of [`x' or '1'='1`, 'a"b', 'a\\b', 'a;drop table account;--', "a'||pg_sleep(5)||'"]) {
    const wanted = newUser({ username: `${fresh('sql')}${text.replaceAll('"', '')}`, realname: text })
    const id = await create(marina, '/users', marina.admin, wanted)
    const found = (
      await call('GET', `/users/search?username=${encodeURIComponent(wanted.username)}`, { as: cast.guA })
    ).json()
    assert.deepEqual(found, [{ user_id: id, username: wanted.username }])
  }
})

test('the list is filtered by username and email, sorted and paged, with a count and links', async () => {
  const stem = fresh('listed')
  for (const name of ['c', 'a', 'b_', 'bx'])
    await create(marina, '/users', marina.admin, newUser({ username: `${stem}-${name}` }))
  const page = await call('GET', `/users?q=username%3D~${stem}&sort=-username&page=2&page_size=3`, { as: marina.admin })
  assert.deepEqual(
    (page.json() as { username: string }[]).map(({ username }) => username),
    [`${stem}-a`],
  )
  assert.equal(page.headers['x-total-count'], '4')
  assert.match(page.headers['link'] as string, /rel="prev"/)
  const literal = await call('GET', `/users?q=username%3D~${stem}-b_`, { as: marina.admin })
  assert.equal(literal.headers['x-total-count'], '1', '_ is a letter, not a wildcard')
  for (const one of literal.json() as object[])
    assert.deepEqual(
      Object.keys(one).filter((key) => /pass|salt|hash|secret/i.test(key)),
      [],
    )
})

test('no list and no search shows the first administrator, and the answer for an absent id names it', async () => {
  for (const path of ['/users?q=username%3Dadmin', '/users/search?username=admin']) {
    const answer = expectAnswer(await call('GET', path, { as: marina.admin }), 200)
    assert.ok((answer.json() as { username: string }[]).every(({ username }) => username !== 'admin'))
  }
  const gone = expectAnswer(await call('GET', '/users/999999', { as: marina.admin }), 404, 'NOT_FOUND')
  assert.match(gone.text, /user 999999 not found/)
})

test('H26: nothing but username and email can be filtered or sorted by', async () => {
  for (const q of [
    'password=~a',
    'salt=~a',
    'reset_uuid=~a',
    'PASSWORD=~',
    'password_hash=~$argon',
    'password__startswith=a',
    'password=[a~b]',
    'sysadmin_flag=true',
    '__proto__=a',
    'constructor=a',
  ]) {
    const answer = expectAnswer(
      await call('GET', `/users?q=${encodeURIComponent(q)}`, { as: marina.admin }),
      400,
      'BAD_REQUEST',
    )
    assert.match(answer.text, /unknown field/)
    assert.equal(answer.headers['x-total-count'], undefined)
  }
  expectAnswer(await call('GET', '/users?sort=password', { as: marina.admin }), 400, 'BAD_REQUEST')
  expectAnswer(await call('GET', '/users?sort=-password_hash', { as: marina.admin }), 400, 'BAD_REQUEST')
})

test('H03, H11: the search needs a name, knows no wildcard, and shows ids and names alone', async () => {
  const name = fresh('found')
  const id = await create(marina, '/users', marina.admin, newUser({ username: name, email: `${name}@secret.example` }))
  expectAnswer(await call('GET', '/users/search', { as: cast.guA }), 422, 'UNPROCESSABLE_ENTITY')
  expectAnswer(await call('GET', '/users/search?username=', { as: cast.guA }), 422, 'UNPROCESSABLE_ENTITY')
  expectAnswer(await call('GET', '/users/search?email=a@', { as: cast.guA }), 422, 'UNPROCESSABLE_ENTITY')
  expectAnswer(await call('GET', `/users/search?username=${name}`), 401, 'UNAUTHORIZED')
  assert.deepEqual((await call('GET', `/users/search?username=${name}`, { as: cast.guA })).json(), [
    { user_id: id, username: name },
  ])
  for (const text of [`%25${name}`, `${name.slice(0, -1)}_`, 'secret.example', `${name}%25`])
    assert.deepEqual((await call('GET', `/users/search?username=${text}`, { as: cast.guA })).json(), [], text)
  expectAnswer(
    await call('GET', `/users/search?username=${name}&page_size=101`, { as: cast.guA }),
    422,
    'UNPROCESSABLE_ENTITY',
  )
})

test('a profile is read and changed by its owner and by administrators, by nobody else', async () => {
  const [one, other] = [await givenUser(marina), await givenUser(marina)]
  expectAnswer(
    await call('PUT', `/users/${one.id}`, {
      as: one,
      body: { email: `${one.name}@example.org`, realname: 'One', comment: 'mine' },
    }),
    200,
  )
  expectAnswer(await call('PUT', `/users/${one.id}`, { as: marina.admin, body: { comment: 'ours' } }), 200)
  const profile = expectAnswer(await call('GET', `/users/${one.id}`, { as: one }), 200).json() as Record<
    string,
    unknown
  >
  assert.deepEqual(
    [profile['email'], profile['realname'], profile['comment']],
    [`${one.name}@example.org`, 'One', 'ours'],
  )
  for (const id of [one.id, 999_999]) {
    expectAnswer(await call('GET', `/users/${id}`, { as: other }), 403, 'FORBIDDEN')
    expectAnswer(await call('PUT', `/users/${id}`, { as: other, body: { comment: 'theirs' } }), 403, 'FORBIDDEN')
  }
  expectAnswer(await call('GET', '/users/999999', { as: marina.admin }), 404, 'NOT_FOUND')
  expectAnswer(
    await call('PUT', `/users/${other.id}`, { as: other, body: { email: `${one.name}@example.org` } }),
    409,
    'CONFLICT',
  )
  expectAnswer(await call('PUT', `/users/${other.id}`, { as: other, body: { email: 'no' } }), 400, 'BAD_REQUEST')
})

test('C-26: nobody deletes their own or the first account, and the first account stays an administrator', async () => {
  expectAnswer(await call('DELETE', '/users/1', { as: cast.sys }), 403, 'FORBIDDEN')
  expectAnswer(
    await call('PUT', '/users/1/sysadmin', { as: cast.sys, body: { sysadmin_flag: false } }),
    403,
    'FORBIDDEN',
  )
  expectAnswer(await call('DELETE', `/users/${cast.sys.id}`, { as: cast.sys }), 403, 'FORBIDDEN')
  expectAnswer(await call('DELETE', `/users/${cast.guA.id}`, { as: cast.uaA }), 403, 'FORBIDDEN')
  expectAnswer(await call('GET', '/users', { as: marina.admin }), 200)
  expectAnswer(await call('GET', '/users', { as: cast.sys }), 200)
})

test('a deleted account is gone with the next request; its projects go to the first; its name is free', async () => {
  const person = await givenUser(marina)
  const projectId = await create(marina, '/projects', person, { project_name: fresh('owned') })
  const token = await marina.token(person, 'registry:catalog:*')
  expectAnswer(await call('DELETE', `/users/${person.id}`, { as: marina.admin }), 200)
  expectAnswer(await call('GET', '/users/current', { as: person }), 401, 'UNAUTHORIZED')
  expectAnswer(await marina.ask('GET', '/v2/', { token }), 401, 'UNAUTHORIZED')
  expectAnswer(await call('GET', `/users/${person.id}`, { as: marina.admin }), 404, 'NOT_FOUND')
  expectAnswer(await call('DELETE', `/users/${person.id}`, { as: marina.admin }), 404, 'NOT_FOUND')
  assert.equal((await findProjectById(marina.ground.db, projectId))!.ownerId, 1)
  const again = await givenUser(marina, person.name)
  assert.notEqual(again.id, person.id)
  expectAnswer(await call('GET', `/projects/${projectId}`, { as: again }), 403, 'FORBIDDEN')
})

test('an account becomes an administrator, and stops being one, with the next request', async () => {
  const person = await givenUser(marina)
  expectAnswer(await call('GET', '/users', { as: person }), 403, 'FORBIDDEN')
  expectAnswer(
    await call('PUT', `/users/${person.id}/sysadmin`, { as: person, body: { sysadmin_flag: true } }),
    403,
    'FORBIDDEN',
  )
  expectAnswer(
    await call('PUT', `/users/${person.id}/sysadmin`, { as: marina.admin, body: { sysadmin_flag: true } }),
    200,
  )
  expectAnswer(await call('GET', '/users', { as: person }), 200)
  expectAnswer(
    await call('PUT', `/users/${person.id}/sysadmin`, { as: marina.admin, body: { sysadmin_flag: false } }),
    200,
  )
  expectAnswer(await call('GET', '/users', { as: person }), 403, 'FORBIDDEN')
})

test('the administrator flag that is left out means no, as the Terraform provider sends it', async () => {
  const person = await givenUser(marina)
  const path = `/users/${person.id}/sysadmin`
  expectAnswer(await call('PUT', path, { as: marina.admin, body: { sysadmin_flag: true } }), 200)
  expectAnswer(await call('PUT', path, { as: marina.admin, body: { username: person.name } }), 200)
  expectAnswer(await call('GET', '/users', { as: person }), 403, 'FORBIDDEN')
  expectAnswer(
    await call('PUT', path, { as: marina.admin, body: { sysadmin_flag: 'no' } }),
    422,
    'UNPROCESSABLE_ENTITY',
  )
  expectAnswer(
    await call('PUT', '/users/999999/sysadmin', { as: marina.admin, body: { sysadmin_flag: true } }),
    404,
    'NOT_FOUND',
  )
})

test('accounts change their password with the old one, administrators those of others, at once', async () => {
  const person = await givenUser(marina)
  const path = `/users/${person.id}/password`
  expectAnswer(
    await call('PUT', path, { as: person, body: { old_password: 'Wrong12345', new_password: strong } }),
    403,
    'FORBIDDEN',
  )
  expectAnswer(await call('PUT', path, { as: person, body: { new_password: strong } }), 403, 'FORBIDDEN')
  expectAnswer(
    await call('PUT', path, { as: person, body: { old_password: person.password, new_password: 'weak' } }),
    400,
    'BAD_REQUEST',
  )
  expectAnswer(
    await call('PUT', path, { as: person, body: { old_password: person.password, new_password: person.password } }),
    400,
    'BAD_REQUEST',
  )
  expectAnswer(
    await call('PUT', path, { as: cast.uaA, body: { old_password: person.password, new_password: strong } }),
    403,
    'FORBIDDEN',
  )
  expectAnswer(await call('GET', '/users/current', { as: person }), 200)
  expectAnswer(
    await call('PUT', path, { as: person, body: { old_password: person.password, new_password: strong } }),
    200,
  )
  expectAnswer(await call('GET', '/users/current', { as: person }), 401, 'UNAUTHORIZED')
  expectAnswer(await call('GET', '/users/current', { as: { ...person, password: strong } }), 200)
  expectAnswer(await call('PUT', path, { as: marina.admin, body: { new_password: 'Other12345' } }), 200)
  expectAnswer(await call('GET', '/users/current', { as: { ...person, password: strong } }), 401, 'UNAUTHORIZED')
  expectAnswer(await call('GET', '/users/current', { as: { ...person, password: 'Other12345' } }), 200)
})

test('C-22: a CLI secret needs an account of OIDC', async () => {
  expectAnswer(
    await call('PUT', `/users/${cast.guA.id}/cli_secret`, { as: cast.guA, body: { secret: strong } }),
    412,
    'PRECONDITION',
  )
  expectAnswer(
    await call('PUT', `/users/${cast.deA.id}/cli_secret`, { as: cast.guA, body: { secret: strong } }),
    403,
    'FORBIDDEN',
  )
  expectAnswer(
    await call('PUT', '/users/999999/cli_secret', { as: marina.admin, body: { secret: strong } }),
    404,
    'NOT_FOUND',
  )
})

test('an account lists its permissions in a project by id or name, and gets none for a hidden project', async () => {
  const ask = async (as: typeof cast.guA, query: string) =>
    (await call('GET', `/users/current/permissions?${query}`, { as })).json() as { resource: string; action: string }[]
  const guest = await ask(cast.guA, `scope=/project/${cast.A.id}&relative=true`)
  assert.ok(guest.some(({ resource, action }) => resource === 'repository' && action === 'pull'))
  assert.ok(guest.some(({ resource, action }) => resource === '.' && action === 'read'))
  assert.ok(!guest.some(({ resource, action }) => resource === 'repository' && action === 'push'))
  const admin = await ask(cast.uaA, `scope=/project/${cast.A.name}`)
  assert.ok(admin.some(({ resource, action }) => resource === `/project/${cast.A.name}/member` && action === 'create'))
  assert.ok(admin.length > guest.length)
  assert.deepEqual(await ask(cast.guA, `scope=/project/${cast.B.id}`), [])
  assert.deepEqual(await ask(cast.guA, 'scope=/project/999999'), [])
  assert.deepEqual(await ask(cast.guA, ''), [])
  assert.deepEqual(await ask(cast.guA, 'scope=/system'), [])
  assert.ok(
    (await ask(marina.admin, 'scope=/system&relative=true')).some(
      ({ resource, action }) => resource === 'user' && action === 'create',
    ),
  )
  expectAnswer(await call('GET', '/users/current/permissions'), 401, 'UNAUTHORIZED')
})

test('a robot has no profile, and cannot become an administrator by any of these calls', async () => {
  const project = await givenProject(marina)
  const robot = await givenRobot(marina, fresh('r'), {
    project: project.name,
    access: [{ resource: 'repository', action: 'pull' }],
  })
  expectAnswer(await call('GET', '/users/current', { as: robot }), 412, 'PRECONDITION')
  expectAnswer(await call('GET', `/users/${robot.id}`, { as: robot }), 403, 'FORBIDDEN')
  expectAnswer(
    await call('PUT', `/users/${cast.guA.id}/sysadmin`, { as: robot, body: { sysadmin_flag: true } }),
    403,
    'FORBIDDEN',
  )
  expectAnswer(
    await call('PUT', `/users/${robot.id}/password`, {
      as: robot,
      body: { old_password: robot.password, new_password: strong },
    }),
    403,
    'FORBIDDEN',
  )
})

test('C-20: passwords that differ only past the 72nd character are different', async () => {
  const long = `Aa1${'x'.repeat(100)}`
  const wanted = newUser({ password: `${long}y` })
  const id = await create(marina, '/users', marina.admin, wanted)
  expectAnswer(
    await call('GET', '/users/current', {
      as: { kind: 'user' as const, id, name: wanted.username, password: `${long}z` },
    }),
    401,
    'UNAUTHORIZED',
  )
  expectAnswer(
    await call('GET', '/users/current', {
      as: { kind: 'user' as const, id, name: wanted.username, password: `${long}y` },
    }),
    200,
  )
})
