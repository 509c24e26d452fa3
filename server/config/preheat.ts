import { hour, MiB, minute, setting, size, time } from './setting.ts'
import { integer } from './units.ts'

/** Images that other services fetch before machines ask for them. */
export const preheat = {
  atOnce: setting({
    env: 'MARINA_PREHEAT_AT_ONCE',
    path: 'preheat.at_once',
    parse: integer(1, 100),
    fallback: 10,
    help: 'calls of services that preheat images, of one process at once; the services share them fairly',
  }),
  callTimeoutMs: time({
    env: 'MARINA_PREHEAT_CALL_TIMEOUT',
    path: 'preheat.call_timeout',
    min: 100,
    max: 10 * minute,
    fallback: 30_000,
    help: 'how long one call of a service that preheats may take',
  }),
  pollMs: time({
    env: 'MARINA_PREHEAT_POLL',
    path: 'preheat.poll',
    min: 50,
    max: hour,
    fallback: 10_000,
    help: 'how often a service is asked how far it is with an image',
  }),
  timeoutMs: time({
    env: 'MARINA_PREHEAT_TIMEOUT',
    path: 'preheat.timeout',
    min: 1000,
    max: 24 * hour,
    fallback: 30 * minute,
    help: 'how long a service may take for one image; its credential for the pull is not valid any longer',
  }),
  tries: setting({
    env: 'MARINA_PREHEAT_TRIES',
    path: 'preheat.tries',
    parse: integer(1, 20),
    fallback: 3,
    help: 'how often a service is asked to preheat an image before the task fails',
  }),
  backOffMs: time({
    env: 'MARINA_PREHEAT_BACK_OFF',
    path: 'preheat.back_off',
    min: 1,
    max: 10 * minute,
    fallback: 5000,
    help: 'pause after a try that failed; doubles with each in a row',
  }),
  answerBytes: size({
    env: 'MARINA_PREHEAT_ANSWER',
    path: 'preheat.answer',
    min: 1024,
    max: 256 * MiB,
    fallback: 8 * MiB,
    help: 'the longest answer of a service that preheats; a longer one fails the task',
  }),
}
