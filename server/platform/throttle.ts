import { setTimeout as sleep } from 'node:timers/promises'
import type { Bytes } from './blobs/blobs.ts'

/** Lets bytes through at a bounded rate. Streams that share one share its rate. */
export type Throttle = {
  through(bytes: Bytes): Bytes
  /** Counts bytes that have come; a promise where the next ones have to wait until it resolves. */
  passed(count: number): Promise<void> | undefined
}

/** How far a stream may run ahead of the rate, in ms: a pause for each chunk would cost more than it saves. */
const aheadMs = 50

/** How much of a time without bytes is made up for, in ms: the first bytes after a pause have a way to go. */
const behindMs = 100

/** The clock in ms, and a pause; tests have their own. */
type Clock = { now(): number; pause(ms: number, signal: AbortSignal): Promise<void> }

const realClock: Clock = {
  now: () => performance.now(),
  pause: (ms, signal) => sleep(ms, undefined, { signal }),
}

/** `bytesPerSecond` 0: no limit. The rate is kept over any time, however large the chunks are. */
export function openThrottle(bytesPerSecond: number, signal: AbortSignal, clock = realClock): Throttle {
  if (bytesPerSecond === 0) return { through: (bytes) => bytes, passed: () => undefined }
  /** When the bytes so far may all have passed. */
  let passedAt = clock.now()
  const passed = (count: number) => {
    passedAt = Math.max(passedAt, clock.now() - behindMs) + (count * 1000) / bytesPerSecond
    const early = passedAt - clock.now()
    return early > aheadMs ? clock.pause(early, signal) : undefined
  }
  return {
    passed,
    async *through(bytes) {
      for await (const chunk of bytes) {
        await passed(chunk.length)
        yield chunk
      }
    },
  }
}
