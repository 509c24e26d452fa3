import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../../../platform/db/sql.ts'
import { pushImage, pushIndex } from '../../../testing/given.ts'
import { expectAnswer } from '../../../testing/http.ts'
import { finding, givenReport } from '../../../testing/reports.ts'
import { admin, given, marina, messageOf, pull, scanner, set } from './gate.suite.ts'

test('a pull that passes brings a warning of vulnerabilities from the severity that the project names', async () => {
  const { project, image } = await given([finding('CVE-1', 'High'), finding('CVE-2', 'Medium')])
  await set(project, { vulnerability_warning: 'medium' })
  const warning = '299 - "this image has known vulnerabilities: 1 High, 1 Medium"'
  for (const method of ['GET', 'HEAD']) {
    const answer = expectAnswer(await pull(image, admin, { method }), 200)
    assert.equal(answer.headers['warning'], warning)
  }
  await set(project, { vulnerability_warning: 'critical' })
  assert.equal(expectAnswer(await pull(image), 200).headers['warning'], undefined)
  await set(project, { vulnerability_warning: 'medium', reuse_sys_cve_allowlist: 'false' }, ['CVE-1', 'CVE-2'])
  assert.equal(expectAnswer(await pull(image), 200).headers['warning'], undefined)
})

test('a new image is held until it was scanned, for a time; then the project says whether it passes', async () => {
  const { project, image } = await given(undefined)
  await set(project, { hold_until_scanned: 'true', hold_seconds: '600' })
  const held = expectAnswer(await pull(image), 412, 'PROJECTPOLICYVIOLATION')
  assert.match(messageOf(held), /^this image is new and is held until it was scanned.* at most \d+ s more$/)
  await givenReport(marina, image, scanner, [finding('CVE-1', 'Critical')])
  expectAnswer(await pull(image), 200)
  await set(project, { prevent_vul: 'true', severity: 'low' })
  assert.match(messageOf(await pull(image)), /with 1 vulnerability/)

  const late = await pushImage(marina, image.repository)
  assert.match(messageOf(await pull(late)), /is held until it was scanned/)
  await marina.ground.db.run(
    sql`update artifact set pushed_at = now() - interval '1 hour' where digest = ${late.digest}`,
  )
  marina.ground.cache.flush('image_findings')
  assert.match(messageOf(await pull(late)), /no scan has ended in time/)
  await set(project, { hold_then: 'pass' })
  expectAnswer(await pull(late), 200)
  const index = await pushIndex(marina, image.repository, [image])
  expectAnswer(await pull(index), 200)
})
