import { topicsOf, type AnyTopic, type Topics } from '../catalog/topic.ts'
import { facts as nouns } from '../catalog/topics.ts'
import { access, type ApiRoute } from '../features/access/index.ts'
import { artifacts } from '../features/artifacts/index.ts'
import { aliasesBy, audit } from '../features/audit/index.ts'
import { cache } from '../features/cache/index.ts'
import { cveAllowlist } from '../features/cve-allowlist/index.ts'
import { deployments } from '../features/deployments/index.ts'
import { endpoints, openEndpoints } from '../features/endpoints/index.ts'
import { explanations } from '../features/explanations/index.ts'
import { exports } from '../features/exports/index.ts'
import { gc } from '../features/gc/index.ts'
import { icons } from '../features/icons/index.ts'
import { findImmutable, immutability } from '../features/immutability/index.ts'
import { jobService } from '../features/job-service/index.ts'
import { labels } from '../features/labels/index.ts'
import { notifications } from '../features/notifications/index.ts'
import { preheat } from '../features/preheat/index.ts'
import { findCacheRules, projects } from '../features/projects/index.ts'
import { cacheFigure, proxyCache, usedByCaches } from '../features/proxy-cache/index.ts'
import { projectTemplates } from '../features/project-templates/index.ts'
import { quotas } from '../features/quotas/index.ts'
import { reactions } from '../features/reactions/index.ts'
import { replication, usedByPolicies } from '../features/replication/index.ts'
import { repositories } from '../features/repositories/index.ts'
import { giveRetention, openDropCount, parseProjectRetention, retention } from '../features/retention/index.ts'
import { overviewReader, sbomOverview, scanning, scanOverview, vulnerabilitiesOf } from '../features/scanning/index.ts'
import { scores } from '../features/scores/index.ts'
import { search } from '../features/search/index.ts'
import { securityHub } from '../features/security-hub/index.ts'
import { settings as settingsOfApi } from '../features/settings/index.ts'
import { openSystemArtifacts, systemArtifacts } from '../features/system-artifacts/index.ts'
import { signatures } from '../features/signatures/index.ts'
import { stream } from '../features/stream/index.ts'
import { system } from '../features/system/index.ts'
import { tagProtection } from '../features/tag-protection/index.ts'
import { undelete } from '../features/undelete/index.ts'
import { usage } from '../features/usage/index.ts'
import { webhooks } from '../features/webhooks/index.ts'
import { sql } from '../platform/db/sql.ts'
import type { Dispatcher } from '../platform/events/dispatcher.ts'
import type { Feature } from '../platform/feature.ts'
import type { JobHandler } from '../platform/jobs/type.ts'
import type { Component, State } from '../platform/observe/health.ts'
import type { Forwarder } from '../platform/observe/forward.ts'
import type { Outbound } from '../platform/outbound/outbound.ts'
import { forgetClaims, sweepUploads } from '../registry/local/sweep.ts'
import { facts as ofRegistry } from '../registry/topics.ts'
import type { OtherSide } from './endpoints.ts'
import { hostOf, localUrlOf } from './addresses.ts'
import type { Ground } from './ground.ts'
import { lentToPreheat } from './preheat.ts'
import { proxiedDir } from './proxied.ts'
import type { Floor } from './registry.ts'
import { lentToScanning } from './scanning.ts'
import { unsyncedBlobs } from './unsynced.ts'
import { peopleOf } from './people.ts'

/** A feature whose routes and topics are of the kinds that Marina serves. */
export type AnyFeature = Feature<ApiRoute, AnyTopic>

/** What all features have together, filled in once each of them is made: for features that need the others. */
export type House = {
  topics: Map<string, AnyTopic> & Topics
  jobs: JobHandler[]
  /** What health and metrics check; parts add their own as they open. */
  components: Component[]
  /** The dispatcher of this process; there is one once the process serves. */
  dispatcher(): Dispatcher
  isDraining(): boolean
  /** How the parts are that run in another process of this Marina, where one does. */
  statesOfLead?(): Promise<State[]>
}

type Lent = {
  ground: Ground
  floor: Floor
  house: House
  outbound: Outbound
  otherSide: OtherSide
  forwarder: Forwarder
  /** PEM of the authority that signed the server's certificate. */
  authority: Buffer | undefined
}

/** The version of Harbor whose API this is; Harbor's clients look at the number. */
const harborVersion = 'v2.16.0'

/** Harbor's retention of a new project that caches a registry: what was pulled in the last week, each midnight. */
const cacheRetention = parseProjectRetention({
  algorithm: 'or',
  rules: [
    {
      action: 'retain',
      template: 'nDaysSinceLastPull',
      params: { nDaysSinceLastPull: 7 },
      tag_selectors: [{ kind: 'doublestar', decoration: 'matches', pattern: '**' }],
      scope_selectors: { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }] },
    },
  ],
  trigger: { kind: 'Schedule', settings: { cron: '0 0 0 * * *' } },
})

/**
 * Makes every feature, and shows what each is given. The API's document lists their operations in this order. Making
 * them has no effects (platform/feature.ts); the topics and jobs of all are written into `house`.
 */
