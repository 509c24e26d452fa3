import { hour, minute, setting, size, time } from './setting.ts'
import { integer } from './units.ts'

/** Deliveries to the receivers of webhooks, and what is kept of them. */
export const webhooks = {
  timeoutMs: time({
    env: 'MARINA_WEBHOOK_TIMEOUT',
    path: 'webhooks.timeout',
    min: 10,
    max: minute,
    fallback: 3000,
    help: 'a receiver of a webhook that has not answered after this has failed',
  }),
  tries: setting({
    env: 'MARINA_WEBHOOK_TRIES',
    path: 'webhooks.tries',
    parse: integer(1, 20),
    fallback: 3,
    help: 'how often a delivery is tried before it ends in error',
  }),
  backOffMs: time({
    env: 'MARINA_WEBHOOK_BACK_OFF',
    path: 'webhooks.back_off',
    min: 1,
    max: hour,
    fallback: 1000,
    help: 'pause after a try that failed; doubles with each in a row',
  }),
  mostMs: time({
    env: 'MARINA_WEBHOOK_BACK_OFF_MOST',
    path: 'webhooks.back_off_most',
    min: 1,
    max: 24 * hour,
    fallback: 5 * minute,
    help: 'the longest such pause, also when a receiver asks for more by Retry-After',
  }),
  pauseAfter: setting({
    env: 'MARINA_WEBHOOK_PAUSE_AFTER',
    path: 'webhooks.pause_after',
    parse: integer(1, 10_000),
    fallback: 10,
    help: 'tries in a row that fail before a target is paused',
  }),
  probeMs: time({
    env: 'MARINA_WEBHOOK_PROBE',
    path: 'webhooks.probe',
    min: 1,
    max: 24 * hour,
    fallback: minute,
    help: 'how often a paused target is tried, to see whether it answers again',
  }),
  answerBytes: size({
    env: 'MARINA_WEBHOOK_ANSWER_BYTES',
    path: 'webhooks.answer_bytes',
    min: 0,
    max: 64 * 1024,
    fallback: 4096,
    help: "how much of a receiver's answer is kept in the history",
  }),
  secretOverlapMs: time({
    env: 'MARINA_WEBHOOK_SECRET_OVERLAP',
    path: 'webhooks.secret_overlap',
    min: 0,
    max: 8760 * hour,
    fallback: 24 * hour,
    help: 'how long a replaced signing secret signs along with the new one',
  }),
  history: setting({
    env: 'MARINA_WEBHOOK_HISTORY',
    path: 'webhooks.history',
    parse: integer(1, 1_000_000),
    fallback: 1000,
    help: 'deliveries of a policy that are kept after they ended',
  }),
  historyMs: time({
    env: 'MARINA_WEBHOOK_HISTORY_TIME',
    path: 'webhooks.history_time',
    min: minute,
    max: 8760 * hour,
    fallback: 168 * hour,
    help: 'a delivery older than this is dropped, also one that still waits',
  }),
}
