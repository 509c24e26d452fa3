import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from '../../../../platform/db/sql.ts'
import { fresh, givenProject } from '../../../../testing/given.ts'
import { eventually, expectAnswer } from '../../../../testing/http.ts'
import { pushLayers, type LayerFile } from '../../../../testing/layers.ts'
import { openRest } from '../../../../testing/rest.ts'
import { openTestMarina } from '../../../../testing/server.ts'
import { openTrivy } from '../../../../testing/trivy.ts'
import { ScanRefused } from '../scanner.ts'
import { parseTrivyReport } from './report.ts'
import { runBounded } from './run.ts'

const trivy = await openTrivy()
after(() => trivy[Symbol.asyncDispose]())
const marina = await openTestMarina({ MARINA_TRIVY: trivy.program, MARINA_TRIVY_MEMORY: '2GiB' })
after(() => marina[Symbol.asyncDispose]())
const { admin } = marina
const rest = openRest(marina)
const now = new Date().toISOString()

const layer: LayerFile[] = [
  ['etc/os-release', 'ID=debian\nVERSION_ID="12"\n'],
  [
    'var/lib/dpkg/status',
    'Package: libc6\nStatus: install ok installed\nVersion: 2.36-9\nSource: glibc\nArchitecture: amd64\n',
  ],
  ['app/node_modules/left-pad/package.json', JSON.stringify({ name: 'left-pad', version: '1.1.0' })],
]
const vulnerabilities = {
  'libc6': [
    {
      VulnerabilityID: 'CVE-2026-0861',
      FixedVersion: '2.36-9+deb12u14',
      Status: 'fixed',
      Severity: 'HIGH',
      SeveritySource: 'debian',
      Title: 'glibc: memalign',
      PrimaryURL: 'https://avd.example/cve-2026-0861',
      References: ['javascript:alert(1)', 'https://example.com/a'],
      CweIDs: ['CWE-190'],
      CVSS: { nvd: { V3Score: 8.1, V3Vector: 'CVSS:3.1/AV:N' }, redhat: { V3Score: 5 } },
    },
  ],
  'left-pad': [{ VulnerabilityID: 'CVE-2026-7777', Severity: 'NOVEL', Status: 'affected' }],
}
const scanners = async () => expectAnswer(await rest('GET', '/scanners', admin), 200).json() as Scanner[]
/** Rows by their first column. */
const sorted = (rows: (string | boolean)[][]) =>
  rows.toSorted(([one], [other]) => (String(one) < String(other) ? -1 : 1))

type Scanner = { uuid: string; name: string; is_default: boolean; is_own: boolean; database_time?: string }

async function givenImage(): Promise<{ name: string; scan(): Promise<Shown> }> {
  const project = await givenProject(marina)
  const [{ uuid }] = (await scanners()) as [Scanner]
  expectAnswer(await rest('PUT', `/projects/${project.name}/scanner`, admin, { uuid }), 200)
  await pushLayers(marina, `${project.name}/app`, [layer, [[fresh('file'), 'x']]], { tag: 'v1' })
  const path = `/projects/${project.name}/repositories/app/artifacts/v1`
  return {
    name: project.name,
    async scan() {
      expectAnswer(await rest('POST', `${path}/scan`, admin, {}), 202)
      const overview = await eventually(async () => {
        const answer = expectAnswer(await rest('GET', `${path}?with_scan_overview=true`, admin), 200)
        const { scan_overview: all = {} } = answer.json() as { scan_overview?: Record<string, Overview> }
        const [one] = Object.values(all)
        assert.ok(['Success', 'Error'].includes(one?.scan_status ?? ''), one?.scan_status)
        return one!
      })
      const log = expectAnswer(await rest('GET', `${path}/scan/${overview.report_id}/log`, admin), 200).text
      const report = expectAnswer(await rest('GET', `${path}/additions/vulnerabilities`, admin), 200).json() as object
      const [{ vulnerabilities: found = [] } = {}] = Object.values(report) as { vulnerabilities?: Found[] }[]
      return { overview, log, found }
    },
  }
}
type Overview = { scan_status: string; report_id: string; state?: string; scanner?: object }
type Found = Record<'id' | 'package' | 'version' | 'fix_version' | 'severity', string> & { links: string[] }
type Shown = { overview: Overview; log: string; found: Found[] }

