import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../../../platform/db/sql.ts'
import type { Queryable } from '../../../platform/db/db.ts'
import type { Project } from '../../../catalog/project.ts'
import { fresh, givenMember, pushImage, pushIndex, pushReferrer, type PushedImage } from '../../../testing/given.ts'
import { expectAnswer } from '../../../testing/http.ts'
import { finding, givenReport, givenScanner } from '../../../testing/reports.ts'
import { openBeside } from '../../../testing/server.ts'
import type { Pulled } from '../../../registry/gate.ts'
import type { Severity } from '../reports/finding.ts'
import { ensureOwnScanner } from '../matcher/own-scanner.ts'
import { severityAllowed } from './gate.ts'
import { admin, cast, given, marina, messageOf, pull, refuses, rest, scanner, set } from './gate.suite.ts'

test('a pull is refused from the severity that the project names, and for no project that names none', async () => {
  const words: Severity[] = ['Unknown', 'Negligible', 'Low', 'Medium', 'High', 'Critical']
  const thresholds = ['none', 'low', 'medium', 'high', 'critical']
  const passes: Record<string, string[]> = {}
  for (const word of words) {
    const { project, image } = await given([finding('CVE-1', word)])
    expectAnswer(await pull(image), 200)
    passes[word] = []
    for (const threshold of thresholds) {
      await refuses(project, threshold)
      const { status, code } = await pull(image)
      if (status === 200) passes[word].push(threshold)
      else assert.deepEqual([status, code], [412, 'PROJECTPOLICYVIOLATION'])
    }
    await set(project, { prevent_vul: 'false' })
    expectAnswer(await pull(image), 200)
  }
  assert.deepEqual(passes, {
    Unknown: ['low', 'medium', 'high', 'critical'],
    Negligible: ['low', 'medium', 'high', 'critical'],
    Low: ['medium', 'high', 'critical'],
    Medium: ['high', 'critical'],
    High: ['critical'],
    Critical: [],
  })
  const { project, image } = await given([])
  for (const threshold of thresholds) {
    await refuses(project, threshold)
    expectAnswer(await pull(image), 200)
  }
})

test('the refusal says what was found, how much of it, and what to do, for GET and HEAD alike', async () => {
  const { project, image } = await given([finding('CVE-1', 'High'), finding('CVE-2', 'Low'), finding('CVE-3', 'Low')])
  await refuses(project, 'high')
  const refused = expectAnswer(await pull(image), 412, 'PROJECTPOLICYVIOLATION')
  assert.equal(
    messageOf(refused),
    'current image with 3 vulnerabilities cannot be pulled due to configured policy in ' +
      `'Prevent images with vulnerability severity of "High" or higher from running.' To continue with pull, please ` +
      'contact your project administrator to exempt matched vulnerabilities through configuring the CVE allowlist.',
  )
  assert.deepEqual((refused.json() as { errors: { detail: unknown }[] }).errors[0]!.detail, {
    vulnerabilities: { Low: 2, High: 1 },
  })
  const head = await pull(image, admin, { method: 'HEAD' })
  assert.deepEqual([head.status, head.text], [412, ''])
})

test('an image that was not looked into is refused, and says how far its first scan is', async () => {
  const { project, image } = await given(undefined)
  await refuses(project, 'critical')
  assert.match(messageOf(await pull(image)), /^current image without vulnerability scanning cannot be pulled/)
  const { db } = marina.ground
  const { id } = (await db.row<{ id: number }>(sql`select id from artifact where digest = ${image.digest}`))!
  await db.run(sql`
    with run as (
      insert into execution (vendor_type, vendor_id, trigger, tasks, unfinished)
      values ('IMAGE_SCAN', ${id}, 'MANUAL', 1, 0) returning id),
    made as (
      insert into task (execution_id, job_type, status, max_tries, params)
      select id, 'IMAGE_SCAN', 'Error', 1, '{}' from run returning id)
    insert into vulnerability_report (artifact_id, scanner_id, task_id)
    select ${id}, ${scanner}::uuid, id from made`)
  assert.match(messageOf(await pull(image)), /^current image with "Error" status of vulnerability scanning cannot/)
})

