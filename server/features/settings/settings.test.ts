import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import pino from 'pino'
import { sql } from '../../platform/db/sql.ts'
import { givenCast, givenProject, givenUser, fresh, pushBlob, pushImage } from '../../testing/given.ts'
import { expectAnswer, type Person } from '../../testing/http.ts'
import { openBeside, openTestMarina } from '../../testing/server.ts'
import { itemProblem, items, type ItemName } from './items.ts'
import { openSettings } from './settings.ts'

const marina = await openTestMarina()
after(() => marina[Symbol.asyncDispose]())
const { admin, ask } = marina

type Items = Record<string, { value: unknown; editable: boolean }>
const json = { 'content-type': 'application/json' }
const change = (items: Record<string, unknown> | string, as: Person | undefined = admin) =>
  ask('PUT', '/api/v2.0/configurations', {
    as,
    headers: json,
    body: typeof items === 'string' ? items : JSON.stringify(items),
  })
const read = async (as = admin) =>
  expectAnswer(await ask('GET', '/api/v2.0/configurations', { as }), 200).json() as Items

test('every default is a value that its item accepts', () => {
  for (const [name, { fallback }] of Object.entries(items))
    assert.equal(itemProblem(name as ItemName, fallback), undefined, name)
})

test("all items are shown with Harbor's defaults; a change of one leaves the others as they were", async () => {
  const before = await read()
  assert.deepEqual(
    [before.auth_mode, before.robot_name_prefix, before.storage_per_project, before.session_timeout],
    [
      { value: 'db_auth', editable: true },
      { value: 'robot$', editable: true },
      { value: -1, editable: true },
      { value: 60, editable: true },
    ],
  )
  expectAnswer(
    await change({ banner_message: 'hello', robot_token_duration: 7, unknown_item: 1, ldap_verify_cert: false }),
    200,
  )
  assert.deepEqual(await read(), {
    ...before,
    banner_message: { value: 'hello', editable: true },
    robot_token_duration: { value: 7, editable: true },
    ldap_verify_cert: { value: false, editable: true },
  })
  const internal = expectAnswer(await ask('GET', '/api/v2.0/internalconfig', { as: admin }), 200).json() as object
  const always = { scan_all_policy: {}, uaa_client_secret: { value: '', editable: true } }
  assert.deepEqual({ ...internal, ...always }, await read())
})

test('configuration is for administrators alone', async () => {
  const { uaA, anon } = await givenCast(marina)
  for (const path of ['/api/v2.0/configurations', '/api/v2.0/internalconfig']) {
    expectAnswer(await ask('GET', path, { as: uaA }), 403, 'FORBIDDEN')
    expectAnswer(await ask('GET', path, { as: anon }), 401, 'UNAUTHORIZED')
  }
  expectAnswer(await change({ banner_message: 'mine' }, uaA), 403, 'FORBIDDEN')
  expectAnswer(
    await ask('PUT', '/api/v2.0/configurations', { headers: json, body: '{"banner_message":"mine"}' }),
    401,
    'UNAUTHORIZED',
  )
  assert.notEqual((await read()).banner_message!.value, 'mine')
})

test('a wrong value is refused, and then no item of the request is changed', async () => {
  const before = await read()
  const wrong = [
    { token_expiration: 0 },
    { storage_per_project: 0 },
    { project_creation_restriction: 'nobody' },
    { robot_name_prefix: '' },
    { auth_mode: 'nope_auth' },
    { oidc_extra_redirect_parms: '[]' },
    { banner_message: 'a\0b' },
    { ldap_scope: 3 },
  ]
  for (const one of wrong) expectAnswer(await change({ session_timeout: 99, ...one }), 400, 'BAD_REQUEST')
  for (const one of [{ read_only: 'true' }, { token_expiration: 1.5 }])
    expectAnswer(await change({ session_timeout: 99, ...one }), 422, 'UNPROCESSABLE_ENTITY')
  for (const body of ['[]', '"x"', '{', '']) expectAnswer(await change(body), 422, 'UNPROCESSABLE_ENTITY')
  expectAnswer(
    await ask('PUT', '/api/v2.0/configurations', { as: admin, headers: { 'content-type': 'text/plain' }, body: '{}' }),
    422,
    'UNPROCESSABLE_ENTITY',
  )
  assert.deepEqual(await read(), before)
})

