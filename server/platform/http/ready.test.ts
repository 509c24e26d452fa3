import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readyText } from './ready.ts'
import { serializedOnUse } from './schemas.ts'

const value = {
  type: 'object',
  patternProperties: {
    '^.*$': { type: 'object', properties: { total: { type: 'integer' }, word: { type: 'string' } } },
  },
}
const listOf = (one: object) => ({
  type: 'array',
  items: {
    type: 'object',
    required: ['id'],
    properties: { id: { type: 'integer' }, name: { type: 'string' }, found: one, after: { type: 'string' } },
  },
})
const plain = serializedOnUse(listOf(value))
const ready = serializedOnUse(listOf({ ...value, 'x-ready-text': true }))

/** Names that a careless search for the place of a text would take for one, and letters of two to four bytes. */
const names = ['plain', '\u0001', '"\u0001"', '\\u0001', 'é 漢 🐳', '"found":', '']
const rows = names.flatMap((name, index) => [
  { id: index, name, found: { 'a/b; c=1': { total: index, word: `ü${name}` } }, after: name },
  { id: index, name },
])

test('an answer with ready texts has the bytes that its schema gives to the values', () => {
  const texts = rows.map(({ found, ...row }) => (found ? { ...row, found: readyText(JSON.stringify(found)) } : row))
  const bytes = ready(texts)
  assert.equal(bytes.toString(), plain(rows))
  assert.deepEqual(JSON.parse(bytes.toString()), rows)
})

test('so has one that is longer than what is written at once', () => {
  const many = Array.from({ length: 1000 }, (_, index) => rows[index % rows.length]!)
  const bytes = ready(many.map((row) => (row.found ? { ...row, found: readyText(JSON.stringify(row.found)) } : row)))
  assert.ok(bytes.length > 50_000)
  assert.equal(bytes.toString(), plain(many))
})

test('an answer without ready texts, and one after an answer that failed, are complete', () => {
  assert.equal(ready([{ id: 1, name: 'a' }]).toString(), '[{"id":1,"name":"a"}]')
  assert.throws(() => ready([{ id: 1, found: readyText('{}') }, { name: 'no id' }]), /id.* is required/)
  assert.equal(ready([{ id: 2, found: readyText('{"a":{}}') }]).toString(), '[{"id":2,"found":{"a":{}}}]')
})
