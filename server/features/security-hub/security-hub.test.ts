import assert from 'node:assert/strict'
import { test } from 'node:test'
import { givenRobot } from '../../testing/api.ts'
import { fresh, givenProject, pushImage, type PushedImage } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { finding, givenReport, givenScanner } from '../../testing/reports.ts'
import { openScene } from '../../testing/scene.ts'

const { marina, rest, cast } = await openScene()
const { admin } = marina
const scanner = await givenScanner(marina)
const other = await givenScanner(marina)
const project = await givenProject(marina)

type Row = Record<'cve_id' | 'severity' | 'digest' | 'repository_name' | 'package' | 'version' | 'status', string> & {
  project_id: number
  tags: string[] | null
  cvss_v3_score?: number
  fixed_version?: string
  desc?: string
  links?: string[]
}

const found = {
  ssl: finding('CVE-2026-0001', 'Critical', {
    package: 'openssl',
    version: '3.0.1',
    fixedVersion: '3.0.2',
    status: 'fixed',
    cvssV3: 9.8,
    details: { description: 'About openssl', links: ['https://example.com/1'] },
  }),
  zlib: finding('CVE-2026-0002', 'High', { package: 'zlib', version: '1.2.11', cvssV3: 7.5 }),
  curl: finding('CVE-2026-0003', 'Medium', { package: 'curl', cvssV3: 5.5 }),
  bash: finding('CVE-2026-0004', 'Low', { package: 'bash', cvssV3: 2.1 }),
  odd: finding('CVE-2026-0006', 'Unknown', { package: '=cmd|x', version: '1' }),
  slight: finding('CVE-2026-0008', 'Negligible', { package: 'tar' }),
}
const images: Record<'crit' | 'high' | 'clean' | 'never', PushedImage> = {
  crit: await pushImage(marina, `${project.name}/crit`, { tag: 'v1' }),
  high: await pushImage(marina, `${project.name}/high`, { tag: 'v2' }),
  clean: await pushImage(marina, `${project.name}/clean`, { tag: 'v1' }),
  never: await pushImage(marina, `${project.name}/never`, { tag: 'v1' }),
}
await givenReport(marina, images.crit, scanner, Object.values(found))
await givenReport(marina, images.high, scanner, [found.zlib])
await givenReport(marina, images.clean, scanner, [])
await givenReport(marina, images.never, other, [found.ssl])

const list = async (q = '', more = '') => {
  const answer = await rest('GET', `/security/vul?q=${encodeURIComponent(q)}${more}`, admin)
  expectAnswer(answer, 200)
  return { rows: answer.json() as Row[], total: Number(answer.headers['x-total-count']), link: answer.headers['link'] }
}
const messageOf = async (q: string) => {
  const answer = expectAnswer(await rest('GET', `/security/vul?q=${encodeURIComponent(q)}`, admin), 400, 'BAD_REQUEST')
  return (answer.json() as { errors: { message: string }[] }).errors[0]!.message
}

test('the summary counts what the default scanner has found, and shows the worst', async () => {
  const path = '/security/summary?with_dangerous_cve=true&with_dangerous_artifact=true'
  const summary = expectAnswer(await rest('GET', path, admin), 200).json() as Record<string, unknown>
  const { dangerous_cves: cves, dangerous_artifacts: artifacts, ...counts } = summary
  assert.deepEqual(counts, {
    critical_cnt: 1,
    high_cnt: 2,
    medium_cnt: 1,
    low_cnt: 1,
    none_cnt: 1,
    unknown_cnt: 1,
    total_vuls: 7,
    fixable_cnt: 1,
    scanned_cnt: 3,
    total_artifact: 4,
  })
  assert.deepEqual(
    (cves as { cve_id: string; cvss_score_v3: number }[]).map((one) => [one.cve_id, one.cvss_score_v3]).slice(0, 4),
    [
      ['CVE-2026-0001', 9.8],
      ['CVE-2026-0002', 7.5],
      ['CVE-2026-0003', 5.5],
      ['CVE-2026-0004', 2.1],
    ],
  )
  assert.deepEqual(artifacts, [
    {
      project_id: project.id,
      repository_name: `${project.name}/crit`,
      digest: images.crit.digest,
      critical_cnt: 1,
      high_cnt: 1,
      medium_cnt: 1,
    },
    {
      project_id: project.id,
      repository_name: `${project.name}/high`,
      digest: images.high.digest,
      critical_cnt: 0,
      high_cnt: 1,
      medium_cnt: 0,
    },
  ])
  const plain = expectAnswer(await rest('GET', '/security/summary?with_dangerous_cve=x', admin), 200)
  assert.equal((plain.json() as { dangerous_cves?: unknown }).dangerous_cves, undefined)
})

