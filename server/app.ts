import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { OciError } from '../oci/errors.ts'
import { projectOf } from '../oci/reference.ts'
import { findProject } from './catalog/project.ts'
import { openPullCounter } from './catalog/pulls.ts'
import { ConfigError, type Config } from './config/config.ts'
import { openSecrets, type Secrets } from './config/secrets.ts'
import { openAccess, openRights, permissionRoutes, type Access, type Granted } from './features/access/index.ts'
import { ensureAdmin, failureWindow, openLogin, openSessionDoor, sweepFailures, sweepSessions, userRoutes, type Login, type SessionDoor } from './features/accounts/index.ts'
import { devcenterPage, type OpenApiDocument } from './features/devcenter/page.ts'
import { auditRoutes, makeMonths, openRefusals, purgeRoutes, type Refusals, strangeTypeIn } from './features/audit/index.ts'
import { artifactRoutes, describe } from './features/artifacts/index.ts'
import { cacheRoutes, openCacheAnswers } from './features/cache/index.ts'
import { cveAllowlistRoutes } from './features/cve-allowlist/index.ts'
import { exportRoutes } from './features/exports/index.ts'
import { gcRoutes } from './features/gc/index.ts'
import { iconRoutes } from './features/icons/index.ts'
import { immutabilityRoutes, tagStays, tagStaysPut } from './features/immutability/index.ts'
import { jobServiceRoutes } from './features/job-service/index.ts'
import { labelRoutes } from './features/labels/index.ts'
import { encodeRepositoryName, repositoryRoutes } from './features/repositories/index.ts'
import { createProject, projectRoutes } from './features/projects/index.ts'
import { quotaRoutes, shortageOf, tellingShortages, tellShortage } from './features/quotas/index.ts'
import { reactionRoutes } from './features/reactions/index.ts'
import { openNotificationDoor, sweepEvents } from './features/notifications/index.ts'
import { scannerRoutes } from './features/scanning/index.ts'
import { openSettings, refuseWhileReadOnly, settingsRoutes, type SettingsAccess } from './features/settings/index.ts'
import { searchRoutes } from './features/search/index.ts'
import { infoRoutes, systemRoutes } from './features/system/index.ts'
import { memberRoutes } from './features/members/index.ts'
import { openRobotUses, robotLogin, robotRoutes } from './features/robots/index.ts'
import { undeleteRoutes } from './features/undelete/index.ts'
import { sweepDeliveries, webhookRoutes } from './features/webhooks/index.ts'
import { userGroupRoutes } from './features/user-groups/index.ts'
import { openFsBlobs } from './platform/blobs/fs.ts'
import { StorageUnavailable, type Blobs } from './platform/blobs/blobs.ts'
import type { Cache } from './platform/cache/cache.ts'
import { openLayers, type Layers } from './platform/cache/layers.ts'
import { openPeers, type Peers } from './platform/cache/peers.ts'
import { openStamps } from './platform/cache/stamps.ts'
import { DatabaseUnavailable, isPgError, openDb, type Db } from './platform/db/db.ts'
import { findRunningPostgres, openEmbeddedPostgres, type EmbeddedPostgres } from './platform/db/embedded.ts'
import { migrate } from './platform/db/migrate.ts'
import { sql } from './platform/db/sql.ts'
import { answering } from './platform/events/asking.ts'
import { openDispatcher } from './platform/events/dispatcher.ts'
import { armFailpoints } from './platform/failpoint.ts'
import { BodyCut, BodyTooLarge } from './platform/http/body.ts'
import { isCrossSite, isReading } from './platform/http/cross-site.ts'
import { Failure, type FailureCode } from './platform/http/failure.ts'
import { openApi } from './platform/http/route.ts'
import { openServer, peerReader, type Answer, type Peer } from './platform/http/server.ts'
import { prepareQueue } from './platform/jobs/workers.ts'
import { openForwarder, type Forwarder } from './platform/observe/forward.ts'
import type { Log } from './platform/observe/log.ts'
import { openMetrics, serveMetrics, type Metrics } from './platform/observe/metrics.ts'
import { seldom } from './platform/observe/seldom.ts'
import { addressRule } from './platform/outbound/addresses.ts'
import { openOutbound } from './platform/outbound/outbound.ts'
import { every, type Repeated } from './platform/repeat.ts'
import { openYoungCollector } from './platform/young.ts'
import { TurnsFull } from './platform/turns.ts'
import { actorOf, anonymous, type Caller } from './registry/caller.ts'
import { readOnlyText, type Gates } from './registry/gate.ts'
import { ensureKey, openKeys } from './registry/keys.ts'
import { openLocalRegistry } from './registry/local/local.ts'
import { sweepUploads } from './registry/local/sweep.ts'
import { openDoor } from './registry/door/door.ts'
import { sendOciError } from './registry/door/reply.ts'
import { openTokens } from './registry/token.ts'
import { jobHandlers, openDeliveries, openJobs, systemArtifactsOf } from './jobs.ts'
import { reactionsOf, topics } from './reactions.ts'
import { openListener, type Pages } from './listen.ts'
import { welcomePage } from './welcome.ts'

