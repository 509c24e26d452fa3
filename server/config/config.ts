import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { bytes, duration, flag, integer, line, list, oneOf, showBytes, showDuration, url, type Parser } from './units.ts'

const MiB = 2 ** 20
const minute = 60_000
const hour = 60 * minute

type Setting<Value> = {
  /** Environment variable; wins over the file. */
  env: string
  /** Place in the YAML file, dots between levels. */
  path: string
  parse: Parser<Value>
  fallback: NoInfer<Value>
  help: string
  /** Never printed or logged. */
  secret?: true
  show?: (value: Value) => string
}

/** Keeps each row's own type of value. */
const setting = <Value>(row: Setting<Value>) => row
const size = (row: Omit<Setting<number>, 'parse' | 'show'> & { min: number; max: number }) => ({ ...row, parse: bytes(row.min, row.max), show: showBytes })
const time = (row: Omit<Setting<number>, 'parse' | 'show'> & { min: number; max: number }) => ({ ...row, parse: duration(row.min, row.max), show: showDuration })
const optional = <Value>(parse: Parser<Value>): Parser<Value | undefined> => parse

/** A port number, or `off`. */
const portOrOff: Parser<number | 'off'> = (text) => {
  if (text.trim() === 'off') return 'off'
  return integer(0, 65535)(text)
}

/** A shared secret that cannot be guessed in passing. */
const secretLine: Parser<string> = (text) => {
  if (line(text).length < 16) throw new Error('must have at least 16 characters, for example from: openssl rand -hex 32')
  return line(text)
}

/** An address or a CIDR range, IPv4 or IPv6. */
const cidr: Parser<string> = (text) => {
  const [address = '', bits, rest] = text.split('/')
  const family = isIP(address)
  if (!family || rest !== undefined || (bits !== undefined && !(/^\d+$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)))) {
    throw new Error('must be IP addresses or CIDR ranges such as 10.0.0.0/8, separated by commas')
  }
  return text
}

/** Two different times of a day. */
const timeWindow: Parser<string> = (text) => {
  const [, from, to] = /^((?:[01]\d|2[0-3]):[0-5]\d)-((?:[01]\d|2[0-3]):[0-5]\d)$/.exec(text.trim()) ?? []
  if (from === undefined || from === to) throw new Error('must be two times of a day in UTC such as 22:00-06:00')
  return text.trim()
}

