import { hour, minute, setting, time } from './setting.ts'
import { integer } from './units.ts'

/** Accounts that another system vouches for: a directory, an OpenID provider, an authenticating proxy. */
export const identity = {
  refreshMs: time({
    env: 'MARINA_IDENTITY_REFRESH',
    path: 'identity.refresh',
    min: 0,
    max: 24 * hour,
    fallback: 10 * minute,
    help: 'how old the last word of its provider on an account may be, before the use of a token or session asks again',
  }),
  graceMs: time({
    env: 'MARINA_IDENTITY_GRACE',
    path: 'identity.grace',
    min: 0,
    max: 168 * hour,
    fallback: hour,
    help: 'how long the last word of a provider that does not answer still counts; then its tokens and sessions wait',
  }),
  answerMs: time({
    env: 'MARINA_IDENTITY_ANSWER',
    path: 'identity.answer',
    min: 100,
    max: minute,
    fallback: 3000,
    help: 'how long a provider may take to check a password, or to say whether an account is still there',
  }),
  pauseMs: time({
    env: 'MARINA_IDENTITY_PAUSE',
    path: 'identity.pause',
    min: 0,
    max: hour,
    fallback: 10_000,
    help: 'a provider that did not answer is asked about tokens and sessions again after this',
  }),
  callsAtOnce: setting({
    env: 'MARINA_IDENTITY_CALLS',
    path: 'identity.calls',
    parse: integer(1, 1000),
    fallback: 16,
    help: 'questions to one provider at once, of each process; further ones wait',
  }),
  keepGoneMs: time({
    env: 'MARINA_IDENTITY_KEEP_GONE',
    path: 'identity.keep_gone',
    min: 0,
    max: 8760 * hour,
    fallback: 168 * hour,
    help: 'tokens of an account whose provider says that it is gone stop at once, and are deleted after this',
  }),
}
