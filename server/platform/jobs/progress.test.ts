import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openProgress } from './progress.ts'
import type { Params } from './type.ts'

test('a write of progress waits for the one under way, so that an older one never comes last', async () => {
  const written: Params[] = []
  const begun: (() => void)[] = []
  const progress = openProgress((attrs) => new Promise((resolve) => begun.push(() => (written.push(attrs), resolve()))))
  progress.note({ done: 1 })
  const first = progress.flush()
  progress.note({ done: 2 })
  const last = progress.flush()
  await Promise.resolve()
  // If both were under way, the second could end first.
  for (let turn = 0; written.length < 2; turn++) {
    assert.ok(turn < 10)
    begun.pop()?.()
    await new Promise(setImmediate)
  }
  await Promise.all([first, last])
  assert.deepEqual(written, [{ done: 1 }, { done: 2 }])
})

test('an attribute that a job writes itself replaces its noted progress, and no other', async () => {
  const written: Params[] = []
  const progress = openProgress(async (attrs) => void written.push(attrs))
  progress.note({ done: 1, estimate: 5 })
  await progress.overtake({ done: 2 })
  await progress.flush()
  assert.deepEqual(written, [{ estimate: 5 }])
})
