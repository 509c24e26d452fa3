import { setTimeout as sleep } from 'node:timers/promises'
import type { Bytes } from '../../../platform/blobs/blobs.ts'

/** Lets bytes through at a bounded rate. Streams that share one share its rate. */
export type Throttle = { through(bytes: Bytes): Bytes }

/** How far a stream may run ahead of the rate, in ms: a pause for each chunk would cost more than it saves. */
const aheadMs = 50

/** The clock in ms, and a pause; tests have their own. */
type Clock = { now(): number; pause(ms: number, signal: AbortSignal): Promise<void> }

const realClock: Clock = {
  now: () => performance.now(),
  pause: (ms, signal) => sleep(ms, undefined, { signal }),
}

/** `bytesPerSecond` 0: no limit. The rate is kept over any time, however large the chunks are. */
export function openThrottle(bytesPerSecond: number, signal: AbortSignal, clock = realClock): Throttle {
  if (bytesPerSecond === 0) return { through: (bytes) => bytes }
  /** When the bytes so far may all have passed. */
  let passedAt = clock.now()
  return {
    async *through(bytes) {
      for await (const chunk of bytes) {
        passedAt = Math.max(passedAt, clock.now()) + (chunk.length * 1000) / bytesPerSecond
        const early = passedAt - clock.now()
        if (early > aheadMs) await clock.pause(early, signal)
        yield chunk
      }
    },
  }
}
