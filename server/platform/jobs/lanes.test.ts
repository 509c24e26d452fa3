import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lanes, laneOf } from './lanes.ts'
import { jobType } from './type.ts'

const enter = (lanes: Lanes, lane: string, count: number) => {
  for (let at = 0; at < count; at++) lanes.enter(lane)
}

test('S3-15: a lane alone takes all places but the spare ones, which a lane without a task finds free', () => {
  const lanes = new Lanes(10)
  enter(lanes, 'slow', 7)
  assert.deepEqual(lanes.full(), [])
  lanes.enter('slow')
  assert.deepEqual(lanes.full(), ['slow'])
  lanes.enter('other')
  // Both have to leave the last place to a third lane.
  assert.deepEqual(lanes.full(), ['slow', 'other'])
  assert.equal(lanes.isBeyondShare('other'), false)
  lanes.leave('slow')
  lanes.leave('slow')
  assert.deepEqual(lanes.full(), ['slow'])
})

test('S3-15: of tasks that several workers took at once, those beyond the share go back', () => {
  const lanes = new Lanes(10)
  enter(lanes, 'slow', 10)
  assert.equal(lanes.isBeyondShare('slow'), true)
  lanes.leave('slow')
  lanes.leave('slow')
  assert.equal(lanes.isBeyondShare('slow'), false)
})

test('S3-15: a lane that ended has its share no more', () => {
  const lanes = new Lanes(4)
  enter(lanes, 'a', 2)
  lanes.enter('b')
  assert.deepEqual(lanes.full(), ['a', 'b'])
  lanes.leave('b')
  assert.deepEqual(lanes.full(), [])
})

test('S3-15: a task has the lane that its type says', () => {
  const type = jobType<{ to: number }>({ name: 'COPY', lane: ({ to }) => String(to) })
  assert.equal(laneOf(type, { to: 7 }), 'lane:COPY/7')
  assert.equal(laneOf(jobType({ name: 'OTHER' }), {}), null)
})
