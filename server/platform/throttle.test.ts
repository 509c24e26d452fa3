import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openThrottle } from './throttle.ts'

/** A clock that a pause moves on. */
function openClock() {
  let time = 0
  return { now: () => time, pause: async (ms: number) => void (time += ms), pass: (ms: number) => void (time += ms) }
}

async function* chunks(count: number, size: number) {
  for (let at = 0; at < count; at++) yield Buffer.alloc(size)
}

const signal = new AbortController().signal

test('S3-46: bytes pass at the rate of the policy, within a tenth, whatever the size of the chunks', async () => {
  for (const size of [100, 16 * 1024, 1024 * 1024]) {
    const clock = openClock()
    const throttle = openThrottle(512 * 1024, signal, clock)
    let bytes = 0
    for await (const chunk of throttle.through(chunks(Math.ceil((8 * 2 ** 20) / size), size))) bytes += chunk.length
    const rate = bytes / (clock.now() / 1000)
    assert.ok(Math.abs(rate / (512 * 1024) - 1) < 0.1, `${size}: ${rate}`)
  }
})

test('S3-46: streams of one task share the rate, and a time without bytes is not made up for', async () => {
  const clock = openClock()
  const throttle = openThrottle(1000, signal, clock)
  const read = async (count: number) => {
    for await (const _ of throttle.through(chunks(count, 500)));
  }
  await Promise.all([read(10), read(10)])
  assert.ok(clock.now() >= 9900 && clock.now() <= 10_100, String(clock.now()))
  clock.pass(60_000)
  const before = clock.now()
  await read(10)
  assert.ok(clock.now() - before >= 4900)
})

test('S3-46: a rate of 0 is no limit', async () => {
  const source = chunks(1, 1)
  assert.equal(openThrottle(0, signal).through(source), source)
})

test('bytes that are counted as they come wait as a stream does', async () => {
  const clock = openClock()
  const { passed } = openThrottle(64 * 1024, signal, clock)
  let pauses = 0
  for (let at = 0; at < 256; at++) {
    // The line is four times as fast as the rate.
    clock.pass(62.5)
    const pause = passed(16 * 1024)
    if (pause) pauses++
    await pause
  }
  const rate = (256 * 16 * 1024 * 1000) / clock.now()
  assert.ok(Math.abs(rate / (64 * 1024) - 1) < 0.1, String(rate))
  assert.ok(pauses > 100)
  assert.equal(openThrottle(0, signal).passed(1e9), undefined)
})
