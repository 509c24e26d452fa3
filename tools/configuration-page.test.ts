import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { configurationPage } from './configuration-page.ts'

test('the configuration page lists exactly the settings there are (tools/configuration-page.ts writes it)', () => {
  const page = readFileSync(join(import.meta.dirname, '../docs/operate/configuration.md'), 'utf8')
  assert.equal(page, configurationPage())
})
