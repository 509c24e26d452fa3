import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextRun, rhythmOf, scheduleOf, type Rhythm } from './cron.ts'

test('a rhythm becomes a schedule of the API, and is read back from it', () => {
  const all: Rhythm[] = [
    { kind: 'none' },
    { kind: 'hourly' },
    { kind: 'daily', time: '03:05' },
    { kind: 'weekly', day: 6, time: '23:59' },
    { kind: 'cron', cron: '0 */10 * * * *' },
  ]
  for (const one of all) {
    const { type, cron } = scheduleOf(one)
    assert.deepEqual(rhythmOf(type, cron), one)
  }
  assert.deepEqual(scheduleOf({ kind: 'daily', time: '03:05' }), { type: 'Daily', cron: '0 5 3 * * *' })
})

test('named schedules without a cron are what Harbor means by them', () => {
  assert.deepEqual(rhythmOf('Daily', ''), { kind: 'daily', time: '00:00' })
  assert.deepEqual(rhythmOf('Weekly', undefined), { kind: 'weekly', day: 0, time: '00:00' })
  assert.deepEqual(rhythmOf(undefined, undefined), { kind: 'none' })
})

test('the next run is in UTC; a cron that nobody can read has none', () => {
  const after = new Date('2026-02-27T23:30:00Z')
  assert.equal(nextRun('0 0 3 * * *', after), '2026-02-28T03:00:00.000Z')
  assert.equal(nextRun('0 2/20 * * * *', after), '2026-02-27T23:42:00.000Z')
  assert.equal(nextRun('0 0 0 * * 0', after), '2026-03-01T00:00:00.000Z')
  assert.equal(nextRun('0 0 0 29 2 *', after), '2028-02-29T00:00:00.000Z')
  assert.equal(nextRun('0 30 2 * * MON-FRI', after), '2026-03-02T02:30:00.000Z')
  assert.equal(nextRun('0 0 12 1,15 JAN-JUN *', after), '2026-03-01T12:00:00.000Z')
  // Of two kinds of days one is enough.
  assert.equal(nextRun('0 0 0 1 * MON', after), '2026-03-01T00:00:00.000Z')
  for (const bad of ['nonsense', '0 0 0 * *', '0 60 * * * *', '0 0 0 30 2 *', '0 0 0 * * 7'])
    assert.equal(nextRun(bad, after), undefined, bad)
})
