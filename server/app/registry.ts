import { projectOf } from '../../oci/reference.ts'
import type { Topics } from '../catalog/topic.ts'
import { findProject, type Project } from '../catalog/project.ts'
import { openPullCounter, type PullCounter } from '../catalog/pulls.ts'
import type { Reader } from '../catalog/reader.ts'
import { ConfigError } from '../config/config.ts'
import { openRights } from '../features/access/index.ts'
import {
  openLogin,
  openSessionDoor,
  robotPrefixProblem,
  saveTokenUses,
  type Login,
  type SessionDoor,
} from '../features/accounts/index.ts'
import { deprecationWarning, describe } from '../features/artifacts/index.ts'
import { openRefusals, strangeTypeIn, type Refusals } from '../features/audit/index.ts'
import { runningStays } from '../features/deployments/index.ts'
import { tagStays, tagStaysPut } from '../features/immutability/index.ts'
import { bringImage } from '../features/proxy-cache/index.ts'
import { tellingShortages } from '../features/quotas/index.ts'
import { openRobotUses, robotLogin } from '../features/robots/index.ts'
import { scannerLogin, severityAllowed } from '../features/scanning/index.ts'
import { openSettings, refuseWhileReadOnly, type SettingsAccess } from '../features/settings/index.ts'
import { openSignatures, type Signatures } from '../features/signatures/index.ts'
import { openWorkloads, saveRuleUses, type Workloads } from '../features/workloads/index.ts'
import { peerReader } from '../platform/http/server.ts'
import type { Component } from '../platform/observe/health.ts'
import { openPart } from '../platform/observe/part.ts'
import { seldom } from '../platform/observe/seldom.ts'
import type { Outbound } from '../platform/outbound/outbound.ts'
import { openUses } from '../platform/uses.ts'
import { openYoungCollector } from '../platform/young.ts'
import { actorOf } from '../registry/caller.ts'
import { openDoor, type Door, type DoorOptions } from '../registry/door/door.ts'
import type { ManifestOptions } from '../registry/door/manifests.ts'
import type { Gates } from '../registry/gate.ts'
import { openKeys } from '../registry/keys.ts'
import { openLocalRegistry } from '../registry/local/local.ts'
import type { Registry } from '../registry/registry.ts'
import { openTokens, type Tokens } from '../registry/token.ts'
import { findMirrors } from '../registry/views/proxied/mirrors.ts'
import type { OtherSide } from './endpoints.ts'
import type { Ground } from './ground.ts'
import { noting } from './identify.ts'
import { openProxiedView } from './proxied.ts'

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
  peerOf: ReturnType<typeof peerReader>
  refusals: Refusals
  signatures: Signatures
  door: Door
  /** What is noted in memory and written a little later. */
  notes: Component
}

/**
 * Policy is wired here by hand: which gates a push, a pull and the removal of a tag pass, and in which order; which
 * logins check names and secrets; where refusals are recorded. What must be closed later is given to `opened`. `topics`
 * is filled by the time of the first request.
 */
export function openFloor(
  ground: Ground,
  topics: Topics,
  opened: AsyncDisposableStack,
  { otherSide, outbound }: { otherSide: OtherSide; outbound: Outbound },
): Floor {
  const { db, cache, blobs, config, log } = ground
  const reader = { db, cache }
  const notes = openPart('notes', log)
  const late = (what: string) => (error: unknown) => notes.failed(`${what} not written yet`, error, 10_000)

  const settings = openSettingsOf(ground, topics)
  const refusals = opened.use(openRefusals(db, 1000, late('refusals')))
  const signatures = openSignaturesOf(ground, refusals, () => local)
  const gates = openGates(ground, settings, signatures)
  const rights = openRights(reader)
  const tokens = openTokensOf(ground, settings)
  const passwords = noting(refusals, openLoginOf(ground, { settings, tokens }, opened, late))
  const workloads = openWorkloadsOf(ground, { tokens, outbound, refusals }, opened, late)
  const login = withWorkloads(passwords, workloads.login)
  const { externalUrl, trustedProxies } = config.server
  const peerOf = peerReader(trustedProxies)
  const sessions = openSessionDoor({ ...reader, login, settings, peerOf, externalUrl })
  const pulls = opened.use(openPullCounter(db, 5000, late('pull counts'), { keepsDays: config.pulls.keepMs > 0 }))
  const local = tellingShortages(db, openLocalRegistry({ db, cache, blobs, gates, describe, ...storingOf(ground) }))
  const passed = openYoungCollector(16 * 2 ** 20)
  const told = { onError: late('counts of caches'), onReceived: passed }
  const proxied = openProxiedView(ground, local, otherSide, opened, told)
  const door = openDoor({
    registry: proxied.registry,
    tokens,
    rights,
    login,
    exchange: workloads.login.exchange,
    gates,
    externalUrl,
    limits: config.limits,
    findProject: (name) => findProject(reader, name),
    findMirrors: (host) => findMirrors(reader, host),
    isReadOnly: () => settings.get('read_only'),
    onPulled: notePull({ reader, pulls, settings }, late('pull counts')),
    onBytes: counting(ground, passed),
    onRefused: (caller, { name, action }) => refusals.change(caller, `${action} ${name}`, projectOf(name)),
  })
  const callers = { tokens, login, workloads, sessions, peerOf, refusals }
  return { ...callers, settings, gates, registry: proxied.registry, proxied, signatures, door, notes: notes.component }
}

