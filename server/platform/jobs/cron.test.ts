import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BadCron, checkCron, namedCrons, nextAfter } from './cron.ts'

const next = (cron: string, after: string) => nextAfter(cron, new Date(after))?.toISOString()

test('a cron has six fields, the first of them 0, and fires at some time', () => {
  for (const text of [
    '',
    '* * * * *',
    '0 * * * *',
    '0 0 0 * * * 2030',
    '5 0 0 * * *',
    '* 0 0 * * *',
    '*/2 * * * * *',
    '0 60 * * * *',
    '0 0 24 * * *',
    '0 0 0 32 * *',
    '0 0 0 0 * *',
    '0 0 0 30 2 *',
    '0 0 0 L * *',
    '0 0 0 * * 1#2',
    '0 0 0 15W * *',
    '0 0 0 * * 8',
    '0 0 0 * * 7',
    '0 0 0 * * 5-7',
    '0 0 0 * * 1,7',
    '@daily',
    '0 0 0 * * *; drop',
    '0 a 0 * * *',
    `0 ${'1,'.repeat(200)}1 0 * * *`,
  ]) {
    assert.throws(() => checkCron(text), BadCron, text)
  }
  assert.equal(checkCron('  0  30 2 * *  1-5 '), '0 30 2 * * 1-5')
  for (const text of [
    '0 0 0 29 2 *',
    '0 0 0 * * */7',
    '0 */15 8-18 ? * MON-FRI',
    '0 0 0 1 JAN,JUL *',
    ...Object.values(namedCrons),
  ])
    assert.equal(checkCron(text), text)
})

test('times are UTC, Sunday is 0, and of day of the month and day of the week one match is enough', () => {
  assert.equal(next('0 30 2 * * *', '2026-03-29T01:59:00Z'), '2026-03-29T02:30:00.000Z')
  assert.equal(next('0 0 0 * * 0', '2026-11-21T10:00:00Z'), '2026-11-22T00:00:00.000Z')
  assert.equal(next('0 0 0 1 * 1', '2026-11-21T10:00:00Z'), '2026-11-23T00:00:00.000Z')
  assert.equal(next('0 0 * * * *', '2026-11-21T10:00:00Z'), '2026-11-21T11:00:00.000Z', 'strictly after')
  assert.equal(next('0 0 0 29 2 *', '2026-11-21T10:00:00Z'), '2028-02-29T00:00:00.000Z')
})