export type Marina = {
  port: number
  /** What it stands on, lent to tests that run in the same process. */
  ground: Ground
  metricsPort: number | undefined
  database: 'embedded' | 'external'
  /** The administrator's password, when it was generated by this very start. */
  firstPassword: string | undefined
  /** Resolves when Marina cannot go on by itself; the text says why. */
  failed: Promise<string>
  /** Drains requests, stops the jobs, flushes what is in memory, stops PostgreSQL. */
  close(): Promise<void>
}

/** What every command needs: the settings, the truth, the bytes. */
export type Ground = { config: Config; log: Log; secrets: Secrets; db: Db; cache: Cache; layers: Layers; peers: Peers; blobs: Blobs; metrics: Metrics; postgres: EmbeddedPostgres | undefined; close(): Promise<void> }

/** The version of Harbor whose API this is; its clients look at the number. */
const harborVersion = 'v2.16.0'

/**
 * What other processes may read from Redis: facts that hold no password, secret or right. Those are kept in memory alone.
 */
const sharedResources: ReadonlySet<string> = new Set(['accessory', 'artifact', 'artifact_count', 'blob', 'cve_allowlist', 'label', 'manifest', 'member_count', 'project', 'project_metadata', 'repository', 'repository_count', 'tag'])

/** Raised when the shape of one of these changes, so that two builds that run side by side do not read each other's. */
const cacheShapes = '2'

const migrations = join(import.meta.dirname, 'migrations')

/**
 * Opens database and storage; nothing is served yet. `beside` is for a command: it uses the PostgreSQL of a Marina that is
 * running on the same folder, and leaves the schema as it is.
 */
