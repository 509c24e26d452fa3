import { hour, MiB, minute, setting, size, time } from './setting.ts'
import { integer } from './units.ts'

const day = 24 * hour

/** Tokens of pipelines and clusters, which trust rules exchange for rights. */
export const workloads = {
  rules: setting({
    env: 'MARINA_WORKLOAD_RULES',
    path: 'workloads.rules',
    parse: integer(0, 10_000),
    fallback: 100,
    help: 'trust rules that one project, or the system, may have',
  }),
  tokenBytes: size({
    env: 'MARINA_WORKLOAD_TOKEN_SIZE',
    path: 'workloads.token_size',
    min: 1024,
    max: MiB,
    fallback: 16 * 1024,
    help: 'size of a token of another issuer',
  }),
  clockSkewMs: time({
    env: 'MARINA_WORKLOAD_CLOCK_SKEW',
    path: 'workloads.clock_skew',
    min: 0,
    max: 10 * minute,
    fallback: minute,
    help: "how far the clock of another issuer may be from Marina's",
  }),
  tokenLifeMs: time({
    env: 'MARINA_WORKLOAD_TOKEN_LIFE',
    path: 'workloads.token_life',
    min: minute,
    max: 3650 * day,
    fallback: day,
    help: 'from iat to exp of a token of another issuer; one that lives longer is refused',
  }),
  secretLifeMs: time({
    env: 'MARINA_WORKLOAD_SECRET_LIFE',
    path: 'workloads.secret_life',
    min: minute,
    max: 7 * day,
    fallback: day,
    help: 'the longest duration that a trust rule may have',
  }),
  keysBytes: size({
    env: 'MARINA_WORKLOAD_KEYS_SIZE',
    path: 'workloads.keys_size',
    min: 1024,
    max: 16 * MiB,
    fallback: 256 * 1024,
    help: 'size of the discovery document, and of the keys, of another issuer',
  }),
  keysTimeoutMs: time({
    env: 'MARINA_WORKLOAD_KEYS_TIMEOUT',
    path: 'workloads.keys_timeout',
    min: 100,
    max: minute,
    fallback: 5000,
    help: 'how long another issuer may take to answer',
  }),
  keysTtlMs: time({
    env: 'MARINA_WORKLOAD_KEYS_TTL',
    path: 'workloads.keys_ttl',
    min: 1000,
    max: day,
    fallback: hour,
    help: 'how long the keys of another issuer are used before they are asked for again',
  }),
  keysPauseMs: time({
    env: 'MARINA_WORKLOAD_KEYS_PAUSE',
    path: 'workloads.keys_pause',
    min: 0,
    max: hour,
    fallback: 30_000,
    help: 'the least time between two questions for the keys of an issuer, whatever keys its tokens name',
  }),
  failures: setting({
    env: 'MARINA_WORKLOAD_FAILURES',
    path: 'workloads.failures',
    parse: integer(1, 1_000_000),
    fallback: 100,
    help: 'tokens of other issuers that are refused to one address within a minute, before further ones have to wait',
  }),
}
