import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../../../platform/db/sql.ts'
import { givenRobot } from '../../../testing/api.ts'
import { fresh, givenProject } from '../../../testing/given.ts'
import { eventually, expectAnswer } from '../../../testing/http.ts'
import { pushLayers } from '../../../testing/layers.ts'
import { openReceiver } from '../../../testing/receiver.ts'
import {
  adapter,
  admin,
  cast,
  db,
  ended,
  found,
  full,
  generic,
  givenImage,
  givenScanner,
  inA,
  layer,
  marina,
  rest,
  scan,
  type Overview,
  type Shown,
} from './scans.suite.ts'

await givenScanner()

test('a push has images scanned where the project says so, once each; webhooks tell of it (S4-31)', async () => {
  await using receiver = await openReceiver()
  const project = await givenProject(marina)
  expectAnswer(await rest('PUT', `/projects/${project.name}`, admin, { metadata: { auto_scan: 'true' } }), 200)
  const policy = {
    name: fresh('hook'),
    enabled: true,
    event_types: ['SCANNING_COMPLETED', 'SCANNING_FAILED', 'SCANNING_STOPPED'],
    targets: [{ type: 'http', address: receiver.url }],
  }
  expectAnswer(await rest('POST', `/projects/${project.name}/webhook/policies`, admin, policy), 201)
  const repository = `${project.name}/app`
  adapter.plans.set(repository, { vulnerabilities: [found('CVE-1', 'High')] })
  const { digest } = await pushLayers(marina, repository, [layer], { tag: 'v1' })
  const bodies = () => receiver.received.map(({ body }) => JSON.parse(body) as Hook)
  const [completed] = await eventually(() => {
    assert.equal(bodies().length, 1)
    return bodies()
  })
  const [resource] = completed!.event_data.resources
  assert.deepEqual(
    [completed!.type, completed!.operator, completed!.event_data.scan, resource!.digest, resource!.tag],
    ['SCANNING_COMPLETED', 'scan', { scan_type: 'vulnerability' }, digest, 'v1'],
  )
  assert.deepEqual(
    [resource!.scan_overview[generic]!.scan_status, resource!.scan_overview[generic]!.summary!.total],
    ['Success', 1],
  )
  // Pushed again under another name, the image is not scanned again; another image is.
  await pushLayers(marina, repository, [layer], { tag: 'v2' })
  adapter.plans.set(repository, { report: [{ status: 500 }] })
  await pushLayers(marina, repository, [[['a', 'b']]], { tag: 'v3' })
  const failed = await eventually(() => {
    assert.equal(bodies().length, 2)
    return bodies()[1]!
  })
  const shown = failed.event_data.resources[0]!.scan_overview[generic]!
  assert.deepEqual(
    [failed.type, shown.scan_status, shown.severity, shown.summary],
    ['SCANNING_FAILED', 'Error', '', null],
  )
  assert.equal(adapter.scans.filter(({ artifact }) => artifact.repository === repository).length, 2)
})

test('webhooks tell of SBOMs as well, with their digest', async () => {
  await using receiver = await openReceiver()
  const project = await givenProject(marina)
  const policy = {
    name: fresh('hook'),
    enabled: true,
    event_types: ['SCANNING_COMPLETED', 'SCANNING_FAILED'],
    targets: [{ type: 'http', address: receiver.url }],
  }
  expectAnswer(await rest('POST', `/projects/${project.name}/webhook/policies`, admin, policy), 201)
  await pushLayers(marina, `${project.name}/app`, [layer], { tag: 'v1' })
  await pushLayers(marina, `${project.name}/app`, [Buffer.from('no archive')], { tag: 'bad' })
  const told: Hook[] = []
  for (const tag of ['v1', 'bad']) {
    const path = `/projects/${project.name}/repositories/app/artifacts/${tag}/scan`
    expectAnswer(await rest('POST', path, admin, { scan_type: 'sbom' }), 202)
    const body = await eventually(() => receiver.received[told.length]!.body)
    told.push(JSON.parse(body) as Hook)
  }
  assert.deepEqual(
    told.map(({ type, operator, event_data: { scan, resources } }) => {
      const { scan_status: status, sbom_digest: digest, sbom_repository: from } = resources[0]!.sbom_overview
      return [type, operator, scan, status, digest?.startsWith('sha256:'), from]
    }),
    [
      ['SCANNING_COMPLETED', admin.name, { scan_type: 'sbom' }, 'Success', true, `${project.name}/app`],
      ['SCANNING_FAILED', admin.name, { scan_type: 'sbom' }, 'Error', undefined, `${project.name}/app`],
    ],
  )
})

