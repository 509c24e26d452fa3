import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseReport, metadataProblem, reportTypes, type Metadata } from './metadata.ts'
import { parseReport } from './report.ts'

const docker = 'application/vnd.docker.distribution.manifest.v2+json'
const oci = 'application/vnd.oci.image.manifest.v1+json'
const { generic, native, sbom } = reportTypes

const scanner = { name: 'Probe', vendor: 'Tests', version: '1' }
const able = (type: string | undefined, made: string[], taken = [docker, oci]) => ({
  ...(type === undefined ? {} : { type }),
  consumes_mime_types: taken,
  produces_mime_types: made,
})
const of = (...capabilities: Metadata['capabilities']): Metadata => ({ scanner, capabilities })

test("metadata of versions 1.0 to 1.2 are checked by Harbor's rules", () => {
  assert.equal(metadataProblem(of(able(undefined, [native]))), undefined)
  assert.equal(metadataProblem(of(able('vulnerability', [generic]), able('sbom', [sbom]))), undefined)
  for (const key of ['name', 'vendor', 'version'] as const)
    for (const part of [{ [key]: '' }, { [key]: undefined }])
      assert.equal(
        metadataProblem({ ...of(able('sbom', [sbom])), scanner: { ...scanner, ...part } }),
        `scanner.${key} is missing`,
      )
  assert.equal(metadataProblem(of()), 'it has no capabilities')
  assert.match(
    metadataProblem(of(able('sbom', [sbom]), able('sbom', [sbom], [oci])))!,
    /^capability 2 does not consume/,
  )
  assert.match(metadataProblem(of(able('vulnerability', ['a/b'])))!, /^capability 1 produces none of/)
})

test('the newest type of report that the scanner makes of the image is asked for', () => {
  const old = of(able(undefined, [native]))
  assert.deepEqual(chooseReport(old, 'vulnerability', oci), { mimeType: native })
  assert.deepEqual(chooseReport(of(able('vulnerability', [native, generic])), 'vulnerability', docker), {
    mimeType: generic,
  })
  assert.ok('problem' in chooseReport(old, 'sbom', docker))
  assert.ok('problem' in chooseReport(of(able('vulnerability', [generic], [docker])), 'vulnerability', oci))
  assert.ok('problem' in chooseReport(of(able('vulnerability', [sbom])), 'vulnerability', docker))
})

const bounds = { findings: 10, descriptionBytes: 5 }
const parse = (vulnerabilities: unknown) => parseReport(Buffer.from(JSON.stringify({ vulnerabilities })), bounds)

test('a report of either type is read, and nothing in it can be of a wrong form', () => {
  const least = { id: 'CVE-1', package: 'a' }
  const [one] = parse([{ ...least, severity: 'negligible', links: ['ftp://x', 5, 'HTTPS://y'], description: 'abcdé' }])
  assert.deepEqual(one, {
    cveId: 'CVE-1',
    package: 'a',
    version: '',
    fixedVersion: '',
    severity: 'Negligible',
    status: '',
    cvssV3: null,
    details: {
      description: 'abcd',
      links: ['HTTPS://y'],
    },
  })
  const odd = { ...least, version: 5, severity: {}, preferred_cvss: { score_v3: 99, score_v2: 4 }, cwe_ids: 'CWE-1' }
  assert.deepEqual(parse([odd])[0]!.details, { cvss: { score_v2: 4 } })
  assert.deepEqual([parse(null), parse([])], [[], []])
  for (const wrong of [{}, 'text', [null], [[]], [{ id: 5, package: 'a' }], [{ id: 'x'.repeat(300), package: 'a' }]])
    assert.throws(() => parse(wrong), { name: 'ScanRefused' })
  for (const text of ['', 'null', '[]', '"a"', '{"vulnerabilities":'])
    assert.throws(() => parseReport(Buffer.from(text), bounds), { name: 'ScanRefused' })
  assert.throws(() => parse(Array.from({ length: 11 }, () => least)), /11 vulnerabilities; at most 10/)
})