export async function openGround(config: Config, log: Log, { beside = false } = {}): Promise<Ground> {
  const opened = new AsyncDisposableStack()
  try {
    const dir = join(config.dataDir, 'postgres')
    const known = config.databaseUrl ?? (beside ? await findRunningPostgres(dir) : undefined)
    if (beside && !known && !existsSync(dir)) throw new ConfigError(`${config.dataDir} holds no Marina yet: start it once, or set MARINA_DATA_DIR`)
    const postgres = known ? undefined : opened.use(await openEmbeddedPostgres({ dir, log: (line) => log.debug({ from: 'postgres' }, line) }))
    const metrics = openMetrics()
    const secrets = await openSecrets(config)
    const stamps = config.redisUrl && config.cacheEnabled ? openStamps() : undefined
    const peers = openPeers({
      ...(stamps ? { stamps } : {}),
      onQuestion: (question) => answers(question),
      onTrouble: seldom((reason, heldBack) => log.warn({ reason, heldBack }, 'the memory cache is off for a moment')),
    })
    const layers = opened.use(await openLayers({
      isEnabled: config.cacheEnabled, limit: config.cacheBytes, expireMs: config.cacheExpire * 3600_000, isTrusted: peers.isTrusted, never: new Set(config.cacheManifests ? [] : ['manifest']),
      redis: stamps && {
        url: config.redisUrl!, timeoutMs: config.redisTimeout, prefix: `marina:${secrets.mark}:`, secret: secrets.derive('cache'), build: cacheShapes, resources: sharedResources, stamps,
        onTrouble: seldom((reason, heldBack) => log.warn({ reason, heldBack }, 'Redis cannot be used for a moment')),
      },
    }))
    const { cache } = layers
    const answers = openCacheAnswers(cache, layers.counts, (resource) => sharedResources.has(resource))
    const db = openDb({
      url: known ?? postgres!.url,
      poolSize: config.databasePool,
      acquireTimeoutMs: config.databaseWait,
      statementTimeoutMs: config.databaseStatementTimeout,
      lockTimeoutMs: config.databaseLockTimeout,
      guard: peers,
      onError: (error) => log.warn({ reason: error.message }, 'a database connection broke'),
    })
    opened.defer(() => db.close())
    if (!beside) await prepareDatabase(db, secrets, log)
    if (postgres) await forgetTheDead(db)
    await peers.join(db, cache, { isReader: !beside })
    opened.use(peers)
    const blobs = await openBlobs(config)
    opened.defer(() => blobs.close())
    const kept = opened.move()
    return { config, log, secrets, db, cache, layers, peers, blobs, metrics, postgres, close: () => kept.disposeAsync() }
  } catch (error) {
    await opened.disposeAsync()
    throw error
  }
}

async function prepareDatabase(db: Db, secrets: Secrets, log: Log): Promise<void> {
  const client = await db.connect()
  try {
    const applied = await migrate(client, migrations)
    if (applied.length > 0) log.info({ applied }, 'database schema brought up to date')
  } finally {
    await client.end()
  }
  await prepareQueue(db, log)
  // A wrong key is found before it does harm: nothing that it sealed could be read, and what it seals could never be again.
  await db.run(sql`insert into installation (name, value) values ('secret_key_mark', ${secrets.mark}) on conflict do nothing`)
  const mark = await db.row<{ value: string }>(sql`select value from installation where name = 'secret_key_mark'`)
  if (mark?.value !== secrets.mark) {
    throw new ConfigError('this database belongs to another secret key: set MARINA_SECRET_KEY to it, or bring back secret.key in the data folder')
  }
}

/**
 * A PostgreSQL that we have just started serves nobody else: what a killed Marina held would only make pushes wait, up to 5 s
 * for its lease on the cache and up to 30 s for its claim on an upload.
 */
async function forgetTheDead(db: Db): Promise<void> {
  await db.run(sql`delete from replica`)
  await db.run(sql`update worker_pool set heartbeat_at = 'epoch'`)
  await db.run(sql`update upload set claim = null where claim is not null`)
  await db.run(sql`update webhook_target set held_by = null where held_by is not null`)
}

async function openBlobs(config: Config): Promise<Blobs> {
  if (config.storage === 'filesystem') return openFsBlobs({ root: config.storageRoot! })
  // Loaded when asked for: the SDK costs a fifth of the start.
  const { openS3Blobs } = await import('./platform/blobs/s3.ts')
  return openS3Blobs({
    bucket: config.s3Bucket!, region: config.s3Region, accessKeyId: config.s3AccessKey!, secretAccessKey: config.s3SecretKey!,
    forcePathStyle: config.s3PathStyle, redirect: config.s3Redirect, partSize: config.s3PartSize,
    ...(config.s3Endpoint ? { endpoint: config.s3Endpoint } : {}), ...(config.s3Prefix ? { prefix: config.s3Prefix } : {}),
  })
}