test('the last finished report counts while the next scan runs, and a new report from the next pull on', async () => {
  const { project, image } = await given([])
  await refuses(project, 'low')
  expectAnswer(await pull(image), 200)
  const { db } = marina.ground
  await db.run(sql`
    update vulnerability_report set is_made = false, task_id = null
    where artifact_id = (select id from artifact where digest = ${image.digest})`)
  expectAnswer(await pull(image), 200)
  await givenReport(marina, image, scanner, [finding('CVE-9', 'Critical')])
  expectAnswer(await pull(image), 412, 'PROJECTPOLICYVIOLATION')
  await givenReport(marina, image, scanner, [])
  expectAnswer(await pull(image), 200)
})

test('an allowlist accepts vulnerabilities until it expires: the own one, or that of the system', async () => {
  const { project, image } = await given([finding('CVE-2', 'High'), finding('CVE-7', 'High')])
  const own = { prevent_vul: 'true', severity: 'low', reuse_sys_cve_allowlist: 'false' }
  const [past, future] = [Math.floor(Date.now() / 1000) - 1, Math.floor(Date.now() / 1000) + 3600]
  const cases: [cves: string[], expiresAt: number | undefined, left: number][] = [
    [[], undefined, 2],
    [['CVE-2'], undefined, 1],
    [['CVE-2', 'CVE-7'], undefined, 0],
    [['CVE-2', 'CVE-7'], past, 2],
    [['CVE-2', 'CVE-7'], future, 0],
    [['CVE-X'], undefined, 2],
  ]
  for (const [cves, expiresAt, left] of cases) {
    await set(project, own, cves, expiresAt)
    const answer = await pull(image)
    if (left === 0) expectAnswer(answer, 200)
    else assert.match(messageOf(answer), new RegExp(`with ${left} vulnerabilit`))
  }
  const system = (cves: string[]) =>
    rest('PUT', '/system/CVEAllowlist', admin, { items: cves.map((id) => ({ cve_id: id })) })
  await set(project, { ...own, reuse_sys_cve_allowlist: 'true' }, [])
  expectAnswer(await pull(image), 412, 'PROJECTPOLICYVIOLATION')
  expectAnswer(await system(['CVE-2', 'CVE-7']), 200)
  expectAnswer(await pull(image), 200)
  await set(project, own)
  expectAnswer(await pull(image), 412, 'PROJECTPOLICYVIOLATION')
  expectAnswer(await system([]), 200)
})

test('an index, a signature and what cannot be scanned pass; a part of an index is judged by itself', async () => {
  const { project, image } = await given([finding('CVE-1', 'Critical')])
  await refuses(project, 'low')
  const index = await pushIndex(marina, image.repository, [image])
  const signature = await pushReferrer(marina, image.repository, image)
  for (const one of [index, signature]) expectAnswer(await pull(one), 200)
  expectAnswer(await pull(image), 412, 'PROJECTPOLICYVIOLATION')
  const link = `${image.digest.replace(':', '-')}.sig`
  const cosign = await pushImage(marina, image.repository, { tag: link })
  expectAnswer(await pull(cosign), 200)
})

test('cosign and notation pass for those who may push, and for nobody else', async () => {
  const { project, image } = await given([finding('CVE-1', 'Critical')])
  await refuses(project, 'low')
  const developer = await givenMember(marina, project, 'developer')
  const guest = await givenMember(marina, project, 'guest')
  for (const agent of ['cosign/v2.4.1 (linux; amd64)', 'notation/1.3.0']) {
    expectAnswer(await pull(image, developer, { agent }), 200)
    expectAnswer(await pull(image, guest, { agent }), 412, 'PROJECTPOLICYVIOLATION')
  }
  for (const who of [developer, guest, cast.sys]) expectAnswer(await pull(image, who), 412, 'PROJECTPOLICYVIOLATION')
})

test('a report that proves nothing counts as none, unless a setting lets it pass', async () => {
  for (const state of ['no_database', 'stale_database', 'unknown_distribution'] as const) {
    const { project, image } = await given([], state)
    await refuses(project, 'critical')
    assert.match(
      messageOf(await pull(image)),
      /^current image without vulnerability scanning .*It was looked into, but/,
    )
    const { db, cache } = marina.ground
    const gate = severityAllowed({ db, cache }, { passes: [state], onRefused: assert.fail, bring: never })
    assert.equal(await gate(pulledOf(project, image)), undefined)
  }
})

