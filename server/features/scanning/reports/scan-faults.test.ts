import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../../../platform/db/sql.ts'
import { fresh, givenProject } from '../../../testing/given.ts'
import { eventually, expectAnswer, openAsk } from '../../../testing/http.ts'
import { pushLayers } from '../../../testing/layers.ts'
import type { Plan } from '../../../testing/scanner-adapter.ts'
import {
  adapter,
  admin,
  db,
  ended,
  found,
  full,
  givenImage,
  givenScanner,
  internal,
  layer,
  logOf,
  marina,
  read,
  rest,
  scan,
} from './scans.suite.ts'

await givenScanner()

test('use_internal_addr gives the inside address; Bearer and Basic credentials open one repository alone', async () => {
  const id = await givenScanner({ use_internal_addr: true })
  const project = await givenProject(marina)
  expectAnswer(await rest('PUT', `/projects/${project.name}/scanner`, admin, { uuid: id }), 200)
  using ask = openAsk(marina.port)
  const other = await pushLayers(marina, `${project.name}/${fresh('other')}`, [layer])
  for (const kind of ['Basic', 'Bearer'] as const) {
    adapter.metadata.properties = { 'harbor.scanner-adapter/registry-authorization-type': kind }
    const repository = `${project.name}/${fresh('credential')}`
    adapter.plans.set(repository, { report: [{ status: 302, headers: { 'refresh-after': '1' } }] })
    const { digest } = await pushLayers(marina, repository, [layer], { tag: 'v1' })
    const path = `/projects/${project.name}/repositories/${repository.split('/')[1]}/artifacts/v1`
    expectAnswer(await rest('POST', `${path}/scan`, admin, { scan_type: 'vulnerability' }), 202)
    const { registry } = await eventually(() => {
      const asked = adapter.scans.find(({ artifact }) => artifact.repository === repository)
      assert.ok(asked)
      return asked
    })
    assert.equal(registry.url, internal)
    assert.ok(registry.authorization.startsWith(`${kind} `))
    const headers = { authorization: registry.authorization }
    const status = async (method: string, to: string) => (await ask(method, to, { headers })).status
    assert.deepEqual(
      [
        await status('GET', `/v2/${repository}/manifests/${digest}`),
        await status('GET', '/v2/'),
        await status('GET', `/v2/${other.repository}/manifests/${other.digest}`),
        await status('POST', `/v2/${repository}/blobs/uploads/`),
        await status('DELETE', `/v2/${repository}/manifests/${digest}`),
        await status('GET', `/api/v2.0/projects/${project.name}`),
      ],
      [200, 200, 401, 401, 401, 401],
    )
    if (kind === 'Basic') {
      const token = await ask(
        'GET',
        `/service/token?service=harbor-registry&scope=repository:${repository}:pull,push`,
        {
          headers,
        },
      )
      const bearer = { authorization: `Bearer ${(token.json() as { token: string }).token}` }
      const pulled = await ask('GET', `/v2/${repository}/manifests/${digest}`, { headers: bearer })
      assert.equal(pulled.status, 200)
    }
    // The credential ends with its scan, and stands in no log.
    expectAnswer(await rest('POST', `${path}/scan/stop`, admin, { scan_type: 'vulnerability' }), 202)
    await eventually(async () => assert.equal(await status('GET', `/v2/${repository}/manifests/${digest}`), 401))
    const secret = registry.authorization.slice(kind.length + 1)
    const logs = await db.rows<{ text: string }>(sql`select to_jsonb(job_log)::text as text from job_log`)
    assert.ok(!JSON.stringify(logs).includes(secret))
  }
  adapter.metadata.properties = {}
})

test('302 is an answer that is never followed; the scanner is asked again after Refresh-After', async () => {
  const wait = { status: 302, headers: { location: 'http://169.254.169.254/', 'refresh-after': '1' } }
  const there = { status: 200, body: JSON.stringify({ vulnerabilities: [found('CVE-3', 'Medium')] }) }
  const name = await givenImage({ report: [wait, wait, there] })
  await scan(name)
  assert.deepEqual([(await ended(name)).scan_status, (await ended(name)).severity], ['Success', 'Medium'])
})

test('what an adapter does wrong ends in Error with the reason in the log, and Marina goes on', async () => {
  const half = '{"vulnerabilities": [{"id": "CVE-1", "package'
  function* large() {
    yield '{"vulnerabilities": [{"id":"'
    for (let count = 0; count < 200; count++) yield 'x'.repeat(2 ** 20)
  }
  const many = Array.from({ length: 501 }, (_, index) => found(`CVE-${index}`, 'Low'))
  const cases: [string, Plan, RegExp][] = [
    ['302 for ever', { report: [{ status: 302, headers: { 'refresh-after': '1' } }] }, /no report after 6 s/],
    ['half a JSON', { report: [{ status: 200, body: half }] }, /the report is not JSON/],
    ['200 MB', { report: [{ status: 200, body: large() }] }, /the report is larger than 1048576 bytes/],
    ['HTML', { report: [{ status: 200, body: '<html></html>' }] }, /the report is not JSON/],
    ['a list', { report: [{ status: 200, body: '[]' }] }, /the report is not an object/],
    ['no id', { vulnerabilities: [{ package: 'a' }] }, /vulnerability 1 of the report is wrong: id must have 1 to/],
    ['too many', { vulnerabilities: many }, /has 501 vulnerabilities; at most 500/],
    ['a redirect elsewhere', { report: [{ status: 307, headers: { location: '/' } }] }, /status 307/],
    ['500', { report: [{ status: 500, body: '{"error":{"message":"it\\nbroke"}}' }] }, /status 500, it broke/],
    [
      '422',
      { begin: [{ status: 422, body: '{"error":{"message":"no such thing"}}' }] },
      /begin the scan: status 422, no s/,
    ],
    ['200 in place of 202', { begin: [{ status: 200, body: '{"id":"1"}' }] }, /begin the scan: status 200/],
    ['no id of the scan', { begin: [{ status: 202, body: '{}' }] }, /begun a scan without an id/],
  ]
  const names = await Promise.all(cases.map(([, plan]) => givenImage(plan)))
  for (const name of names) expectAnswer(await scan(name), 202)
  for (const [index, [what, , why]] of cases.entries()) {
    const overview = await ended(names[index]!)
    assert.equal(overview.scan_status, 'Error', what)
    assert.match(await logOf(names[index]!, overview.report_id), why, what)
    assert.deepEqual(expectAnswer(await read(names[index]!), 200).json(), {})
  }
  assert.equal((await marina.ask('GET', '/api/v2.0/ping')).status, 200)
})

test('a scan that the scanner has lost is begun again; one that is lost each time is an error', async () => {
  const lost = { status: 404, body: '{"error":{"message":"unknown"}}' }
  const name = await givenImage({ report: [lost] })
  await scan(name)
  assert.equal((await ended(name)).scan_status, 'Error')
  assert.equal(adapter.scans.filter(({ artifact }) => artifact.repository === full(name)).length, 3)
})