test('a Trivy that the settings name is a scanner to choose, and never the default by itself', async () => {
  const [one, ...others] = await scanners()
  assert.deepEqual([one!.name, one!.is_default, one!.is_own, others], ['Trivy', false, true, []])
  await trivy.plan({ updatedAt: now })
  const metadata = expectAnswer(await rest('GET', `/scanners/${one!.uuid}/metadata`, admin), 200).json() as {
    scanner: object
  }
  assert.deepEqual(metadata.scanner, { name: 'Trivy', vendor: 'Aqua Security', version: '0.74.0' })
  assert.equal((await scanners())[0]!.database_time, now)
  const change = { name: 'other', url: 'http://other.example' }
  expectAnswer(await rest('PUT', `/scanners/${one!.uuid}`, admin, change), 200)
  assert.equal((await scanners())[0]!.name, 'Trivy')
  const bad = { name: 'second', url: 'marina://trivy' }
  expectAnswer(await rest('POST', '/scanners', admin, bad), 400, 'BAD_REQUEST')
  // The first scanner that somebody registers becomes the default all the same.
  const adapter = { name: 'adapter', url: 'http://adapter.example' }
  expectAnswer(await rest('POST', '/scanners', admin, adapter), 201)
  assert.deepEqual(sorted((await scanners()).map(({ name, is_default: isDefault }) => [name, isDefault])), [
    ['Trivy', false],
    ['adapter', true],
  ])
  await marina.ground.db.run(sql`delete from scanner where name = 'adapter'`)
})

test('it is given what Marina knows of an image, without network and environment; its report is read', async () => {
  await trivy.plan({ updatedAt: now, vulnerabilities })
  const before = (await trivy.calls()).length
  const { overview, found } = await (await givenImage()).scan()
  assert.deepEqual([overview.scan_status, overview.state ?? 'ok'], ['Success', 'ok'])
  assert.deepEqual(sorted(found.map((one) => [one.id, one.package, one.version, one.fix_version, one.severity])), [
    ['CVE-2026-0861', 'libc6', '2.36-9', '2.36-9+deb12u14', 'High'],
    ['CVE-2026-7777', 'left-pad', '1.1.0', '', 'Unknown'],
  ])
  const links = found.find(({ id }) => id === 'CVE-2026-0861')!.links
  assert.deepEqual(links, ['https://avd.example/cve-2026-0861', 'https://example.com/a'])
  const call = (await trivy.calls()).slice(before).find(({ args }) => args[0] === 'sbom')!
  for (const flag of ['--skip-db-update', '--skip-java-db-update', '--offline-scan', '--cache-dir'])
    assert.ok(call.args.includes(flag), flag)
  assert.deepEqual(call.env, ['GOMEMLIMIT', 'HOME', 'TMPDIR', 'TRIVY_DISABLE_TELEMETRY', 'TRIVY_SKIP_VERSION_CHECK'])
  const libc = call.document!.components.find(({ name }) => name === 'libc6')!
  assert.match(libc.purl!, /^pkg:deb\/debian\/libc6@2\.36-9\?/)
  assert.deepEqual(
    libc.properties!.map(({ name, value }) => [name, value]),
    [
      ['aquasecurity:trivy:SrcName', 'glibc'],
      ['aquasecurity:trivy:SrcVersion', '2.36'],
      ['aquasecurity:trivy:SrcRelease', '9'],
    ],
  )
})