test('H29: secrets are sealed, and appear in no answer, log line or fact', async () => {
  const lines: string[] = []
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) })
  await using beside = await openTestMarina({ MARINA_LOG_LEVEL: 'debug', MARINA_LOG_REQUESTS: 'all' }, log)
  const tell = (body: string) =>
    beside.ask('PUT', '/api/v2.0/configurations', { as: beside.admin, headers: json, body })
  expectAnswer(
    await tell('{"ldap_search_password":"CANARY1","oidc_client_secret":"CANARY2","uaa_client_secret":"CANARY3"}'),
    200,
  )
  expectAnswer(await tell('{"ldap_search_password":"CANARY1"'), 422, 'UNPROCESSABLE_ENTITY')
  expectAnswer(await tell('{"LDAP_SEARCH_PASSWORD":"CANARY1"}'), 200)
  expectAnswer(await tell('{"ldap_search_password":"CANARY4","ldap_search_password":"CANARY1"}'), 200)
  expectAnswer(await tell('{"ldap_search_password":["CANARY1"]}'), 422, 'UNPROCESSABLE_ENTITY')
  const answers = [
    await beside.ask('GET', '/api/v2.0/configurations', { as: beside.admin }),
    await beside.ask('GET', '/api/v2.0/internalconfig', { as: beside.admin }),
  ]
  const { db, cache, secrets } = beside.ground
  const stored = await db.rows(sql`select * from configuration`)
  const facts = await db.rows<{ topic: string }>(sql`select * from outbox`)
  assert.doesNotMatch(JSON.stringify([answers.map(({ text }) => text), stored, facts, lines]), /CANARY/)
  assert.ok(facts.some(({ topic }) => topic === 'configuration.updated') && lines.length > 0)
  assert.equal(await openSettings({ db, cache, secrets, overwrite: undefined }).get('oidc_client_secret'), 'CANARY2')
})

test('an overwritten item cannot be edited, and a wrong overwrite stops the start with a reason', async () => {
  await using locked = await openBeside(marina, {
    MARINA_CONFIG_OVERWRITE_JSON: '{"self_registration":true,"banner_message":"fixed"}',
  })
  const shown = (await locked.ask('GET', '/api/v2.0/configurations', { as: admin })).json() as Items
  assert.deepEqual(
    [shown.self_registration, shown.banner_message, shown.session_timeout!.editable],
    [{ value: true, editable: false }, { value: 'fixed', editable: false }, true],
  )
  const put = (items: object) =>
    locked.ask('PUT', '/api/v2.0/configurations', { as: admin, headers: json, body: JSON.stringify(items) })
  expectAnswer(await put({ self_registration: false, session_timeout: 61 }), 403, 'FORBIDDEN')
  expectAnswer(await put({ self_registration: true, session_timeout: 62 }), 200)
  assert.equal((await read()).session_timeout!.value, 62)
  for (const [text, why] of [
    ['{', /not JSON/],
    ['[]', /JSON object/],
    ['{"nonsense":1}', /knows no item "nonsense"/],
    ['{"read_only":"yes"}', /read_only must be a boolean/],
    ['{"quota_per_project_enable":false}', /over the API/],
  ] as const) {
    await assert.rejects(openBeside(marina, { MARINA_CONFIG_OVERWRITE_JSON: text }), {
      name: 'ConfigError',
      message: why,
    })
  }
})

