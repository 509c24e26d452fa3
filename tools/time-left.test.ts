import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { leftInWords, noteSeconds, readSeconds, secondsLeft } from './time-left.ts'

const known = { a: 100, b: 60, c: 40, d: 20 }
let dir: string

before(async () => (dir = await mkdtemp(path.join(tmpdir(), 'time-left-'))))
after(() => rm(dir, { recursive: true }))

test('the time left is that of the busiest lane', () => {
  const none = { ended: {}, running: {}, known }
  assert.equal(secondsLeft({ ...none, waiting: ['a', 'b', 'c', 'd'], lanes: 1 }), 220)
  assert.equal(secondsLeft({ ...none, waiting: ['a', 'b', 'c', 'd'], lanes: 2 }), 120)
  assert.equal(secondsLeft({ ...none, waiting: ['a', 'b', 'c', 'd'], lanes: 9 }), 100)
  assert.equal(secondsLeft({ ...none, waiting: [], lanes: 2 }), 0)
})

test('a file that runs counts for the rest of its time, and for nothing when it takes longer', () => {
  const progress = { ended: {}, waiting: ['d'], lanes: 2, known }
  assert.equal(secondsLeft({ ...progress, running: { a: 70, b: 10 } }), 50)
  assert.equal(secondsLeft({ ...progress, running: { a: 500, b: 10 } }), 50)
})

test('a run that is twice as slow as the last one needs twice the time for the rest', () => {
  const progress = { running: {}, waiting: ['a'], lanes: 2, known }
  assert.equal(secondsLeft({ ...progress, ended: { b: 120, c: 80 } }), 200)
  assert.equal(secondsLeft({ ...progress, ended: { b: 30, c: 20 } }), 50)
})

test('a file without a time of its own counts like the shipped table says, or like most files', () => {
  const progress = { ended: {}, running: {}, lanes: 1, known: {} }
  const [shipped, other] = ['e2e/deploy.test.ts', 'new.test.ts'].map((file) =>
    secondsLeft({ ...progress, waiting: [file] }),
  )
  assert.ok(shipped! > 10 * other! && other! > 0, `${shipped} and ${other}`)
})

test('times are noted beside those of earlier runs; a damaged note is as good as none', async () => {
  const file = path.join(dir, 'below', 'seconds.json')
  assert.deepEqual(readSeconds(file), {})
  noteSeconds(file, { a: 1, b: 2 })
  noteSeconds(file, { b: 3 })
  assert.deepEqual(readSeconds(file), { a: 1, b: 3 })
  await writeFile(file, '{"a": 1, "b": "long"}')
  assert.deepEqual(readSeconds(file), { a: 1 })
  await writeFile(file, (await readFile(file, 'utf8')).slice(0, 5))
  assert.deepEqual(readSeconds(file), {})
})

test('the time left is told in whole minutes, rounded up', () => {
  assert.deepEqual([0, 59, 60, 61, 240, 241].map(leftInWords), [
    'less than a minute left',
    'less than a minute left',
    'about 1 min left',
    'about 2 min left',
    'about 4 min left',
    'about 5 min left',
  ])
})