/** Every part, wired in plain sight. Ready to serve on return. */
export async function openMarina(config: Config, log: Log): Promise<Marina> {
  if (config.failpoints) armFailpoints(config.failpoints)
  const authority = config.caCert ? Buffer.from(await readPem(config.caCert, 'MARINA_CA_CERT')) : undefined
  const tls = config.tlsCert ? await readTls(config.tlsCert, config.tlsKey!) : undefined
  const ground = await openGround(config, log)
  const opened = new AsyncDisposableStack()
  try {
    const { db, cache, layers, peers, blobs, secrets, metrics, postgres } = ground
    const reader = { db, cache }
    const firstPassword = await firstStart(ground)

    const settings = openSettingsOf(ground)
    // What a quota leaves room for is held by the database itself, whoever writes: migrations/0003-quotas.sql.
    const gates: Gates = {
      push: [refuseWhileReadOnly(settings), tagStaysPut(reader)],
      untag: [tagStays(reader)],
      pull: [],
    }
    const rights = openRights(reader)
    const robotUses = opened.use(openRobotUses(db.relaxed, 5000, (error) => log.warn({ reason: String(error) }, 'uses of robots not written yet')))
    const refusals = opened.use(openRefusals(db, 1000, (error) => log.warn({ reason: String(error) }, 'refusals not written')))
    const login = noting(refusals, openLogin({ ...reader, relaxed: db.relaxed }, [robotLogin(reader, robotUses, () => settings.get('robot_name_prefix'))]))
    const peerOf = peerReader(config.trustedProxies)
    const sessions = openSessionDoor({ ...reader, login, settings, peerOf, externalUrl: config.externalUrl })
    const tokens = openTokens(openKeys(db, secrets, config.tokenTtl), async () => (await settings.get('token_expiration')) * 60_000)
    const pulls = opened.use(openPullCounter(db, 5000, (error) => log.warn({ reason: String(error) }, 'pull counts not written yet')))
    const registry = tellingShortages(db, openLocalRegistry({ db, cache, blobs, gates, describe, pushesAtOnce: Math.max(1, config.databasePool >> 1) }))
    const passed = openYoungCollector(16 * 2 ** 20)
    const door = openDoor({
      registry, tokens, rights, login, gates,
      findProject: (name) => findProject(reader, name),
      isReadOnly: () => settings.get('read_only'),
      onPulled: ({ caller, ...pull }) => pulls.count({ ...pull, by: actorOf(caller) }),
      onBytes(direction, count) {
        metrics[direction].inc(count)
        if (direction === 'received') passed(count)
      },
      onRefused: (caller, { name, action }) => refusals.change(caller, `${action} ${name}`, projectOf(name)),
      externalUrl: config.externalUrl,
      limits: config,
    })

    const outbound = openOutbound({ allow: config.outboundAllow })
    opened.defer(() => outbound.close())
    const host = hostOf(config)
    const artifacts = systemArtifactsOf(ground)
    const handlers = jobHandlers(ground, artifacts)
    const forwarder = opened.use(openForwarder({
      isOpen: addressRule(config.outboundAllow), ca: authority?.toString(), wanted: () => settings.get('audit_log_forward_endpoint'),
      onChange: (state, about) => (state === 'well' ? log.info(about, 'the audit log is sent on again') : log.warn(about, 'the audit log cannot be sent on')),
    }))
    await makeMonths(db, monthsAhead())
    const dispatcher = opened.use(await openDispatcher({ db, log, topics, reactions: reactionsOf({ cache, settings, config, forwarder, host }), tries: config.eventTries }))
    let isDraining = false
    const api = await openApi<Access, Caller, Granted>({
      prefix: '/api/v2.0',
      routes: [
        ...systemRoutes([
          { name: 'database', check: async () => void (await db.row(sql`select 1`)) },
          { name: 'registry', check: () => blobs.check() },
          ...(layers.redis ? [{ name: 'redis', isSpare: true, check: () => layers.redis!.check() }] : []),
        ], () => isDraining),
        ...infoRoutes(settings, {
          version: `${harborVersion}-marina`, externalUrl: config.externalUrl, storage: { driver: config.storage, root: config.storageRoot },
          authority,
        }),
        ...searchRoutes(reader),
        ...projectRoutes(reader, settings, config.cacheEnabled && config.cacheLists),
        ...quotaRoutes(db),
        ...labelRoutes(db),
        ...cveAllowlistRoutes(db),
        ...cacheRoutes(db, { peers, redis: layers.redis }),
        ...settingsRoutes(settings),
        ...repositoryRoutes(reader, gates, config.cacheEnabled && config.cacheLists),
        ...artifactRoutes({ reader, gates, registry, cachesLists: config.cacheEnabled && config.cacheLists }),
        ...iconRoutes(reader, registry),
        ...immutabilityRoutes(db),
        ...userRoutes({ ...reader, login, sessions, settings, peerOf, signUps: config.signUps }),
        ...userGroupRoutes(reader),
        ...memberRoutes(reader),
        ...robotRoutes(reader, settings),
        ...scannerRoutes({ db, seal: secrets, outbound }),
        ...permissionRoutes(),
        ...webhookRoutes({ db, secrets, host, overlapMs: config.webhookSecretOverlap }),
        ...exportRoutes(db, artifacts),
        ...gcRoutes(db),
        ...undeleteRoutes(db, gates, config.undeleteWindow),
        ...jobServiceRoutes(db, handlers.map(({ type }) => type.name)),
        ...auditRoutes(reader, topics),
        ...purgeRoutes(db, topics),
        ...reactionRoutes(db, dispatcher),
      ],
      identify: async (request, response, { isAlikeForAll }) => isAlikeForAll ? anonymous : identifyApi(request, response, { login, sessions, peer: peerOf(request), externalUrl: config.externalUrl }),
      authorize: openAccess(reader),
      check: (row) => refuseChanges(settings, row),
      accompany: (request, response, work) => answering({ address: peerOf(request).address, requestId: (response as Answer).requestId }, work),
      async onFailed(error, caller, { method }, request) {
        // Forbidden changes alone: whoever looks where he may not has changed nothing.
        if (error instanceof Failure && error.code === 'FORBIDDEN' && !isReading(method)) refusals.change(caller, `${method} ${request.url!.split('?', 1)[0]!.slice(0, 1000)}`, /^\/api\/v2\.0\/projects\/([\w.-]+)/.exec(request.url!)?.[1])
        await tellShortage(db, error, actorOf(caller))
      },
      translate: toFailure,
      onUnknown: (error, request) => log.error({ err: error, method: request.method, path: request.url }, 'unexpected error'),
      bodyBytes: config.bodyBytes,
      rewrite: encodeRepositoryName,
      info: { title: 'Marina', version: '2.0', description: "Harbor's API v2.0, as Marina speaks it." },
    })

    const notification = openNotificationDoor({
      db, secret: config.notificationsSecret, bodyBytes: config.notificationsBytes, isReadOnly: () => settings.get('read_only'),
      onTaken: (taken) => (taken.strangers.length > 0 ? log.warn(taken, 'events of another registry name projects that are not here') : log.debug(taken, 'events of another registry')),
    })
    const small = { session: sessions.handle.bind(sessions), notification }
    const server = await openServer(openListener({ door, api, small, toFailure, pages: pagesOf(api.document), sendOciError: (response, error) => sendOciError(response, shortageOf(error) ?? error), peerOf, metrics, log, logRequests: config.logRequests }), {
      port: config.port, host: config.host, headerTimeoutMs: config.headerTimeout, idleTimeoutMs: config.idleTimeout, headerBytes: config.headerBytes,
      ...(tls ? { tls } : {}),
    }).catch(namingSettings(config.port, 'MARINA_PORT', config.host, 'MARINA_HOST'))
    // From here on the server has to be closed whatever happens; last opened, first closed.
    const jobs: Repeated[] = [
      every(10 * 60_000, async (signal) => void (await sweepUploads({ db, blobs, ttlMs: config.uploadTtl, signal })), (error) => log.warn({ reason: String(error) }, 'abandoned uploads not removed')),
      every(10 * 60_000, async () => void (await sweepFailures(db.relaxed, failureWindow)), (error) => log.warn({ reason: String(error) }, 'old login failures not removed')),
      every(10 * 60_000, async () => void (await sweepSessions(db, await settings.get('session_timeout'))), (error) => log.warn({ reason: String(error) }, 'old sessions not removed')),
      every(10 * 60_000, (signal) => sweepEvents(db.relaxed, config.notificationsMemory, signal), (error) => log.warn({ reason: String(error) }, 'old events of other registries not removed')),
      every(60 * 60_000, () => makeMonths(db, monthsAhead()), (error) => log.warn({ reason: String(error) }, 'tables of the audit log not made ahead')),
      every(10 * 60_000, (signal) => sweepDeliveries(db.relaxed, { keep: config.webhookHistory, ageMs: config.webhookHistoryTime }, signal), (error) => log.warn({ reason: String(error) }, 'old deliveries of webhooks not removed')),
      every(10 * 60_000, (signal) => dispatcher.sweep(config.eventsKeep, signal), (error) => log.warn({ reason: String(error) }, 'old facts not removed')),
    ]
    for (const job of jobs) opened.use(job)
    let workers: AsyncDisposable | undefined
    opened.defer(async () => {
      isDraining = true
      const [cut] = await Promise.all([server.drain(config.drain), workers?.[Symbol.asyncDispose]()])
      if (cut > 0) log.warn({ cut }, 'requests were cut at the end of the drain time')
    })
    if (config.workers === 'in-process') {
      workers = await openJobs(ground, handlers)
      opened.use(openDeliveries(ground, outbound))
    }
    watch(metrics, ground, forwarder)
    const measured = config.metricsPort === 'off' ? undefined : await serveMetrics(metrics, config.metricsPort, config.metricsHost).catch(namingSettings(config.metricsPort, 'MARINA_METRICS_PORT', config.metricsHost, 'MARINA_METRICS_HOST'))
    if (measured) opened.defer(() => measured.close())
    return {
      port: server.port,
      ground,
      metricsPort: measured?.port,
      database: postgres ? 'embedded' : 'external',
      firstPassword,
      failed: postgres ? postgres.exited.then(({ isWanted, reason }) => (isWanted ? new Promise<never>(() => {}) : `PostgreSQL stopped: ${reason}`)) : new Promise(() => {}),
      close: async () => {
        await opened.disposeAsync()
        await ground.close()
      },
    }
  } catch (error) {
    await opened.disposeAsync()
    await ground.close()
    throw error
  }
}