test('the list has the highest score first, and each row says all of its finding and its image', async () => {
  const { rows, total } = await list()
  assert.equal(total, 7)
  assert.deepEqual(
    rows.map((one) => one.cvss_v3_score),
    [9.8, 7.5, 7.5, 5.5, 2.1, undefined, undefined],
  )
  assert.deepEqual(rows[0], {
    project_id: project.id,
    repository_name: `${project.name}/crit`,
    digest: images.crit.digest,
    tags: null,
    cve_id: 'CVE-2026-0001',
    severity: 'Critical',
    status: 'fixed',
    cvss_v3_score: 9.8,
    package: 'openssl',
    version: '3.0.1',
    fixed_version: '3.0.2',
    desc: 'About openssl',
    links: ['https://example.com/1'],
  })
  assert.deepEqual((await list('', '&with_tag=true&page_size=1')).rows[0]!.tags, ['v1'])
})

test('pages follow each other without gaps or repetitions', async () => {
  const seen: string[] = []
  for (let page = 1; page <= 4; page++) {
    const { rows, total, link } = await list('', `&page_size=2&page=${page}`)
    assert.equal(total, 7)
    assert.equal(link?.includes('rel="next"') ?? false, page < 4)
    assert.equal(link?.includes('rel="prev"') ?? false, page > 1)
    seen.push(...rows.map((one) => `${one.cve_id} ${one.digest}`))
  }
  assert.equal(new Set(seen).size, 7)
  expectAnswer(await rest('GET', '/security/vul?page_size=101', admin), 422, 'UNPROCESSABLE_ENTITY')
})

test('every field narrows the list, alone and with others', async () => {
  const counts: Record<string, number> = {
    'cve_id=CVE-2026-0002': 2,
    'cve_id=nope': 0,
    'severity=Critical': 1,
    'severity=critical': 0,
    'severity=High': 2,
    'status=fixed': 1,
    'cvss_score_v3=[5.0~7.5]': 3,
    'cvss_score_v3=[7.5~]': 3,
    [`project_id=${project.id}`]: 7,
    'project_id=99999': 0,
    [`repository_name=${project.name}/crit`]: 6,
    'repository_name=crit': 0,
    'package=zlib': 2,
    'package==cmd|x': 1,
    'tag=v1': 6,
    'tag=nope': 0,
    [`digest=${images.high.digest}`]: 1,
    'digest=sha256:nope': 0,
    'severity=High,package=zlib': 2,
    'severity=High,package=zlib,tag=v2': 1,
    [`project_id=${project.id},severity=Low`]: 1,
  }
  for (const [q, count] of Object.entries(counts)) {
    const { rows, total } = await list(q, '&page_size=100')
    assert.deepEqual([rows.length, total], [count, count], q)
    assert.equal((await list(q, '&tune_count=true')).total, count, q)
  }
})

test("what cannot be asked for is refused in Harbor's words", async () => {
  for (const q of ['cve_id=~2026', 'severity={Critical High}', 'cvss_score_v3=9.8', 'repository_name=~crit']) {
    const name = q.slice(0, q.indexOf('='))
    assert.equal(await messageOf(q), `bad request: keyword: ${name}, the query type is not allowed`)
  }
  for (const name of ['nope', 'fixed_version'])
    assert.equal(await messageOf(`${name}=1`), `bad request: keyword: ${name} is not allowed`)
  for (const q of ['cve_id', '=x'])
    assert.equal(await messageOf(q), 'the query string must contain "=" and the key/value cannot be empty')
  assert.match(await messageOf('project_id=x'), /project_id, x is no number/)
})

test('a tuned count says -1 beyond a thousand, and the pages go on', async () => {
  const many = await pushImage(marina, `${project.name}/many`, { tag: 'many' })
  const findings = Array.from({ length: 1001 }, (_, at) => finding(`CVE-1999-${at}`, 'Low', { package: fresh('pkg') }))
  await givenReport(marina, many, scanner, findings)
  for (const q of ['tag=many', 'tag=many,status=affected']) {
    assert.equal((await list(q)).total, 1001)
    const { total, link } = await list(q, '&tune_count=true&page=2')
    assert.equal(total, -1)
    assert.match(String(link), /page=1.*rel="prev".*page=3.*rel="next"/)
  }
})

test('only administrators of the system and robots with the right see it', async () => {
  const paths = ['/security/summary', '/security/vul']
  for (const path of paths) {
    for (const who of [cast.uaA, cast.guA]) expectAnswer(await rest('GET', path, who), 403, 'FORBIDDEN')
    expectAnswer(await rest('GET', path, undefined), 401, 'UNAUTHORIZED')
  }
  const access = ['read', 'list'].map((action) => ({ resource: 'security-hub', action }))
  const robot = await givenRobot(marina, fresh('hub'), { access })
  for (const path of paths) expectAnswer(await rest('GET', path, robot), 200)
})
