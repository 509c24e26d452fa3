import { projectOf } from '../../oci/reference.ts'
import type { Topics } from '../catalog/topic.ts'
import { findProject, type Project } from '../catalog/project.ts'
import { openPullCounter, type PullCounter } from '../catalog/pulls.ts'
import type { Reader } from '../catalog/reader.ts'
import { ConfigError } from '../config/config.ts'
import {
  authModeProblem,
  isModeFixed,
  isModeFixedIn,
  modeFixedText,
  openSessionDoor,
  robotPrefixProblem,
  type ByCertificate,
  type CertificateParts,
  type Login,
  type Outside,
  type OutsideProvider,
  type SessionDoor,
} from '../features/accounts/index.ts'
import { describe } from '../features/artifacts/index.ts'
import { openRefusals, strangeTypeIn, type Refusals } from '../features/audit/index.ts'
import type { Oidc } from '../features/oidc/index.ts'
import { ldapItemProblems, type Directory } from '../features/ldap/index.ts'
import { tellingShortages } from '../features/quotas/index.ts'
import { openSettings, type SettingsAccess } from '../features/settings/index.ts'
import type { Signatures } from '../features/signatures/index.ts'
import type { Workloads } from '../features/workloads/index.ts'
import { peerReader } from '../platform/http/server.ts'
import type { Component } from '../platform/observe/health.ts'
import { openPart } from '../platform/observe/part.ts'
import type { Outbound } from '../platform/outbound/outbound.ts'
import { openYoungCollector } from '../platform/young.ts'
import { actorOf } from '../registry/caller.ts'
import { openDoor, type Door, type DoorOptions } from '../registry/door/door.ts'
import type { ManifestOptions } from '../registry/door/manifests.ts'
import type { Gates } from '../registry/gate.ts'
import { openLocalRegistry } from '../registry/local/local.ts'
import type { Registry } from '../registry/registry.ts'
import type { Tokens } from '../registry/token.ts'
import { findMirrors } from '../registry/views/proxied/mirrors.ts'
import type { ClientCertificates } from './certificates.ts'
import type { OtherSide } from './endpoints.ts'
import type { Ground } from './ground.ts'
import { openProxiedView } from './proxied.ts'
import { openGates, openSignaturesOf } from './gates.ts'
import { openIdentity, openVouching } from './identity.ts'
import { poolSizeOf } from './processes/count.ts'

/** The registry, and what identifies callers and checks their rights before anything is answered. */
export type Floor = {
  settings: SettingsAccess
  gates: Gates
  tokens: Tokens
  registry: Registry
  /** The projects that cache other registries. */
  proxied: ReturnType<typeof openProxiedView>
  login: Login
  sessions: SessionDoor
  workloads: Workloads
  outside: Outside
  byCertificate: ByCertificate | undefined
  certificateParts: CertificateParts | undefined
  oidc: Oidc
  directory: Directory
  peerOf: ReturnType<typeof peerReader>
  refusals: Refusals
  signatures: Signatures
  door: Door
  /** What is noted in memory and written a little later. */
  notes: Component
}

type LentToFloor = { otherSide: OtherSide; outbound: Outbound; certificates: ClientCertificates | undefined }

/**
 * The registry with its gates (gates.ts), who asks (identity.ts), and where refusals are recorded. What must be closed
 * later is given to `opened`. `topics` is filled by the time of the first request.
 */
