import { projectOf } from '../../../oci/reference.ts'
import type { Project } from '../../catalog/project.ts'
import type { Cache, Facts } from '../../platform/cache/cache.ts'
import type { Maybe } from '../../platform/maybe.ts'
import type { PullGates } from '../gate.ts'
import type { ManifestRead } from '../registry.ts'
import type { RegistryRequest } from '../request.ts'
import type { Grants } from '../token.ts'
import type { At, Exchange } from './session.ts'

const limits = {
  /** How long a way is gone, in ms. What the passing of time alone changes, as the end of a robot, is felt so late. */
  ms: 1000,
  /** How many ways are kept, a few hundred bytes each; beyond that, and every 10 s, all of them are dropped. */
  ways: 2000,
  dropMs: 10_000,
  /** In bytes. A way keeps its manifest from being freed, also when the cache has dropped it. */
  manifest: 32_768,
}

/** A pull that memory answered: the manifest, and the facts that allowed it (rights, tag, manifest, gates). */
type Way = Known & { facts: Facts; userAgent: string | undefined; until: number }

type Known = { manifest: ManifestRead; project: Project }

export type WaysOptions = Pick<PullGates, 'findProject'> & { cache: Pick<Cache, 'watch'> }

export type Ways = {
  /** For a GET: what the same pull by the same token found a moment ago, when nothing of it has changed since. */
  find(asked: At<'manifest'>, exchange: Exchange): Known | undefined
  /** Answers a GET, and keeps its way where memory had all that it needed. */
  first(asked: At<'manifest'>, exchange: Exchange, answer: () => Maybe<void>): Maybe<void>
}

/**
 * Remembers how pulls were answered. A tag that many clients pull is found by a dozen facts; they are looked up one by
 * one once a second, and otherwise checked all at once: a change of any of them ends the way before it is committed.
 */
export function openWays({ cache, findProject }: WaysOptions): Ways {
  let ways = new WeakMap<RegistryRequest, WeakMap<Grants, Way>>()
  let count = 0
  let dropping: NodeJS.Timeout | undefined

  const drop = () => {
    clearTimeout(dropping)
    dropping = undefined
    ways = new WeakMap()
    count = 0
  }

  function keep(asked: RegistryRequest, grants: Grants, way: Way): void {
    if (count++ === limits.ways) drop()
    dropping ??= setTimeout(drop, limits.dropMs).unref()
    const known = ways.get(asked)
    if (known) known.set(grants, way)
    else ways.set(asked, new WeakMap([[grants, way]]))
  }

  return {
    find(asked, { request: { headers }, response, session }) {
      const way = session.grants && ways.get(asked)?.get(session.grants)
      if (!way || response.startedAt > way.until) return undefined
      if (headers['if-match'] !== undefined || headers['if-none-match'] !== undefined) return undefined
      // Gates know scanners by it.
      if (headers['user-agent'] !== way.userAgent) return undefined
      return way.facts.areTrue() ? way : undefined
    },

    first(asked, exchange, answer) {
      const { result, facts } = cache.watch(answer)
      const { request, response, session, sent } = exchange
      if (!facts || !sent || !session.grants || sent.content.length > limits.manifest) return result
      // In a project that caches another registry the time, and that registry, decide as well.
      const project = findProject(projectOf(asked.name))
      if (project instanceof Promise || project?.endpointId !== null) return result
      const until = response.startedAt + limits.ms
      keep(asked, session.grants, { manifest: sent, project, facts, userAgent: request.headers['user-agent'], until })
      return result
    },
  }
}
