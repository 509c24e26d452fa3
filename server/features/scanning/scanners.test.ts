import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { callApi, factsSince, lastFact } from '../../testing/api.ts'
import { fresh, givenMember, givenProject } from '../../testing/given.ts'
import { expectAnswer, type Person } from '../../testing/http.ts'
import { openTestMarina } from '../../testing/server.ts'

const marina = await openTestMarina({ MARINA_OUTBOUND_ALLOW: '127.0.0.1' })
after(() => marina[Symbol.asyncDispose]())

type Shown = {
  uuid: string
  name: string
  url: string
  is_default: boolean
  access_credential?: string
  auth: string
  health?: string
  adapter?: string
  capabilities?: Record<string, unknown>
  description: string
}

/** A stand-in for a scanner adapter: it answers with its metadata only. */
const asked: IncomingHttpHeaders[] = []
const adapter = createServer((request, response) => {
  asked.push(request.headers)
  const answers: Record<string, [number, string]> = {
    '/good/api/v1/metadata': [
      200,
      JSON.stringify({
        scanner: { name: 'Probe', vendor: 'Somebody', version: '1.2' },
        capabilities: [
          {
            type: 'sbom',
            consumes_mime_types: ['application/vnd.docker.distribution.manifest.v2+json'],
            produces_mime_types: ['application/vnd.security.sbom.report+json; version=1.0'],
          },
        ],
        properties: { 'harbor.scanner-adapter/scanner-type': 'os-package-vulnerability' },
      }),
    ],
    '/none/api/v1/metadata': [200, '{"scanner":{}}'],
    '/text/api/v1/metadata': [200, 'hello'],
  }
  const [status, text] = answers[request.url!] ?? [404, '']
  response.writeHead(status).end(text)
})
await new Promise<void>((done) => adapter.listen(0, '127.0.0.1', done))
after(() => adapter.close())
const base = `http://127.0.0.1:${(adapter.address() as AddressInfo).port}`

const call = (method: string, path: string, body?: unknown, as: Person = marina.admin) =>
  callApi(marina, method, path, { as, ...(body === undefined ? {} : { body }) })
const make = async (more: object = {}) =>
  expectAnswer(
    await call('POST', '/scanners', { name: fresh('scanner'), url: `http://${fresh('host')}.example`, ...more }),
    201,
  ).headers.location!.replace('/api/v2.0/scanners/', '')
const show = async (id: string) => expectAnswer(await call('GET', `/scanners/${id}`), 200).json() as Shown

test('the first scanner is the default; each change of a scanner emits a fact', async () => {
  const since = await lastFact(marina)
  const name = fresh('first')
  const id = await make({ name, url: `${base}/good/`, description: 'one' })
  assert.deepEqual([(await show(id)).is_default, (await show(id)).url], [true, `${base}/good`])
  const other = await make()
  assert.equal((await show(other)).is_default, false)
  expectAnswer(await call('PATCH', `/scanners/${other}`, { is_default: true }), 200)
  assert.deepEqual([(await show(id)).is_default, (await show(other)).is_default], [false, true])
  for (let time = 0; time < 2; time++)
    expectAnswer(await call('PUT', `/scanners/${id}`, { name, description: 'two' }), 200)
  assert.deepEqual([(await show(id)).description, (await show(id)).name], ['two', name])
  const listed = expectAnswer(await call('GET', `/scanners?q=name%3D${name}`), 200)
  assert.deepEqual([(listed.json() as Shown[]).map(({ uuid }) => uuid), listed.headers['x-total-count']], [[id], '1'])
  assert.equal((expectAnswer(await call('DELETE', `/scanners/${id}`), 200).json() as Shown).uuid, id)
  expectAnswer(await call('GET', `/scanners/${id}`), 404, 'NOT_FOUND')
  const told = (await factsSince(marina, since)).filter(({ payload }) => payload['scannerId'] === id)
  assert.deepEqual(told.find(({ topic }) => topic === 'scanner.changed')!.payload['changed'], ['description'])
  assert.deepEqual(
    told.map(({ topic }) => topic),
    ['scanner.created', 'scanner.changed', 'scanner.deleted'],
  )
})

