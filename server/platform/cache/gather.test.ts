import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { gathered } from './gather.ts'

const numbers = (ids: number[]) => new Map(ids.filter((id) => id >= 0).map((id) => [id, id * 10]))

test('ids asked for while a read runs go into the next one, and each caller gets those it asked for', async () => {
  const reads: number[][] = []
  const ask = gathered(async (ids: number[]) => (reads.push(ids), await sleep(5), numbers(ids)), { atOnce: 1, most: 4 })
  const answers = await Promise.all([ask([1]), ask([2, 3]), ask([3, -1]), ask([5, 6, 7, 8, 9])])
  assert.deepEqual(reads, [[1], [2, 3, -1], [5, 6, 7, 8, 9]])
  assert.deepEqual(
    answers.map((one) => [...one]),
    [
      [[1, 10]],
      [
        [2, 20],
        [3, 30],
      ],
      [[3, 30]],
      [5, 6, 7, 8, 9].map((id) => [id, id * 10]),
    ],
  )
})

test('a read begins after all its callers asked, and the number that run at once is limited', async () => {
  let [running, most] = [0, 0]
  const ask = gathered(
    async (asked: number[]) => {
      most = Math.max(most, ++running)
      const startedAt = performance.now()
      await sleep(2)
      running--
      return new Map(asked.map((askedAt) => [askedAt, startedAt]))
    },
    { atOnce: 3, most: 10 },
  )
  await Promise.all(
    Array.from({ length: 60 }, async () => {
      await sleep(Math.random() * 20)
      const askedAt = performance.now()
      const startedAt = (await ask([askedAt])).get(askedAt)!
      assert.ok(startedAt >= askedAt)
    }),
  )
  assert.ok(most <= 3 && most > 1)
})

test('a read that fails rejects for all callers that share it, and the next one runs', async () => {
  let isBroken = true
  const ask = gathered(
    async (ids: number[]) => {
      await sleep(1)
      if (isBroken) throw new Error('broken')
      return numbers(ids)
    },
    { atOnce: 1, most: 100 },
  )
  const results = await Promise.allSettled([ask([1]), ask([2]), ask([3])])
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'rejected', 'rejected'],
  )
  isBroken = false
  assert.deepEqual([...(await ask([1]))], [[1, 10]])
})