function openGates({ db, cache, config, metrics }: Ground, settings: SettingsAccess, signatures: Signatures): Gates {
  const reader = { db, cache }
  metrics.refusedPulls.inc({ policy: 'vulnerabilities' }, 0)
  return {
    // Quotas need no gate: the database itself enforces them for every write (migrations/0003-quotas.sql).
    push: [refuseWhileReadOnly(settings), tagStaysPut(reader)],
    untag: [tagStays(reader), runningStays],
    // Warnings come last: only what is sent is warned of.
    pull: [
      signatures.gate,
      severityAllowed(reader, {
        passes: config.scanning.gatePasses,
        onRefused: () => metrics.refusedPulls.inc({ policy: 'vulnerabilities' }),
        bring: ({ project, repository, digest }) => bringImage(db, project, repository, digest),
      }),
      deprecationWarning(reader),
    ],
  }
}

function openSignaturesOf({ db, cache, config }: Ground, refusals: Refusals, source: () => Registry): Signatures {
  const { signatures: limits } = config
  return openSignatures({ reader: { db, cache }, source, limits }, ({ caller, repository, digest, project }) =>
    refusals.change(caller, `pull ${repository}@${digest} without a signature`, project.name),
  )
}

/** Checks names and secrets of people and programs, and notes when robots and personal tokens were used. */
function openLoginOf(
  ground: Ground,
  { settings, tokens }: { settings: SettingsAccess; tokens: Tokens },
  opened: AsyncDisposableStack,
  late: (what: string) => (error: unknown) => void,
): Login {
  const { db, cache } = ground
  const reader = { db, cache, relaxed: db.relaxed }
  const robotUses = opened.use(openRobotUses(db.relaxed, 5000, late('uses of robots')))
  const tokenUses = opened.use(openUses((uses) => saveTokenUses(db.relaxed, uses), 5000, late('uses of tokens')))
  const robots = robotLogin(reader, robotUses, () => settings.get('robot_name_prefix'))
  return openLogin(reader, [robots, scannerLogin(tokens)], { ...throttleOf(ground), tokenUses })
}

/** Checks tokens of pipelines and clusters, and notes which trust rules were used. */
function openWorkloadsOf(
  { db, cache, config }: Ground,
  { tokens, outbound, refusals }: { tokens: Tokens; outbound: Outbound; refusals: Refusals },
  opened: AsyncDisposableStack,
  late: (what: string) => (error: unknown) => void,
): Workloads {
  const uses = opened.use(openUses((batch) => saveRuleUses(db.relaxed, batch), 5000, late('uses of trust rules')))
  const onRefused = () => refusals.login('workload')
  return openWorkloads({ reader: { db, cache }, outbound, tokens, uses, limits: config.workloads, onRefused })
}

/** Tokens of other issuers go to the trust rules, all other passwords to accounts and robots. */
const withWorkloads =
  (passwords: Login, { takes, login }: Workloads['login']): Login =>
  (name, password, address) =>
    takes(name, password) ? login(password, address) : passwords(name, password, address)

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
      const found = findProject(reader, projectOf(repository))
      if (found instanceof Promise) found.then(count).catch(onError)
      else count(found)
    }
    if (caller.kind !== 'scanner') note()
    else settings.get('scanner_skip_update_pulltime').then((isLeftOut) => isLeftOut || note(), onError)
  }
}

function openTokensOf({ db, secrets, config }: Ground, settings: SettingsAccess): Tokens {
  const keys = openKeys(db, secrets, config.limits.tokenTtlMs)
  return openTokens(keys, async () => (await settings.get('token_expiration')) * 60_000)
}

function counting({ metrics }: Ground, passed: (count: number) => void): DoorOptions['onBytes'] {
  return (direction, count) => {
    metrics[direction].inc(count)
    if (direction === 'received') passed(count)
  }
}

/** How much Marina's own registry stores at once, and what it keeps in memory. */
function storingOf({ config }: Ground) {
  const { isEnabled, blobsBytes, blobsLargest } = config.cache
  const { unsyncedLargest: largestBytes, unsyncedBytes: backlogBytes } = config.storage
  return {
    pushesAtOnce: Math.max(1, config.database.poolSize >> 1),
    unsynced: { largestBytes, backlogBytes },
    smallBlobs: { bytes: isEnabled ? blobsBytes : 0, eachBytes: blobsLargest },
  }
}

function throttleOf({ config, log }: Ground) {
  const onSlowed = seldom((source, heldBack) =>
    log.warn({ source, ...(heldBack > 0 ? { held_back: heldBack } : {}) }, 'logins wait: too many wrong passwords'),
  )
  return { namesPerAddress: config.limits.signInNames, onSlowed }
}

function openSettingsOf({ db, cache, secrets, config }: Ground, topics: Topics): SettingsAccess {
  try {
    return openSettings({
      db,
      cache,
      secrets,
      overwrite: config.settings.overwrite,
      defaults: { token_expiration: Math.ceil(config.limits.tokenTtlMs / 60_000) },
      problems: {
        disabled_audit_log_event_types: (value) => strangeTypeIn(String(value), topics),
        robot_name_prefix: (value) => robotPrefixProblem(db, String(value)),
      },
    })
  } catch (error) {
    throw new ConfigError((error as Error).message)
  }
}
