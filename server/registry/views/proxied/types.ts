import type { Tag } from '../../../../oci/reference.ts'
import type { Project } from '../../../catalog/project.ts'
import type { Reader } from '../../../catalog/reader.ts'
import type { Db } from '../../../platform/db/db.ts'
import type { Maybe } from '../../../platform/maybe.ts'
import type { Log } from '../../../platform/observe/log.ts'
import type { Registry } from '../../registry.ts'
import type { Remote } from '../../remote/types.ts'
import type { Breaker } from './breaker.ts'
import type { CacheCounts } from './counts.ts'
import type { Downloads } from './downloads.ts'
import type { CacheRules } from './rules.ts'

/** A project that caches another registry. */
export type CacheProject = Project & { endpointId: number }

/**
 * The registry that a project caches, as two remotes with connections of their own: a question never waits behind
 * downloads.
 */
export type Upstream = { asks: Remote; blobs: Remote }

/** Settings group `proxyCache`; times in ms. */
export type ProxyLimits = {
  /** The longest wait for the upstream while what is asked for is here. */
  waitMs: number
  /** The longest wait for a manifest or a list that is not here. */
  askMs: number
  /** After so many failures in a row the upstream is not asked for a while. */
  failures: number
  /** The first pause after that; it doubles with each failure, up to ten times as long. */
  pauseMs: number
}

/** What the roof lends to the view. */
export type ProxyLent = {
  db: Db
  reader: Reader
  /** Marina's own registry, which keeps what was fetched. */
  local: Registry
  /** Throws when the endpoint cannot be opened. */
  openUpstream(endpointId: number): Promise<Upstream>
  /** From the cache. */
  rulesOf(projectId: number): Maybe<CacheRules>
  /** Whether a rule of the project keeps this tag as it is. */
  isImmutable(project: CacheProject, repository: string, tag: Tag): Promise<boolean>
  limits: ProxyLimits
  /** The folder for what is on its way, on a local disk. */
  dir: string
  log: Log
}

/** What all parts of the view share. */
export type ProxyGround = ProxyLent & { breaker: Breaker; counts: CacheCounts; downloads: Downloads }
