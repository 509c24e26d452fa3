import type { Db } from '../db/db.ts'
import { factsWritten } from './emit.ts'

/** Tells whether a commit of this process wrote facts since the last `reset`. */
export type Hint = {
  reset(): void
  isGiven(): boolean
  /** The same as a commit with facts. */
  give(): void
  /** Waits until there is a hint, the time is over, or `closing` is aborted. */
  wait(atMostMs: number): Promise<void>
  close(): void
}

export function hintOf(db: Pick<Db, 'onTold'>, closing: AbortSignal): Hint {
  let isGiven = false
  let wake = () => {}
  const give = () => {
    isGiven = true
    wake()
  }
  const close = db.onTold(factsWritten, give)
  closing.addEventListener('abort', () => wake(), { once: true })
  return {
    reset: () => void (isGiven = false),
    isGiven: () => isGiven,
    give,
    wait(atMostMs) {
      if (isGiven || closing.aborted) return Promise.resolve()
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, atMostMs)
      wake = resolve
      return promise.finally(() => clearTimeout(timer))
    },
    close,
  }
}
