import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as api from '../../../../api/artifacts.ts'
import { serializedOnUse } from '../../../platform/http/schemas.ts'
import { summaryOf, type ReportState } from './finding.ts'
import type { ReportRow } from './store.ts'
import { parseAccepted, presentFinding, presentOverview, shownText, typeOf } from './wire.ts'

const at = (second: number) => new Date(Date.UTC(2026, 10, 30, 12, 0, second))
const none = summaryOf([0, 0, 0, 0, 0, 0, 0], 0)
const finished = (state: ReportState = 'ok') => ({
  ...none,
  mimeType: 'a/b',
  scanner: {
    name: 'a',
    vendor: 'b',
    version: 'c',
  },
  state,
  generation: null,
  startedAt: at(0),
  endedAt: at(2),
})
const row = (status: ReportRow['status'], more: Partial<ReportRow> = {}): ReportRow => ({
  id: 1,
  artifactId: 1,
  scannerId: 's',
  reportId: 'r',
  taskId: 1,
  status,
  finished: null,
  startedAt: at(0),
  endedAt: at(2),
  ...more,
})

test('running wins over stopped, one success over errors; an index has the first start and the last end', () => {
  const statusOf = (...all: ReportRow['status'][]) =>
    presentOverview(
      all.map((one) => row(one)),
      undefined,
    ).scan_status
  assert.deepEqual(
    [
      statusOf('Success', 'Running', 'Stopped'),
      statusOf('Stopped', 'Success'),
      statusOf('Error', 'Success'),
      statusOf('Error'),
    ],
    ['Running', 'Stopped', 'Success', 'Error'],
  )
  const both = presentOverview([row('Success'), row('Error', { startedAt: at(1), endedAt: at(5) })], none)
  assert.deepEqual([both.duration, both.complete_percent, both.severity], [5, 50, 'None'])
  assert.equal(Buffer.from(both.report_id!, 'base64').toString(), 'r|r')
  const waiting = presentOverview([row('Pending', { startedAt: null, endedAt: null })], undefined)
  assert.deepEqual([waiting.start_time, waiting.end_time, waiting.duration], [never, never, undefined])
})
const never = '0001-01-01T00:00:00.000Z'

test('a report that could not know all is never shown as clean', () => {
  const shown = presentOverview([row('Success', { finished: finished('no_database') })], none)
  assert.deepEqual([shown.severity, shown.state], ['Unknown', 'no_database'])
  const clean = presentOverview([row('Success', { finished: finished() })], none)
  assert.deepEqual(
    [clean.severity, clean.state, clean.summary],
    ['None', undefined, { total: 0, fixable: 0, summary: {} }],
  )
})

test('an overview has the bytes that the schema of the API gives it, with whatever is known', () => {
  const serialize = serializedOnUse(api.ScanOverview)
  const reports = (['ok', 'no_database'] as const).flatMap((state) => [
    { ...finished(state), ...summaryOf([0, 1, 0, 3, 0, 0, 2], 4) },
    { ...finished(state), mimeType: 'a/"ü', scanner: { name: '"\u2028', vendor: '漢🐳', version: '', more: 1 } },
    null,
  ])
  const times = [null, at(0), new Date(Date.UTC(2026, 10, 30, 12, 0, 1, 499))]
  let count = 0
  for (const status of ['Success', 'Running', 'Stopped', 'Error'] as const)
    for (const report of reports)
      for (const startedAt of times)
        for (const endedAt of times) {
          const one = row(status, { finished: report, startedAt, endedAt })
          const text = shownText([one, one], report ?? undefined)
          assert.equal(text, serialize(JSON.parse(text)))
          assert.deepEqual(JSON.parse(text), { [typeOf(one)]: presentOverview([one, one], report ?? undefined) })
          count++
        }
  assert.equal(count, 4 * 6 * 9)
})

test('a finding of which little is known has all fields of the API', () => {
  const least = { cveId: 'CVE-1', package: 'a', version: '1', fixedVersion: '', severity: 'Low', status: '' } as const
  assert.deepEqual(presentFinding({ ...least, cvssV3: null, details: {} }, []), {
    id: 'CVE-1',
    package: 'a',
    version: '1',
    fix_version: '',
    severity: 'Low',
    status: '',
    description: '',
    links: [],
    artifact_digests: [],
    cwe_ids: [],
    vendor_attributes: {},
    preferred_cvss: {
      score_v3: null,
      score_v2: null,
      vector_v3: '',
      vector_v2: '',
    },
  })
  assert.equal(parseAccepted('').length, 2)
  assert.deepEqual(parseAccepted(['a/b;c=1 , d/e', 'f/g']), ['a/b; c=1', 'd/e', 'f/g'])
})
