import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { eventually } from '../../testing/http.ts'
import { backOffMs, Keeper, type Kept } from './keeper.ts'

/** A real process that does nothing until it is told to end. */
async function startIdle(): Promise<Kept & { pid: number }> {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' })
  await once(child, 'spawn')
  const exited = once(child, 'exit').then(([code, signal]) => `ended with ${String(signal ?? code)}`)
  const stop = async () => {
    child.kill('SIGTERM')
    await exited
  }
  return { pid: child.pid!, exited, stop }
}

test('a process that is killed is replaced by another one, and reported once', async () => {
  const ends: string[] = []
  const ready: number[] = []
  const keeper = new Keeper({
    start: startIdle,
    onReady: ({ pid }) => void ready.push(pid),
    onEnded: (_, how) => void ends.push(how),
    onFailed: () => assert.fail('nothing fails to start'),
  })
  await keeper.begin()
  await eventually(() => assert.equal(ready.length, 1))
  assert.equal(keeper.isWell, true)
  process.kill(ready[0]!, 'SIGKILL')
  await eventually(() => assert.equal(ready.length, 2))
  assert.deepEqual(ends, ['ended with SIGKILL'])
  assert.notEqual(ready[0], ready[1])
  await keeper.stop()
  assert.deepEqual([ends.length, ready.length, keeper.process], [1, 2, undefined])
})

test('a process that ends again and again is not well, until it has lived for a minute', async () => {
  let pid = 0
  const keeper = new Keeper({
    start: startIdle,
    onReady: (one) => void (pid = one.pid),
    onEnded: () => {},
    onFailed: () => {},
  })
  await keeper.begin()
  for (let ends = 0; ends < 2; ends++) {
    await eventually(() => assert.ok(keeper.process?.pid === pid && pid > 0))
    const before = pid
    process.kill(pid, 'SIGKILL')
    await eventually(() => assert.notEqual(pid, before))
  }
  assert.equal(keeper.isWell, false)
  await keeper.stop()
})

test('a replacement that cannot be started is tried again after a back-off; stopping ends that', async () => {
  let isBroken = false
  let failures = 0
  const keeper = new Keeper({
    start: () => (isBroken ? Promise.reject(new Error('no')) : startIdle()),
    onReady: () => {},
    onEnded: () => {},
    onFailed: () => void failures++,
  })
  await keeper.begin()
  await eventually(() => assert.ok(keeper.process))
  isBroken = true
  process.kill(keeper.process!.pid, 'SIGKILL')
  await eventually(() => assert.ok(failures >= 2))
  assert.equal(keeper.isWell, false)
  isBroken = false
  await eventually(() => assert.ok(keeper.process))
  await keeper.stop()
})

test('the first start is not tried again: its error is the answer', async () => {
  const keeper = new Keeper<Kept>({
    start: () => Promise.reject(new Error('port in use')),
    onReady: () => {},
    onEnded: () => {},
    onFailed: () => {},
  })
  await assert.rejects(keeper.begin(), /port in use/)
  await keeper.stop()
})

test('the back-off doubles from 250 ms up to 30 s', () => {
  assert.deepEqual([0, 1, 2, 3, 4, 20].map(backOffMs), [0, 0, 250, 500, 1000, 30_000])
})
