import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callApi } from '../../../testing/api.ts'
import { givenMember, givenProject, givenUser, pushImage } from '../../../testing/given.ts'
import { eventually, expectAnswer, type Answer, type Person } from '../../../testing/http.ts'
import { finding, givenReport, givenScanner } from '../../../testing/reports.ts'
import { openScene } from '../../../testing/scene.ts'

const { marina, cast } = await openScene()
const { admin } = marina
const scanner = await givenScanner(marina, 'orc-ok')
const project = await givenProject(marina)
const developer = await givenMember(marina, project, 'developer')

const images = {
  crit: await pushImage(marina, `${project.name}/crit`, { tag: 'v1' }),
  high: await pushImage(marina, `${project.name}/deep/high`, { tag: 'w1' }),
}
await givenReport(marina, images.crit, scanner, [
  finding('CVE-2026-0001', 'Critical', { package: 'openssl', version: '3.0.1', fixedVersion: '3.0.2' }),
  finding('CVE-2026-0006', 'Unknown', {
    package: '=cmd|x',
    version: '1',
    details: { cweIds: ['CWE-79', 'CWE-20'], vendorAttributes: { CVSS: { nvd: { V3Score: 0 } } } },
  }),
])
await givenReport(marina, images.high, scanner, [finding('CVE-2026-0002', 'High', { package: 'zlib', version: '1.2' })])

type Execution = { id: number; status: string; status_text: string; file_present: boolean; user_name: string }
const type = 'application/vnd.security.vulnerability.report; version=1.1'
const ask = (
  body: unknown,
  as: Person | undefined = admin,
  headers: Record<string, string> = { 'x-scan-data-type': type },
) => callApi(marina, 'POST', '/export/cve', { as, body, headers })
const read = (id: number, as: Person = admin) => callApi(marina, 'GET', `/export/cve/execution/${id}`, { as })
const download = (id: number, as: Person = admin) => callApi(marina, 'GET', `/export/cve/download/${id}`, { as })
const messageOf = ({ text }: Answer) => (JSON.parse(text) as { errors: { message: string }[] }).errors[0]!.message
const idOf = (answer: Answer) => (expectAnswer(answer, 200).json() as { id: number }).id

async function ended(body: object, as: Person = admin): Promise<Execution> {
  const id = idOf(await ask({ job_name: 'test', projects: [project.id], ...body }, as))
  return eventually(async () => {
    const execution = expectAnswer(await read(id, as), 200).json() as Execution
    assert.ok(['Success', 'Error'].includes(execution.status), execution.status)
    return execution
  })
}
/** The ids of what an export with this filter has found. */
async function found(filter: object): Promise<string[]> {
  const { id, status, status_text: text, file_present: isPresent } = await ended(filter)
  assert.equal(status, 'Success')
  if (!isPresent) {
    assert.equal(text, 'No vulnerabilities found or matched')
    expectAnswer(await download(id), 404, 'NOT_FOUND')
    return []
  }
  const [, ...rows] = parse(expectAnswer(await download(id), 200).text)
  return rows.map((row) => row[2]!).sort()
}

/** Every cell is quoted (RFC 4180). */
const parse = (text: string): string[][] =>
  text
    .trimEnd()
    .split('\r\n')
    .map((line) => [...line.matchAll(/"((?:[^"]|"")*)"(?:,|$)/g)].map(([, cell]) => cell!.replaceAll('""', '"')))

test("the file has Harbor's columns in their order, and no formula for a spreadsheet", async () => {
  const { id, file_present: isPresent, user_name: name } = await ended({ repositories: '', cveIds: '', tags: '' })
  assert.deepEqual([isPresent, name], [true, 'admin'])
  const answer = expectAnswer(await download(id), 200)
  assert.equal(answer.headers['content-disposition'], `attachment; filename="scandata_export_${id}.csv"`)
  const [head, ...rows] = parse(answer.text)
  assert.deepEqual(head, [
    'Repository',
    'Artifact Digest',
    'CVE',
    'Package',
    'Current Version',
    'Fixed in version',
    'Severity',
    'CWE Ids',
    'Additional Data',
    'Scanner',
  ])
  const crit = [images.crit.repository, images.crit.digest]
  assert.deepEqual(
    rows.sort((one, other) => (one[2]! < other[2]! ? -1 : 1)),
    [
      [...crit, 'CVE-2026-0001', 'openssl', '3.0.1', '3.0.2', 'Critical', '', '', 'orc-ok'],
      [images.high.repository, images.high.digest, 'CVE-2026-0002', 'zlib', '1.2', '', 'High', '', '', 'orc-ok'],
      [
        ...crit,
        'CVE-2026-0006',
        "'=cmd|x",
        '1',
        '',
        'Unknown',
        'CWE-79,CWE-20',
        '{"CVSS":{"nvd":{"V3Score":0}}}',
        'orc-ok',
      ],
    ],
  )
})

