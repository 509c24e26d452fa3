import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatAgo, formatBytes, formatCount, formatDuration, formatShare, shortDigest } from './format.ts'

test('bytes are shown in powers of 1024 with three digits at most', () => {
  const cases: [number, string][] = [
    [0, '0 B'],
    [1023, '1,023 B'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [200 * 1024 + 300, '200 KiB'],
    [5 * 1024 ** 3, '5 GiB'],
    [1024 ** 6 * 3, '3,072 PiB'],
  ]
  for (const [bytes, text] of cases) assert.equal(formatBytes('en', bytes), text)
  assert.equal(formatBytes('de', 1536), '1,5 KiB')
})

test('counts and shares follow the language', () => {
  assert.equal(formatCount('en', 1_234_567), '1,234,567')
  assert.equal(formatCount('de', 1_234_567), '1.234.567')
  assert.equal(formatShare('en', 0.123), '12%')
  assert.equal(formatShare('en', 0.015), '1.5%')
})

test('times are told by the largest unit that fits', () => {
  const now = Date.parse('2026-01-31T12:00:00Z')
  const cases: [seconds: number, text: string][] = [
    [-20, 'now'],
    [-61, '1 minute ago'],
    [-3 * 3600, '3 hours ago'],
    [-86_400, 'yesterday'],
    [8 * 86_400, 'next week'],
    [-400 * 86_400, 'last year'],
  ]
  for (const [seconds, text] of cases) assert.equal(formatAgo('en', now + seconds * 1000, now), text)
  assert.equal(formatAgo('de', now - 3 * 3_600_000, now), 'vor 3 Stunden')
})

test('durations have two units at most', () => {
  assert.equal(formatDuration('en', 12), '12 ms')
  assert.equal(formatDuration('en', 3200), '3.2 sec')
  assert.equal(formatDuration('en', 65_000), '1 min 5 sec')
  assert.equal(formatDuration('en', 3_900_000), '1 hr 5 min')
})

test('a digest is shortened to 12 digits, and other text stays', () => {
  assert.equal(shortDigest(`sha256:${'a'.repeat(64)}`), 'sha256:aaaaaaaaaaaa')
  assert.equal(shortDigest('latest'), 'latest')
})
