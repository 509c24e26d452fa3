import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openDemand } from './demand.ts'

test('a process that is busy for two seconds gets help, up to the most', () => {
  const demand = openDemand({ least: 1, most: 2 })
  assert.equal(demand.note(0, 0.9, 0), false)
  assert.equal(demand.note(0, 0.9, 1000), true)
  assert.equal(demand.wanted(), 2)
  for (let at = 2000; at < 10_000; at += 1000) assert.equal(demand.note(0, 0.9, at), false)
})

test('busy seconds with quiet ones between them start nothing', () => {
  const demand = openDemand({ least: 1, most: 8 })
  for (let at = 0; at < 60_000; at += 1000) assert.equal(demand.note(0, at % 2000 === 0 ? 0.9 : 0.3, at), false)
  // An idle process sends nothing at all.
  for (let at = 100_000; at < 160_000; at += 5000) assert.equal(demand.note(0, 0.9, at), false)
})

test('after five quiet minutes the last process ends, and never one of the least', () => {
  const demand = openDemand({ least: 1, most: 3 })
  demand.note(0, 1, 0)
  demand.note(0, 1, 1000)
  assert.equal(demand.settle(10_000), false)
  assert.equal(demand.settle(309_000), false)
  assert.equal(demand.settle(310_000), true)
  assert.equal(demand.wanted(), 1)
  assert.equal(demand.settle(10_000_000), false)
})

test('a process that still has work to share is kept', () => {
  const demand = openDemand({ least: 1, most: 2 })
  demand.note(0, 1, 0)
  demand.note(0, 1, 1000)
  for (let at = 2000; at < 1_000_000; at += 1000) {
    demand.note(0, 0.3, at)
    demand.note(1, 0.3, at)
    assert.equal(demand.settle(at), false)
  }
})
