import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTurns } from './turns.ts'

test('a limited number of one key run at once, in order, and another key is not held up', async () => {
  const turns = openTurns({ atOnce: 2, waitMs: 5000 })
  const order: number[] = []
  let running = 0
  let most = 0
  const work = (index: number) => async () => {
    order.push(index)
    most = Math.max(most, ++running)
    await new Promise((resolve) => setTimeout(resolve, 5))
    running--
    return index
  }
  const crowd = Array.from({ length: 20 }, (_, index) => turns.take('one', work(index)))
  await turns.take('two', () => Promise.resolve())
  assert.ok(order.length < 20, 'the other key waited for the crowd')
  assert.deepEqual(
    await Promise.all(crowd),
    Array.from({ length: 20 }, (_, index) => index),
  )
  assert.deepEqual([most, order], [2, Array.from({ length: 20 }, (_, index) => index)])
})

test('a failure passes the turn on, and a caller that waited too long gets an error and no turn', async () => {
  const turns = openTurns({ atOnce: 1, waitMs: 40 })
  await assert.rejects(
    turns.take('one', () => Promise.reject(new Error('broken'))),
    /broken/,
  )
  let release = () => {}
  const holding = turns.take('one', () => new Promise<void>((resolve) => (release = resolve)))
  let ran = false
  await assert.rejects(
    turns.take('one', async () => void (ran = true)),
    { name: 'TurnsFull' },
  )
  release()
  await holding
  assert.equal(await turns.take('one', () => Promise.resolve('again')), 'again')
  assert.equal(ran, false)
})
