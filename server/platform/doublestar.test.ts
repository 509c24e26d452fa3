import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BadPattern, compilePattern } from './doublestar.ts'

const table: [pattern: string, matching: string[], other: string[]][] = [
  ['', ['', 'a', 'a/b'], []],
  ['**', ['', 'a', 'a/b/c'], []],
  ['*', ['', 'a', 'v1.0-rc_1'], ['a/b', '/']],
  ['rel-*', ['rel-', 'rel-1', 'rel-1.2'], ['Rel-1', 'rel', 'xrel-1', 'rel-1/2']],
  ['*-rc', ['-rc', '1-rc'], ['1-rc1', 'a/1-rc']],
  ['v*.*', ['v1.2', 'v.', 'v1.2.3'], ['v1', '1.2']],
  ['a*b*c', ['abc', 'axxbxxc', 'abcbc'], ['ab', 'abcd']],
  ['?', ['a', 'é', '😀'], ['', 'ab', '/']],
  ['v?.?', ['v1.2'], ['v12.3', 'v1.']],
  ['[abc]', ['a', 'c'], ['d', '', 'ab']],
  ['[a-c1-3]x', ['ax', '2x'], ['dx', '4x']],
  ['[^a-c]', ['d', '-'], ['a', '/']],
  ['[!0-9]*', ['a1', 'latest'], ['1a', '']],
  ['[a-]', ['a', '-'], ['b']],
  ['[\\]]', [']'], ['\\']],
  ['{a,b}', ['a', 'b'], ['c', 'ab', '']],
  ['{v,rel-}[0-9]*', ['v1', 'rel-2.0'], ['va', 'rel-', 'x1']],
  ['{a,b{c,d}}e', ['ae', 'bce', 'bde'], ['be', 'ade']],
  ['{,x}y', ['y', 'xy'], ['xxy']],
  ['{*-rc,latest}', ['1-rc', 'latest'], ['latest1']],
  ['{**,x}', ['a/b', ''], []],
  ['\\*', ['*'], ['a', '\\*']],
  ['a\\{b', ['a{b'], ['ab']],
  ['a,b', ['a,b'], ['a']],
  ['library/*', ['library/a'], ['library', 'library/a/b', 'x/library/a']],
  ['library/**', ['library/', 'library/a', 'library/a/b'], ['librarya', 'x/library/a']],
  ['**/app', ['app', 'a/app', 'a/b/app'], ['xapp', 'app/x']],
  ['a/**/z', ['a/z', 'a/b/z', 'a/b/c/z'], ['az', 'a/bz', 'a/z/y']],
  ['**/a/**', ['a/', 'x/a/y', 'a/y', 'x/y/a/z/w'], ['xa/y']],
  ['a**b', ['ab', 'axb'], ['a/b']],
  ['***', ['', 'a/b'], []],
  ['.', ['.'], ['a']],
  ['(a|b)+$', ['(a|b)+$'], ['a']],
  ['ünï*', ['ünïcode'], ['uni']],
]

test('patterns match what they match in Harbor, and nothing else', () => {
  for (const [pattern, matching, other] of table) {
    const { matches } = compilePattern(pattern)
    for (const text of matching) assert.equal(matches(text), true, `${pattern} takes ${text}`)
    for (const text of other) assert.equal(matches(text), false, `${pattern} does not take ${text}`)
  }
})

test('a pattern that cannot be read is refused, and the error says why', () => {
  for (const pattern of ['[', '[a', '[]', '[z-a]', '{a', '{a,{b}', 'a\\', '{'.repeat(20) + '}'.repeat(20)])
    assert.throws(() => compilePattern(pattern), BadPattern, pattern)
})

test('a closing brace or a comma outside of braces matches itself', () => {
  assert.equal(compilePattern('a}').matches('a}'), true)
})

test('X27: 10 KB of hostile pattern are matched in less than 50 ms', () => {
  const texts = ['a'.repeat(128), `${'a'.repeat(127)}!`, 'a/'.repeat(127)]
  const patterns = [
    '*'.repeat(10_000),
    `${'*'.repeat(10_000)}!`,
    '*a'.repeat(5_000),
    '**/'.repeat(3_333),
    `{${'a,'.repeat(4_999)}}`,
    '?*'.repeat(5_000),
    `${'{a,'.repeat(15)}b${'}'.repeat(15)}`.repeat(100),
    '[a-z]*'.repeat(1_700),
  ]
  // Warms up: the measured runs use compiled code, as in a server that has been up for a while.
  for (const pattern of patterns) compilePattern(pattern).matches(texts[0]!)
  for (const pattern of patterns) {
    for (const text of texts) {
      // The best of three, so that a busy machine does not fail the test.
      const times = [0, 1, 2].map(() => {
        const start = performance.now()
        compilePattern(pattern).matches(text)
        return performance.now() - start
      })
      assert.ok(Math.min(...times) < 50, `${pattern.slice(0, 20)}… took ${Math.min(...times).toFixed(1)} ms`)
    }
  }
})
