import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchVersion, type Affected, type RangeEvent } from './affected.ts'
import { hitsOf, type Candidate } from './unite.ts'
import { orderOf } from './versions/order.ts'

const debian = orderOf('Debian')!
const npm = orderOf('npm')!

const only = (...events: RangeEvent[]): Affected => ({ ranges: [events], versions: [] })
const hit = (affected: Affected, version: string, compare = npm) => matchVersion(affected, version, compare)

test("ranges are read as OSV's algorithm reads them", () => {
  const rows: [Affected, string, string | undefined][] = [
    // From the beginning on; the fixed version itself is not affected.
    [only({ introduced: '0' }, { fixed: '1.2.3' }), '0.0.1', '1.2.3'],
    [only({ introduced: '0' }, { fixed: '1.2.3' }), '1.2.2', '1.2.3'],
    [only({ introduced: '0' }, { fixed: '1.2.3' }), '1.2.3', undefined],
    [only({ introduced: '0' }, { fixed: '1.2.3' }), '1.2.3-rc.1', '1.2.3'],
    // Nobody has fixed it.
    [only({ introduced: '0' }), '9.9.9', ''],
    [only({ introduced: '1.0.0' }), '0.9.0', undefined],
    // The last affected version is affected.
    [only({ introduced: '0' }, { last_affected: '1.2.3' }), '1.2.3', ''],
    [only({ introduced: '0' }, { last_affected: '1.2.3' }), '1.2.4', undefined],
    // Several branches, also in one range and in any order of events.
    [only({ fixed: '2.1.0' }, { introduced: '2.0.0' }, { fixed: '1.5.0' }, { introduced: '1.0.0' }), '1.4.0', '1.5.0'],
    [
      only({ fixed: '2.1.0' }, { introduced: '2.0.0' }, { fixed: '1.5.0' }, { introduced: '1.0.0' }),
      '1.6.0',
      undefined,
    ],
    [only({ fixed: '2.1.0' }, { introduced: '2.0.0' }, { fixed: '1.5.0' }, { introduced: '1.0.0' }), '2.0.5', '2.1.0'],
    [only({ introduced: '1.0.0', fixed: '1.5.0' }), '1.4.9', '1.5.0'],
    // A limit ends what is looked at.
    [only({ introduced: '0' }, { limit: '2.0.0' }), '1.9.0', ''],
    [only({ introduced: '0' }, { limit: '2.0.0' }), '2.0.0', undefined],
    [only({ introduced: '0' }, { limit: '*' }), '2.0.0', ''],
    // What is no version of this order has no place in a range, but may be listed.
    [only({ introduced: '0' }), '(devel)', undefined],
    [{ ranges: [], versions: ['snapshot'] }, 'snapshot', ''],
    // No version, no match.
    [{ ranges: [[{ introduced: '0' }]], versions: [''] }, '', undefined],
  ]
  for (const [affected, version, fixed] of rows)
    assert.equal(hit(affected, version)?.fixedVersion, fixed, `${JSON.stringify(affected)} at ${version}`)
})

test('Debian: an epoch and a tilde have their places', () => {
  const affected = only({ introduced: '0' }, { fixed: '1:2.0-1+deb12u1' })
  assert.equal(hit(affected, '9.0-1', debian)?.fixedVersion, '1:2.0-1+deb12u1')
  assert.equal(hit(affected, '1:2.0-1+deb12u1~bpo11+1', debian)?.fixedVersion, '1:2.0-1+deb12u1')
  assert.equal(hit(affected, '1:2.0-1+deb12u1', debian), undefined)
})

/** Numbers that look like chance and are the same in each run (a linear congruential generator). */
function openNumbers(seed: number) {
  let state = seed
  return (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

test('what is at the version that fixes a finding has the finding no more, whatever the ranges', () => {
  const next = openNumbers(7)
  const version = () => `${next(4)}.${next(5)}.${next(6)}${next(4) === 0 ? `-rc.${next(3)}` : ''}`
  let found = 0
  for (let round = 0; round < 3000; round++) {
    const candidates = Array.from({ length: 1 + next(3) }, (_, index): Candidate => {
      const ranges = Array.from({ length: 1 + next(2) }, () =>
        Array.from({ length: 1 + next(5) }, (): RangeEvent => {
          const kind = (['introduced', 'fixed', 'fixed', 'last_affected'] as const)[next(4)]!
          return { [kind]: kind === 'introduced' && next(2) === 0 ? '0' : version() }
        }),
      )
      const ids = [`ID-${index}`]
      return {
        id: ids[0]!,
        ids,
        cves: ['CVE-2026-1'],
        severity: undefined,
        ownSeverity: undefined,
        cvssV3: null,
        ranges,
        versions: [],
      }
    })
    const known = { name: 'a', version: '', purl: '', ecosystem: 'npm', wantedVersion: version() }
    for (const { fixedVersion } of hitsOf(known, candidates, npm)) {
      if (fixedVersion === '') continue
      found++
      assert.ok(npm(fixedVersion, known.wantedVersion)! > 0)
      assert.deepEqual(hitsOf({ ...known, wantedVersion: fixedVersion }, candidates, npm), [])
    }
  }
  assert.ok(found > 500, `${found} findings with a fix were tried`)
})

test('records of one vulnerability under several names are one finding', () => {
  const range = { ranges: [[{ introduced: '0' }, { fixed: '2.0.0' }]], versions: [] }
  const later = { ranges: [[{ introduced: '0' }, { fixed: '2.1.0' }]], versions: [] }
  const one = (id: string, aliases: string[], more: object = {}): Candidate => ({
    id,
    ids: [id, ...aliases],
    cves: [id, ...aliases].filter((name) => name.startsWith('CVE-')),
    severity: undefined,
    ownSeverity: undefined,
    cvssV3: null,
    ...range,
    ...more,
  })
  const known = { name: 'a', version: '1.0.0', purl: '', ecosystem: 'npm', wantedVersion: '1.0.0' }
  const names = (candidates: Candidate[]) =>
    hitsOf(known, candidates, npm).map((found) => [
      found.cveId,
      found.fixedVersion,
      found.candidates.map(({ id }) => id),
    ])
  assert.deepEqual(names([one('GHSA-1', ['CVE-2026-1']), one('GO-1', ['CVE-2026-1', 'GHSA-1'], later)]), [
    ['CVE-2026-1', '2.1.0', ['GHSA-1', 'GO-1']],
  ])
  // One of them names no CVE, but the other record.
  assert.deepEqual(names([one('GHSA-1', ['CVE-2026-1']), one('PYSEC-1', ['GHSA-1'])]), [
    ['CVE-2026-1', '2.0.0', ['GHSA-1', 'PYSEC-1']],
  ])
  assert.deepEqual(names([one('RUSTSEC-2', ['GHSA-2']), one('GHSA-2', [])]), [
    ['GHSA-2', '2.0.0', ['GHSA-2', 'RUSTSEC-2']],
  ])
  // An advisory of a distribution repairs several.
  assert.deepEqual(
    names([one('DSA-1', [], { cves: ['CVE-2026-1', 'CVE-2026-2'] })]).map(([id]) => id),
    ['CVE-2026-1', 'CVE-2026-2'],
  )
})
