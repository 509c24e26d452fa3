import { setTimeout as sleep } from 'node:timers/promises'
import { failedCall } from './answers.ts'
import type { Line, Question } from './line.ts'

/** Bytes without a cut that count as progress: after them a cut line may be opened anew as often as before. */
export const progressBytes = 64 * 1024

/** The tries of one body that is received. */
interface Tries {
  /**
   * To be called when the line was cut after `received` more bytes: waits before the next try. Throws the error when
   * another try cannot end better, or there is none left.
   */
  next(failure: unknown, received: number): Promise<void>
}

export function openTries(line: Line, question: Question): Tries {
  const { limits, signal } = line
  let [tries, since] = [1, 0]
  return {
    async next(failure, received) {
      const why = failedCall(line, question, failure)
      since += received
      if (since >= progressBytes) [tries, since] = [1, 0]
      if (!why.isPassing || tries++ >= limits.tries) throw why
      await sleep(limits.backOffMs * Math.random(), undefined, signal ? { signal } : {}).catch(() => {})
    },
  }
}