test('only the scanner that the project uses counts, and without any scanner every image passes', async () => {
  const { project, image } = await given([finding('CVE-1', 'Critical')])
  await refuses(project, 'low')
  expectAnswer(await pull(image), 412, 'PROJECTPOLICYVIOLATION')
  const second = await givenScanner(marina)
  const choose = () => rest('PUT', `/projects/${project.name}/scanner`, admin, { uuid: second })
  expectAnswer(await choose(), 200)
  assert.match(messageOf(await pull(image)), /without vulnerability scanning/)
  await givenReport(marina, image, second, [])
  expectAnswer(await pull(image), 200)
  expectAnswer(await rest('DELETE', `/scanners/${second}`, admin), 200)
  assert.match(messageOf(await pull(image)), /with 1 vulnerability/)
  const makeDefault = (isDefault: boolean) => rest('PATCH', `/scanners/${scanner}`, admin, { is_default: isDefault })
  expectAnswer(await makeDefault(false), 200)
  expectAnswer(await pull(image), 200)
  // Marina's own matcher becomes the default with the first database, where there is none.
  await marina.ground.db.transaction(ensureOwnScanner)
  assert.match(messageOf(await pull(image)), /without vulnerability scanning/)
  expectAnswer(await makeDefault(true), 200)
  expectAnswer(await pull(image), 412, 'PROJECTPOLICYVIOLATION')
})

test('an image that was deleted and pushed again is one that nobody has looked into', async () => {
  const { project, image } = await given([])
  await refuses(project, 'low')
  expectAnswer(await pull(image), 200)
  expectAnswer(await rest('DELETE', `/projects/${project.name}/repositories/app/artifacts/${image.digest}`, admin), 200)
  const headers = { 'content-type': image.mediaType }
  const put = { as: admin, body: image.content, headers }
  expectAnswer(await marina.ask('PUT', `/v2/${image.repository}/manifests/${image.digest}`, put), 201)
  assert.match(messageOf(await pull(image)), /without vulnerability scanning/)
})

test('another process judges by a change at once', async () => {
  await using beside = await openBeside(marina)
  const { project, image } = await given([])
  const there = () => beside.ask('GET', `/v2/${image.repository}/manifests/${image.digest}`, { as: admin })
  await refuses(project, 'low')
  for (let time = 0; time < 3; time++) expectAnswer(await there(), 200)
  await givenReport(marina, image, scanner, [finding('CVE-1', 'Low')])
  expectAnswer(await there(), 412, 'PROJECTPOLICYVIOLATION')
  await set(project, { reuse_sys_cve_allowlist: 'false' }, ['CVE-1'])
  expectAnswer(await there(), 200)
  await set(project, {}, [])
  expectAnswer(await there(), 412, 'PROJECTPOLICYVIOLATION')
  await set(project, { prevent_vul: 'false' })
  expectAnswer(await there(), 200)
})

test('a pull of what memory knows asks no query and waits for nothing, with an allowlist too', async () => {
  const { project, image } = await given([finding('CVE-1', 'Critical')])
  await set(project, { prevent_vul: 'true', severity: 'low', reuse_sys_cve_allowlist: 'false' }, ['CVE-1'])
  const { db, cache } = marina.ground
  let count = 0
  const counted = new Proxy<Queryable>(db, {
    get(target, name: keyof Queryable) {
      count++
      return target[name].bind(target)
    },
  })
  const gate = severityAllowed({ db: counted, cache }, { passes: [], onRefused: assert.fail, bring: never })
  await gate(pulledOf(project, image))
  assert.ok(count > 0)
  count = 0
  assert.equal(gate(pulledOf(project, image)), undefined)
  assert.equal(count, 0)
})

function pulledOf(project: Project, { repository, digest, mediaType }: PushedImage): Pulled {
  const caller = { kind: 'user', id: admin.id, name: admin.name } as const
  const about = { tag: null, caller, userAgent: fresh('agent'), mayPush: () => true }
  return { project, repository: repository as Pulled['repository'], digest, mediaType, ...about }
}

async function never(): Promise<void> {
  assert.fail('no project of these tests caches another registry')
}
