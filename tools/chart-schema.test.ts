import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { chartSchema } from './chart-schema.ts'

test('deploy/helm/marina/values.schema.json knows exactly the settings there are (node tools/chart-schema.ts writes it)', () => {
  const schema = readFileSync(join(import.meta.dirname, '../deploy/helm/marina/values.schema.json'), 'utf8')
  assert.equal(schema, chartSchema())
})
