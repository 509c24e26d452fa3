import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { suite, test } from 'node:test'
import { findOddities, findWrongImports, findWrongWords, readTree, type Tree } from './tidy.ts'

suite('the house is tidy', () => {
  const house = readTree(path.resolve(import.meta.dirname, '..'))

  test('imports look down, through doors, and never in a circle', () => {
    assert.ok([...house.keys()].includes('tools/tidy.ts'), 'the tree must not be empty')
    assert.deepEqual(findWrongImports(house), [])
  })

  test('no test is left out, nothing is left to do, and no machine or package registry is named', () => {
    assert.deepEqual(findWrongWords(house), [])
  })

  test('lengths and unused exports are printed for people to decide', () => {
    const oddities = findOddities(house)
    for (const oddity of oddities) console.log(`tidy: ${oddity}`)
    assert.deepEqual(oddities.filter((oddity) => ![...house.keys()].some((name) => oddity.startsWith(name))), [])
  })
})

suite('each rule finds what is planted', () => {
  const wrongImports: [string, string, string][] = [
    ['oci/digest.ts', '../api/projects.ts', 'the ground does not look sideways'],
    ['oci/digest.ts', 'semver', 'oci needs no package'],
    ['api/projects.ts', '../server/catalog/tag.ts', 'the wire knows no server'],
    ['server/platform/db/pool.ts', '../../catalog/tag.ts', 'floor 0 does not look up'],
    ['server/catalog/tag.ts', '../registry/registry.ts', 'floor 1 does not look up'],
    ['server/registry/gate.ts', '../features/quotas/index.ts', 'floor 2 does not look up'],
    ['server/features/gc/jobs.ts', '../quotas/store.ts', 'a feature is entered by its door'],
    ['server/features/gc/jobs.ts', '../../app.ts', 'nobody looks up to the roof'],
    ['server/catalog/tag.ts', '../testing/given.ts', 'only tests use testing'],
    ['server/catalog/tag.ts', './tag.test.ts', 'only tests import tests'],
    ['server/catalog/tag.test.ts', '../features/gc/index.ts', 'a test stays on its floor'],
    ['cli/commands/projects.ts', '../../server/catalog/tag.ts', 'the command line is outside'],
    ['e2e/push.test.ts', '../server/app.ts', 'end to end is outside'],
    ['portal/src/ui/grid.tsx', '../pages/projects/list.tsx', 'the kit knows no page'],
    ['portal/src/pages/projects/list.tsx', '../robots/list.tsx', 'a page imports no page']
  ]
  for (const [from, to, why] of wrongImports) {
    test(`${why}: ${from} → ${to}`, () => {
      for (const text of [`import { x } from '${to}'`, `export type {\n  X\n} from "${to}"`, `import '${to}'`, `const x = await import('${to}')`]) {
        assert.equal(findWrongImports(new Map([[from, text]])).length, 1, text)
      }
    })
  }

  test('what the table allows is allowed', () => {
    const right: [string, string][] = [
      ['api/projects.ts', '../oci/digest.ts'],
      ['server/platform/db/pool.ts', 'pg'],
      ['server/features/gc/jobs.ts', '../quotas/index.ts'],
      ['server/features/gc/jobs.ts', '../../registry/registry.ts'],
      ['server/catalog/tag.test.ts', '../testing/given.ts'],
      ['server/catalog/tag.test.ts', '../platform/db/pool.ts'],
      ['server/testing/server.ts', '../app.ts'],
      ['server/main.ts', './features/gc/index.ts'],
      ['oci/digest.ts', 'node:crypto'],
      ['portal/src/app/main.tsx', '../pages/projects/list.tsx']
    ]
    for (const [from, to] of right) assert.deepEqual(findWrongImports(new Map([[from, `import { x } from '${to}'`]])), [], `${from} → ${to}`)
  })

  test('circles are found between files and between features', () => {
    const files = treeOf({ 'oci/a.ts': `import './b.ts'`, 'oci/b.ts': `import './c.ts'`, 'oci/c.ts': `import './a.ts'` })
    assert.deepEqual(findWrongImports(files), ['a circle: oci/a.ts → oci/b.ts → oci/c.ts → oci/a.ts'])
    const features = treeOf({ 'server/features/gc/jobs.ts': `import '../quotas/index.ts'`, 'server/features/quotas/rules.ts': `import '../gc/index.ts'` })
    assert.deepEqual(findWrongImports(features), ['a circle: feature gc → feature quotas → feature gc'])
  })

  test('words that must not be there are found', () => {
    // Put together here, so that this file does not hold the words itself.
    const [dot, slash, colon, none] = ['.', '/', ':', '']
    const wrong: [string, string][] = [
      ['oci/a.test.ts', `test${dot}only('x', () => {})`],
      ['oci/a.test.ts', `t.skip${none}('because')`],
      ['oci/a.test.ts', `test('x', { skip${colon} !isRoot }, () => {})`],
      ['oci/a.ts', `// TO${none}DO later`],
      ['docs/operate/start.md', `cd ${slash}home${slash}anna`],
      ['README.md', `see ${slash}work${slash}shared`],
      ['.npmrc', `registry=https${colon}//packages.example`],
      ['package-lock.json', `"resolved": "https${colon}//packages.example/a.tgz"`],
      ['package-lock.json', `https://registry${dot}npmjs${dot}org/a.tgz`]
    ]
    for (const [name, text] of wrong) assert.equal(findWrongWords(treeOf({ [name]: text })).length, 1, `${name}: ${text}`)
    assert.deepEqual(findWrongWords(treeOf({ 'oci/a.ts': `'https://example.com${slash}home${slash}page'`, 'README.md': 'at home/work' })), [])
  })

  test('long files, long functions and unused exports are found', () => {
    const body = '  x()\n'.repeat(60)
    const oddities = findOddities(treeOf({ 'oci/a.ts': `export function long() {\n${body}}\n`, 'oci/b.ts': '\n'.repeat(301) }))
    assert.deepEqual(oddities, ['oci/b.ts has 301 lines', 'oci/a.ts:1 is a function of 62 lines', 'oci/a.ts exports long, which nobody imports'])
  })

  test('a violation planted in a tree on disk is found, ignored files are not read', async () => {
    const root = await mkdtemp(path.join(tmpdir(), 'marina-tidy-'))
    try {
      execFileSync('git', ['init', '-q', root])
      await mkdir(path.join(root, 'oci'))
      await writeFile(path.join(root, '.gitignore'), 'ignored.ts\n')
      for (const name of ['oci/a.ts', 'oci/ignored.ts']) await writeFile(path.join(root, name), `import '../server/app.ts'\n`)
      assert.deepEqual(findWrongImports(readTree(root)), ['oci/a.ts may not import server/app.ts'])
    } finally {
      await rm(root, { recursive: true })
    }
  })
})

function treeOf(files: Record<string, string>): Tree {
  return new Map(Object.entries(files))
}