test('filters choose repositories, vulnerabilities, tags and labels', async () => {
  const all = ['CVE-2026-0001', 'CVE-2026-0002', 'CVE-2026-0006']
  const [crit, high] = [['CVE-2026-0001', 'CVE-2026-0006'], ['CVE-2026-0002']]
  assert.deepEqual(await found({}), all)
  assert.deepEqual(await found({ repositories: 'crit' }), crit)
  assert.deepEqual(await found({ repositories: `${project.name}/crit` }), [])
  assert.deepEqual(await found({ repositories: '**/high' }), high)
  assert.deepEqual(await found({ repositories: '{crit,deep/*}' }), all)
  assert.deepEqual(await found({ cveIds: 'CVE-2026-0002' }), high)
  assert.deepEqual(await found({ cveIds: 'CVE-2026-0001, CVE-2026-{0002,9}' }), ['CVE-2026-0001', 'CVE-2026-0002'])
  assert.deepEqual(await found({ cveIds: 'CVE-1999-*' }), [])
  assert.deepEqual(await found({ tags: 'v*' }), crit)
  assert.deepEqual(await found({ tags: 'nope' }), [])
  assert.deepEqual(await found({ labels: [99_999] }), [])
})

test('an export can be read and downloaded once, by its owner alone', async () => {
  const { id } = await ended({}, developer)
  for (const as of [admin, cast.uaA]) {
    expectAnswer(await read(id, as), 403, 'FORBIDDEN')
    expectAnswer(await download(id, as), 403, 'FORBIDDEN')
  }
  const executions = async (as: Person) => {
    const answer = expectAnswer(await callApi(marina, 'GET', '/export/cve/executions', { as }), 200)
    return (answer.json() as { items: Execution[] }).items.map((one) => one.id)
  }
  assert.deepEqual(await executions(developer), [id])
  assert.ok(!(await executions(admin)).includes(id))
  expectAnswer(await download(id, developer), 200)
  await eventually(async () => {
    assert.equal(messageOf(expectAnswer(await read(id, developer), 404, 'NOT_FOUND')), `execution ${id} not found`)
  })
  expectAnswer(await download(id, developer), 404, 'NOT_FOUND')
  assert.deepEqual(await executions(developer), [])
})

test("what cannot be exported is refused with Harbor's statuses and texts", async () => {
  const body = { job_name: 'j', projects: [project.id] }
  const bare = await ask(body, admin, {})
  assert.match(messageOf(expectAnswer(bare, 422, 'UNPROCESSABLE_ENTITY')), /X-Scan-Data-Type in header is required/)
  const strange = await ask(body, admin, { 'x-scan-data-type': 'application/nope' })
  assert.equal(
    messageOf(expectAnswer(strange, 400, 'BAD_REQUEST')),
    'bad request: Unsupported MIME type : application/nope',
  )
  for (const [projects, shown] of [
    [undefined, '[]'],
    [[], '[]'],
    [[1, 3], '[1 3]'],
  ])
    assert.equal(
      messageOf(expectAnswer(await ask({ job_name: 'j', projects }), 400, 'BAD_REQUEST')),
      `bad request: only support export single project, invalid value: ${shown as string}`,
    )
  const absent = expectAnswer(await ask({ projects: [99_999] }), 404, 'NOT_FOUND')
  assert.equal(messageOf(absent), 'resource not found: project 99999 not found')
  expectAnswer(await ask({ projects: 'x' }), 422, 'UNPROCESSABLE_ENTITY')
  for (const filter of [{ repositories: '[' }, { cveIds: 'CVE-[' }, { tags: '[' }])
    expectAnswer(await ask({ ...body, ...filter }), 400, 'BAD_REQUEST')
  expectAnswer(await read(0), 404, 'NOT_FOUND')
  expectAnswer(await download(99_999), 404, 'NOT_FOUND')
})

test('project administrators, maintainers and developers may export their project, others may not', async () => {
  const body = { projects: [cast.A.id] }
  for (const as of [cast.uaA, cast.maA, cast.deA]) expectAnswer(await ask(body, as), 200)
  const outsider = await givenUser(marina)
  for (const as of [cast.guA, cast.laA, cast.uaB, outsider]) {
    expectAnswer(await ask(body, as), 403, 'FORBIDDEN')
    // Whether there is such a project is not for them to know.
    expectAnswer(await ask({ projects: [99_999] }, as), 403, 'FORBIDDEN')
  }
  const anonymous = await callApi(marina, 'POST', '/export/cve', { body, headers: { 'x-scan-data-type': type } })
  expectAnswer(anonymous, 401, 'UNAUTHORIZED')
})
