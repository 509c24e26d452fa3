import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pageHeaders } from './paging.ts'
import { parseRange } from './range.ts'

test('one satisfiable range is returned, clipped to the size', () => {
  assert.deepEqual(parseRange('bytes=0-0', 10), { start: 0, end: 0 })
  assert.deepEqual(parseRange('bytes=2-4', 10), { start: 2, end: 4 })
  assert.deepEqual(parseRange('bytes=2-', 10), { start: 2, end: 9 })
  assert.deepEqual(parseRange('bytes=2-99', 10), { start: 2, end: 9 })
  assert.deepEqual(parseRange('bytes=-3', 10), { start: 7, end: 9 })
  assert.deepEqual(parseRange('bytes=-99', 10), { start: 0, end: 9 })
})

test('a range beyond the end cannot be satisfied', () => {
  for (const header of ['bytes=10-', 'bytes=10-12', 'bytes=9999999999999999-', 'bytes=-0'])
    assert.equal(parseRange(header, 10), 'unsatisfiable', header)
  for (const header of ['bytes=0-', 'bytes=0-0', 'bytes=-1'])
    assert.equal(parseRange(header, 0), 'unsatisfiable', header)
})

test('several ranges, other units and nonsense are ignored: the whole is sent', () => {
  for (const header of [
    undefined,
    '',
    'bytes=',
    'bytes=-',
    'bytes=0-1,3-4',
    'items=0-1',
    'bytes=5-2',
    'bytes=a-b',
    'bytes=1',
    'bytes=0x1-2',
    'bytes=1 - 2',
    `bytes=${'9'.repeat(40)}-`,
  ])
    assert.equal(parseRange(header, 10), undefined, header)
})

test('pages link to their neighbours, and keep the other parameters', () => {
  const headersOf = (query: Record<string, string | undefined>, page: number, total: number) => {
    const headers: Record<string, string> = {}
    pageHeaders('/p', query, page, 10, total, (name, value) => void (headers[name] = value))
    return headers
  }
  assert.deepEqual(headersOf({}, 1, 5), { 'x-total-count': '5' })
  assert.deepEqual(headersOf({ name: 'a&b', none: undefined }, 2, 25), {
    'x-total-count': '25',
    link: '</p?name=a%26b&page=1&page_size=10>; rel="prev" , </p?name=a%26b&page=3&page_size=10>; rel="next"',
  })
  assert.equal(headersOf({}, 3, 30)['link'], '</p?page=2&page_size=10>; rel="prev"')
})
