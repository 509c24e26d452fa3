import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyOf, resourceOf } from './keys.ts'

test('S1-10: a key is resource:field:value, and may have more pairs of field and value', () => {
  assert.equal(keyOf('artifact', 'id')(7), 'artifact:id:7')
  assert.equal(keyOf('tag', 'repository', 'name')('library/alpine', '3.20'), 'tag:repository:library/alpine:name:3.20')
  assert.equal(resourceOf('project_metadata:project_id:1'), 'project_metadata')
})

test('S1-19: a key without a field, or with a word or value that may not be in one, is refused', () => {
  const anyKey = keyOf as (...all: unknown[]) => (...values: unknown[]) => string
  for (const words of [['tag'], ['', 'id'], ['Tag', 'id'], ['tag', 'id:x'], ['tag', 7], [undefined, 'id'], ['tag', '']])
    assert.throws(() => anyKey(...words), TypeError, JSON.stringify(words))
  const tagKey = keyOf('tag', 'repository', 'name') as (...values: unknown[]) => string
  for (const values of [
    ['a'],
    ['a', 'b', 'c'],
    [],
    ['a', undefined],
    ['a', null],
    ['a', {}],
    ['a', ['b']],
    ['a', true],
    ['a', 1.5],
    ['a', NaN],
    ['a', 2 ** 60],
    ['a', 1n],
  ]) {
    assert.throws(() => tagKey(...values), TypeError)
  }
})

test('two facts never share a key: only the last value may hold a colon', () => {
  const key = keyOf('manifest', 'repository', 'digest')
  assert.equal(key('library/a', 'sha256:00'), 'manifest:repository:library/a:digest:sha256:00')
  assert.throws(() => key('library/a:digest:sha256', '00'), TypeError)
})
