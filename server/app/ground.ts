import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError, type Config } from '../config/config.ts'
import { openSecrets, type Secrets } from '../config/secrets.ts'
import { openCacheAnswers } from '../features/cache/index.ts'
import { isFsStore, openFsBlobs } from '../platform/blobs/fs.ts'
import type { Client } from 'pg'
import type { Blobs } from '../platform/blobs/blobs.ts'
import type { Cache } from '../platform/cache/cache.ts'
import { openLayers, type Layers } from '../platform/cache/layers.ts'
import { forgetLeases } from '../platform/cache/peers/lease.ts'
import { openPeers, type Peers } from '../platform/cache/peers/peers.ts'
import { openStamps } from '../platform/cache/peers/stamps.ts'
import { arrive } from '../platform/db/arrive.ts'
import { openDb, type Db } from '../platform/db/db.ts'
import { findRunningPostgres, openEmbeddedPostgres, type EmbeddedPostgres } from '../platform/db/embedded.ts'
import { migrate } from '../platform/db/migrate.ts'
import { checkSessions } from '../platform/db/sessions.ts'
import { sql } from '../platform/db/sql.ts'
import { prepareQueue } from '../platform/jobs/queue.ts'
import { forgetPools } from '../platform/jobs/sweep.ts'
import type { Log } from '../platform/observe/log.ts'
import { openMetrics, type Metrics } from '../platform/observe/metrics.ts'
import { seldom } from '../platform/observe/seldom.ts'
import { alone, type Seat } from './processes/seat.ts'

/** What every command needs: settings, database, cache and blob store. */
export type Ground = {
  config: Config
  log: Log
  secrets: Secrets
  db: Db
  cache: Cache
  layers: Layers
  peers: Peers
  blobs: Blobs
  metrics: Metrics
  postgres: EmbeddedPostgres | undefined
  /** The database was just started for this process, so that no other uses it. */
  isFresh: boolean
  close(): Promise<void>
}

/** The resources that are put into Redis: none holds a password, secret or right. All others stay in memory. */
const sharedResources: ReadonlySet<string> = new Set([
  'accessory',
  'artifact',
  'artifact_count',
  'blob',
  'cve_allowlist',
  'label',
  'manifest',
  'member_count',
  'project',
  'project_metadata',
  'repository',
  'repository_count',
  'tag',
])

/** To be raised when the shape of one of these changes: two builds that run side by side must not share entries. */
const cacheShapes = '3'

/** What a start asks waits this long for a connection, in ms: a busy machine may take seconds for TLS. */
const patientMs = 15_000

type Start = {
  /** Next to a running Marina, whose schema it is. */
  beside?: boolean
  /** Gives up the start. */
  signal?: AbortSignal | undefined
  /** Of a process that serves beside others of the same Marina. */
  seat?: Pick<Seat, 'isFirst' | 'isFreshDatabase' | 'siblings'>
}

const migrations = join(import.meta.dirname, '../migrations')

/**
 * Opens database and storage; nothing is served yet. `beside` is for a command: it uses the PostgreSQL of a Marina that
 * runs on the same data folder, and does not migrate the schema.
 */