export function openFloor(
  ground: Ground,
  topics: Topics,
  opened: AsyncDisposableStack,
  { otherSide, outbound, certificates }: LentToFloor,
): Floor {
  const { db, cache, config, log } = ground
  const reader = { db, cache }
  const notes = openPart('notes', log)
  const late = (what: string) => (error: unknown) => notes.failed(`${what} not written yet`, error, 10_000)

  const settings: SettingsAccess = openSettingsOf(ground, topics, () => vouching.providers)
  const vouching = openVouching(ground, settings, outbound)
  const { oidc, directory, providers } = vouching
  const refusals = opened.use(openRefusals(db, 1000, late('refusals')))
  const signatures = openSignaturesOf(ground, refusals, () => local)
  const gates = openGates(ground, settings, signatures, refusals)
  const identity = openIdentity(ground, providers, { settings, outbound, refusals, certificates, late }, opened)
  const { rights, ...who } = identity
  const { tokens, login, workloads, byCertificate } = who
  const { externalUrl, trustedProxies } = config.server
  const peerOf = peerReader(trustedProxies)
  const sessions = openSessionDoor({ ...reader, login, settings, peerOf, externalUrl, signOutAt: oidc.signOutAt })
  const pulls = opened.use(openPullCounter(db, 5000, late('pull counts'), { keepsDays: config.pulls.keepMs > 0 }))
  const local = tellingShortages(db, openLocal(ground, gates, opened, late('files of small blobs')))
  const passed = openYoungCollector(16 * 2 ** 20)
  const told = { onError: late('counts of caches'), onReceived: passed }
  const proxied = openProxiedView(ground, local, otherSide, opened, told)
  const door = openDoor({
    registry: proxied.registry,
    tokens,
    rights,
    login,
    exchange: workloads.login.exchange,
    byCertificate,
    gates,
    externalUrl,
    limits: config.limits,
    cache,
    findProject: (name) => findProject(reader, name),
    findMirrors: (host) => findMirrors(reader, host),
    hosts: new Map(config.proxyCache.hosts),
    isReadOnly: () => settings.get('read_only'),
    onPulled: notePull({ reader, pulls, settings }, late('pull counts')),
    onBytes: counting(ground, passed),
    onRefused: (caller, { name, action }) => refusals.change(caller, `${action} ${name}`, projectOf(name)),
  })
  const callers = { ...who, sessions, oidc, directory, peerOf, refusals }
  return { ...callers, settings, gates, registry: proxied.registry, proxied, signatures, door, notes: notes.component }
}

type Counting = { reader: Reader; pulls: PullCounter; settings: SettingsAccess }

/** The project's id is noted now, as all else may be gone when the pull is written down; 0 when it is gone already. */
function notePull(
  { reader, pulls, settings }: Counting,
  onError: (error: unknown) => void,
): ManifestOptions['onPulled'] {
  return (pull) => {
    const { caller, repository, digest, tag } = pull
    const count = (project: Project | undefined) =>
      pulls.count({ repository, digest, tag, projectId: project?.id ?? 0, by: actorOf(caller) })
    // The rights of the pull came from this very entry of the cache.
    const note = () => {
      const found = pull.project ?? findProject(reader, projectOf(repository))
      if (found instanceof Promise) found.then(count).catch(onError)
      else count(found)
    }
    if (caller.kind !== 'scanner') note()
    else settings.get('scanner_skip_update_pulltime').then((isLeftOut) => isLeftOut || note(), onError)
  }
}

function counting({ metrics }: Ground, passed: (count: number) => void): DoorOptions['onBytes'] {
  return (direction, count) => {
    metrics[direction].inc(count)
    if (direction === 'received') passed(count)
  }
}

/** Marina's own registry. */
function openLocal(
  ground: Ground,
  gates: Gates,
  opened: AsyncDisposableStack,
  onFileTrouble: (error: unknown) => void,
): Registry {
  const { db, cache, blobs } = ground
  return openLocalRegistry({ db, cache, blobs, gates, describe, onFileTrouble, ...storingOf(ground, opened) })
}

/** How much Marina's own registry stores at once, and what it keeps in memory. */
function storingOf({ config, peers }: Ground, closing: AsyncDisposableStack) {
  const { isEnabled, blobsBytes, blobsLargest } = config.cache
  const { unsyncedLargest: largestBytes, unsyncedBytes: backlogBytes } = config.storage
  return {
    closing,
    isAlone: () => peers.count() <= 1,
    pushesAtOnce: Math.max(1, poolSizeOf(config) >> 1),
    unsynced: { largestBytes, backlogBytes },
    smallBlobs: { bytes: isEnabled ? blobsBytes : 0, eachBytes: blobsLargest },
  }
}

function openSettingsOf(
  { db, cache, secrets, config }: Ground,
  topics: Topics,
  providers: () => OutsideProvider[],
): SettingsAccess {
  try {
    return openSettings({
      db,
      cache,
      secrets,
      overwrite: config.settings.overwrite,
      defaults: { token_expiration: Math.ceil(config.limits.tokenTtlMs / 60_000) },
      problems: {
        ...ldapItemProblems,
        auth_mode: (value) => authModeProblem(String(value), providers()),
        disabled_audit_log_event_types: (value) => strangeTypeIn(String(value), topics),
        robot_name_prefix: (value) => robotPrefixProblem(db, String(value)),
      },
      fixed: { auth_mode: { text: modeFixedText, isNow: () => isModeFixed(db), isNowIn: isModeFixedIn } },
    })
  } catch (error) {
    throw new ConfigError((error as Error).message)
  }
}
