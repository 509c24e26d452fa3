import assert from 'node:assert/strict'
import path from 'node:path'
import { suite, test } from 'node:test'
import { findWrongRules, rulesPage } from './rules-page.ts'
import { readTree } from './tidy/tree.ts'

test('docs/rules.md has a row for every rule that is mentioned, and each row names its tests', () => {
  assert.deepEqual(findWrongRules(readTree(path.resolve(import.meta.dirname, '..'))), [])
})

suite('what is wrong with the table is found', () => {
  const right: Record<string, string> = {
    [rulesPage]: '| id | what | by |\n| --- | --- | --- |\n| C-01 | x | `oci/a.test.ts` |\n| F01 | x | `oci/a.ts` |\n',
    'oci/a.test.ts': `test('C-01: it holds')`,
    'oci/a.ts': '// F01, of ABC-012 and F100',
  }
  const wrong: [string, Record<string, string>, string[]][] = [
    ['nothing', {}, []],
    ['an id without a row', { 'oci/b.ts': '// H13' }, ['H13 has no row, and oci/b.ts mentions it']],
    ['an id in a range', { 'oci/b.ts': '// F01..F02' }, ['F02 has no row, and oci/b.ts mentions it']],
    ['a row that nothing mentions', { 'oci/a.ts': '' }, ['F01 is mentioned nowhere']],
    [
      'a test that does not mention its rule',
      { 'oci/a.test.ts': '', 'oci/b.ts': '// C-01' },
      ['C-01 names oci/a.test.ts, which does not mention it'],
    ],
    ['a test that is not named', { 'oci/b.test.ts': '// F01' }, ['F01 names no test, and there is oci/b.test.ts']],
    [
      'a row twice',
      {
        [rulesPage]: '| C-01 | x | `oci/a.test.ts` |\n| C-01 | x | `oci/a.test.ts` |\n| F01 | x | `oci/a.ts` |',
      },
      ['C-01 stands twice'],
    ],
    ['a row without a file', { [rulesPage]: '| C-01 | x | |\n| F01 | x | `oci/a.ts` |' }, ['C-01 names no test']],
  ]
  for (const [what, files, complaints] of wrong) {
    test(what, () => assert.deepEqual(findWrongRules(new Map(Object.entries({ ...right, ...files }))), complaints))
  }
})
