import assert from 'node:assert/strict'
import { test } from 'node:test'
import { andThen, type Maybe } from './maybe.ts'

const twice = (value: number): Maybe<number> => value * 2

test('a step runs at once for a value, and later for a promise', async () => {
  assert.equal(andThen(1, twice), 2)
  const later = andThen(Promise.resolve(1), twice)
  assert.ok(later instanceof Promise)
  assert.equal(await later, 2)
})

test('a step may return a promise although the one before it did not', async () => {
  assert.equal(await andThen(1, async (value) => value + 1), 2)
})

test('a step that fails at once throws, and one that fails later rejects', async () => {
  const fail = () => {
    throw new Error('failed')
  }
  assert.throws(() => andThen(1, fail), /failed/)
  await assert.rejects(async () => andThen(Promise.resolve(1), fail), /failed/)
})
