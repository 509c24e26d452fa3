import { setTimeout as sleep } from 'node:timers/promises'

/** A throttle: a caller that takes more than the rate allows waits until it fits. */
export type Pace = { take(count: number, signal: AbortSignal): Promise<void> }

/** Makes a throttle of `perSecond` items per second; 0 means no limit. */
export function openPace(perSecond: number): Pace {
  let freeAt = performance.now()
  return {
    async take(count, signal) {
      if (perSecond === 0) return
      const now = performance.now()
      const wait = freeAt - now
      freeAt = Math.max(now, freeAt) + (count / perSecond) * 1000
      if (wait > 0) await sleep(wait, undefined, { signal })
    },
  }
}
