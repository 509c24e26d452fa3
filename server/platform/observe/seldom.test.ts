import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seldom } from './seldom.ts'

test('the first error of a kind is reported at once, the next after a while, with the number in between', () => {
  const said: unknown[] = []
  let at = 0
  const warn = seldom(
    (reason, heldBack) => said.push([reason, heldBack]),
    1000,
    () => at,
  )
  for (const [when, text] of [
    [0, 'away'],
    [1, 'away'],
    [2, 'full'],
    [999, 'away'],
    [1000, 'away'],
    [1001, 'full'],
    [1999, 'away'],
    [5000, 'away'],
    [9000, 'full'],
  ] as const) {
    at = when
    warn(new Error(text))
  }
  assert.deepEqual(said, [
    ['Error: away', 0],
    ['Error: full', 0],
    ['Error: away', 2],
    ['Error: away', 1],
    ['Error: full', 1],
  ])
})

test('the number of kinds that are remembered is limited', () => {
  let said = 0
  const warn = seldom(
    () => said++,
    1000,
    () => 0,
  )
  for (let number = 0; number < 10_000; number++) warn(number)
  assert.equal(said, 10_000)
})
