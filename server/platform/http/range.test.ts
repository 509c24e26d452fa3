import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pageHeaders } from './paging.ts'
import { parseRanges } from './range.ts'

test('satisfiable ranges are returned in the order of the header, clipped to the size', () => {
  assert.deepEqual(parseRanges('bytes=0-0', 10), [{ start: 0, end: 0 }])
  assert.deepEqual(parseRanges('bytes=2-4', 10), [{ start: 2, end: 4 }])
  assert.deepEqual(parseRanges('bytes=2-', 10), [{ start: 2, end: 9 }])
  assert.deepEqual(parseRanges(`bytes=2-${'9'.repeat(40)}`, 10), [{ start: 2, end: 9 }])
  assert.deepEqual(parseRanges('bytes=-3', 10), [{ start: 7, end: 9 }])
  assert.deepEqual(parseRanges('bytes=-99', 10), [{ start: 0, end: 9 }])
  const two = [
    { start: 5, end: 6 },
    { start: 0, end: 1 },
  ]
  for (const header of ['bytes=5-6,0-1', 'Bytes= 5-6 , 0-1', 'bytes=,5-6,,0-1', 'bytes=5-6,0-1,10-12'])
    assert.deepEqual(parseRanges(header, 10), two, header)
})

test('ranges beyond the end cannot be satisfied', () => {
  for (const header of ['bytes=10-', 'bytes=10-12', `bytes=${'9'.repeat(40)}-`, 'bytes=-0', 'bytes=10-,20-30'])
    assert.equal(parseRanges(header, 10), 'unsatisfiable', header)
  for (const header of ['bytes=0-', 'bytes=0-0', 'bytes=-1'])
    assert.equal(parseRanges(header, 0), 'unsatisfiable', header)
})

test('other units, nonsense, overlapping ranges and too many ranges are ignored: the whole is sent', () => {
  for (const header of [
    undefined,
    '',
    'bytes=',
    'bytes=,',
    'bytes=-',
    'items=0-1',
    'bytes=5-2',
    'bytes=0-1,5-2',
    'bytes=a-b',
    'bytes=1',
    'bytes=0x1-2',
    'bytes=1 - 2',
    'bytes=0-5,5-6',
    'bytes=0-,-1',
    `bytes=${'0-0,'.repeat(2000)}`,
  ])
    assert.equal(parseRanges(header, 10), undefined, header)
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
