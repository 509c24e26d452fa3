import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Column, Page } from './columns.ts'
import { hydrate } from './hydrate.ts'

test('a column is loaded once for all artifacts, when it is asked for, and fills those it knows', async () => {
  let loads = 0
  const overview: Column = {
    flag: 'with_scan_overview',
    field: 'scan_overview',
    load: async ({ artifacts }) => (loads++, new Map(artifacts.slice(1).map(({ id }) => [id, { [`of ${id}`]: {} }]))),
  }
  const shown: Column = { flag: 'with_tag', isDefault: true, field: 'tags', load: async () => new Map([[1, []]]) }
  const pageOf = (wanted: Page['wanted']) => ({ artifacts: [{ id: 1 }, { id: 2 }, { id: 3 }], wanted }) as Page
  const besides = async (wanted: Page['wanted']) => {
    const hydrated = await hydrate([shown, overview], pageOf(wanted))
    return hydrated.map(({ beside }) => beside)
  }

  assert.deepEqual(await besides({}), [{ tags: [] }, {}, {}])
  assert.equal(loads, 0)
  const asked = await besides({ with_tag: false, with_scan_overview: true })
  assert.deepEqual(asked, [{}, { scan_overview: { 'of 2': {} } }, { scan_overview: { 'of 3': {} } }])
  assert.equal(loads, 1)
})