test('C-27: a credential is sent to the scanner alone: sealed in the database, in no answer or fact', async () => {
  const secret = 'robot:very-Secret-1'
  const since = await lastFact(marina)
  const id = await make({ url: `${base}/good`, auth: 'Basic', access_credential: secret })
  assert.deepEqual([(await show(id)).auth, (await show(id)).access_credential], ['Basic', '[HIDDEN]'])
  const row = await marina.ground.db.row({
    name: '',
    text: 'select to_jsonb(scanner)::text as text from scanner where id = $1',
    values: [id],
  })
  assert.ok(
    !JSON.stringify([row, await factsSince(marina, since), (await call('GET', '/scanners')).text]).includes(
      'very-Secret-1',
    ),
  )
  // A credential sent back as `[HIDDEN]` stays; with another kind of authentication the same text is used.
  expectAnswer(await call('PUT', `/scanners/${id}`, await show(id)), 200)
  const headersAfter = async (change: object) => {
    expectAnswer(await call('PUT', `/scanners/${id}`, change), 200)
    expectAnswer(await call('GET', `/scanners/${id}/metadata`), 200)
    return [asked.at(-1)!.authorization, asked.at(-1)!['x-scanneradapter-api-key']]
  }
  assert.deepEqual(await headersAfter({}), [`Basic ${Buffer.from(secret).toString('base64')}`, undefined])
  assert.deepEqual(await headersAfter({ auth: 'Bearer', access_credential: 'token' }), ['Bearer token', undefined])
  assert.deepEqual(await headersAfter({ auth: 'APIKey' }), [undefined, 'token'])
  assert.deepEqual(await headersAfter({ auth: 'X-ScannerAdapter-API-Key' }), [undefined, 'token'])
  assert.deepEqual(await headersAfter({ auth: '' }), [undefined, undefined])
  assert.equal((await show(id)).access_credential, undefined)
  expectAnswer(await call('DELETE', `/scanners/${id}`), 200)
})

test('a malformed scanner is 400, a taken name or URL 409, and nothing is made', async () => {
  const count = async () => (await call('GET', '/scanners')).headers['x-total-count']
  const id = await make({ name: 'taken', url: 'http://taken.example' })
  const before = await count()
  const good = { name: 'name', url: 'http://x.example' }
  const bad = [
    { ...good, name: ' ' },
    { ...good, name: 'x'.repeat(129) },
    { ...good, url: 'ftp://a.example' },
    { ...good, url: 'http://name:word@a.example' },
    { ...good, url: `http://${'x'.repeat(600)}.example` },
    { ...good, auth: 'Other', access_credential: 'x' },
    { ...good, auth: 'Bearer' },
    { ...good, auth: 'Basic', access_credential: 'no colon' },
    { ...good, auth: 'Bearer', access_credential: 'a\nb' },
  ]
  for (const body of bad) expectAnswer(await call('POST', '/scanners', body), 400, 'BAD_REQUEST')
  for (const body of [{}, { name: 'a' }, { url: 'http://a.example' }, { ...good, url: 'x y' }, { ...good, name: 5 }])
    for (const path of ['/scanners', '/scanners/ping'])
      expectAnswer(await call('POST', path, body), 422, 'UNPROCESSABLE_ENTITY')
  for (const body of [
    { ...good, name: 'taken' },
    { ...good, url: 'http://taken.example' },
  ])
    expectAnswer(await call('POST', '/scanners', body), 409, 'CONFLICT')
  for (const path of ['/scanners/1', '/scanners/not-a-uuid']) expectAnswer(await call('GET', path), 400, 'BAD_REQUEST')
  assert.equal(await count(), before)
  expectAnswer(await call('DELETE', `/scanners/${id}`), 200)
})