test('C-46: in read-only mode every write is denied on every process, while pulls and tokens go on', async () => {
  await using beside = await openBeside(marina)
  const project = await givenProject(marina)
  const repository = `${project.name}/app`
  const image = await pushImage(marina, repository, { tag: 'v1' })
  const upload = (await ask('POST', `/v2/${repository}/blobs/uploads/`, { as: admin })).headers.location!
  expectAnswer(await change({ read_only: true }), 200)
  try {
    for (const door of [ask, beside.ask]) {
      const writes: [string, string][] = [
        ['POST', `/v2/${repository}/blobs/uploads/`],
        ['PATCH', upload],
        ['PUT', `${upload}?digest=${image.config}`],
        ['DELETE', upload],
        ['PUT', `/v2/${repository}/manifests/v2`],
        ['DELETE', `/v2/${repository}/manifests/${image.digest}`],
        ['DELETE', `/v2/${repository}/manifests/v1`],
        ['DELETE', `/v2/${repository}/blobs/${image.config}`],
        ['POST', '/api/v2.0/projects'],
        ['PUT', `/api/v2.0/projects/${project.name}`],
        ['DELETE', `/api/v2.0/projects/${project.name}`],
        ['POST', `/api/v2.0/projects/${project.name}/metadatas/`],
      ]
      for (const [method, path] of writes) {
        const answer = expectAnswer(
          await door(method, path.replace(/^https?:\/\/[^/]*/, ''), { as: admin, headers: json, body: '{}' }),
          403,
          'DENIED',
        )
        assert.match(answer.text, /read only mode/)
      }
      expectAnswer(await door('GET', `/v2/${repository}/manifests/v1`, { as: admin }), 200)
      expectAnswer(await door('GET', `/api/v2.0/projects/${project.name}`, { as: admin }), 200)
      // A caller without the right learns no more than before.
      expectAnswer(await door('DELETE', `/v2/${repository}/manifests/v1`), 401, 'UNAUTHORIZED')
    }
    assert.ok(await marina.token(admin, `repository:${repository}:pull,push`))
  } finally {
    expectAnswer(
      await beside.ask('PUT', '/api/v2.0/configurations', { as: admin, headers: json, body: '{"read_only":false}' }),
      200,
    )
  }
  await pushBlob(marina, repository)
})

test('project_creation_restriction decides who may create projects, from the next request on', async () => {
  const user = await givenUser(marina)
  const make = (as: Person) =>
    ask('POST', '/api/v2.0/projects', { as, headers: json, body: JSON.stringify({ project_name: fresh('made') }) })
  expectAnswer(await make(user), 201)
  expectAnswer(await change({ project_creation_restriction: 'adminonly' }), 200)
  const refused = expectAnswer(await make(user), 403, 'FORBIDDEN')
  assert.match(refused.text, /Only system admin can create project/)
  expectAnswer(await make(admin), 201)
  expectAnswer(await change({ project_creation_restriction: 'everyone' }), 200)
  expectAnswer(await make(user), 201)
})

test('token_expiration is the life of new tokens; MARINA_TOKEN_TTL is, until it is changed', async () => {
  await using other = await openTestMarina({ MARINA_TOKEN_TTL: '5m' })
  const life = async () => {
    const answer = expectAnswer(
      await other.ask('GET', '/service/token?service=harbor-registry&scope=repository:library/x:pull', {
        as: other.admin,
      }),
      200,
    )
    const { token, expires_in } = answer.json() as { token: string; expires_in: number }
    const { exp, iat } = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as {
      exp: number
      iat: number
    }
    assert.equal(exp - iat, expires_in)
    return expires_in
  }
  assert.equal(await life(), 300)
  expectAnswer(
    await other.ask('PUT', '/api/v2.0/configurations', {
      as: other.admin,
      headers: json,
      body: '{"token_expiration":2}',
    }),
    200,
  )
  assert.equal(await life(), 120)
})
