import assert from 'node:assert/strict'
import { test } from 'node:test'
import { factsSince, lastFact } from '../../../testing/api.ts'
import { fresh, pushIndex, pushReferrer } from '../../../testing/given.ts'
import { eventually, expectAnswer } from '../../../testing/http.ts'
import { pushLayers } from '../../../testing/layers.ts'
import {
  adapter,
  cast,
  ended,
  external,
  found,
  full,
  generic,
  givenImage,
  givenScanner,
  inA,
  layer,
  logOf,
  marina,
  native,
  overviewOf,
  read,
  scan,
  show,
  stop,
  vulnerabilities,
  type Shown,
} from './scans.suite.ts'

test('without a scanner a scan is 412, and there is nothing to read; the first one is the default', async () => {
  const name = await givenImage()
  expectAnswer(await scan(name), 412, 'PRECONDITION')
  expectAnswer(await stop(name), 400, 'BAD_REQUEST')
  expectAnswer(await read(name), 404, 'NOT_FOUND')
  assert.equal((await show(name)).scan_overview, undefined)
  await givenScanner()
  assert.deepEqual(expectAnswer(await read(name), 200).json(), {})
})

test('a scan asks the adapter as the specification says, and is shown as Harbor shows it', async () => {
  const plan = { vulnerabilities: [found('CVE-1', 'Critical'), found('CVE-2', 'Low', { fix_version: '' })] }
  const name = await givenImage(plan)
  const since = await lastFact(marina)
  assert.deepEqual(expectAnswer(await read(name), 200).json(), {})
  expectAnswer(await scan(name), 202)
  const overview = await ended(name)
  assert.deepEqual(
    [overview.scan_status, overview.severity, overview.complete_percent, overview.summary, overview.scanner],
    [
      'Success',
      'Critical',
      100,
      { total: 2, fixable: 1, summary: { Critical: 1, Low: 1 } },
      { name: 'Probe', vendor: 'Tests', version: '1.2.3' },
    ],
  )
  assert.ok(overview.start_time <= overview.end_time && overview.duration! >= 0)
  const { digest, addition_links: links } = await show(name)
  const asked = adapter.scans.find(({ artifact }) => artifact.repository === full(name))!
  assert.deepEqual(
    [asked.registry.url, asked.registry.insecure, { ...asked.artifact, size: 0 }, asked.enabled_capabilities],
    [
      external,
      false,
      { repository: full(name), tag: 'v1', digest, mime_type: 'application/vnd.oci.image.manifest.v1+json', size: 0 },
      [{ type: 'vulnerability', produces_mime_types: [generic], parameters: null }],
    ],
  )
  assert.ok(asked.artifact.size > 0)
  assert.deepEqual(adapter.problems, [])

  const report = await vulnerabilities(name)
  assert.deepEqual(
    [report!.severity, report!.scanner],
    ['Critical', { name: 'Probe', vendor: 'Tests', version: '1.2.3' }],
  )
  const one = report!.vulnerabilities.find(({ id }) => id === 'CVE-1')
  assert.deepEqual(one, {
    ...found('CVE-1', 'Critical'),
    links: ['https://example.com/CVE-1'],
    artifact_digests: [digest],
  })
  assert.ok(links['vulnerabilities']!.href.endsWith('/additions/vulnerabilities'))
  assert.match(await logOf(name, overview.report_id), /Probe 1\.2\.3 has begun to scan .*\n.*vulnerabilities: 2/s)
  const told = (await factsSince(marina, since)).filter(({ topic }) => topic.startsWith('scan.'))
  assert.deepEqual(
    told.map(({ topic, payload }) => [topic, payload['digest'], (payload['by'] as { name: string }).name]),
    [
      ['scan.requested', digest, cast.maA.name],
      ['scan.completed', digest, cast.maA.name],
    ],
  )
})

