import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseStrictJson } from './json.ts'

const parse = (text: string, depth?: number) => parseStrictJson(Buffer.from(text), depth)

test('ordinary JSON is read as JSON.parse reads it', () => {
  const texts = [
    '{}',
    '[]',
    'null',
    '[1, 0, -1, 1.5, -0.25, 1.5e-3]',
    '{"a":"1e3","1.0":2}',
    '"a"',
    '{"a":{"a":[{"a":1},{"a":2}]}}',
    ' { "a\\"b" : "c:d" , "e" : ["f", "f"] } ',
    '{"\\\\":1,"\\\\\\\\":2}',
    '{"a":"\\"a\\":1"}',
    '{"":{"":""}}',
    '{"a":"}","b":"{\\"a\\":1}"}',
  ]
  for (const text of texts) assert.deepEqual(parse(text), JSON.parse(text), text)
})

test('a duplicate key of an object is refused, in any spelling and at any depth', () => {
  const texts = [
    '{"a":1,"a":2}',
    '{"a":1,"b":2,"a":1}',
    '{"a":1,"\\u0061":2}',
    '[[{"x":{"a":[],"a":[]}}]]',
    '{"a" :1,\t"a"\n:2}',
    '{"a":{"b":1},"a":2}',
    '{"":1,"":2}',
    '{"__proto__":1,"__proto__":2}',
    '{"\\"":1,"\\u0022":2}',
  ]
  for (const text of texts) assert.throws(() => parse(text), /stands twice/, text)
})

test('a whole number that is not written in digits alone is refused, as by readers in Go and Rust', () => {
  for (const text of ['23.0', '1e3', '1E+3', '-2.0', '0.0', '-0', '{"size":2.3e1}', '[0,[1.0]]', '{"a":-0 }'])
    assert.throws(() => parse(text), /digits alone/, text)
})

test('bytes that are not UTF-8, or begin with a byte order mark, are refused', () => {
  assert.throws(() => parseStrictJson(Buffer.from([0x22, 0xff, 0x22])))
  assert.throws(() => parseStrictJson(Buffer.from('\uFEFF{}')))
  assert.throws(() => parseStrictJson(Buffer.from('{}', 'utf16le')))
  assert.throws(() => parseStrictJson(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])))
})

test('text that is almost JSON is refused', () => {
  for (const text of [
    '',
    '{',
    '{"a":1}x',
    '{"a":1}{"a":1}',
    "{'a':1}",
    '{a:1}',
    '[1,]',
    'NaN',
    '01',
    '"\n"',
    '{"a":1,}',
    '// a\n{}',
  ])
    assert.throws(() => parse(text), SyntaxError, text)
})

test('JSON nested deeper than the limit is refused', () => {
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
  assert.doesNotThrow(() => parse(nested(32)))
  assert.throws(() => parse(nested(33)), /32 levels/)
  assert.throws(() => parse(nested(3), 2), /2 levels/)
  assert.throws(() => parse('{"a":'.repeat(100_000)), SyntaxError)
})

test('a __proto__ key stays a key and touches no other object', () => {
  const value = parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}') as object
  assert.ok(Object.hasOwn(value, '__proto__'))
  assert.equal(({} as { polluted?: number }).polluted, undefined)
})

test('four megabytes are read in well under a second', () => {
  const text = JSON.stringify({
    annotations: Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`key-${index}`, 'v'.repeat(20)])),
  })
  const started = process.cpuUsage()
  parse(text)
  parse(`"${'\\"'.repeat(2_000_000)}"`)
  assert.ok(process.cpuUsage(started).user < 2000_000)
})
