import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStamps } from './stamps.ts'

const founded = () => {
  const stamps = openStamps()
  stamps.begin()
  stamps.found('g')
  return stamps
}

test('processes that heard of the same changes know the same stamp, in any order of the changes', () => {
  const [one, two] = [founded(), founded()]
  one.note('first', ['tag:id:1', 'tag:id:2'])
  one.note('second', ['tag:id:1'])
  two.note('second', ['tag:id:1'])
  assert.notEqual(one.of('tag:id:1'), two.of('tag:id:1'))
  two.note('first', ['tag:id:2', 'tag:id:1'])
  assert.deepEqual(
    [one.of('tag:id:1'), one.of('tag:id:2'), one.of('tag:id:3')],
    [two.of('tag:id:1'), two.of('tag:id:2'), two.of('tag:id:3')],
  )
})

test('every change of a key gives a new stamp, also for keys that share a slot', () => {
  const stamps = founded()
  // More keys than slots: some share one, and a change of both must not cancel out.
  const keys = Array.from({ length: 200_000 }, (_, index) => `blob:id:${index}`)
  const before = keys.map((key) => stamps.of(key))
  stamps.note('one change', keys)
  const after = keys.map((key) => stamps.of(key))
  assert.equal(keys.filter((_, index) => before[index] === after[index]).length, 0)
})

test('a process that joins has the table of the one it asked, and the changes made since', () => {
  const old = founded()
  old.note('a', ['tag:id:1'])
  const fresh = openStamps()
  assert.equal(fresh.of('tag:id:1'), undefined)
  fresh.begin()
  const copy = old.table()!
  for (const one of [old, fresh]) one.note('b', ['tag:id:1'])
  assert.equal(fresh.of('tag:id:1'), undefined)
  fresh.adopt(copy.generation, copy.table)
  assert.equal(fresh.of('tag:id:1'), old.of('tag:id:1'))
})

test('a table of the wrong size is refused, and a forgotten table has no stamps', () => {
  const stamps = founded()
  assert.throws(() => stamps.adopt('g', Buffer.alloc(10)), /bytes/)
  stamps.forget()
  assert.deepEqual([stamps.of('tag:id:1'), stamps.table()], [undefined, undefined])
})
