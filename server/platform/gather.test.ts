import assert from 'node:assert/strict'
import { test } from 'node:test'
import { batching, gathering } from './gather.ts'

test('items given together make one batch of at most the limit, and those given meanwhile the next', async () => {
  const rounds: number[][] = []
  const ask = gathering(async (items: number[]) => {
    rounds.push(items)
    await new Promise((resolve) => setTimeout(resolve, 5))
    return new Set(items)
  }, 3)
  const first = [1, 2, 3, 4].map(ask)
  await first[0]
  const answers = await Promise.all([...first, ask(5), ask(6)])
  assert.deepEqual(rounds, [[1, 2, 3], [4], [5, 6]])
  assert.ok(answers.every((answer, index) => answer.has(index + 1)))
})

test('a batch that fails rejects for its callers, and the next one runs nevertheless', async () => {
  const ask = gathering(async ([item]: number[]) => {
    if (item === 1) throw new Error('no')
    return item
  }, 1)
  const [one, two] = await Promise.allSettled([ask(1), ask(2)])
  assert.equal(one.status, 'rejected')
  assert.deepEqual(two, { status: 'fulfilled', value: 2 })
  assert.equal(await ask(3), 3)
})

test('an item that fails in a batch fails alone, and batches of another key do not wait', async () => {
  const rounds: string[][] = []
  const ask = batching({
    async ask(items: string[]) {
      rounds.push(items)
      if (items.includes('bad')) throw new Error('bad')
      return items.map((item) => item.toUpperCase())
    },
    keyOf: (item) => (item === 'other' ? 'other' : ''),
    isCommon: () => false,
    atMost: 10,
  })
  const answers = await Promise.allSettled(['a', 'bad', 'other', 'c'].map(ask))
  assert.deepEqual(
    answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : answer.reason instanceof Error)),
    ['A', true, 'OTHER', 'C'],
  )
  assert.deepEqual(rounds, [['a', 'bad', 'c'], ['other'], ['a'], ['bad'], ['c']])
})

test('an error that all items have in common is not asked for again', async () => {
  let count = 0
  const ask = batching({
    async ask(): Promise<number[]> {
      count++
      throw new Error('away')
    },
    isCommon: () => true,
    atMost: 10,
  })
  const answers = await Promise.allSettled([1, 2, 3].map(ask))
  assert.ok(answers.every(({ status }) => status === 'rejected'))
  assert.equal(count, 1)
})

test('items that share a name never share a batch, and come in their order', async () => {
  const rounds: string[][] = []
  const ask = batching({
    async ask(items: string[]) {
      rounds.push(items)
      return items
    },
    isCommon: () => false,
    atMost: 3,
    apart: (item) => [item[0]!],
  })
  await Promise.all(['a1', 'a2', 'b1', 'a3', 'c1', 'd1', 'b2'].map(ask))
  assert.deepEqual(rounds, [['a1', 'b1', 'c1'], ['a2', 'd1', 'b2'], ['a3']])
})

test('a batch that takes long holds up no later one', async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>()
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  const ask = batching({
    async ask(items: string[]) {
      begin()
      if (items.includes('slow')) await held
      return items
    },
    isCommon: () => false,
    atMost: 10,
    patienceMs: 1,
  })
  const slow = ask('slow')
  // What is asked for in the same moment would share its batch.
  await begun
  assert.equal(await ask('other'), 'other')
  release()
  assert.equal(await slow, 'slow')
})
