import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ecosystemOfSystem, wantedOf } from './ecosystems.ts'
import { readOsv, type Advisory } from './osv.ts'

const record = (more: object) => ({ id: 'TEST-1', modified: '2026-11-01T00:00:00Z', ...more })
const affects = (ecosystem: string, name: string, more: object = {}) => ({
  package: { ecosystem, name },
  ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '2.0.0' }] }],
  ...more,
})
function advisoryOf(more: object): Advisory {
  const read = readOsv(record(more))
  assert.ok('advisory' in read, JSON.stringify(read))
  return read.advisory
}
const whyNot = (value: unknown) => {
  const read = readOsv(value)
  return 'skipped' in read ? read.skipped : undefined
}

test('a record that is none, or says nothing that can be compared, is left out with its reason', () => {
  assert.match(whyNot([])!, /no JSON object/)
  assert.match(whyNot({ modified: '2026-01-01T00:00:00Z' })!, /no valid id/)
  assert.match(whyNot({ id: 'X' })!, /no time/)
  assert.match(whyNot(record({ withdrawn: '2026-11-02T00:00:00Z', affected: [affects('npm', 'a')] }))!, /withdrawn/)
  assert.match(whyNot(record({}))!, /names no packages/)
  for (const affected of [
    [{}],
    [affects('Bitnami', 'a')],
    [affects('npm', '')],
    [affects('npm', 'a', { ranges: [{ type: 'GIT', events: [{ introduced: '0' }] }] })],
    [affects('npm', 'a', { ranges: [{ type: 'SEMVER', events: [{ introduced: 'not a version' }] }] })],
    ['nonsense'],
  ])
    assert.match(whyNot(record({ affected }))!, /no versions that can be compared/, JSON.stringify(affected))
})

test('how bad it is: the word of the publisher before a vector, and that before nothing', () => {
  const vector = { type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }
  const affected = [affects('npm', 'a')]
  assert.equal(advisoryOf({ affected }).severity, undefined)
  assert.deepEqual(
    [advisoryOf({ affected, severity: [vector] }).severity, advisoryOf({ affected, severity: [vector] }).cvssV3],
    ['Critical', 9.8],
  )
  const word = (severity: string) =>
    advisoryOf({ affected, severity: [vector], database_specific: { severity } }).severity
  assert.deepEqual(['LOW', 'MODERATE', 'HIGH', 'whatever'].map(word), ['Low', 'Medium', 'High', 'Critical'])
  const v2 = { type: 'CVSS_V2', score: 'AV:N/AC:L/Au:N/C:P/I:P/A:P' }
  assert.equal(advisoryOf({ affected, severity: [v2] }).severity, 'High')
  const v4 = { type: 'CVSS_V4', score: 'CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N' }
  assert.equal(advisoryOf({ affected, severity: [v4] }).severity, 'Critical')
  assert.equal(advisoryOf({ affected, severity: [{ type: 'CVSS_V3', score: 'no vector' }] }).severity, undefined)
  assert.equal(advisoryOf({ affected, summary: 'Important: kernel security update' }).severity, 'High')
  assert.equal(advisoryOf({ affected, severity: [{ type: 'Ubuntu', score: 'negligible' }] }).severity, 'Negligible')
  const debian = advisoryOf({
    affected: [affects('Debian:12', 'glibc', { ecosystem_specific: { urgency: 'unimportant' } })],
    severity: [vector],
  })
  assert.deepEqual([debian.severity, debian.packages[0]!.severity], ['Critical', 'Negligible'])
})

test('names: aliases and upstream are other names; related ones count where there is no other', () => {
  const affected = [affects('npm', 'a')]
  assert.deepEqual(advisoryOf({ affected, aliases: ['CVE-2026-1', 'GHSA-x'] }).cves, ['CVE-2026-1'])
  assert.deepEqual(advisoryOf({ affected, upstream: ['CVE-2026-2'], related: ['CVE-2026-3'] }).cves, ['CVE-2026-2'])
  assert.deepEqual(advisoryOf({ affected, related: ['CVE-2026-3', 'CVE-2026-4'] }).cves, ['CVE-2026-3', 'CVE-2026-4'])
  assert.deepEqual(advisoryOf({ affected, aliases: ['GHSA-x'], related: ['CVE-2026-3'] }).cves, [])
})

