import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openPlaces, type Places } from './places.ts'

/** Lets everything go on that can. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

/** People who come in this order; `leave` lets one go who is in. */
function openRoom(places: Places) {
  const order: string[] = []
  const inside = new Map<string, Disposable>()
  return {
    order,
    async come(...who: string[]) {
      for (const one of who) {
        void places.enter(one[0]!).then((place) => {
          order.push(one)
          inside.set(one, place!)
        })
      }
      await settle()
    },
    async leave(who: string) {
      inside.get(who)![Symbol.dispose]()
      await settle()
    },
  }
}

test('places go from key to key in turn, whoever came first, and within a key to who waits longest', async () => {
  const { come, leave, order } = openRoom(openPlaces({ places: 1 }))
  await come('a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'b2')
  for (const one of ['a1', 'a2', 'b1', 'c1', 'a3', 'b2']) await leave(one)
  assert.deepEqual(order, ['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4'])
})

test('who leaves and comes again stands behind those who wait', async () => {
  const { come, leave, order } = openRoom(openPlaces({ places: 1 }))
  await come('a1', 'a2')
  await Promise.all([leave('a1'), come('a3')])
  await leave('a2')
  assert.deepEqual(order, ['a1', 'a2', 'a3'])
})

test('one key has its share at most, and the rest is there for others at once', async () => {
  const { come, leave, order } = openRoom(openPlaces({ places: 3, share: 2 }))
  await come('a1', 'a2', 'a3', 'b1')
  assert.deepEqual(order, ['a1', 'a2', 'b1'])
  await leave('b1')
  assert.equal(order.length, 3)
  await leave('a2')
  assert.equal(order[3], 'a3')
})

test('who gives up waiting holds no place, and at the end nobody is there', async () => {
  const places = openPlaces({ places: 1 })
  const first = await places.enter('a')
  const [leaving, gone] = [new AbortController(), AbortSignal.abort()]
  const given = places.enter('b', leaving.signal)
  leaving.abort()
  assert.deepEqual([await given, await places.enter('c', gone), places.isEmpty()], [undefined, undefined, false])
  first![Symbol.dispose]()
  assert.equal(places.isEmpty(), true)
  ;(await places.enter('d', leaving.signal)) satisfies undefined | Disposable
  assert.equal(places.isEmpty(), true)
})
