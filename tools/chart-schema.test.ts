import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { settings } from '../server/config/config.ts'
import { chartSchema } from './chart-schema.ts'

test("the Helm chart's schema has exactly the settings there are (node tools/chart-schema.ts writes it)", () => {
  const schema = readFileSync(join(import.meta.dirname, '../deploy/helm/marina/values.schema.json'), 'utf8')
  assert.equal(schema, chartSchema())
})

test('what an operator brings to the Helm chart reaches every pod', () => {
  const helpers = readFileSync(join(import.meta.dirname, '../deploy/helm/marina/templates/_helpers.tpl'), 'utf8')
  for (const name of [
    'podSecurityContext',
    'securityContext',
    'extraEnv',
    'extraVolumes',
    'extraVolumeMounts',
    'caBundleSecret',
    'topologySpreadConstraints',
    'priorityClassName',
  ])
    assert.match(helpers, new RegExp(`\\{\\{-? ?(with|if) \\$\\.Values\\.${name} \\}\\}`), name)
  assert.doesNotMatch(helpers, /10001/)
})

test('the Helm chart has a place for every secret', () => {
  const helpers = readFileSync(join(import.meta.dirname, '../deploy/helm/marina/templates/_helpers.tpl'), 'utf8')
  const handedOver = new Set([...helpers.matchAll(/^[a-z0-9-]+: \[(MARINA_\w+),/gm)].map(([, name]) => name))
  const secrets = settings.filter((row) => 'secret' in row).map(({ env }) => env)
  assert.deepEqual(handedOver, new Set<string | undefined>(secrets))
})