/** A process that runs jobs and answers nobody: `marina work`. With the embedded PostgreSQL it stands beside a running Marina. */
export async function openWorker(config: Config, log: Log): Promise<{ close(): Promise<void> }> {
  const isEmbedded = config.databaseUrl === undefined
  if (isEmbedded && !(await findRunningPostgres(join(config.dataDir, 'postgres')))) throw new ConfigError('marina work runs beside marina serve on the same data folder, or with MARINA_DATABASE_URL')
  const ground = await openGround(config, log, { beside: isEmbedded })
  const opened = new AsyncDisposableStack()
  opened.defer(() => ground.close())
  try {
    const outbound = openOutbound({ allow: config.outboundAllow })
    opened.defer(() => outbound.close())
    opened.use(await openJobs(ground, jobHandlers(ground, systemArtifactsOf(ground))))
    opened.use(openDeliveries(ground, outbound))
    if (config.metricsPort !== 'off') {
      const measured = await serveMetrics(ground.metrics, config.metricsPort, config.metricsHost).catch(namingSettings(config.metricsPort, 'MARINA_METRICS_PORT', config.metricsHost, 'MARINA_METRICS_HOST'))
      opened.defer(() => measured.close())
    }
    return { close: () => opened.disposeAsync() }
  } catch (error) {
    await opened.disposeAsync()
    throw error
  }
}

