import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { suite, test } from 'node:test'
import { findWrongImports } from './tidy/imports.ts'
import { describeRise, findRisen, lowerCounts, readCounts } from './tidy/ratchet.ts'
import { findOddities } from './tidy/rules.ts'
import { readTree, type Tree } from './tidy/tree.ts'
import { findWrongWords } from './tidy/words.ts'

suite('the house is tidy', () => {
  const root = path.resolve(import.meta.dirname, '..')
  const house = readTree(root)

  test('imports look down, through doors, and never in a circle', () => {
    assert.ok([...house.keys()].includes('tools/tidy.ts'), 'the tree must not be empty')
    assert.deepEqual(findWrongImports(house), [])
  })

  test('no test is left out, no work is left to do, and no machine or package registry is named', () => {
    assert.deepEqual(findWrongWords(house), [])
  })

  test('no rule finds more than tidy-counts.json allows; a rule without a number allows nothing', () => {
    const [found, counts] = [findOddities(house), readCounts(root)]
    const complaints = findRisen(found, counts).map((rule) => describeRise(root, rule, found.get(rule)!, counts[rule]))
    assert.deepEqual(complaints, [], complaints.join('\n'))
    const fallen = [...found].filter(([rule, findings]) => findings.length < (counts[rule] ?? 0)).map(([rule]) => rule)
    if (fallen.length > 0) console.log(`tidy: fewer ${fallen.join(', ')}; node tools/tidy.ts --write keeps it so`)
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
    ['server/features/gc/jobs.ts', '../../app/serve.ts', 'nobody looks up to the roof'],
    ['server/catalog/tag.ts', '../testing/given.ts', 'only tests use testing'],
    ['server/catalog/tag.ts', './tag.test.ts', 'only tests import tests'],
    ['server/catalog/tag.test.ts', '../features/gc/index.ts', 'a test stays on its floor'],
    ['cli/commands/projects.ts', '../../server/catalog/tag.ts', 'the command line is outside'],
    ['e2e/push.test.ts', '../server/app/serve.ts', 'end to end is outside'],
    ['portal/src/ui/grid.tsx', '../pages/projects/list.tsx', 'the kit knows no page'],
    ['portal/src/pages/projects/list.tsx', '../robots/list.tsx', 'a page imports no page'],
    ['portal/src/pages/projects/list.tsx', '../../app/shell.tsx', 'a page knows no shell'],
    ['portal/src/lib/query.ts', '../ui/button.tsx', 'the tools know no kit'],
    ['portal/src/lib/query.ts', '../../../server/platform/gather.ts', 'the portal is outside'],
    ['portal/build.ts', './src/lib/format.ts', 'the build is not a part of what it builds'],
  ]
  for (const [from, to, why] of wrongImports) {
    test(`${why}: ${from} → ${to}`, () => {
      for (const text of [
        `import { x } from '${to}'`,
        `export type {\n  X\n} from "${to}"`,
        `import '${to}'`,
        `const x = await import('${to}')`,
      ]) {
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
      ['server/testing/server.ts', '../app/serve.ts'],
      ['server/main.ts', './features/gc/index.ts'],
      ['oci/digest.ts', 'node:crypto'],
      ['portal/src/app/main.tsx', '../pages/projects/list.tsx'],
      ['portal/src/pages/projects/list.tsx', '../../../../api/projects.ts'],
      ['portal/src/ui/grid.tsx', '../lib/query.ts'],
    ]
    for (const [from, to] of right)
      assert.deepEqual(findWrongImports(new Map([[from, `import { x } from '${to}'`]])), [], `${from} → ${to}`)
  })

  test('circles are found between files and between features', () => {
    const files = treeOf({
      'oci/a.ts': `import './b.ts'`,
      'oci/b.ts': `import './c.ts'`,
      'oci/c.ts': `import './a.ts'`,
    })
    assert.deepEqual(findWrongImports(files), ['a circle: oci/a.ts → oci/b.ts → oci/c.ts → oci/a.ts'])
    const features = treeOf({
      'server/features/gc/jobs.ts': `import '../quotas/index.ts'`,
      'server/features/quotas/rules.ts': `import '../gc/index.ts'`,
    })
    assert.deepEqual(findWrongImports(features), ['a circle: feature gc → feature quotas → feature gc'])
  })

  test('words that must not be there are found', () => {
    // Assembled here, so that this file does not contain the words itself.
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
      ['package-lock.json', `https://registry${dot}npmjs${dot}org/a.tgz`],
    ]
    for (const [name, text] of wrong)
      assert.equal(findWrongWords(treeOf({ [name]: text })).length, 1, `${name}: ${text}`)
    assert.deepEqual(
      findWrongWords(
        treeOf({ 'oci/a.ts': `'https://example.com${slash}home${slash}page'`, 'README.md': 'at home/work' }),
      ),
      [],
    )
  })

  const statements = (count: number) => '  x()\n'.repeat(count)
  const oddities: [string, Record<string, string>, string[]][] = [
    [
      'files over 300 lines',
      {
        'oci/a.ts': '\n'.repeat(301),
        'oci/b.ts': '\n'.repeat(300),
        'a.md': '\n'.repeat(400),
      },
      ['oci/a.ts'],
    ],
    [
      'functions over 50 lines',
      {
        'oci/a.ts': `function long() {\n${statements(49)}}\nconst short = () => {\n${statements(48)}}\n`,
        'oci/b.ts': `const one = {\n  method() {\n${statements(60)}  },\n}\n`,
        'oci/c.test.ts': `suite('x', () => {\n${statements(60)}})\n`,
      },
      ['oci/a.ts', 'oci/b.ts'],
    ],
    [
      'functions over 120 lines',
      {
        'oci/a.ts': `export function giant() {\n${statements(119)}}\n`,
        'oci/routes.ts': `function routes() {\n  return [\n${'    { path },\n'.repeat(150)}  ]\n}\n`,
        'oci/a.suite.ts': `function cases() {\n${statements(150)}}\n`,
      },
      ['oci/a.ts'],
    ],
    [
      'lines over 120 characters',
      {
        'oci/a.ts': `${'x'.repeat(121)}\n${'x'.repeat(120)}\n`,
        'a.md': 'x'.repeat(200),
      },
      ['oci/a.ts'],
    ],
    [
      'logic in the index.ts of a feature',
      {
        'server/features/gc/index.ts': `export { a } from './a.ts'\nexport function b() {\n  return 1\n}\n`,
        'server/features/quotas/index.ts':
          'export const quotas = feature({ routes: (ground) => quotaRoutes(ground) })\n',
        'server/features/gc/a/index.ts': `export function b() {\n  return 1\n}\n`,
      },
      ['server/features/gc/index.ts'],
    ],
    [
      'exports that nobody imports',
      {
        'oci/a.ts': `export const used = 1, unused = 2\nexport function renamed() {}\nexport type Alone = 1\n`,
        'oci/b.ts': `import { used, renamed as other } from './a.ts'\n// unused\nexport class Lost {}\n`,
        'oci/c.ts': `export const all = 1\n`,
        'oci/d.test.ts': `import * as c from './c.ts'\n`,
        'oci/index.ts': `export { handedOn } from './e.ts'\n`,
        'oci/e.ts': `export const handedOn = 1\n`,
      },
      ['oci/a.ts', 'oci/b.ts', 'oci/index.ts'],
    ],
    [
      'exported types that nobody imports',
      {
        'oci/a.ts': `export type Alone = 1\nexport interface Used {}\n`,
        'oci/b.ts': `import type { Used } from './a.ts'\n`,
      },
      ['oci/a.ts'],
    ],
    [
      'migration numbers that stand twice',
      {
        'server/migrations/0020-a.sql': '',
        'server/migrations/0020-b.sql': '',
        'server/migrations/0021-c.sql': '',
        'server/migrations/0006-jobs.sql': '',
        'server/migrations/0006-system-artifacts.sql': '',
      },
      ['server/migrations/0020-a.sql', 'server/migrations/0020-b.sql'],
    ],
  ]
  for (const [rule, files, where] of oddities) {
    test(`${rule} are found, and nothing else is`, () => {
      assert.deepEqual(
        findOddities(treeOf(files))
          .get(rule)!
          .map(({ file }) => file),
        where,
      )
    })
  }

  test('a count may fall and never rise, and a count that rose is named with its files', () => {
    const odd = [{ file: 'x.ts', what: 'is odd' }]
    const found = new Map([
      ['a', odd],
      ['b', []],
      ['c', odd],
    ])
    assert.deepEqual(findRisen(found, { a: 1, b: 2, c: 0 }), ['c'])
    assert.deepEqual(findRisen(found, { a: 1, b: 2 }), ['c'])
    assert.deepEqual(lowerCounts(found, { a: 5, b: 2, c: 0 }), { a: 1, b: 0, c: 0 })
  })

  test('of a rule that rose, the files with more findings than in the last committed counts are named', async () => {
    const long = `${'x'.repeat(130)}\n`
    await using tree = await openTree({ 'oci/a.ts': long, 'oci/b.ts': '\n', 'tools/tidy-counts.json': '{}' })
    tree.git('add', '.')
    tree.git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-qm', 'as it was')
    await writeFile(path.join(tree.root, 'oci/b.ts'), `${'x'.repeat(125)}\n`)
    const rule = 'lines over 120 characters'
    const findings = findOddities(readTree(tree.root)).get(rule)!
    const told = `${rule}: 2, and 1 are allowed\n  oci/b.ts: 1 instead of 0\n    line 1 has 125 characters`
    assert.equal(describeRise(tree.root, rule, findings, 1), told)
  })

  test('a violation planted in a tree on disk is found, ignored files are not read', async () => {
    const bad = `import '../server/app/serve.ts'\n`
    await using tree = await openTree({ '.gitignore': 'ignored.ts\n', 'oci/a.ts': bad, 'oci/ignored.ts': bad })
    assert.deepEqual(findWrongImports(readTree(tree.root)), ['oci/a.ts may not import server/app/serve.ts'])
  })
})

/** A tree on disk in a git repository. */
async function openTree(files: Record<string, string>) {
  const root = await mkdtemp(path.join(tmpdir(), 'marina-tidy-'))
  const git = (...args: string[]) => void execFileSync('git', args, { cwd: root })
  git('init', '-q')
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.join(root, path.dirname(name)), { recursive: true })
    await writeFile(path.join(root, name), text)
  }
  return { root, git, [Symbol.asyncDispose]: () => rm(root, { recursive: true }) }
}

function treeOf(files: Record<string, string>): Tree {
  return new Map(Object.entries(files))
}
