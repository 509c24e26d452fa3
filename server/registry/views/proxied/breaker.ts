import { RemoteFailed, type RemoteReason } from '../../remote/failed.ts'

/**
 * A circuit breaker for each upstream, in this process: an upstream that failed several times in a row is not asked for
 * a pause; then one call tries it again.
 */
export interface Breaker {
  /** How many ms the upstream is left alone; 0: it may be asked. After a pause the next caller alone gets 0. */
  pausedMs(endpointId: number): number
  worked(endpointId: number): void
  /** Counts an error that says that the upstream is in trouble; others do not count. */
  failed(endpointId: number, error: unknown): void
  /** True when the upstream itself has asked for the pause (429, 503 with Retry-After). */
  isThrottled(endpointId: number): boolean
  /** Undefined for an upstream that worked when it was asked last. */
  troubleOf(endpointId: number): Trouble | undefined
}

/** What is wrong with an upstream that has not worked since. */
export type Trouble = {
  /** The last error, in words. */
  message: string
  at: Date
  /** Until then it is left alone; undefined while calls still ask it. */
  pausedUntil: Date | undefined
}

type State = {
  failures: number
  /** When the last failure was counted. */
  failedAt: number
  until: number
  pauseMs: number
  isThrottled: boolean
  /** A caller tries whether the pause is over. */
  isTried: boolean
  message: string
  at: Date
}

/** Reasons that say nothing of the thing asked for, only that the upstream cannot answer now. */
const troubles: readonly RemoteReason[] = [
  'unreachable',
  'untrusted',
  'silent',
  'broken',
  'aborted',
  'throttled',
  'unavailable',
]

/** The upstream has not answered in the time that the caller waits. */
export class UpstreamLate extends Error {
  override name = 'UpstreamLate'
}

/** Failures closer to each other than this, in ms, count once: they are of calls that were under way together. */
const togetherMs = 1000

/** The longest pause that an upstream can ask for, in ms. */
const longestMs = 3_600_000

/** `pauseMs`: the first pause; it doubles up to ten times as long. `now` in ms. */
export function openBreaker(
  { failures: most, pauseMs }: { failures: number; pauseMs: number },
  now: () => number = () => performance.now(),
): Breaker {
  const states = new Map<number, State>()
  return {
    pausedMs(id) {
      const state = states.get(id)
      if (!state || state.failures < most) return 0
      const left = state.until - now()
      if (left > 0) return left
      // This caller tries; the others wait for what it finds, one more pause at most.
      state.until = now() + state.pauseMs
      state.isTried = true
      return 0
    },
    isThrottled: (id) => states.get(id)?.isThrottled ?? false,
    worked: (id) => void states.delete(id),
    failed(id, error) {
      if (!isTrouble(error)) return
      const state = states.get(id) ?? newState(pauseMs)
      states.set(id, state)
      state.message = (error as Error).message
      state.at = new Date()
      state.isThrottled = error instanceof RemoteFailed && error.reason === 'throttled'
      const asked = error instanceof RemoteFailed ? error.failure.retryAfterMs : undefined
      if (asked !== undefined) {
        state.failures = Math.max(state.failures + 1, most)
        state.until = Math.max(state.until, now() + Math.min(asked, longestMs))
        return
      }
      const isPaused = state.failures >= most && state.until > now()
      if (!state.isTried && (isPaused || now() - state.failedAt < togetherMs)) return
      state.failedAt = now()
      state.isTried = false
      if (++state.failures < most) return
      if (state.failures > most) state.pauseMs = Math.min(state.pauseMs * 2, pauseMs * 10)
      state.until = now() + state.pauseMs
    },
    troubleOf(id) {
      const state = states.get(id)
      if (!state) return undefined
      const { message, at, failures, until } = state
      const leftMs = failures >= most ? until - now() : 0
      return { message, at, pausedUntil: leftMs > 0 ? new Date(Date.now() + leftMs) : undefined }
    },
  }
}

const newState = (pauseMs: number): State => ({
  failures: 0,
  failedAt: -Infinity,
  until: 0,
  pauseMs,
  isThrottled: false,
  isTried: false,
  message: '',
  at: new Date(0),
})

const isTrouble = (error: unknown) =>
  error instanceof UpstreamLate || (error instanceof RemoteFailed && troubles.includes(error.reason))