test('listed versions are kept only where no range has them', () => {
  const listed = affects('npm', 'a', { versions: ['1.0.0', '1.9.9', '2.0.0', 'odd'] })
  assert.deepEqual(advisoryOf({ affected: [listed] }).packages[0]!.versions, ['2.0.0', 'odd'])
  assert.deepEqual(
    advisoryOf({ affected: [{ package: { ecosystem: 'npm', name: 'a' }, versions: ['1.0.0', '1.0.0'] }] }).packages[0]!
      .versions,
    ['1.0.0'],
  )
})

test('a package that a record names several times is one, with all ranges', () => {
  const { packages } = advisoryOf({
    affected: [affects('PyPI', 'Foo_Bar'), affects('PyPI', 'foo.bar'), affects('npm', 'b')],
  })
  assert.deepEqual(
    packages.map(({ ecosystem, name, ranges }) => [ecosystem, name, ranges.length]),
    [
      ['PyPI', 'foo-bar', 2],
      ['npm', 'b', 1],
    ],
  )
})

test('a hostile record is cut to its bounds, and its links are of the web', () => {
  const { details, ids } = advisoryOf({
    affected: [affects('npm', 'a')],
    aliases: ['bad id', 7, 'GHSA-1', ...Array.from({ length: 2000 }, (_, index) => `A-${index}`)],
    summary: 'x'.repeat(100_000),
    references: [{ url: 'javascript:alert(1)' }, { url: 'https://example.com/a' }, {}, 'text'],
    database_specific: { cwe_ids: ['CWE-79', 'CWE-', 5] },
  })
  assert.deepEqual(
    [details.description!.length, details.links, details.cweIds],
    [4096, ['https://example.com/a'], ['CWE-79']],
  )
  assert.ok(ids.length <= 502 && ids.includes('GHSA-1') && !ids.includes('bad id'))
})

test('a distribution is called as OSV calls it; one that has no records there is not called at all', () => {
  const rows: [string, string, string][] = [
    ['debian', '12', 'Debian:12'],
    ['debian', '', ''],
    ['ubuntu', '22.04', 'Ubuntu:22.04:LTS'],
    ['ubuntu', '23.10', 'Ubuntu:23.10'],
    ['alpine', '3.20.3', 'Alpine:v3.20'],
    ['wolfi', '20230201', 'Wolfi'],
    ['rocky', '9.3', 'Rocky Linux:9'],
    ['almalinux', '8.10', 'AlmaLinux:8'],
    ['rhel', '9.4', 'Red Hat:9'],
    ['opensuse-leap', '15.6', 'openSUSE:Leap 15.6'],
    ['gentoo', '2.15', ''],
  ]
  for (const [name, version, ecosystem] of rows) assert.equal(ecosystemOfSystem({ name, version }), ecosystem)
  assert.equal(ecosystemOfSystem(undefined), '')
  const packages = advisoryOf({ affected: [affects('Red Hat:enterprise_linux:9::appstream', 'a')] }).packages
  assert.equal(packages[0]!.ecosystem, 'Red Hat:9')
})

test('what is looked up: source packages for Debian, what is installed for AlmaLinux, full names of libraries', () => {
  const source = { name: 'glibc', version: '2.36-9' }
  assert.deepEqual(wantedOf({ type: 'deb', name: 'libc6', version: '2.36-9+b1', source }, 'Debian:12'), {
    ecosystem: 'Debian:12',
    ...source,
  })
  const rpm = { type: 'rpm' as const, name: 'bind-libs', version: '9.16-1.el9', qualifiers: { epoch: '32' } }
  const from = { name: 'bind', version: '9.16-1.el9' }
  assert.equal(wantedOf({ ...rpm, source: from }, 'AlmaLinux:9').name, 'bind-libs')
  assert.deepEqual(wantedOf({ ...rpm, source: from }, 'Rocky Linux:9'), {
    ecosystem: 'Rocky Linux:9',
    name: 'bind',
    version: '32:9.16-1.el9',
  })
  const named = (component: Parameters<typeof wantedOf>[0]) => Object.values(wantedOf(component, 'Debian:12')).join(' ')
  assert.equal(named({ type: 'maven', namespace: 'org.x', name: 'a', version: '1' }), 'Maven org.x:a 1')
  assert.equal(named({ type: 'npm', namespace: '@scope', name: 'a', version: '1' }), 'npm @scope/a 1')
  assert.equal(
    named({ type: 'golang', namespace: 'golang.org/x', name: 'net', version: 'v1' }),
    'Go golang.org/x/net v1',
  )
  assert.equal(named({ type: 'pypi', name: 'Foo.Bar', version: '1' }), 'PyPI foo-bar 1')
})