test('no database, an old one and an unknown distribution are no proof', async () => {
  const image = await givenImage()
  for (const [plan, state] of [
    [{}, 'no_database'],
    [{ updatedAt: '2026-01-01T00:00:00Z' }, 'stale_database'],
    [{ updatedAt: now, knowsSystem: false }, 'unknown_distribution'],
  ] as const) {
    await trivy.plan(plan)
    const { overview, log } = await image.scan()
    assert.equal(overview.scan_status, 'Success')
    assert.match(log, new RegExp(`no proof: ${state}`))
  }
})

test('a run that fails ends the scan with the reason, and what was found before stays', async () => {
  const image = await givenImage()
  await trivy.plan({ updatedAt: now, vulnerabilities })
  assert.equal((await image.scan()).found.length, 2)
  for (const [how, why] of [
    ['failing', /ended with 1: FATAL Error: --skip-db-update cannot be specified on the first run/],
    ['no JSON', /is not JSON/],
  ] as const) {
    await trivy.plan({ how, updatedAt: now })
    const { overview, log, found } = await image.scan()
    assert.deepEqual([overview.scan_status, found.length], ['Error', 2])
    assert.match(log, why)
  }
})

test('time, memory and output are bounded, and a stop ends the program', async () => {
  const run = (how: 'slow' | 'loud' | 'large', bounds: object, signal?: AbortSignal) =>
    trivy.plan({ how }).then(() =>
      runBounded(
        {
          program: trivy.program,
          args: ['sbom', new URL(import.meta.resolve('../../../../../package.json')).pathname],
          folder: '/',
          bounds: { timeoutMs: 60_000, memoryBytes: 2 ** 31, outputBytes: 2 ** 20, ...bounds },
        },
        signal,
      ),
    )
  const refusedFor = (pattern: RegExp) => (error: unknown) => {
    assert.ok(error instanceof ScanRefused)
    assert.match(error.message, pattern)
    return true
  }
  await assert.rejects(run('slow', { timeoutMs: 1000 }), refusedFor(/longer than 1 s/))
  await assert.rejects(run('loud', {}), refusedFor(/wrote more than 1048576 bytes/))
  if (process.platform === 'linux')
    await assert.rejects(run('large', { memoryBytes: 250 * 2 ** 20 }), refusedFor(/of memory/))
  const stop = new AbortController()
  const running = run('slow', {}, stop.signal)
  stop.abort(new Error('stopped'))
  await assert.rejects(running, /stopped/)
  const bounds = { timeoutMs: 1000, memoryBytes: 2 ** 30, outputBytes: 10 }
  const absent = runBounded({ program: '/nowhere/trivy', args: [], folder: '/', bounds })
  await assert.rejects(absent, refusedFor(/\/nowhere\/trivy cannot be run/))
})

test('a report that is none, or is hostile, is refused', () => {
  const bounds = { findings: 2, descriptionBytes: 100 }
  const parse = (value: unknown) => parseTrivyReport(Buffer.from(JSON.stringify(value)), bounds)
  const of = (...all: unknown[]) => ({ SchemaVersion: 2, Results: [{ Class: 'lang-pkgs', Vulnerabilities: all }] })
  const good = { VulnerabilityID: 'CVE-1', PkgName: 'a', InstalledVersion: '1', Severity: 'LOW' }
  assert.equal(parse(of(good)).findings.length, 1)
  for (const [report, why] of [
    [[], /no report of Trivy/],
    [{ SchemaVersion: 1 }, /schema version 2/],
    [of(good, good, good), /at most 2/],
    [of('text'), /is not an object/],
    [of({ ...good, PkgName: '' }), /package must have/],
    [of({ ...good, VulnerabilityID: { a: 1 } }), /id must have/],
  ] as const)
    assert.throws(() => parse(report), why)
  assert.deepEqual(parse({ SchemaVersion: 2, Results: 'text' }).findings, [])
})