export function openFeatures({ ground, floor, house, outbound, otherSide, forwarder, authority }: Lent): AnyFeature[] {
  const { db, cache: memory, blobs, secrets, config, log, peers, layers } = ground
  const { settings, gates, registry, proxied, sessions } = floor
  const reader = { db, cache: memory }
  const redis = layers.redis
  const host = hostOf(config.server)
  const cachesLists = config.cache.isEnabled && config.cache.lists
  const reports = openReports(ground)
  const reach = { db, seal: secrets, ...otherSide }
  const localUrl = localUrlOf(config.server)
  const { topics } = house
  const aliasOf = aliasesBy(secrets.derive('audit masking'))

  const features: AnyFeature[] = [
    { name: 'catalog', topics: nouns },
    registryOf(ground),
    system({
      db,
      settings,
      components: () => house.components,
      isDraining: house.isDraining,
      ...(house.statesOfLead ? { elsewhere: house.statesOfLead } : {}),
      about: aboutOf(ground, authority),
    }),
    search({ reader }),
    projects({
      reader,
      settings,
      cachesLists,
      beginCache: (tx, by, projectId) => giveRetention(tx, by, projectId, cacheRetention),
      figures: [cacheFigure(db)],
    }),
    quotas({ db, warningPercent: config.quotas.warningPercent }),
    usage({ reader }),
    labels({ db }),
    cveAllowlist({ db }),
    cache({ db, peers, redis }),
    settingsOfApi({ settings }),
    repositories({ reader, gates, cachesLists }),
    scores({ reader, undeleteMs: config.collection.undeleteMs, pullsMs: config.pulls.keepMs }),
    artifacts({
      reader,
      gates,
      registry,
      cachesLists,
      lent: [scanOverview, sbomOverview],
      overviews: overviewReader,
      vulnerabilities: (about) => vulnerabilitiesOf(db, about),
    }),
    icons({ reader, registry }),
    immutability({ db }),
    tagProtection({ reader, settings }),
    ...peopleOf(ground, floor, aliasOf),
    scanning(lentToScanning(ground, floor, outbound)),
    signatures(floor.signatures),
    securityHub({ db }),
    // `uses`: the features that use endpoints say which; no endpoint goes while one does.
    endpoints({ ...reach, localUrl, uses: [usedByCaches, usedByPolicies] }),
    proxyCache({
      db,
      gates,
      prefetch: proxied.prefetch,
      troubleOf: proxied.troubleOf,
      counts: proxied.counts,
      rulesOf: (projectId) => findCacheRules(reader, projectId),
      immutableIn: (projectId) => findImmutable(reader, projectId),
      evictEveryMs: config.proxyCache.evictEveryMs,
      dir: proxiedDir(ground),
    }),
    access(),
    explanations({ reader, settings }),
    replication({
      db,
      reader: { ...reader, db },
      registry,
      gates,
      endpoints: openEndpoints(reach),
      localUrl,
      rules: config.replication,
    }),
    preheat(lentToPreheat(ground, floor, outbound)),
    webhooks({ db, cache: memory, secrets, settings, host, outbound, log, rules: config.webhooks }),
    exports({ db, artifacts: reports }),
    projectTemplates({ db }),
    deployments({ db, ttlMs: config.retention.deploymentTtlMs }),
    retention({
      ...reader,
      gates,
      askAbove: config.retention.askAbove,
      previewTags: config.retention.previewTags,
      keepMs: config.collection.undeleteMs,
      drops: openDropCount(),
    }),
    gc({ db, cache: memory, blobs, gates, pace: config.collection }),
    undelete({ db, gates, keepMs: config.collection.undeleteMs }),
    jobService({ db, jobs: house.jobs, keepMs: config.jobs.keepMs }),
    audit({ reader, topics, settings, forwarder, aliasOf, ...config.audit }),
    reactions({ db, dispatcher: house.dispatcher, keepMs: config.events.keepMs }),
    stream({
      reader,
      isOpen: (request) => sessions.isOpen(request),
      // A connection on which nothing is sent would be closed.
      rules: { ...config.stream, heartbeatMs: Math.min(config.stream.heartbeatMs, config.limits.idleTimeoutMs / 2) },
      keepMs: config.events.keepMs,
      onTrouble: (error) => log.warn({ err: error }, 'streams of events wait for the database'),
    }),
    notifications({ db, memoryMs: config.notifications.memoryMs }),
    systemArtifacts({ artifacts: reports }),
  ]

  for (const [name, topic] of topicsOf(...features.map((one) => one.topics ?? {}))) topics.set(name, topic)
  house.jobs.push(...features.flatMap((one) => one.jobs ?? []))
  house.components.push(...componentsOf(ground), ...features.flatMap((one) => one.components ?? []))
  return features
}

function registryOf(ground: Ground): AnyFeature {
  const small = unsyncedBlobs(ground)
  const sweeps = [uploadSweep(ground), ...small.sweeps]
  return { name: 'registry', topics: ofRegistry, afterCrash: forgetClaims, ...small, sweeps }
}

const uploadSweep = ({ db, blobs, config }: Ground) => ({
  trouble: 'abandoned uploads not removed',
  everyMs: 10 * 60_000,
  run: (signal: AbortSignal) => sweepUploads({ db, blobs, ttlMs: config.limits.uploadTtlMs, signal }),
})

/** Opened once for each process, because cleanup criteria are registered with it. */
function openReports({
  db,
  blobs,
  config: {
    systemArtifacts: { ttlMs, bytes, vendorBytes },
  },
}: Ground) {
  return openSystemArtifacts({ db, blobs, ttlMs, limits: { all: bytes, vendor: vendorBytes } })
}

/** The components that the health check asks. Without one that `isSpare` Marina goes on, only slower. */
function componentsOf({ db, blobs, layers: { redis } }: Ground): Component[] {
  return [
    { name: 'database', check: async () => void (await db.row(sql`select 1`)) },
    { name: 'registry', check: () => blobs.check() },
    ...(redis ? [{ name: 'redis', isSpare: true, check: () => redis.check() }] : []),
  ]
}

function aboutOf({ config }: Ground, authority: Buffer | undefined) {
  const { driver, root } = config.storage
  return {
    version: `${harborVersion}-marina`,
    externalUrl: config.server.externalUrl,
    storage: { driver, root },
    authority,
  }
}
