import assert from 'node:assert/strict'
import { test } from 'node:test'
import { topic, type Actor } from './topic.ts'

const by: Actor = { kind: 'user', id: 7, name: 'anna' }
const planted = topic<{ treeId: number; place: string }>('tree.planted', { resource: ({ place }) => place })
const felled = topic<{ treeId: number }>('tree.felled')

test('a topic makes facts and reads only its own', () => {
  const made = planted({ treeId: 1, place: 'yard' }, by)
  assert.deepEqual(made, { topic: 'tree.planted', payload: { treeId: 1, place: 'yard', by } })
  const told = { ...made, id: 9, occurredAt: new Date(0), address: null, requestId: null }
  assert.deepEqual(planted.read(told), { treeId: 1, place: 'yard', by })
  assert.equal(felled.read(told), undefined)
  assert.deepEqual([planted.is(told), felled.is(told)], [true, false])
  assert.equal(planted.wording.resource?.(told.payload), 'yard')
})
