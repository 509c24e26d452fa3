import assert from 'node:assert/strict'
import { test } from 'node:test'
import { beginOf, isWithin, parseTimeWindow } from './window.ts'

test('a time window says when it begins', () => {
  assert.deepEqual(
    ['08:05-17:00', '22:30-06:00'].map((text) => beginOf(parseTimeWindow(text))),
    ['08:05 UTC', '22:30 UTC'],
  )
})

const at = (time: string) => new Date(`2026-01-01T${time}:00Z`)

test('a time window includes its first minute and excludes its last, over midnight too', () => {
  const [day, night] = [parseTimeWindow('08:30-17:00'), parseTimeWindow('22:00-06:00')]
  for (const [window, inside, outside] of [
    [day, ['08:30', '12:00', '16:59'], ['08:29', '17:00', '00:00']],
    [night, ['22:00', '23:59', '00:00', '05:59'], ['06:00', '12:00', '21:59']],
  ] as const) {
    for (const time of inside) assert.ok(isWithin(window, at(time)), time)
    for (const time of outside) assert.ok(!isWithin(window, at(time)), time)
  }
})
