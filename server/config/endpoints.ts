import { hour, MiB, minute, setting, size, time } from './setting.ts'
import { integer } from './units.ts'

/** Calls of other registries: replication and proxy cache. */
export const endpoints = {
  silenceMs: time({
    env: 'MARINA_ENDPOINT_SILENCE',
    path: 'endpoints.silence',
    min: 100,
    max: hour,
    fallback: minute,
    help: 'a call of another registry fails when that sends or takes no byte for this long; a whole copy has no limit',
  }),
  tries: setting({
    env: 'MARINA_ENDPOINT_TRIES',
    path: 'endpoints.tries',
    parse: integer(1, 20),
    fallback: 5,
    help: 'how often a call of another registry is tried where that is safe, before it fails',
  }),
  backOffMs: time({
    env: 'MARINA_ENDPOINT_BACK_OFF',
    path: 'endpoints.back_off',
    min: 1,
    max: minute,
    fallback: 1000,
    help: 'pause after a try that failed; doubles with each in a row',
  }),
  patienceMs: time({
    env: 'MARINA_ENDPOINT_PATIENCE',
    path: 'endpoints.patience',
    min: 0,
    max: 24 * hour,
    fallback: hour,
    help: 'how long a job waits for another registry that allows no calls for now (429, 503), before it fails',
  }),
  answerBytes: size({
    env: 'MARINA_ENDPOINT_ANSWER_BYTES',
    path: 'endpoints.answer_bytes',
    min: MiB,
    max: 256 * MiB,
    fallback: 16 * MiB,
    help: 'size of one answer of another registry in JSON: a page of a list, a token',
  }),
  pages: setting({
    env: 'MARINA_ENDPOINT_PAGES',
    path: 'endpoints.pages',
    parse: integer(1, 10_000_000),
    fallback: 100_000,
    help: 'pages of one list of another registry that are read at most',
  }),
}
