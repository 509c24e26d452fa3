import assert from 'node:assert/strict'
import { test } from 'node:test'
import { andThen, type Maybe } from './maybe.ts'

const twice = (value: number): Maybe<number> => value * 2

test('what is here is gone on with at once, and what is on its way once it has come', async () => {
  assert.equal(andThen(1, twice), 2)
  const later = andThen(Promise.resolve(1), twice)
  assert.ok(later instanceof Promise)
  assert.equal(await later, 2)
})

test('a step may wait although the one before it did not', async () => {
  assert.equal(await andThen(1, async (value) => value + 1), 2)
})

test('what fails at once throws at once, and what fails later rejects', async () => {
  const fail = () => {
    throw new Error('failed')
  }
  assert.throws(() => andThen(1, fail), /failed/)
  await assert.rejects(async () => andThen(Promise.resolve(1), fail), /failed/)
})
