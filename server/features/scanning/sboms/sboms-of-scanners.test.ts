import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fresh, givenProject } from '../../../testing/given.ts'
import { eventually, expectAnswer } from '../../../testing/http.ts'
import { pushLayers } from '../../../testing/layers.ts'
import { imageTypes, type Plan } from '../../../testing/scanner-adapter.ts'
import { adapter, admin, givenScanner, layer, marina, rest } from '../reports/scans.suite.ts'

type Overview = { scan_status: string; sbom_digest?: string; report_id: string; scanner: { name: string } }

await givenScanner()
const vulnerability = adapter.metadata.capabilities
const sbom = {
  type: 'sbom',
  consumes_mime_types: imageTypes,
  produces_mime_types: ['application/vnd.security.sbom.report+json; version=1.0'],
}

/** A project whose SBOMs its scanner makes, with an image; how the scanner goes about it. */
async function given(plan: Plan, metadata: object = { sbom_maker: 'scanner' }) {
  const project = await givenProject(marina)
  expectAnswer(await rest('PUT', `/projects/${project.name}`, admin, { metadata }), 200)
  const repository = `${project.name}/${fresh('app')}`
  adapter.plans.set(repository, plan)
  const { digest } = await pushLayers(marina, repository, [layer], { tag: 'v1' })
  const path = `/projects/${project.name}/repositories/${repository.split('/')[1]}/artifacts/v1`
  expectAnswer(await rest('POST', `${path}/scan`, admin, { scan_type: 'sbom' }), 202)
  const overview = await eventually(async () => {
    const shown = expectAnswer(await rest('GET', `${path}?with_sbom_overview=true`, admin), 200).json() as {
      sbom_overview: Overview
    }
    assert.ok(['Success', 'Error'].includes(shown.sbom_overview.scan_status))
    return shown.sbom_overview
  })
  const log = expectAnswer(await rest('GET', `${path}/scan/${overview.report_id}/log`, admin), 200).text
  const asked = adapter.scans.filter(({ artifact }) => artifact.repository === repository)
  return { path, digest, overview, log, asked }
}

test('the scanner of a project makes its SBOMs where the project wants that and the scanner can', async () => {
  adapter.metadata.capabilities = [...vulnerability, sbom]
  const document = { spdxVersion: 'SPDX-2.3', name: 'by the scanner', packages: [{ name: 'one', SPDXID: 'SPDXRef-1' }] }
  const { path, overview, asked } = await given({ sbom: document })
  assert.deepEqual([overview.scan_status, overview.scanner.name], ['Success', 'Probe'])
  assert.deepEqual(expectAnswer(await rest('GET', `${path}/sbom`, admin), 200).json(), document)
  expectAnswer(await rest('GET', `${path}/sbom?format=cyclonedx`, admin), 400, 'BAD_REQUEST')
  const [accessory] = expectAnswer(await rest('GET', `${path}/accessories`, admin), 200).json() as { digest: string }[]
  assert.equal(accessory!.digest, overview.sbom_digest)
  assert.equal(asked.length, 1)
  assert.deepEqual(asked[0]!.enabled_capabilities, [
    {
      type: 'sbom',
      produces_mime_types: sbom.produces_mime_types,
      parameters: { sbom_media_types: ['application/spdx+json'] },
    },
  ])
  // The stand-in has checked the headers and the query, and pulled the image.
  assert.deepEqual(adapter.problems, [])
})

test('Marina makes them where nobody asks for another, and where the scanner cannot', async () => {
  adapter.metadata.capabilities = [...vulnerability, sbom]
  for (const metadata of [{}, { sbom_maker: 'marina' }]) {
    const { overview, asked } = await given({}, metadata)
    assert.deepEqual([overview.scan_status, overview.scanner.name, asked.length], ['Success', 'Marina', 0])
  }
  adapter.metadata.capabilities = vulnerability
  const { overview, log, asked } = await given({})
  assert.deepEqual([overview.scan_status, overview.scanner.name, asked.length], ['Success', 'Marina', 0])
  assert.match(log, /does not look for sboms: Marina makes the SBOM/)
  const project = await givenProject(marina)
  const metadata = { sbom_maker: 'nobody' }
  expectAnswer(await rest('PUT', `/projects/${project.name}`, admin, { metadata }), 400, 'BAD_REQUEST')
})

test('what is no SBOM ends in an error with the reason, and nothing is stored', async () => {
  adapter.metadata.capabilities = [...vulnerability, sbom]
  const spdx = 'application/spdx+json'
  for (const [body, why] of [
    ['<html>', /the report is not JSON/],
    ['{}', /the SBOM of the report is not an object/],
    [JSON.stringify({ media_type: 'application/vnd.cyclonedx+json', sbom: {} }), /another form of SBOM/],
    [JSON.stringify({ media_type: spdx, sbom: { spdxVersion: 'SPDX-3.0', packages: [] } }), /no document of SPDX 2/],
    [JSON.stringify({ media_type: spdx, sbom: { spdxVersion: 'SPDX-2.3' } }), /no list of packages/],
    ['x'.repeat(1_100_000), /larger than/],
  ] as const) {
    const { path, overview, log } = await given({ report: [{ status: 200, body }] })
    assert.equal(overview.scan_status, 'Error')
    assert.match(log, why)
    expectAnswer(await rest('GET', `${path}/sbom`, admin), 404, 'NOT_FOUND')
  }
})