/** Every setting there is. `marina config` prints this table with what is in force; docs/operate/configuration.md explains it. */
export const settings = {
  port: setting({ env: 'MARINA_PORT', path: 'port', parse: integer(0, 65535), fallback: 8080, help: 'port for clients, the API and the portal; 0 takes any free one' }),
  host: setting({ env: 'MARINA_HOST', path: 'host', parse: line, fallback: '0.0.0.0', help: 'address to listen on' }),
  dataDir: setting({ env: 'MARINA_DATA_DIR', path: 'data_dir', parse: line, fallback: './data', help: 'folder of the embedded database, the stored blobs and the secret key' }),
  adminPassword: setting({ env: 'MARINA_ADMIN_PASSWORD', path: 'admin_password', parse: optional(line), fallback: undefined, secret: true, help: "the administrator's first password; generated when absent, ignored once the account exists" }),
  externalUrl: setting({ env: 'MARINA_EXTERNAL_URL', path: 'external_url', parse: optional(url('http', 'https')), fallback: undefined, help: 'URL by which clients reach Marina; taken from each request when absent' }),
  trustedProxies: setting<string[]>({ env: 'MARINA_TRUSTED_PROXIES', path: 'trusted_proxies', parse: list(cidr), fallback: [], show: (all) => all.join(','), help: 'addresses of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed' }),
  tlsCert: setting({ env: 'MARINA_TLS_CERT', path: 'tls.cert', parse: optional(line), fallback: undefined, help: 'PEM file with the certificate and its chain; serves https' }),
  tlsKey: setting({ env: 'MARINA_TLS_KEY', path: 'tls.key', parse: optional(line), fallback: undefined, help: 'PEM file with the private key of the certificate' }),
  secretKey: setting({ env: 'MARINA_SECRET_KEY', path: 'secret_key', parse: optional(line), fallback: undefined, secret: true, help: 'key that encrypts secrets in the database, 64 hex digits; made in the data folder when absent' }),

  databaseUrl: setting({ env: 'MARINA_DATABASE_URL', path: 'database.url', parse: optional(url('postgres', 'postgresql')), fallback: undefined, secret: true, help: 'PostgreSQL 15 or newer to use instead of the embedded one' }),
  databasePool: setting({ env: 'MARINA_DATABASE_POOL', path: 'database.pool', parse: integer(2, 500), fallback: 20, help: 'connections to the database at most' }),
  databaseWait: time({ env: 'MARINA_DATABASE_WAIT', path: 'database.wait', min: 100, max: minute, fallback: 1500, help: 'how long a request waits for a connection before it is answered with 503' }),
  databaseStatementTimeout: time({ env: 'MARINA_DATABASE_STATEMENT_TIMEOUT', path: 'database.statement_timeout', min: 100, max: hour, fallback: 30_000, help: 'a statement that runs longer is ended' }),
  databaseLockTimeout: time({ env: 'MARINA_DATABASE_LOCK_TIMEOUT', path: 'database.lock_timeout', min: 100, max: hour, fallback: 10_000, help: 'a statement that waits longer for a row is ended' }),
  redisUrl: setting({ env: 'MARINA_REDIS_URL', path: 'redis.url', parse: optional(url('redis', 'rediss')), fallback: undefined, secret: true, help: 'Redis that several processes share as a second layer of the cache; none when absent' }),
  redisTimeout: time({ env: 'MARINA_REDIS_TIMEOUT', path: 'redis.timeout', min: 1, max: minute, fallback: 50, help: 'how long a question to Redis waits before the database is asked instead' }),

  storage: setting({ env: 'MARINA_STORAGE', path: 'storage.driver', parse: oneOf('filesystem', 's3'), fallback: 'filesystem', help: 'where blobs are kept: filesystem or s3' }),
  storageRoot: setting({ env: 'MARINA_STORAGE_ROOT', path: 'storage.root', parse: optional(line), fallback: undefined, help: 'folder of the filesystem driver; <data_dir>/storage when absent' }),
  s3Endpoint: setting({ env: 'MARINA_S3_ENDPOINT', path: 's3.endpoint', parse: optional(url('http', 'https')), fallback: undefined, help: 'URL of an S3 service other than AWS' }),
  s3Region: setting({ env: 'MARINA_S3_REGION', path: 's3.region', parse: line, fallback: 'us-east-1', help: 'region of the bucket' }),
  s3Bucket: setting({ env: 'MARINA_S3_BUCKET', path: 's3.bucket', parse: optional(line), fallback: undefined, help: 'bucket; it must exist' }),
  s3Prefix: setting({ env: 'MARINA_S3_PREFIX', path: 's3.prefix', parse: optional(line), fallback: undefined, help: 'put before every key in the bucket' }),
  s3AccessKey: setting({ env: 'MARINA_S3_ACCESS_KEY', path: 's3.access_key', parse: optional(line), fallback: undefined, secret: true, help: 'access key id' }),
  s3SecretKey: setting({ env: 'MARINA_S3_SECRET_KEY', path: 's3.secret_key', parse: optional(line), fallback: undefined, secret: true, help: 'secret access key' }),
  s3PathStyle: setting({ env: 'MARINA_S3_PATH_STYLE', path: 's3.path_style', parse: flag, fallback: true, help: 'address the bucket in the path instead of the host name' }),
  s3Redirect: setting({ env: 'MARINA_S3_REDIRECT', path: 's3.redirect', parse: flag, fallback: false, help: 'send clients to presigned URLs for blobs instead of passing the bytes through' }),
  s3PartSize: size({ env: 'MARINA_S3_PART_SIZE', path: 's3.part_size', min: 5 * MiB, max: 512 * MiB, fallback: 8 * MiB, help: 'size of a part of a multipart upload, and of the buffer each upload needs' }),

  logLevel: setting({ env: 'MARINA_LOG_LEVEL', path: 'log.level', parse: oneOf('debug', 'info', 'warn', 'error', 'silent'), fallback: 'info', help: 'least severe level that is logged' }),
  logFormat: setting({ env: 'MARINA_LOG_FORMAT', path: 'log.format', parse: oneOf('auto', 'json', 'text'), fallback: 'auto', help: 'json, text, or auto: text on a terminal, else json' }),
  logRequests: setting({ env: 'MARINA_LOG_REQUESTS', path: 'log.requests', parse: oneOf('all', 'failed', 'none'), fallback: 'all', help: 'which requests get a log line; failed means status 500 and above' }),
  metricsPort: setting({ env: 'MARINA_METRICS_PORT', path: 'metrics.port', parse: portOrOff, fallback: 9090, help: 'port of GET /metrics, or off' }),
  metricsHost: setting({ env: 'MARINA_METRICS_HOST', path: 'metrics.host', parse: line, fallback: '127.0.0.1', help: 'address of GET /metrics' }),

  workers: setting({ env: 'MARINA_WORKERS', path: 'jobs.workers', parse: oneOf('in-process', 'none'), fallback: 'in-process', help: 'whether marina serve runs jobs itself; with none, marina work has to run beside it' }),
  workerConcurrency: setting({ env: 'MARINA_WORKER_CONCURRENCY', path: 'jobs.concurrency', parse: integer(1, 200), fallback: 10, help: 'jobs that one process runs at once' }),
  workerLease: time({ env: 'MARINA_WORKER_LEASE', path: 'jobs.lease', min: 2000, max: 10 * minute, fallback: 30_000, help: 'a process that runs jobs and says nothing for this long is taken for dead; its jobs run again elsewhere or end in error' }),
  jobLogBytes: size({ env: 'MARINA_JOB_LOG_BYTES', path: 'jobs.log_bytes', min: 4096, max: 64 * MiB, fallback: MiB, help: 'log that one job may write' }),
  jobKeep: time({ env: 'MARINA_JOB_KEEP', path: 'jobs.keep', min: 24 * hour, max: 8760 * hour, fallback: 90 * 24 * hour, help: 'executions that ended longer ago are deleted with their logs; of each type only the newest are kept anyway' }),

  systemArtifactTtl: time({ env: 'MARINA_SYSTEM_ARTIFACT_TTL', path: 'system_artifacts.ttl', min: 60_000, max: 8760 * hour, fallback: 24 * hour, help: 'reports and other data between parts of Marina that nobody fetched for this long are removed by the daily cleanup' }),
  systemArtifactBytes: size({ env: 'MARINA_SYSTEM_ARTIFACT_BYTES', path: 'system_artifacts.bytes', min: 0, max: 2 ** 53 - 1, fallback: 0, help: 'all such data together; 0 is no limit' }),
  systemArtifactVendorBytes: size({ env: 'MARINA_SYSTEM_ARTIFACT_VENDOR_BYTES', path: 'system_artifacts.vendor_bytes', min: 0, max: 2 ** 53 - 1, fallback: 0, help: 'such data of one part of Marina; 0 is no limit' }),

  collectDelay: time({ env: 'MARINA_COLLECT_DELAY', path: 'collection.delay', min: 0, max: 8760 * hour, fallback: 2 * hour, help: 'garbage collection touches nothing that was in use, or on its way in, within this' }),
  collectRate: setting({ env: 'MARINA_COLLECT_RATE', path: 'collection.rate', parse: integer(0, 1_000_000), fallback: 0, help: 'files that a garbage collection removes per second at most; 0 is no limit' }),
  collectWindow: setting({ env: 'MARINA_COLLECT_WINDOW', path: 'collection.window', parse: optional(timeWindow), fallback: undefined, help: 'part of the day, in UTC, in which scheduled garbage collections work, such as 22:00-06:00; always when absent' }),
  undeleteWindow: time({ env: 'MARINA_UNDELETE_WINDOW', path: 'collection.undelete_window', min: 0, max: 8760 * hour, fallback: 168 * hour, help: 'how long deleted tags, artifacts and repositories can be restored, and their bytes are kept; 0 switches it off' }),

  tokenTtl: time({ env: 'MARINA_TOKEN_TTL', path: 'limits.token_ttl', min: minute, max: 24 * hour, fallback: 30 * minute, help: 'how long a registry token is valid' }),
  uploadTtl: time({ env: 'MARINA_UPLOAD_TTL', path: 'limits.upload_ttl', min: 1000, max: 8760 * hour, fallback: 168 * hour, help: 'an upload that gets no bytes for this long is removed' }),
  drain: time({ env: 'MARINA_DRAIN', path: 'limits.drain', min: 0, max: hour, fallback: 30_000, help: 'how long running requests may finish after SIGTERM' }),
  signUps: setting({ env: 'MARINA_SIGN_UPS', path: 'limits.sign_ups', parse: integer(0, 100_000), fallback: 10, help: 'accounts that one address may open for itself, where self_registration is on, without a pause of 15 minutes' }),
  idleTimeout: time({ env: 'MARINA_IDLE_TIMEOUT', path: 'limits.idle_timeout', min: 1000, max: hour, fallback: minute, help: 'a connection without traffic for this long is closed' }),
  headerTimeout: time({ env: 'MARINA_HEADER_TIMEOUT', path: 'limits.header_timeout', min: 1000, max: 10 * minute, fallback: 10_000, help: 'the headers of a request must arrive within this' }),
  headerBytes: size({ env: 'MARINA_HEADER_BYTES', path: 'limits.header_bytes', min: 4096, max: MiB, fallback: 16 * 1024, help: 'all headers of a request together' }),
  manifestBytes: size({ env: 'MARINA_MANIFEST_BYTES', path: 'limits.manifest_bytes', min: 4 * MiB, max: 64 * MiB, fallback: 4 * MiB, help: 'size of a manifest' }),
  bodyBytes: size({ env: 'MARINA_BODY_BYTES', path: 'limits.body_bytes', min: 1024, max: 64 * MiB, fallback: MiB, help: 'size of a body of the REST API' }),
  blobBytes: size({ env: 'MARINA_BLOB_BYTES', path: 'limits.blob_bytes', min: MiB, max: 2 ** 53 - 1, fallback: 256 * 2 ** 30, help: 'size of a blob' }),
  chunkMinBytes: size({ env: 'MARINA_CHUNK_MIN_BYTES', path: 'limits.chunk_min_bytes', min: 0, max: 1024 * MiB, fallback: 0, help: 'least size of a chunk that clients are asked to send (OCI-Chunk-Min-Length); 0 asks for none, 5MiB on S3' }),
  pageSize: setting({ env: 'MARINA_PAGE_SIZE', path: 'limits.page_size', parse: integer(1, 10_000), fallback: 1000, help: 'entries on a page of tags, catalog or referrers, also when a client asks for more' }),
  cacheEnabled: setting({ env: 'MARINA_CACHE_ENABLED', path: 'cache.enabled', parse: flag, fallback: true, help: 'keep facts in memory, and in Redis where there is one; off is slower and no truer' }),
  cacheExpire: setting({ env: 'MARINA_CACHE_EXPIRE_HOURS', path: 'cache.expire_hours', parse: integer(1, 8760), fallback: 24, help: 'hours that a fact is kept in memory and in Redis, though it be true for longer' }),
  cacheLists: setting({ env: 'MARINA_CACHE_LISTS', path: 'cache.lists', parse: flag, fallback: true, help: 'answer lists from cached objects, reading what is missing; off reads whole pages from the database' }),
  cacheManifests: setting({ env: 'MARINA_CACHE_MANIFESTS', path: 'cache.manifests', parse: flag, fallback: true, help: 'keep manifests too, which take the most memory and save the most work; off keeps only what is known of them' }),
  cacheBytes: size({ env: 'MARINA_CACHE_BYTES', path: 'cache.memory_bytes', min: 0, max: 64 * 2 ** 30, fallback: 64 * MiB, help: 'memory for manifests and what is asked on every pull; 0 switches it off' }),
  outboundAllow: setting<string[]>({ env: 'MARINA_OUTBOUND_ALLOW', path: 'outbound.allow', parse: list(cidr), fallback: [], show: (all) => all.join(','), help: 'inside addresses and CIDR ranges that webhooks and other calls to the outside may reach all the same' }),
  webhookTimeout: time({ env: 'MARINA_WEBHOOK_TIMEOUT', path: 'webhooks.timeout', min: 10, max: minute, fallback: 3000, help: 'a receiver of a webhook that has not answered after this has failed' }),
  webhookTries: setting({ env: 'MARINA_WEBHOOK_TRIES', path: 'webhooks.tries', parse: integer(1, 20), fallback: 3, help: 'how often a delivery is tried before it ends in error' }),
  webhookBackOff: time({ env: 'MARINA_WEBHOOK_BACK_OFF', path: 'webhooks.back_off', min: 1, max: hour, fallback: 1000, help: 'pause after a try that failed; doubles with each in a row' }),
  webhookBackOffMost: time({ env: 'MARINA_WEBHOOK_BACK_OFF_MOST', path: 'webhooks.back_off_most', min: 1, max: 24 * hour, fallback: 5 * minute, help: 'the longest such pause, also when a receiver asks for more by Retry-After' }),
  webhookPauseAfter: setting({ env: 'MARINA_WEBHOOK_PAUSE_AFTER', path: 'webhooks.pause_after', parse: integer(1, 10_000), fallback: 10, help: 'tries in a row that fail before a target is paused' }),
  webhookProbe: time({ env: 'MARINA_WEBHOOK_PROBE', path: 'webhooks.probe', min: 1, max: 24 * hour, fallback: minute, help: 'how often a paused target is tried, to see whether it answers again' }),
  webhookAnswerBytes: size({ env: 'MARINA_WEBHOOK_ANSWER_BYTES', path: 'webhooks.answer_bytes', min: 0, max: 64 * 1024, fallback: 4096, help: "how much of a receiver's answer is kept in the history" }),
  webhookSecretOverlap: time({ env: 'MARINA_WEBHOOK_SECRET_OVERLAP', path: 'webhooks.secret_overlap', min: 0, max: 8760 * hour, fallback: 24 * hour, help: 'how long a replaced signing secret signs along with the new one' }),
  webhookHistory: setting({ env: 'MARINA_WEBHOOK_HISTORY', path: 'webhooks.history', parse: integer(1, 1_000_000), fallback: 1000, help: 'deliveries of a policy that are kept after they ended' }),
  webhookHistoryTime: time({ env: 'MARINA_WEBHOOK_HISTORY_TIME', path: 'webhooks.history_time', min: minute, max: 8760 * hour, fallback: 168 * hour, help: 'a delivery older than this is dropped, also one that still waits' }),
  quotaWarning: setting({ env: 'MARINA_QUOTA_WARNING', path: 'quota.warning', parse: integer(1, 100), fallback: 85, help: 'a push after which a project uses this share of its quota, in percent, or more causes a QUOTA_WARNING event' }),
  notificationsSecret: setting({ env: 'MARINA_NOTIFICATIONS_SECRET', path: 'notifications.secret', parse: optional(secretLine), fallback: undefined, secret: true, help: 'shared secret of another registry that posts its events to /service/notifications, at least 16 characters; closed when absent' }),
  notificationsBytes: size({ env: 'MARINA_NOTIFICATIONS_BYTES', path: 'notifications.bytes', min: 64 * 1024, max: 64 * MiB, fallback: 4 * MiB, help: 'size of one envelope of such events' }),
  notificationsMemory: time({ env: 'MARINA_NOTIFICATIONS_MEMORY', path: 'notifications.memory', min: hour, max: 8760 * hour, fallback: 168 * hour, help: 'how long the ids of such events are remembered, so that one sent again is not counted again' }),
  eventsKeep: time({ env: 'MARINA_EVENTS_KEEP', path: 'events.keep', min: minute, max: 8760 * hour, fallback: 168 * hour, help: 'how long facts that everybody was told are kept, so that they can be told again' }),
  eventTries: setting({ env: 'MARINA_EVENT_TRIES', path: 'events.tries', parse: integer(1, 1000), fallback: 10, help: 'a fact that a handler refuses this often is laid aside for an administrator; the wait between doubles from 0.25 s to a minute' }),
  auditPulls: setting({ env: 'MARINA_AUDIT_PULLS', path: 'audit.pulls', parse: integer(0, 100), fallback: 100, help: 'pulls that stand in the audit log, in %: 0 none, 10 every tenth' }),
  configOverwrite: setting({ env: 'MARINA_CONFIG_OVERWRITE_JSON', path: 'config_overwrite_json', parse: optional(line), fallback: undefined, secret: true, help: 'configuration items that the API must not change, as a JSON object such as {"self_registration":false}' }),
  caCert: setting({ env: 'MARINA_CA_CERT', path: 'tls.ca_cert', parse: optional(line), fallback: undefined, help: 'file with the certificate (PEM) of the authority that signed MARINA_TLS_CERT, for users to download' }),
  failpoints: setting({ env: 'MARINA_FAILPOINTS', path: 'testing.failpoints', parse: optional(line), fallback: undefined, help: 'for tests only: points at which the process kills itself' }),
}