test('a project uses its own scanner or the default, and the default again when its own is deleted', async () => {
  const project = await givenProject(marina)
  const maintainer = await givenMember(marina, project, 'maintainer')
  const path = `/projects/${project.name}/scanner`
  const [wide, own] = [await make({ url: `${base}/none` }), await make({ name: fresh('own'), url: `${base}/good` })]
  expectAnswer(await call('PATCH', `/scanners/${wide}`, { is_default: true }), 200)
  const ofProject = async () => expectAnswer(await call('GET', path, undefined, maintainer), 200).json() as Shown
  assert.deepEqual([(await ofProject()).uuid, (await ofProject()).health], [wide, 'unhealthy'])
  const since = await lastFact(marina)
  expectAnswer(await call('PUT', path, { uuid: own }), 200)
  assert.deepEqual(
    (await factsSince(marina, since)).map(({ topic, payload }) => [topic, payload['projectId'], payload['scannerId']]),
    [['scanner.chosen', project.id, own]],
  )
  const chosen = await ofProject()
  assert.deepEqual(
    [chosen.uuid, chosen.health, chosen.adapter, chosen.capabilities],
    [own, 'healthy', 'Probe', { support_vulnerability: false, support_sbom: true }],
  )
  const candidates = expectAnswer(await call('GET', `${path}/candidates?page_size=100`), 200).json() as Shown[]
  assert.ok([wide, own].every((id) => candidates.some(({ uuid }) => uuid === id)))
  expectAnswer(await call('PUT', path, { uuid: '0'.repeat(8) + '-0000-0000-0000-' + '0'.repeat(12) }), 404, 'NOT_FOUND')
  expectAnswer(await call('PUT', path, { uuid: 'x' }), 400, 'BAD_REQUEST')
  expectAnswer(await call('PUT', path, {}), 422, 'UNPROCESSABLE_ENTITY')
  expectAnswer(await call('PUT', `/scanners/${own}`, { disabled: true }), 200)
  expectAnswer(await call('PUT', path, { uuid: own }), 412, 'PRECONDITION')
  expectAnswer(await call('DELETE', `/scanners/${own}`), 200)
  assert.equal((await ofProject()).uuid, wide)
  expectAnswer(await call('DELETE', `/scanners/${wide}`), 200)
})

test("Marina's own matcher is listed and can be the default or disabled, but not changed or deleted", async () => {
  const row = await marina.ground.db.row<{ id: string }>({
    name: '',
    text: `insert into scanner (name, url, is_own) values ($1, 'urn:marina:own', true) returning id`,
    values: [fresh('own')],
  })
  const { id } = row!
  const before = await show(id)
  assert.equal((before as Shown & { is_own: boolean }).is_own, true)
  expectAnswer(await call('DELETE', `/scanners/${id}`), 412, 'PRECONDITION')
  expectAnswer(await call('PUT', `/scanners/${id}`, { ...before, name: 'other', url: `${base}/good` }), 200)
  assert.deepEqual([(await show(id)).name, (await show(id)).url], [before.name, before.url])
  expectAnswer(await call('PATCH', `/scanners/${id}`, { is_default: true }), 200)
  assert.equal((await show(id)).is_default, true)
  expectAnswer(await call('PUT', `/scanners/${id}`, { disabled: true }), 200)
  expectAnswer(await call('PATCH', `/scanners/${id}`, { is_default: true }), 412, 'PRECONDITION')
  expectAnswer(await call('PUT', `/scanners/${id}`, { disabled: false }), 200)
})

test('two first scanners at once leave one default', async () => {
  await marina.ground.db.run({ name: '', text: 'delete from scanner', values: [] })
  await Promise.all(Array.from({ length: 6 }, () => make()))
  const listed = (await call('GET', '/scanners?page_size=100')).json() as Shown[]
  assert.deepEqual([listed.length, listed.filter((one) => one.is_default).length], [6, 1])
  const project = await givenProject(marina)
  await marina.ground.db.run({ name: '', text: 'delete from scanner', values: [] })
  assert.deepEqual(expectAnswer(await call('GET', `/projects/${project.name}/scanner`), 200).json(), {})
})

test('H09: a wrong or internal URL is 400, internal ones with one text, and only allowed ones are called', async () => {
  const ping = (url: string) => call('POST', '/scanners/ping', { name: 'probe', url })
  expectAnswer(await ping(`${base}/good`), 200)
  for (const path of ['/none', '/text', '/absent']) expectAnswer(await ping(`${base}${path}`), 400, 'BAD_REQUEST')
  const texts = new Set<string>()
  for (const url of ['http://169.254.169.254', 'http://[::1]:5432', 'http://10.0.0.1', 'http://127.0.0.2'])
    texts.add(expectAnswer(await ping(url), 400, 'BAD_REQUEST').text)
  assert.equal(texts.size, 1)
})

test('a scanner is not saved at an address that is never called: metadata services, link-local, inside', async () => {
  const id = await make()
  const before = await show(id)
  for (const host of ['169.254.169.254', '[fd00:ec2::254]', '[fe80::1]', '100.100.100.200', '10.0.0.1', '127.0.0.2']) {
    const body = { name: fresh('scanner'), url: `http://${host}/latest` }
    for (const [method, path] of [
      ['POST', '/scanners'],
      ['PUT', `/scanners/${id}`],
    ] as const)
      assert.match(expectAnswer(await call(method, path, body), 400, 'BAD_REQUEST').text, /may not be called/)
  }
  assert.deepEqual(await show(id), before)
})
