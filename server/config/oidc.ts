import { hour, minute, setting, size, time } from './setting.ts'
import { integer } from './units.ts'

/** Sign-in through an OpenID Connect provider. */
export const oidc = {
  timeoutMs: time({
    env: 'MARINA_OIDC_TIMEOUT',
    path: 'oidc.timeout',
    min: 100,
    max: minute,
    fallback: 10_000,
    help: 'how long one request to the OIDC provider may take',
  }),
  answerBytes: size({
    env: 'MARINA_OIDC_ANSWER_BYTES',
    path: 'oidc.answer_bytes',
    min: 4096,
    max: 16 * 2 ** 20,
    fallback: 256 * 1024,
    help: 'size of one answer of the OIDC provider',
  }),
  describedMs: time({
    env: 'MARINA_OIDC_DISCOVERY',
    path: 'oidc.discovery',
    min: 1000,
    max: 24 * hour,
    fallback: 10 * minute,
    help: 'for how long the description of the OIDC provider (its endpoints) is kept',
  }),
  signInMs: time({
    env: 'MARINA_OIDC_SIGN_IN',
    path: 'oidc.sign_in',
    min: 10_000,
    max: hour,
    fallback: 10 * minute,
    help: 'how long a person may take at the OIDC provider, and then to choose a name here',
  }),
  failures: setting({
    env: 'MARINA_OIDC_FAILURES',
    path: 'oidc.failures',
    parse: integer(0, 1_000_000),
    fallback: 50,
    help: 'failed sign-ins through OIDC from one address within 15 minutes, before it has to wait; 0 sets no limit',
  }),
}
