import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { fresh, givenCast, givenProject, givenUser, pushImage } from '../../testing/given.ts'
import { expectAnswer, type Person } from '../../testing/http.ts'
import { openTestMarina } from '../../testing/server.ts'
import { parseAllMetadata, parseMetadata } from './rules.ts'

const marina = await openTestMarina()
after(() => marina[Symbol.asyncDispose]())
const { admin, ask, ground } = marina
const cast = await givenCast(marina)

type Shown = {
  project_id: number
  name: string
  repo_count: number
  metadata: Record<string, string>
  cve_allowlist: { items: { cve_id: string }[]; expires_at?: number }
}
const tell = (method: string, path: string, body: unknown, as: Person | 'anon' = admin, headers = {}) =>
  ask(method, `/api/v2.0${path}`, {
    as: as === 'anon' ? undefined : as,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
const look = async (path: string, as: Person = admin) =>
  expectAnswer(await ask('GET', `/api/v2.0${path}`, { as }), 200).json()
const shown = (name: string) => look(`/projects/${name}`) as Promise<Shown>
const factsOf = (projectId: number) =>
  ground.db.rows<{ topic: string; payload: Record<string, unknown> }>(
    sql`select topic, payload from outbox where payload @> ${JSON.stringify({ projectId })}::jsonb order by id`,
  )

test('metadata is read as Harbor reads it: booleans, severities, nothing unknown', () => {
  assert.equal(parseMetadata('auto_scan', 'True'), 'true')
  assert.equal(parseMetadata('prevent_vul', '0'), 'false')
  assert.equal(parseMetadata('severity', 'HIGH'), 'high')
  for (const [name, value] of [
    ['auto_scan', 'yes'],
    ['severity', 'worst'],
    ['retention_id', '1'],
    ['proxy_speed_kb', '10'],
    ['nothing', 'x'],
    ['__proto__', 'true'],
    ['constructor', 'true'],
  ] as const) {
    assert.throws(() => parseMetadata(name, value), { name: 'MetadataProblem' }, name)
  }
  assert.deepEqual(parseAllMetadata({ severity: 'low', proxy_speed_kb: '-1', unknown: 'x', public: '' }), {
    severity: 'low',
  })
})

test('a project is made with all that its request says', async () => {
  const name = fresh('whole')
  const made = expectAnswer(
    await tell('POST', '/projects', {
      project_name: name,
      metadata: { public: 'true', auto_scan: 'true', severity: 'High' },
      cve_allowlist: { items: [{ cve_id: 'CVE-2024-1' }], expires_at: 2_000_000_000 },
    }),
    201,
  )
  const project = await shown(name)
  assert.equal(made.headers.location, `/api/v2.0/projects/${project.project_id}`)
  assert.deepEqual(project.metadata, { public: 'true', auto_scan: 'true', severity: 'high' })
  assert.deepEqual(
    [project.cve_allowlist.items, project.cve_allowlist.expires_at],
    [[{ cve_id: 'CVE-2024-1' }], 2_000_000_000],
  )
  const listed = (await look(`/projects?name=${name}`)) as Shown[]
  assert.deepEqual(listed, [project])
  const named = fresh('named')
  assert.equal(
    (
      await tell('POST', '/projects', { project_name: named, public: true }, admin, {
        'x-resource-name-in-location': 'true',
      })
    ).headers.location,
    `/api/v2.0/projects/${named}`,
  )
  assert.equal((await shown(named)).metadata['public'], 'true')
})

test('C-64: only callers that may see a project are told that it exists', async () => {
  const asks = (as: Person) => ask('HEAD', `/api/v2.0/projects?project_name=${cast.A.name}`, { as })
  expectAnswer(await asks(cast.guA), 200)
  expectAnswer(await asks(cast.uaB), 404)
})

test('a project with a wrong name, limit or metadata is refused and not created', async () => {
  const name = fresh('never')
  const wrong = [
    { registry_id: 1 },
    { metadata: { retention_id: '7' } },
    { metadata: { severity: 'worst' } },
    { metadata: { public: 'maybe' } },
    { storage_limit: -5 },
    { cve_allowlist: { items: [{ cve_id: 'a' }, { cve_id: 'a' }] } },
    { cve_allowlist: { items: [{}] } },
    { project_name: 'No_Way' },
    { project_name: undefined },
  ]
  for (const one of wrong)
    expectAnswer(await tell('POST', '/projects', { project_name: name, ...one }), 400, 'BAD_REQUEST')
  for (const one of [{ metadata: { public: true } }, { project_name: 'x'.repeat(256) }, { storage_limit: '5' }])
    expectAnswer(await tell('POST', '/projects', { project_name: name, ...one }), 422, 'UNPROCESSABLE_ENTITY')
  expectAnswer(await ask('HEAD', `/api/v2.0/projects?project_name=${name}`, { as: admin }), 404)
  expectAnswer(await tell('POST', '/projects', { project_name: 'library' }), 409, 'CONFLICT')
  expectAnswer(await tell('POST', '/projects', { project_name: name }, 'anon'), 401, 'UNAUTHORIZED')
})

test('an update changes what it names and leaves the rest, and is a fact', async () => {
  const project = await givenProject(marina)
  expectAnswer(
    await tell('PUT', `/projects/${project.name}`, { metadata: { severity: 'low', auto_scan: 'true' } }),
    200,
  )
  for (const refused of [
    { metadata: { retention_id: '7' } },
    { cve_allowlist: { project_id: cast.A.id, items: [{ cve_id: 'CVE-2020-1' }] } },
  ])
    expectAnswer(await tell('PUT', `/projects/${project.name}`, refused), 400, 'BAD_REQUEST')
  expectAnswer(
    await tell('PUT', `/projects/${project.id}`, {
      public: true,
      cve_allowlist: { items: [{ cve_id: 'CVE-2020-1' }] },
      storage_limit: 5,
      project_name: 'other',
      owner_id: 9,
    }),
    200,
  )
  expectAnswer(
    await tell('PUT', `/projects/${project.id}`, {
      metadata: { public: 'true', severity: 'low' },
      cve_allowlist: { items: [{ cve_id: 'CVE-2020-1' }] },
    }),
    200,
  )
  const after = await shown(project.name)
  assert.deepEqual(after.metadata, { public: 'true', severity: 'low', auto_scan: 'true' })
  assert.deepEqual(after.cve_allowlist.items, [{ cve_id: 'CVE-2020-1' }])
  assert.equal(
    ((await look(`/quotas?reference_id=${project.id}`)) as { hard: { storage: number } }[])[0]!.hard.storage,
    -1,
  )
  const updates = (await factsOf(project.id))
    .filter(({ topic }) => topic === 'project.updated')
    .map(({ payload }) => payload['changed'])
  assert.deepEqual(
    updates,
    [
      { severity: 'low', auto_scan: 'true' },
      { public: 'true', cve_allowlist: ['CVE-2020-1'], cve_allowlist_expires_at: null },
    ],
    'what was as it is now is not named',
  )
})

test('visibility holds for everyone from the next request on', async () => {
  const project = await givenProject(marina)
  const seen = () => ask('GET', `/api/v2.0/projects/${project.name}`).then(({ status }) => status)
  assert.equal(await seen(), 401)
  expectAnswer(await tell('PUT', `/projects/${project.name}`, { metadata: { public: 'true' } }), 200)
  assert.equal(await seen(), 200)
  expectAnswer(await ask('DELETE', `/api/v2.0/projects/${project.name}/metadatas/public`, { as: admin }), 200)
  assert.equal(await seen(), 401)
})

test('H25: only project administrators change metadata, by each of the ways', async () => {
  const { A, uaA, maA, deA, guA, laA, uaB, anon } = cast
  const before = await shown(A.name)
  for (const as of [maA, deA, guA, laA, uaB, anon]) {
    const refusal: [status: number, code: string] = as ? [403, 'FORBIDDEN'] : [401, 'UNAUTHORIZED']
    expectAnswer(await tell('PUT', `/projects/${A.name}`, { metadata: { public: 'true' } }, as ?? 'anon'), ...refusal)
    expectAnswer(await tell('POST', `/projects/${A.name}/metadatas/`, { auto_scan: 'true' }, as ?? 'anon'), ...refusal)
    expectAnswer(
      await tell('PUT', `/projects/${A.name}/metadatas/public`, { public: 'true' }, as ?? 'anon'),
      ...refusal,
    )
    expectAnswer(await ask('DELETE', `/api/v2.0/projects/${A.name}/metadatas/public`, { as }), ...refusal)
  }
  assert.deepEqual(await shown(A.name), before)
  expectAnswer(await tell('POST', `/projects/${A.name}/metadatas`, { auto_scan: 'true' }, uaA), 200)
  expectAnswer(await tell('PUT', `/projects/${A.name}/metadatas/auto_scan`, { auto_scan: 'false' }, uaA), 200)
  assert.deepEqual(await look(`/projects/${A.name}/metadatas/auto_scan`, maA), { auto_scan: 'false' })
  expectAnswer(await ask('GET', `/api/v2.0/projects/${A.name}/metadatas/auto_scan`, { as: deA }), 403, 'FORBIDDEN')
  expectAnswer(await ask('GET', `/api/v2.0/projects/${A.name}/metadatas/`, { as: uaA }), 403, 'FORBIDDEN')
  assert.deepEqual(await look(`/projects/${A.name}/metadatas/`), { auto_scan: 'false', public: 'false' })
  expectAnswer(await ask('DELETE', `/api/v2.0/projects/${A.name}/metadatas/auto_scan`, { as: uaA }), 200)
  assert.deepEqual(await look(`/projects/${A.name}/metadatas`), { public: 'false' })
})

test('metadata is created one at a time, once each, and only under known names', async () => {
  const { name } = await givenProject(marina)
  const at = `/projects/${name}/metadatas`
  expectAnswer(await tell('POST', `${at}/`, { severity: 'low' }), 200)
  expectAnswer(await tell('POST', `${at}/`, { severity: 'high' }), 409, 'CONFLICT')
  expectAnswer(await tell('POST', `${at}/`, { public: 'true' }), 409, 'CONFLICT')
  for (const body of [
    {},
    { auto_scan: 'true', prevent_vul: 'true' },
    { nonsense: 'x' },
    { retention_id: '1' },
    { proxy_speed_kb: '5' },
    { auto_scan: 'x' },
  ])
    expectAnswer(await tell('POST', `${at}/`, body), 400, 'BAD_REQUEST')
  expectAnswer(await tell('POST', `${at}/`, { auto_scan: true }), 422, 'UNPROCESSABLE_ENTITY')
  expectAnswer(await tell('PUT', `${at}/severity`, { auto_scan: 'true' }), 400, 'BAD_REQUEST')
  expectAnswer(await tell('PUT', `${at}/auto_scan`, { auto_scan: 'true' }), 404, 'NOT_FOUND')
  for (const missing of ['auto_scan', 'toString', '__proto__']) {
    assert.deepEqual(await look(`${at}/${missing}`), {})
    expectAnswer(await ask('DELETE', `/api/v2.0${at}/${missing}`, { as: admin }), 404, 'NOT_FOUND')
  }
  assert.deepEqual(await look(at), { severity: 'low', public: 'false' })
})

test('C-79: a project says whether it can be deleted, and that is true', async () => {
  const { uaA, maA } = cast
  const project = await givenProject(marina)
  assert.deepEqual(await look(`/projects/${project.name}/_deletable`), { deletable: true })
  const image = await pushImage(marina, `${project.name}/app`)
  assert.deepEqual(await look(`/projects/${project.name}/_deletable`), {
    deletable: false,
    message: 'the project contains repositories, can not be deleted',
  })
  expectAnswer(await ask('DELETE', `/api/v2.0/projects/${project.name}`, { as: admin }), 412, 'PRECONDITION')
  expectAnswer(await ask('DELETE', `/v2/${project.name}/app/manifests/${image.digest}`, { as: admin }), 202)
  assert.deepEqual(await look(`/projects/${project.name}/_deletable`), { deletable: true })
  expectAnswer(await ask('DELETE', `/api/v2.0/projects/${project.name}`, { as: admin }), 200)
  assert.deepEqual(await look(`/projects/${cast.A.name}/_deletable`, uaA), { deletable: true })
  expectAnswer(await ask('GET', `/api/v2.0/projects/${cast.A.name}/_deletable`, { as: maA }), 403, 'FORBIDDEN')
})

test('a summary shows members to those who may list them and the quota to those who may read it', async () => {
  const { A, P, uaA, guA, laA, uaB, anon } = cast
  await pushImage(marina, `${P.name}/app`)
  const quota = { hard: { storage: -1 }, used: { storage: 0 } }
  const members = {
    project_admin_count: 2,
    maintainer_count: 1,
    developer_count: 1,
    guest_count: 1,
    limited_guest_count: 1,
  }
  assert.deepEqual(await look(`/projects/${A.name}/summary`, uaA), { repo_count: 0, ...members, quota })
  assert.deepEqual(await look(`/projects/${A.name}/summary`, guA), { repo_count: 0, ...members, quota })
  assert.deepEqual(await look(`/projects/${A.name}/summary`, laA), { repo_count: 0, quota })
  assert.deepEqual(expectAnswer(await ask('GET', `/api/v2.0/projects/${P.name}/summary`, { as: anon }), 200).json(), {
    repo_count: 1,
  })
  assert.deepEqual(await look(`/projects/${P.name}/summary`, uaB), { repo_count: 1 })
  expectAnswer(await ask('GET', `/api/v2.0/projects/${A.name}/summary`, { as: uaB }), 403, 'FORBIDDEN')
})

test('C-71: an absent project and a forbidden one are answered alike', async () => {
  const { A, uaB, anon } = cast
  for (const path of ['', '/summary', '/_deletable', '/metadatas/', '/metadatas/public']) {
    for (const as of [uaB, anon]) {
      const [there, absent] = [
        await ask('GET', `/api/v2.0/projects/${A.name}${path}`, { as }),
        await ask('GET', `/api/v2.0/projects/absent${path}`, { as }),
      ]
      assert.deepEqual([there.status, there.text], [absent.status, absent.text], path)
      assert.equal(there.status, as ? 403 : 401)
    }
  }
})

test('H01: extra fields in a request give nobody more rights', async () => {
  const user = await givenUser(marina)
  const name = fresh('plain')
  expectAnswer(
    await tell(
      'POST',
      '/projects',
      {
        project_name: name,
        owner_id: 1,
        owner_name: 'admin',
        project_id: 1,
        current_user_role_id: 1,
        deleted: true,
        __proto__: { isAdmin: true },
      },
      user,
    ),
    201,
  )
  const project = (await look(`/projects/${name}`, user)) as { owner_id: number; project_id: number; deleted: boolean }
  assert.deepEqual([project.owner_id, project.deleted], [user.id, false])
  assert.notEqual(project.project_id, 1)
})

test("the system's allowlist is read by everyone signed in and replaced by administrators", async () => {
  const { uaA, anon } = cast
  assert.deepEqual(await look('/system/CVEAllowlist', uaA), { id: 0, project_id: 0, items: [] })
  expectAnswer(
    await tell('PUT', '/system/CVEAllowlist', {
      items: [{ cve_id: 'CVE-2021-44228' }, { cve_id: ' GHSA-jfh8-c2jp-5v3q ' }],
      expires_at: 1_900_000_000,
    }),
    200,
  )
  const list = (await look('/system/CVEAllowlist', uaA)) as Shown['cve_allowlist']
  assert.deepEqual(
    [list.items, list.expires_at],
    [[{ cve_id: 'CVE-2021-44228' }, { cve_id: 'GHSA-jfh8-c2jp-5v3q' }], 1_900_000_000],
  )
  expectAnswer(await tell('PUT', '/system/CVEAllowlist', { items: [] }, uaA), 403, 'FORBIDDEN')
  expectAnswer(await tell('PUT', '/system/CVEAllowlist', { items: [{ cve_id: 'a b' }] }), 400, 'BAD_REQUEST')
  expectAnswer(await ask('GET', '/api/v2.0/system/CVEAllowlist', { as: anon }), 401, 'UNAUTHORIZED')
  assert.deepEqual(((await look('/system/CVEAllowlist')) as Shown['cve_allowlist']).items.length, 2)
})
