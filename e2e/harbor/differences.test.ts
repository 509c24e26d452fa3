import assert from 'node:assert/strict'
import { test } from 'node:test'
import { differences } from './differences.ts'

const answer = (body: unknown, headers: Record<string, string> = {}, status = 200) => ({ status, headers, body })
const placesOf = (theirs: ReturnType<typeof answer>, ours: ReturnType<typeof answer>) =>
  differences(theirs, ours).map(({ at }) => at)

test('ids, times, hosts and the order of parameters are no differences', () => {
  const link = (query: string) => ({ link: `</api/v2.0/projects?${query}>; rel="next"` })
  const theirs = answer(
    { id: 1, url: 'http://127.0.0.1:8080', creation_time: '2026-01-01T00:00:00Z' },
    link('page=2&q=a'),
  )
  const ours = answer(
    { id: 7, url: 'http://127.0.0.1:9090', creation_time: '2026-02-02T00:00:00Z' },
    link('q=a&page=2'),
  )
  assert.deepEqual(placesOf(theirs, ours), [])
})

test('status, headers, members, values, and what stands in lists are compared', () => {
  assert.deepEqual(placesOf(answer(null, {}, 200), answer(null, {}, 404)), ['status'])
  assert.deepEqual(placesOf(answer(null, { location: '/a/1' }), answer(null)), ['location'])
  assert.deepEqual(placesOf(answer({ a: 1 }), answer({ b: 1 })), ['body.a', 'body.b'])
  assert.deepEqual(placesOf(answer({ a: [{ name: 'x' }] }), answer({ a: [{ name: 'y' }, {}] })), [
    'body.a.length',
    'body.a[].name',
  ])
  assert.deepEqual(placesOf(answer({ id: 1 }), answer({ id: '1' })), ['body.id'], 'of another type')
  const right = (action: string) => answer([{ resource: 'tag', action }])
  assert.deepEqual(placesOf(right('list'), right('delete')), ['body[]'])
})
