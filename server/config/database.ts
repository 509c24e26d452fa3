import { MiB, hour, minute, optional, setting, size, time } from './setting.ts'
import { integerOrAuto, url } from './units.ts'

/** PostgreSQL, and how long a request waits for it. The names are those of `openDb`. */
export const database = {
  url: setting({
    env: 'MARINA_DATABASE_URL',
    path: 'database.url',
    parse: optional(url('postgres', 'postgresql')),
    fallback: undefined,
    secret: true,
    help: 'PostgreSQL 15 or newer to use instead of the embedded one',
  }),
  poolSize: setting<'MARINA_DATABASE_POOL', number | 'auto'>({
    env: 'MARINA_DATABASE_POOL',
    path: 'database.pool',
    parse: integerOrAuto(2, 500),
    fallback: 'auto',
    help:
      'connections to the database at most, of all serving processes of one marina serve together; ' +
      'auto is 4 for each processor core, at least 8 and at most 20',
  }),
  bufferBytes: size({
    env: 'MARINA_DATABASE_BUFFERS',
    path: 'database.buffers',
    min: 16 * MiB,
    max: 2 ** 40,
    fallback: 64 * MiB,
    help: 'memory for pages of tables in the embedded PostgreSQL (shared_buffers); a quarter of a large machine',
  }),
  acquireTimeoutMs: time({
    env: 'MARINA_DATABASE_WAIT',
    path: 'database.wait',
    min: 100,
    max: minute,
    fallback: 1500,
    help: 'how long a request waits for a connection before it is answered with 503',
  }),
  startWaitMs: time({
    env: 'MARINA_DATABASE_START_WAIT',
    path: 'database.start_wait',
    min: 0,
    max: hour,
    fallback: minute,
    help: 'how long a start waits for a database that does not answer yet',
  }),
  statementTimeoutMs: time({
    env: 'MARINA_DATABASE_STATEMENT_TIMEOUT',
    path: 'database.statement_timeout',
    min: 100,
    max: hour,
    fallback: 30_000,
    help: 'a statement that runs longer is ended',
  }),
  lockTimeoutMs: time({
    env: 'MARINA_DATABASE_LOCK_TIMEOUT',
    path: 'database.lock_timeout',
    min: 100,
    max: hour,
    fallback: 10_000,
    help: 'a statement that waits longer for a row is ended',
  }),
}
