import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cacheFaults, cacheMetadataOf, cacheValuesOf } from './cache-metadata.ts'

test('what a form shows of the metadata is what it saves', () => {
  const metadata = {
    proxy_cache_fresh_seconds: '60',
    proxy_cache_fixed_tags: 'v*',
    proxy_cache_when_gone: 'delete',
    proxy_cache_filter_pattern: '^library/',
    proxy_cache_filter_kind: 'regex',
    proxy_speed_kb: '1024',
    max_upstream_conn: '4',
    proxy_cache_bytes: String(50 * 1024 ** 3),
    proxy_cache_unpulled_days: '30',
    proxy_referrer_api: 'true',
  }
  const { referrers, ...values } = cacheValuesOf(metadata)
  assert.equal(referrers, true)
  assert.deepEqual(cacheMetadataOf({ ...values, referrers: 'on' }), metadata)
})

test('nothing said means the defaults: five minutes, no limits, a mark for what is gone', () => {
  const { referrers, ...values } = cacheValuesOf({ proxy_speed_kb: '-1', proxy_cache_bytes: '0' })
  assert.equal(referrers, false)
  assert.deepEqual([values.fresh, values.whenGone, values.speed, values.budget], ['300', 'mark', '', ''])
  const saved = cacheMetadataOf(values)
  assert.deepEqual(
    [saved['proxy_speed_kb'], saved['proxy_cache_bytes'], saved['proxy_cache_filter_kind']],
    ['-1', '0', ''],
  )
  assert.equal(cacheValuesOf({ proxy_cache_local_on_not_found: 'true' }).whenGone, 'keep')
})

test('numbers that are none are found at their fields', () => {
  assert.deepEqual(cacheFaults({ fresh: '-1', speed: '1.5', connections: '', unpulled: 'a', budget: '0' }), {
    fresh: 'fresh',
    speed: 'number',
    unpulled: 'number',
    budget: 'budget',
  })
  assert.deepEqual(cacheFaults({ fresh: '0', speed: '100', budget: '0.5' }), {})
})
