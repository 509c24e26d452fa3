import { Failure } from '../platform/http/failure.ts'
import { isReading } from '../platform/http/cross-site.ts'

/** Lists of Harbor's that Marina has nothing to put into yet; paths below /api/v2.0. */
const lists = [
  /^\/registries$/,
  /^\/replication\/(?:policies|executions|adapters)$/,
  /^\/p2p\/preheat\/(?:instances|providers)$/,
  /^\/projects\/[^/]+\/preheat\/(?:policies|providers)$/,
  /^\/ldap\/(?:users|groups)\/search$/,
  /^\/security\/vul$/,
]

/** Below these Harbor has operations that change or start something, and Marina has none yet. */
const changes = [
  /^\/(?:registries|replication|retentions|p2p\/preheat|ldap)(?:\/|$)/,
  /^\/projects\/[^/]+\/preheat\//,
  /^\/projects\/[^/]+\/repositories\/.+\/artifacts\/[^/]+\/scan(?:\/stop)?$/,
  /^\/system\/(?:scanAll|oidc)\//,
  /^\/export\/cve$/,
]

/**
 * What Harbor has and Marina has not yet: an empty list, or NOT_IMPLEMENTED for what would change something. Clients
 * take 404 for "it does not exist" there, and go on. Undefined for everything else.
 */
export function unbuiltFor(method: string, path: string): (() => []) | undefined {
  const known = isReading(method) ? lists : changes
  if (!known.some((one) => one.test(path))) return undefined
  return () => {
    if (!isReading(method)) throw new Failure('NOT_IMPLEMENTED')
    return []
  }
}
