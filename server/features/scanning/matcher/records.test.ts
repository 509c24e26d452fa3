/** Records of databases as they are, and versions that their publishers have fixed. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { matchVersion } from './affected.ts'
import { readOsv, type Advisory } from './osv.ts'
import { orderOf } from './versions/order.ts'

function advisoryOf(record: unknown): Advisory {
  const read = readOsv(record)
  assert.ok('advisory' in read, JSON.stringify(read))
  return read.advisory
}

// Records of Go's database (CC-BY 4.0, the Go Authors); the file names where they are from.
const file = resolve(import.meta.dirname, '../../../testing/osv/go.json')
const { records } = JSON.parse(await readFile(file, 'utf8')) as { records: Record<string, unknown>[] }

test("Go's own records: each hits what is before its fix, and nothing at it", () => {
  const order = orderOf('Go')!
  let fixes = 0
  for (const { id, packages } of records.map(advisoryOf))
    for (const affected of packages)
      for (const { fixed } of affected.ranges.flat()) {
        if (fixed === undefined) continue
        fixes++
        assert.equal(matchVersion(affected, fixed, order), undefined, `${id} at ${fixed}`)
        assert.equal(matchVersion(affected, `v${fixed}`, order), undefined, `${id} at v${fixed}`)
        // What comes before a fix in any notation: a pre-release of it.
        const before = /-\d{14}-/.test(fixed)
          ? fixed.replace(/-\d{14}-.*$/, '-20190101000000-000000000000')
          : `${fixed}-0`
        assert.equal(matchVersion(affected, before, order)?.fixedVersion, fixed, `${id} at ${before}`)
      }
  assert.ok(fixes > 20)
})

test("Go's own records: versions of which its announcements say whether they are affected", () => {
  const rows: [string, string, string, string | undefined][] = [
    // Announced with Go 1.21.3 and 1.20.10.
    ['GO-2023-2102', 'stdlib', '1.21.2', '1.21.3'],
    ['GO-2023-2102', 'stdlib', '1.20.9', '1.20.10'],
    ['GO-2023-2102', 'stdlib', '1.20.10', undefined],
    ['GO-2023-2102', 'golang.org/x/net', 'v0.16.0', '0.17.0'],
    ['GO-2024-2687', 'stdlib', '1.22rc1', '1.22.2'],
    ['GO-2024-3321', 'golang.org/x/crypto', 'v0.0.0-20200622213623-75b288015ac9', '0.31.0'],
    ['GO-2022-0493', 'golang.org/x/sys', 'v0.0.0-20220412211240-33da011f77ad', undefined],
    ['GO-2024-2611', 'google.golang.org/protobuf', 'v1.33.0', undefined],
    ['GO-2024-2611', 'google.golang.org/protobuf', '', undefined],
  ]
  const known = new Map(records.map(advisoryOf).map((one) => [one.id, one]))
  for (const [id, name, version, fixed] of rows) {
    const affected = known.get(id)!.packages.find((one) => one.name === name)!
    assert.equal(matchVersion(affected, version, orderOf('Go')!)?.fixedVersion, fixed, `${id} ${name} ${version}`)
  }
})

test("Debian's changelogs: the version before an entry that fixes a CVE is hit, the one with it is not", () => {
  // Source packages of Debian 12, from /usr/share/doc/*/changelog.Debian.gz: version before, version that fixes, CVE.
  const rows = `abseil 20220623.1-1 20220623.1-1+deb12u1 CVE-2025-0838
    avahi 0.8-10 0.8-10+deb12u1 CVE-2023-38472
    containerd 1.6.20~ds1-1+deb12u2 1.6.20~ds1-1+deb12u3 CVE-2025-64329
    cups 2.4.2-3+deb12u7 2.4.2-3+deb12u8 CVE-2024-47175
    curl 7.88.1-10+deb12u9 7.88.1-10+deb12u10 CVE-2024-11053
    docker.io 20.10.24+dfsg1-1 20.10.24+dfsg1-1+deb12u1 CVE-2024-41110
    expat 2.5.0-1 2.5.0-1+deb12u1 CVE-2024-45490
    gcc-12 12.2.0-14 12.2.0-14+deb12u1 CVE-2023-4039
    git 1:2.39.5-0+deb12u2 1:2.39.5-0+deb12u3 CVE-2025-27613
    glibc 2.36-9+deb12u9 2.36-9+deb12u10 CVE-2025-0395
    gnupg2 2.2.40-1.1+deb12u1 2.2.40-1.1+deb12u2 CVE-2025-68973
    gtk+3.0 3.24.38-2~deb12u1 3.24.38-2~deb12u2 CVE-2024-6655
    icu 72.1-3 72.1-3+deb12u1 CVE-2025-5222
    jq 1.6-2.1 1.6-2.1+deb12u1 CVE-2025-48060`
  for (const row of rows.split('\n')) {
    const [name = '', before = '', fixed = '', cve = ''] = row.trim().split(' ')
    const { packages, cves } = advisoryOf({
      id: `DEBIAN-${cve}`,
      modified: '2026-11-30T00:00:00Z',
      upstream: [cve],
      affected: [
        {
          package: { ecosystem: 'Debian:12', name },
          ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed }] }],
        },
      ],
    })
    const order = orderOf('Debian:12')!
    assert.deepEqual(cves, [cve])
    assert.equal(matchVersion(packages[0]!, before, order)?.fixedVersion, fixed, row)
    assert.equal(matchVersion(packages[0]!, fixed, order), undefined, row)
  }
})