/** What an empty database needs before anyone can use it. Repeating it changes nothing. */
async function firstStart({ db, config, secrets }: Ground): Promise<string | undefined> {
  await ensureKey(db, secrets)
  const password = await ensureAdmin(db, config.adminPassword)
  // Once: an administrator who deletes it does not find it back after the next start.
  if ((await db.run(sql`insert into installation (name, value) values ('library', 'made') on conflict do nothing`)) === 0) return password
  const admin = await db.row<{ id: number; name: string }>(sql`select id, name from account where is_admin order by id limit 1`)
  await createProject(db, { kind: 'user', ...admin! }, { name: 'library', isPublic: true }).catch((error: unknown) => {
    if (!(error instanceof Failure) || error.code !== 'CONFLICT') throw error
  })
  return password
}

/** `host:port` by which clients reach Marina, as far as it is known without a request. */
function hostOf({ externalUrl, port }: Config): string {
  return externalUrl ? new URL(externalUrl).host : `localhost:${port}`
}

/** Read and tried before anything is started: OpenSSL's own words name neither the file nor the setting. */
async function readTls(certPath: string, keyPath: string): Promise<{ cert: string; key: string }> {
  const tls = { cert: await readPem(certPath), key: await readPem(keyPath) }
  try {
    createSecureContext(tls)
    return tls
  } catch (error) {
    throw new ConfigError(`${certPath} (MARINA_TLS_CERT) and ${keyPath} (MARINA_TLS_KEY) are not a certificate with its key in PEM: ${(error as Error).message}`)
  }
}