test('pulls of scanners count as pulls, unless the settings say otherwise', async () => {
  const leaveOut = async (isLeftOut: boolean) => {
    const body = { scanner_skip_update_pulltime: isLeftOut }
    expectAnswer(await rest('PUT', '/configurations', admin, body), 200)
  }
  const pullsOf = async (name: string) => {
    const row = await db.row<{ count: number }>(sql`
      select artifact.pull_count::int as count from artifact join repository on repository.id = repository_id
      where repository.name = ${full(name)}`)
    return row!.count
  }
  const [left, counted] = [await givenImage(), await givenImage()]
  await leaveOut(true)
  await scan(left)
  await ended(left)
  await leaveOut(false)
  await scan(counted)
  await ended(counted)
  // Pulls are written in their order: those of the first image would be there by now.
  await eventually(async () => assert.equal(await pullsOf(counted), 1))
  assert.equal(await pullsOf(left), 0)
})

type Hook = {
  type: string
  operator: string
  event_data: {
    scan: object
    resources: {
      digest: string
      tag: string
      scan_overview: Record<string, Overview>
      sbom_overview: { scan_status: string; sbom_digest?: string; sbom_repository: string }
    }[]
  }
}

test('rights are those of Harbor; a robot with the right may scan; an image that goes takes its report', async () => {
  const name = await givenImage({ vulnerabilities: [found(fresh('CVE-gone'), 'High')] })
  for (const [who, status, code] of [
    [undefined, 401, 'UNAUTHORIZED'],
    [cast.guA, 403, 'FORBIDDEN'],
    [cast.uaB, 403, 'FORBIDDEN'],
  ] as const)
    for (const verb of ['scan', 'scan/stop'])
      expectAnswer(await rest('POST', `${inA(name)}/${verb}`, who, { scan_type: 'vulnerability' }), status, code)
  expectAnswer(await scan(name, 'absent'), 404, 'NOT_FOUND')
  const robotFor = (resource: string) =>
    givenRobot(marina, fresh('robot'), { project: cast.A.name, access: [{ resource, action: 'create' }] })
  expectAnswer(await scan(name, 'v1', await robotFor('sbom')), 403, 'FORBIDDEN')
  expectAnswer(await scan(name, 'v1', await robotFor('scan')), 202)
  await ended(name)
  const reports = async () =>
    (await db.row<{ count: number }>(sql`
      select count(*)::int as count from vulnerability_report join artifact on artifact.id = artifact_id
        join repository on repository.id = repository_id where repository.name = ${full(name)}`))!.count
  assert.equal(await reports(), 1)
  expectAnswer(await rest('DELETE', inA(name), cast.maA), 200)
  assert.equal(await reports(), 0)
})

test('a scanner that is disabled is 412, for the project that chose it; the API key is sent to scanners', async () => {
  const key = { auth: 'APIKey', access_credential: 'the-key' }
  const id = await givenScanner(key)
  const project = await givenProject(marina)
  expectAnswer(await rest('PUT', `/projects/${project.name}/scanner`, admin, { uuid: id }), 200)
  await pushLayers(marina, `${project.name}/app`, [layer], { tag: 'v1' })
  const path = `/projects/${project.name}/repositories/app/artifacts/v1`
  const ask = () => rest('POST', `${path}/scan`, admin, { scan_type: 'vulnerability' })
  adapter.wanted = { 'x-scanneradapter-api-key': 'the-key' }
  expectAnswer(await ask(), 202)
  await eventually(async () => {
    const shown = expectAnswer(await rest('GET', `${path}?with_scan_overview=true`, admin), 200).json() as Shown
    assert.equal(shown.scan_overview?.[generic]?.scan_status, 'Success')
  })
  adapter.wanted = {}
  expectAnswer(await rest('PUT', `/scanners/${id}`, admin, { disabled: true }), 200)
  assert.match(expectAnswer(await ask(), 412, 'PRECONDITION').text, /is deactivated/)
  assert.deepEqual(adapter.problems, [])
})

test('a project that asks for signatures is scanned all the same: a scanner pulls what nobody else may', async () => {
  const project = await givenProject(marina)
  const metadata = {
    verify_signatures: 'true',
    enable_content_trust: 'true',
    enable_content_trust_cosign: 'true',
    prevent_vul: 'true',
    severity: 'low',
    auto_scan: 'true',
  }
  expectAnswer(await rest('PUT', `/projects/${project.name}`, admin, { metadata }), 200)
  const repository = `${project.name}/app`
  adapter.plans.set(repository, { vulnerabilities: [found(fresh('CVE'), 'Critical')] })
  const { digest } = await pushLayers(marina, repository, [layer], { tag: 'v1' })
  const path = `/projects/${project.name}/repositories/app/artifacts/v1?with_scan_overview=true`
  await eventually(async () => {
    const shown = expectAnswer(await rest('GET', path, admin), 200).json() as Shown
    assert.equal(shown.scan_overview?.[generic]?.scan_status, 'Success')
  })
  assert.equal(adapter.scans.filter(({ artifact }) => artifact.repository === repository).length, 1)
  // Pulled by the stand-in, manifest and layers, and by nobody else.
  assert.deepEqual(adapter.problems, [])
  for (const reference of ['v1', digest]) {
    const refused = await marina.ask('GET', `/v2/${repository}/manifests/${reference}`, { as: admin })
    assert.match(expectAnswer(refused, 412, 'PROJECTPOLICYVIOLATION').text, /signature|signed/)
  }
})