export async function openGround(
  config: Config,
  log: Log,
  { beside = false, signal, seat = alone }: Start = {},
): Promise<Ground> {
  const opened = new AsyncDisposableStack()
  try {
    const dir = join(config.server.dataDir, 'postgres')
    const known = config.database.url ?? (beside ? await findRunningPostgres(dir) : undefined)
    if (beside && !known && !existsSync(dir))
      throw new ConfigError(`${config.server.dataDir} holds no Marina yet: start it once, or set MARINA_DATA_DIR`)
    const postgres = known
      ? undefined
      : opened.use(
          await openEmbeddedPostgres({
            dir,
            log: (line) => log.debug({ from: 'postgres' }, line),
            bufferBytes: config.database.bufferBytes,
            ...(signal ? { signal } : {}),
          }),
        )
    const metrics = openMetrics()
    const secrets = await openSecrets(config.server)
    const stamps = config.redis.url && config.cache.isEnabled ? openStamps() : undefined
    const peers = openPeers({
      ...(stamps ? { stamps } : {}),
      onQuestion: (question) => answers(question),
      onLease: (id) => seat.siblings?.tellLease(id),
      onTrouble: seldom((reason, heldBack) => log.warn({ reason, heldBack }, 'the memory cache is off for a moment')),
    })
    const layers = opened.use(
      await openLayers({
        isEnabled: config.cache.isEnabled,
        limit: config.cache.memoryBytes,
        expireMs: config.cache.expireHours * 3600_000,
        isTrusted: peers.isTrusted,
        never: new Set(config.cache.manifests ? [] : ['manifest']),
        redis: stamps && {
          url: config.redis.url!,
          timeoutMs: config.redis.timeoutMs,
          prefix: `marina:${secrets.mark}:`,
          secret: secrets.derive('cache'),
          build: cacheShapes,
          resources: sharedResources,
          stamps,
          onTrouble: seldom((reason, heldBack) => log.warn({ reason, heldBack }, 'Redis cannot be used for a moment')),
        },
      }),
    )
    const { cache } = layers
    const answers = openCacheAnswers(cache, layers.counts, (resource) => sharedResources.has(resource))
    const db = openDb({
      ...config.database,
      url: known ?? postgres!.url,
      patientTimeoutMs: Math.max(patientMs, config.database.acquireTimeoutMs),
      guard: peers,
      onError: (error) => log.warn({ reason: error.message }, 'a database connection broke'),
    })
    opened.defer(() => db.close())
    const onWait = seldom((reason) => log.warn({ reason }, 'waiting for the database'), 10_000)
    const first = await arrive(db, { limitMs: config.database.startWaitMs, signal, onWait })
    await (beside || !seat.isFirst ? first.end() : prepareDatabase(db, first, secrets, log))
    // A PostgreSQL that was just started here has no other user: any lease in it is that of a killed Marina, and would
    // make pushes wait for up to 5 s.
    const isFresh = postgres !== undefined || seat.isFreshDatabase
    if (isFresh) await Promise.all([forgetLeases(db), forgetPools(db)])
    await peers.join(db, cache, { isReader: !beside })
    opened.use(peers)
    const blobs = await openBlobs(config, db)
    opened.defer(() => blobs.close())
    const kept = opened.move()
    return {
      config,
      log,
      secrets,
      db,
      cache,
      layers,
      peers,
      blobs,
      metrics,
      postgres,
      isFresh,
      close: () => kept.disposeAsync(),
    }
  } catch (error) {
    await opened.disposeAsync()
    throw error
  }
}

async function prepareDatabase(db: Db, client: Client, secrets: Secrets, log: Log): Promise<void> {
  try {
    await checkSessions(db)
    const applied = await migrate(client, migrations)
    // News to an operator, but not at a first start, which begins with its greeting alone.
    const level = applied[0]?.startsWith('0001-') ? 'debug' : 'info'
    const told = applied.length > 5 ? { count: applied.length, last: applied.at(-1) } : { applied }
    if (applied.length > 0) log[level](told, 'database schema brought up to date')
  } finally {
    await client.end()
  }
  await prepareQueue(db, log)
  // A wrong key is refused before it does harm: it cannot decrypt the stored secrets, and the right key could not
  // decrypt what a wrong one encrypts.
  await db.run(
    sql`insert into installation (name, value) values ('secret_key_mark', ${secrets.mark}) on conflict do nothing`,
  )
  const mark = await db.row<{ value: string }>(sql`select value from installation where name = 'secret_key_mark'`)
  if (mark?.value !== secrets.mark) {
    throw new ConfigError(
      'this database belongs to another secret key: set MARINA_SECRET_KEY to it, ' +
        'or bring back secret.key in the data folder',
    )
  }
}

/**
 * A folder that is no store yet does not fit to a database with bytes for it. They would be written into it and leave
 * the database, although the disk that lacks them may only not be mounted.
 */
async function refuseStrangeFolder(db: Db, root: string): Promise<void> {
  if (await db.row(sql`select blob_id from blob_unsynced limit 1`))
    throw new ConfigError(
      `${root} is not the folder to which the bytes in the database belong: mount its disk, or set ` +
        `MARINA_STORAGE_ROOT; if it shall be used, make the folder ${join(root, '.stages')}`,
    )
}

async function openBlobs(config: Config, db: Db): Promise<Blobs> {
  if (config.storage.driver === 'filesystem') {
    const root = config.storage.root!
    if (!(await isFsStore(root))) await refuseStrangeFolder(db, root)
    return openFsBlobs({ root })
  }
  // Imported only when needed: loading the SDK takes a fifth of the time of a start.
  const { openS3Blobs } = await import('../platform/blobs/s3.ts')
  return openS3Blobs({
    bucket: config.s3.bucket!,
    region: config.s3.region,
    accessKeyId: config.s3.accessKey!,
    secretAccessKey: config.s3.secretKey!,
    forcePathStyle: config.s3.pathStyle,
    redirect: config.s3.redirect,
    partSize: config.s3.partBytes,
    ...(config.s3.endpoint ? { endpoint: config.s3.endpoint } : {}),
    ...(config.s3.prefix ? { prefix: config.s3.prefix } : {}),
  })
}