/** Why a port cannot be had, as a sentence that names the setting to change. */
function namingSettings(port: number, portSetting: string, host: string, hostSetting: string) {
  return ({ code, message }: NodeJS.ErrnoException): never => {
    if (code === 'EADDRINUSE') throw new ConfigError(`port ${port} on ${host} is in use by another program: end that, or set ${portSetting}`)
    if (code === 'EACCES') throw new ConfigError(`port ${port} needs rights that Marina was not started with: set ${portSetting} to one from 1024 on`)
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') throw new ConfigError(`${host} is no address of this machine: set ${hostSetting}`)
    throw new ConfigError(`cannot listen on ${host}, port ${port} (${hostSetting}, ${portSetting}): ${message}`)
  }
}

async function readPem(path: string, setting = 'MARINA_TLS_CERT, MARINA_TLS_KEY'): Promise<string> {
  return readFile(path, 'utf8').catch((error: Error) => {
    throw new ConfigError(`${path} (${setting}) cannot be read: ${error.message}`)
  })
}

function openSettingsOf({ db, cache, secrets, config }: Ground): SettingsAccess {
  try {
    return openSettings({ db, cache, secrets, overwrite: config.configOverwrite, defaults: { token_expiration: Math.ceil(config.tokenTtl / 60_000) }, problems: { disabled_audit_log_event_types: (value) => strangeTypeIn(String(value), topics) } })
  } catch (error) {
    throw new ConfigError((error as Error).message)
  }
}

/** This month and the next, so that no change waits for a table at midnight. */
const monthsAhead = () => [new Date(), new Date(Date.now() + 31 * 86_400_000)]

/** Whoever gives a wrong password is written down, at whichever door. */
function noting(refusals: Refusals, login: Login): Login {
  return async (name, password, address) => {
    const caller = await login(name, password, address)
    if (!caller) refusals.login(name)
    return caller
  }
}

/** C-46: in read-only mode the configuration alone can be changed, or nobody could end it. */
async function refuseChanges(settings: SettingsAccess, { method, path }: { method: string; path: string }): Promise<void> {
  if (method === 'GET' || method === 'HEAD' || path === '/configurations') return
  if (await settings.get('read_only')) throw new Failure('DENIED', readOnlyText)
}

