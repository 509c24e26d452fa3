import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { randomOf } from '../testing/random.ts'
import { openTestMarina } from '../testing/server.ts'
import { sql } from './db/sql.ts'
import { regexOf } from './doublestar-regex.ts'
import { BadPattern, compilePattern } from './doublestar.ts'

const marina = await openTestMarina({ MARINA_WORKERS: 'none' })
after(() => marina[Symbol.asyncDispose]())

const names = 'a b ab ba a/b a/a/b b/a aa a.b a-b a_b 0 a0 b/a/0 a/b/a.b a--b 0/0 -/- z9/x'.split(' ')

/** Those of the names that PostgreSQL takes by the regular expression. */
async function taken(patterns: string[]): Promise<string[]> {
  const rows = await marina.ground.db.rows<{ name: string }>(
    sql`select name from unnest(${names}::text[]) as name where name ~ ${regexOf(patterns)}`,
  )
  return rows.map(({ name }) => name)
}

const pieces = ['a', 'b', '0', '/', '*', '**', '**/', '/**', '?', '[a-b]', '[^a]', '[!0-9]', '[.-0]', '{a,b}', '{', '}']
const more = [
  '{a,*}',
  '{**,0}',
  '{a,b/{0,a}}',
  ',',
  '.',
  '-',
  '_',
  '\\*',
  '\\a',
  '+',
  '(',
  '|',
  '$',
  '[\\]a]',
  'A',
  'é',
]

test('PostgreSQL takes by the regular expression just what the pattern matches', async () => {
  const random = randomOf(20261130)
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!
  let [matched, wrong] = [0, 0]
  for (let round = 0; round < 1500; round++) {
    const pattern = Array.from({ length: 1 + Math.floor(random() * 5) }, () => pick([...pieces, ...more])).join('')
    let matches: (text: string) => boolean
    try {
      ;({ matches } = compilePattern(pattern))
    } catch (error) {
      assert.ok(error instanceof BadPattern)
      assert.throws(() => regexOf([pattern]), BadPattern, pattern)
      wrong++
      continue
    }
    const expected = names.filter((name) => matches(name))
    assert.deepEqual(await taken([pattern]), expected, `${pattern} as ${regexOf([pattern])}`)
    matched += expected.length
  }
  assert.ok(matched > 1000 && wrong > 10, `${matched} matches and ${wrong} wrong patterns say little`)
})

test('several patterns take what any of them matches; the empty one takes everything', async () => {
  assert.deepEqual(await taken(['a/*', '0']), ['a/b', '0'])
  assert.deepEqual(await taken(['']), names)
  assert.deepEqual(await taken(['**']), names)
})
