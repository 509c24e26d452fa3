import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseFindings, exceptedBy, findingsOf } from './findings.ts'

const found = (id: string, severity: string, more: object = {}) => ({
  id,
  package: 'openssl',
  version: '3',
  severity,
  ...more,
})
const report = {
  'application/vnd.security.vulnerability.report; version=1.1': {
    vulnerabilities: [
      found('CVE-2', 'Low', { preferred_cvss: { score_v3: null } }),
      found('CVE-3', 'Critical', { fix_version: '3.1', preferred_cvss: { score_v3: 9.1 } }),
      found('CVE-4', 'Critical', { preferred_cvss: { score_v3: 9.8 }, package: 'zlib' }),
      found('CVE-1', 'Strange'),
    ],
  },
}

test('findings are read whatever the media type, the worst first; no report has none', () => {
  const all = findingsOf(report)
  assert.deepEqual(
    all.map(({ id, score }) => [id, score]),
    [
      ['CVE-4', 9.8],
      ['CVE-3', 9.1],
      ['CVE-2', undefined],
      ['CVE-1', undefined],
    ],
  )
  for (const none of [undefined, null, {}, { x: { vulnerabilities: null } }]) assert.deepEqual(findingsOf(none), [])
})

test('findings are chosen by a part of id or package, by severity, and by whether there is a fix', () => {
  const ids = (text: string, severity = '', fixableOnly = false) =>
    chooseFindings(findingsOf(report), { text, severity, fixableOnly }).map(({ id }) => id)
  assert.deepEqual(ids('ZLIB'), ['CVE-4'])
  assert.deepEqual(ids('cve-', 'Critical'), ['CVE-4', 'CVE-3'])
  assert.deepEqual(ids('', '', true), ['CVE-3'])
})

test('a list of exceptions counts until it expires', () => {
  const items = [{ cve_id: 'CVE-3' }]
  assert.deepEqual([...exceptedBy({ items }, 5000)], ['CVE-3'])
  assert.deepEqual([...exceptedBy({ items, expires_at: 6 }, 5000)], ['CVE-3'])
  assert.deepEqual([...exceptedBy({ items, expires_at: 5 }, 5000)], [])
})