function watch(metrics: Metrics, { db, cache, layers, peers }: Ground, forwarder: Forwarder) {
  metrics.gauge('marina_audit_forward_waiting', 'Audit messages that wait for the server they are sent on to', () => forwarder.counts().waiting)
  metrics.gauge('marina_audit_forward_lost', 'Audit messages given up because too many waited', () => forwarder.counts().lost)
  metrics.gauge('marina_database_connections', 'Connections to PostgreSQL', () => db.counts().total)
  metrics.gauge('marina_database_connections_idle', 'Connections to PostgreSQL that wait for work', () => db.counts().idle)
  metrics.gauge('marina_database_waiting', 'Requests waiting for a connection', () => db.counts().waiting)
  metrics.gauge('marina_cache_bytes', 'Bytes held by the memory cache', () => cache.size().bytes)
  metrics.gauge('marina_cache_entries', 'Facts held by the memory cache', () => cache.size().entries)
  metrics.gauge('marina_cache_processes', 'Processes that agree on what is cached, this one included', () => peers.count())
  metrics.counts('marina_cache_events_total', 'What happened to cached facts', ['layer', 'resource', 'event'], () =>
    layers.counts().flatMap(({ layer, resource, counts }) => Object.entries(counts).map(([event, value]) => ({ labels: [layer, resource, event], value }))))
}

/** What is not an API: the page at /, the API's document and the page made of it. */
function pagesOf(document: Record<string, unknown>): Pages {
  const json = JSON.stringify(document)
  const devcenter = devcenterPage(document as unknown as OpenApiDocument)
  return {
    '/': (host) => ({ type: 'text/html; charset=utf-8', text: welcomePage(host) }),
    '/devcenter-api-2.0': () => ({ type: 'text/html; charset=utf-8', text: devcenter }),
    '/api/v2.0/openapi.json': () => ({ type: 'application/json', text: json }),
  }
}

/** The REST API takes names and passwords; a registry token is for /v2 alone (C-13). */
async function identifyApi(request: IncomingMessage, response: ServerResponse, { login, sessions, peer, externalUrl }: { login: Login; sessions: SessionDoor; peer: Peer; externalUrl: string | undefined }): Promise<Caller> {
  // Browsers remember Basic credentials too, so a foreign page must not make use of either kind (X23).
  if (!isReading(request.method) && isCrossSite(request, peer, externalUrl)) throw new Failure('FORBIDDEN', 'this request came from another site')
  const header = request.headers.authorization
  if (header === undefined) return (await sessions.identify(request, response)) ?? anonymous
  const [, encoded] = /^basic (\S+)$/i.exec(header) ?? []
  const pair = Buffer.from(encoded ?? '', 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  const caller = colon < 0 ? undefined : await login(pair.slice(0, colon), pair.slice(colon + 1), peer.address)
  if (!caller) throw new Failure('UNAUTHORIZED', 'wrong name or password')
  return caller
}

const failureOfStatus: Record<number, FailureCode> = { 401: 'UNAUTHORIZED', 403: 'FORBIDDEN', 404: 'NOT_FOUND', 409: 'CONFLICT', 412: 'PRECONDITION', 500: 'UNKNOWN', 503: 'UNAVAILABLE' }

/** Errors of the lower floors in the REST API's words. */
function toFailure(error: unknown): Failure | undefined {
  if (error instanceof DatabaseUnavailable || error instanceof StorageUnavailable || error instanceof TurnsFull) return new Failure('UNAVAILABLE', undefined, { headers: { 'retry-after': '2' } })
  if (error instanceof OciError && error.code === 'TOOMANYREQUESTS') return new Failure('TOO_MANY_REQUESTS', error.message, { headers: error.headers })
  const shortage = shortageOf(error)
  if (shortage) return new Failure('DENIED', shortage.message)
  if (error instanceof OciError) return new Failure(failureOfStatus[error.status] ?? 'BAD_REQUEST', error.message, { cause: error })
  if (error instanceof BodyTooLarge) return new Failure('PAYLOAD_TOO_LARGE', error.message)
  if (error instanceof BodyCut) return new Failure('BAD_REQUEST', error.message)
  // 22021, 22P05: PostgreSQL keeps no NUL in text.
  if (isPgError(error) && (error.code === '22021' || error.code === '22P05')) return new Failure('BAD_REQUEST', 'a text holds a character that cannot be kept')
  return undefined
}