export type Config = { readonly [Key in keyof typeof settings]: (typeof settings)[Key]['fallback'] extends infer Fallback ? Widen<Key, Fallback> : never }
type Widen<Key extends keyof typeof settings, Fallback> = (typeof settings)[Key]['parse'] extends Parser<infer Value> ? Value : Fallback

/** The configuration cannot be used; the message is one sentence that names the setting. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

/** One value as written in the environment or the file, and where. */
export type Written = { text: string; source: string }

/** Settings as text, by key, to values; throws ConfigError on the first that is wrong or that does not fit the others. */
export function buildConfig(written: Partial<Record<keyof typeof settings, Written>>): Config {
  const config: Record<string, unknown> = {}
  for (const [key, row] of Object.entries(settings) as [keyof typeof settings, Setting<unknown>][]) {
    const given = written[key]
    try {
      config[key] = given === undefined ? row.fallback : row.parse(given.text)
    } catch (error) {
      const value = row.secret ? '' : ` (it is ${JSON.stringify(given!.text.slice(0, 120))})`
      throw new ConfigError(`${given!.source}: ${row.env} ${(error as Error).message}${value}`)
    }
  }
  return checkTogether(config as Config)
}

function checkTogether(config: Config): Config {
  const need = (ok: boolean, sentence: string) => {
    if (!ok) throw new ConfigError(sentence)
  }
  need((config.tlsCert === undefined) === (config.tlsKey === undefined), 'MARINA_TLS_CERT and MARINA_TLS_KEY go together: set both or none')
  if (config.storage === 's3') {
    for (const key of ['s3Bucket', 's3AccessKey', 's3SecretKey'] as const) need(config[key] !== undefined, `MARINA_STORAGE=s3 needs ${settings[key].env}`)
  }
  need(config.secretKey === undefined || /^[0-9a-f]{64}$/i.test(config.secretKey), 'MARINA_SECRET_KEY must be 64 hex digits, for example from: openssl rand -hex 32')
  need(config.adminPassword === undefined || config.adminPassword.length <= 128, 'MARINA_ADMIN_PASSWORD must have at most 128 characters')
  return {
    ...config,
    dataDir: resolve(config.dataDir),
    storageRoot: config.storage === 'filesystem' ? resolve(config.storageRoot ?? `${config.dataDir}/storage`) : config.storageRoot,
    chunkMinBytes: config.storage === 's3' && config.chunkMinBytes === 0 ? 5 * MiB : config.chunkMinBytes,
  }
}

/** What is in force, one row a setting, secrets only as "(set)". `source` says where the value comes from. */
export function describeConfig(config: Config, written: Partial<Record<keyof typeof settings, Written>>) {
  return (Object.entries(settings) as [keyof typeof settings, Setting<unknown>][]).map(([key, row]) => {
    const value = config[key]
    const shown = value === undefined ? '(none)' : row.secret ? '(set)' : row.show ? row.show(value) : String(value)
    return { env: row.env, path: row.path, value: shown, source: written[key]?.source ?? 'default', help: row.help }
  })
}
