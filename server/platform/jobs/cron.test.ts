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
    '0 23-1 * * * *',
    '0 */0 * * * *',
    '0 *-5 * * * *',
    '0 61/5 * * * *',
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
    '0 5/15 * * * *',
    ...Object.values(namedCrons),
  ])
    assert.equal(checkCron(text), text)
})

test('a step from a number on goes to the end of the field, as in Harbor', () => {
  const day = ['02', '08', '14', '20'].map((hour) => `2026-11-21T${hour}:00:00.000Z`)
  for (const [index, at] of day.entries())
    assert.equal(next('0 0 2/6 * * *', day[index - 1] ?? '2026-11-21T00:00:00Z'), at)
  assert.equal(next('0 0 2/6 * * *', day[3]!), '2026-11-22T02:00:00.000Z')
  const minutes = ['05', '20', '35', '50'].map((minute) => `2026-11-21T10:${minute}:00.000Z`)
  for (const [index, at] of minutes.entries())
    assert.equal(next('0 5/15 * * * *', minutes[index - 1] ?? '2026-11-21T10:00:00Z'), at)
  assert.equal(next('0 0 0 1 mar/6,2 *', '2026-02-01T00:00:00Z'), '2026-03-01T00:00:00.000Z')
})

test('what is wrong with a cron is said in our own words', () => {
  for (const [text, words] of [
    ['0 0 24 * * *', '"24" is no hour of a cron: it goes from 0 to 23'],
    ['0 0 23-1 * * *', '"23-1" is no hour of a cron: the range ends before it begins'],
    ['0 */0 * * * *', '"*/0" is no minute of a cron: a step is 1 or more'],
    ['0 0 0 * * 7', '"7" is no day of the week of a cron: it goes from 0 to 6, and Sunday is 0'],
  ] as const)
    assert.throws(() => checkCron(text), { message: words })
})

test('times are UTC, Sunday is 0, and of day of the month and day of the week one match is enough', () => {
  assert.equal(next('0 30 2 * * *', '2026-03-29T01:59:00Z'), '2026-03-29T02:30:00.000Z')
  assert.equal(next('0 0 0 * * 0', '2026-11-21T10:00:00Z'), '2026-11-22T00:00:00.000Z')
  assert.equal(next('0 0 0 1 * 1', '2026-11-21T10:00:00Z'), '2026-11-23T00:00:00.000Z')
  assert.equal(next('0 0 * * * *', '2026-11-21T10:00:00Z'), '2026-11-21T11:00:00.000Z', 'strictly after')
  assert.equal(next('0 0 0 29 2 *', '2026-11-21T10:00:00Z'), '2028-02-29T00:00:00.000Z')
})
