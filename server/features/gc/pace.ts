import { setTimeout as sleep } from 'node:timers/promises'

/** Holds up whoever takes more than so many per second. */
export type Pace = { take(count: number, signal: AbortSignal): Promise<void> }

/** `perSecond` 0: no limit. */
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