test('X-Accept-Vulnerabilities chooses the type of the report, or none; raw is what the scanner has said', async () => {
  const name = await givenImage({ vulnerabilities: [found('CVE-7', 'High')] })
  await scan(name)
  await ended(name)
  const keys = async (type: string) =>
    Object.keys(expectAnswer(await read(name, { 'x-accept-vulnerabilities': type }), 200).json() as object)
  assert.deepEqual(await keys(`${native}, ${generic}`), [generic])
  assert.deepEqual(await keys(generic.replace('; ', ';')), [generic])
  for (const type of [native, 'application/nope']) assert.deepEqual(await keys(type), [])
  const raw = 'application/vnd.scanner.adapter.vuln.report.raw'
  const body = (await read(name, { 'x-accept-vulnerabilities': raw })).json() as Record<
    string,
    { generated_at: string }
  >
  assert.equal(body[raw]!.generated_at, '2026-11-30T00:00:00Z')
  const headers = { 'x-accept-vulnerabilities': native }
  const shown = await marina.ask('GET', `/api/v2.0${inA(name)}?with_scan_overview=true`, { as: cast.guA, headers })
  assert.equal((shown.json() as Shown).scan_overview, undefined)
})

test('a word of severity that nobody knows is Unknown, and a long description is cut', async () => {
  const name = await givenImage({
    vulnerabilities: [found('CVE-9', 'Terrible', { description: 'ä'.repeat(2000) }), found('CVE-8', 'critical')],
  })
  await scan(name)
  assert.deepEqual((await ended(name)).summary!.summary, { Critical: 1, Unknown: 1 })
  const { vulnerabilities: all } = (await vulnerabilities(name)) as unknown as {
    vulnerabilities: { id: string; description: string }[]
  }
  assert.equal(all.find(({ id }) => id === 'CVE-9')!.description, 'ä'.repeat(512))
})

test('while a scan runs another is 409 and the last report stays valid; it can be stopped', async () => {
  const name = await givenImage({ vulnerabilities: [found('CVE-5', 'High')] })
  await scan(name)
  const first = await ended(name)
  adapter.plans.set(full(name), { report: [{ status: 302, headers: { 'refresh-after': '1' } }] })
  expectAnswer(await scan(name), 202)
  await eventually(async () => assert.equal((await overviewOf(name))!.scan_status, 'Running'))
  assert.match(expectAnswer(await scan(name), 409, 'CONFLICT').text, /a previous scan process is Running/)
  const running = (await overviewOf(name))!
  assert.notEqual(running.report_id, first.report_id)
  assert.deepEqual([running.severity, running.summary!.total, running.complete_percent], ['High', 1, undefined])
  assert.equal((await vulnerabilities(name))!.vulnerabilities.length, 1)
  const since = await lastFact(marina)
  expectAnswer(await stop(name), 202)
  assert.equal((await ended(name)).scan_status, 'Stopped')
  expectAnswer(await stop(name), 202)
  const told = (await factsSince(marina, since)).filter(({ topic }) => topic === 'scan.stopped')
  assert.equal(told.length, 1)
  assert.equal((await vulnerabilities(name))!.vulnerabilities.length, 1)
  adapter.plans.set(full(name), {})
  expectAnswer(await scan(name), 202)
  await eventually(async () => assert.equal((await overviewOf(name))!.summary!.total, 0))
})

test('an index is scanned by its images, whose findings count once; what holds no image is 400', async () => {
  const name = fresh('index')
  const images = [
    await pushLayers(marina, full(name), [layer]),
    await pushLayers(marina, full(name), [layer], { config: { architecture: 'arm64' } }),
  ]
  const note = await pushReferrer(marina, full(name), images[0]!)
  await pushIndex(marina, full(name), images, { tag: 'all' })
  await pushIndex(marina, full(name), [note], { tag: 'none' })
  adapter.plans.set(full(name), { vulnerabilities: [found('CVE-1', 'High'), found('CVE-2', 'Low')] })
  expectAnswer(await scan(name, 'all'), 202)
  const overview = await ended(name, 'all')
  assert.deepEqual(
    [overview.scan_status, overview.summary!.total, overview.severity, overview.complete_percent],
    ['Success', 2, 'High', 100],
  )
  assert.equal(Buffer.from(overview.report_id, 'base64').toString().split('|').length, 2)
  const report = (await vulnerabilities(name, 'all')) as unknown as {
    vulnerabilities: { id: string; artifact_digests: string[] }[]
  }
  assert.deepEqual(report.vulnerabilities.map(({ id }) => id).sort(), ['CVE-1', 'CVE-2'])
  assert.equal(report.vulnerabilities[0]!.artifact_digests.length, 2)
  assert.equal((await logOf(name, overview.report_id, 'all')).split('----------').length, 5)
  for (const reference of ['none', note.digest]) expectAnswer(await scan(name, reference), 400, 'BAD_REQUEST')
})
