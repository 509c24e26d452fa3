import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openPlaces, type Places } from './places.ts'

/** Lets everything run that need not wait. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

/** Callers that enter in order; `leave` gives back a place of one that is in. */
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

test('places go to the keys in turn, and within a key to the caller that waits longest', async () => {
  const { come, leave, order } = openRoom(openPlaces({ places: 1 }))
  await come('a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'b2')
  for (const one of ['a1', 'a2', 'b1', 'c1', 'a3', 'b2']) await leave(one)
  assert.deepEqual(order, ['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4'])
})

test('a caller that leaves and enters again waits behind the others', async () => {
  const { come, leave, order } = openRoom(openPlaces({ places: 1 }))
  await come('a1', 'a2')
  await Promise.all([leave('a1'), come('a3')])
  await leave('a2')
  assert.deepEqual(order, ['a1', 'a2', 'a3'])
})

test('one key has at most its share, and other keys get the rest at once', async () => {
  const { come, leave, order } = openRoom(openPlaces({ places: 3, share: 2 }))
  await come('a1', 'a2', 'a3', 'b1')
  assert.deepEqual(order, ['a1', 'a2', 'b1'])
  await leave('b1')
  assert.equal(order.length, 3)
  await leave('a2')
  assert.equal(order[3], 'a3')
})

test('a caller that gives up waiting holds no place, and at the end all places are free', async () => {
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
