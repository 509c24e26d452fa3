import assert from 'node:assert/strict'
import { test } from 'node:test'
import { factorsIn, tiersIn, tiersText } from './score-factors.ts'

test('tiers are written as lines, and read from them again', () => {
  const tiers = [
    { from: 0, below: 31, multiplier: 100 },
    { from: 31, multiplier: 50 },
  ]
  const text = tiersText({ weight: 60, tiers, beyond: 0 })
  assert.equal(text, '0-31: 100\n31-: 50')
  assert.deepEqual(tiersIn(text), tiers)
  assert.deepEqual(tiersIn(' 5 - 10 : 7 \n\n'), [{ from: 5, below: 10, multiplier: 7 }])
  assert.deepEqual(tiersIn(''), [])
})

test('a line that is no tier makes the whole text none', () => {
  for (const text of ['0-31', '-31: 5', '0-31: x', '0-31: 100; 31-: 5', '0..31: 5'])
    assert.equal(tiersIn(text), undefined, text)
})

test('the values of the form become factors', () => {
  const values = { 'pull_count.weight': '20', 'pull_count.tiers': '10-: 100', 'pull_count.beyond': '50' }
  const { pull_count: count } = factorsIn(values)
  assert.deepEqual(count, { weight: 20, tiers: [{ from: 10, multiplier: 100 }], beyond: 50 })
})
