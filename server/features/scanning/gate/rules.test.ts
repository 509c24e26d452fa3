import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gateRulesOf, vulnerableText, warningText } from './rules.ts'

test('the threshold is read as Harbor reads it', () => {
  const from = (severity?: string) =>
    gateRulesOf({ prevent_vul: 'true', ...(severity === undefined ? {} : { severity }) }).refusesFrom
  assert.deepEqual(
    ['none', 'negligible', 'low', 'medium', 'high', 'critical', 'nope', undefined].map(from),
    [0, 0, 3, 4, 5, 6, 1, 1],
  )
  assert.equal(gateRulesOf({ severity: 'low' }).refusesFrom, null)
  assert.equal(gateRulesOf({ prevent_vul: 'false', severity: 'low' }).refusesFrom, null)
})

test("the system's allowlist counts unless the project says otherwise", () => {
  assert.deepEqual(
    [undefined, 'true', 'false'].map(
      (said) => gateRulesOf(said === undefined ? {} : { reuse_sys_cve_allowlist: said }).usesSystemList,
    ),
    [true, true, false],
  )
})

test("a refusal is said in Harbor's words", () => {
  assert.equal(
    vulnerableText(5, 6),
    'current image with 6 vulnerabilities cannot be pulled due to configured policy in ' +
      `'Prevent images with vulnerability severity of "High" or higher from running.' ` +
      'To continue with pull, please contact your project administrator ' +
      'to exempt matched vulnerabilities through configuring the CVE allowlist.',
  )
  assert.match(vulnerableText(0, 1), /with 1 vulnerability cannot .* severity of "None" or higher/)
})

test('a warning counts what is at least as bad as its threshold, the worst first', () => {
  assert.equal(warningText(4, [1, 1, 1, 5, 0, 2, 1]), 'this image has known vulnerabilities: 1 Critical, 2 High')
})
