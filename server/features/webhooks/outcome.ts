import type { KeptAnswer } from './deliveries.ts'
import type { Held, Result, Standing, Waiting } from './queue.ts'
import { pauseAfter, retryAfterMs, type RetryRules } from './rules.ts'
import type { Sent } from './send.ts'

export type DeliveryRules = RetryRules & {
  /** Of one try, in ms. */
  timeoutMs: number
  /** The most bytes of an answer's body that are kept. */
  answerBytes: number
  /** A target is paused after this many failed tries in a row, and from then on tried every `probeMs`. */
  pauseAfter: number
  probeMs: number
}

export type Attempt = { delivery: Waiting; sent: Sent }
/** `restMs`: the pause that the receiver asked for with Retry-After. */
type Judged = { result: Result; restMs: number }

/**
 * Decides what a try means for its delivery. `isProbe`: the target is paused. Then a receiver that is down or busy
 * costs a delivery none of its tries; but one that refuses this delivery is up, so that the try counts: otherwise the
 * delivery would stay at the head of the queue for ever.
 */
export function judge({ delivery, sent }: Attempt, rules: DeliveryRules, isProbe: boolean): Judged {
  const reply = sent.kind === 'answered' ? sent.reply : undefined
  const isGood = reply !== undefined && reply.status >= 200 && reply.status < 300
  const message = isGood ? '' : reply ? `answered with ${reply.status}` : sent.kind === 'failed' ? sent.why : ''
  const failed = delivery.tries + 1
  const asked = reply && !isGood ? (retryAfterMs(reply.headers['retry-after'], sent.at) ?? 0) : 0
  const counts = isGood || !isProbe || (reply !== undefined && isRefusal(reply.status))
  const isOver = isGood || (counts && failed >= rules.tries)
  const tryAgainAt = new Date(Date.now() + (isProbe ? 0 : pauseAfter(rules, failed, asked)))
  return {
    restMs: Math.min(asked, rules.mostMs),
    result: {
      id: delivery.id,
      status: isGood ? 'Success' : isOver ? 'Error' : 'Pending',
      message,
      counts,
      headers: sent.headers,
      answer: reply ? answerOf(reply) : null,
      dueAt: isOver ? sent.at : tryAgainAt,
      try: {
        at: sent.at.toISOString(),
        took_ms: sent.took,
        ...(reply ? { status: reply.status } : { error: message }),
      },
    },
  }
}

/** The receiver is up, but refuses this delivery. */
const isRefusal = (status: number) => status >= 400 && status < 500 && status !== 408 && status !== 429

/** Headers of an answer that help to find errors and cannot hold a session. */
const keptHeaders = ['content-type', 'content-length', 'date', 'server', 'retry-after', 'location', 'x-request-id']

function answerOf({ status, headers, body, isCut }: Extract<Sent, { kind: 'answered' }>['reply']): KeptAnswer {
  const kept = keptHeaders.flatMap((name) =>
    headers[name] === undefined ? [] : [[name, String(headers[name]).slice(0, 500)]],
  )
  return {
    status,
    headers: Object.fromEntries(kept) as Record<string, string>,
    body: body.toString('utf8'),
    is_cut: isCut,
  }
}

/** The state of a target after a round. One successful delivery resets the count of failures. */
export function standingAfter(
  { failedRounds, isProbe }: Pick<Held, 'failedRounds' | 'isProbe'>,
  judged: Judged[],
  rules: DeliveryRules,
): Standing {
  const restMs = Math.max(...judged.map((one) => one.restMs))
  if (judged.some(({ result }) => result.status === 'Success'))
    return { failedRounds: 0, restsUntil: restMs > 0 ? new Date(Date.now() + restMs) : null, pausedWhy: '' }
  const failed = failedRounds + 1
  const isPaused = isProbe || failed >= rules.pauseAfter
  const pause = isPaused ? rules.probeMs : pauseAfter(rules, failed)
  return {
    failedRounds: failed,
    restsUntil: new Date(Date.now() + Math.max(pause, restMs)),
    pausedWhy: isPaused ? `${failed} tries in a row failed, the last one: ${judged.at(-1)!.result.message}` : '',
  }
}

/** How a round has changed the state of a target. Further failures of a failing target are no change. */
export type Turn = 'failed' | 'recovered' | 'paused' | 'resumed'

export function turnOf(
  was: Pick<Held, 'failedRounds' | 'isProbe'>,
  { failedRounds, pausedWhy }: Standing,
): Turn | undefined {
  const isPaused = pausedWhy !== ''
  if (isPaused !== was.isProbe) return isPaused ? 'paused' : 'resumed'
  if (failedRounds > 0 === was.failedRounds > 0) return undefined
  return failedRounds > 0 ? 'failed' : 'recovered'
}
