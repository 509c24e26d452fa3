import type { Static } from 'typebox'
import * as api from '../../../api/proxy-cache.ts'
import { isRepositoryName, isTag, type RepositoryName, type Tag } from '../../../oci/reference.ts'
import type { Project } from '../../catalog/project.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing, type ListQuery } from '../../platform/db/listing.ts'
import { Failure } from '../../platform/http/failure.ts'
import { created } from '../../platform/http/reply.ts'
import { findExecution, withProgress, type Execution } from '../../platform/jobs/views.ts'
import type { Maybe } from '../../platform/maybe.ts'
import { actorOf } from '../../registry/caller.ts'
import type { UntagGates } from '../../registry/gate.ts'
import type { Breaker, Trouble } from '../../registry/views/proxied/breaker.ts'
import type { Prefetch } from '../../registry/views/proxied/prefetch.ts'
import type { CacheRules } from '../../registry/views/proxied/rules.ts'
import type { CacheProject } from '../../registry/views/proxied/types.ts'
import { route, type ApiRoute } from '../access/index.ts'
import { findEndpoint, presentEndpoint, type Endpoint } from '../endpoints/index.ts'
import type { Figure } from '../projects/index.ts'
import { forget, prefetchImages, refresh } from './actions.ts'
import { isCache, parseImage, prefetchType } from './jobs.ts'
import { cachedOrder, listCachedTags, readFigures, type CachedTag } from './store.ts'
import { listTallies, tallyFields, tallyOrder, type Tallied } from './tallies.ts'

export type RouteGround = {
  db: Db
  gates: UntagGates
  prefetch: Prefetch
  troubleOf: Breaker['troubleOf']
  rulesOf(projectId: number): Maybe<CacheRules>
  /** Whether a rule of the project keeps a tag as it is; undefined without rules. `repository`: without the project. */
  immutableIn(projectId: number): Maybe<((repository: string, tag: Tag) => boolean) | undefined>
}

/** What is in a cache: for those who may list its artifacts. Asking again needs the right to add some. */
export function cacheRoutes(ground: RouteGround): ApiRoute[] {
  const { db } = ground
  return [
    route(api.getProxyCache, { project: 'artifact', verb: 'list' }, async ({ project }) => {
      const cache = cacheOf(project)
      const [endpoint, figures] = await Promise.all([findEndpoint(db, cache.endpointId), readFigures(db, cache.id)])
      if (!endpoint || !figures) throw new Failure('NOT_FOUND')
      return present(endpoint, figures, ground.troubleOf(endpoint.id))
    }),
    route(api.listProxyCaches, { system: 'registry', verb: 'list' }, ({ query }) => listAll(ground, query)),
    route(api.listProxyCacheTags, { project: 'artifact', verb: 'list' }, async ({ project, query }) => {
      const { repository, gone, ...page } = query
      const cache = cacheOf(project)
      const chosen = { repository: repository && `${cache.name}/${repository}`, isGone: gone }
      const [{ rows, total }, freshness] = await Promise.all([
        listCachedTags(db, cache.id, chosen, listing({}, page, cachedOrder)),
        openFreshness(ground, cache),
      ])
      return { rows: rows.map((row) => presentTag(cache, row, freshness(row))), total }
    }),
    route(api.refreshProxyCache, { project: 'artifact', verb: 'create' }, async ({ project, body, caller }) => {
      const cache = cacheOf(project)
      const { repository, tag } = body
      if (tag !== undefined && repository === undefined) throw new Failure('BAD_REQUEST', 'a tag needs its repository')
      const name = repository === undefined ? undefined : nameOf(cache, repository)
      return {
        tags: await refresh(db, actorOf(caller), cache, { name, tag: tag === undefined ? undefined : tagOf(tag) }),
      }
    }),
    route(api.forgetProxyCache, { project: 'artifact', verb: 'delete' }, async ({ project, query, caller }) => {
      const cache = cacheOf(project)
      await forget(ground, actorOf(caller), cache, { name: nameOf(cache, query.repository), tag: tagOf(query.tag) })
    }),
    route(api.prefetchProxyCache, { project: 'artifact', verb: 'create' }, async ({ project, body, caller }) => {
      const cache = cacheOf(project)
      const { images, platforms = [] } = body
      const bad = images.find((image) => !parseImage(cache.name, image))
      if (bad !== undefined) throw new Failure('BAD_REQUEST', `${JSON.stringify(bad)} is no <repository>:<tag>`)
      return created(await prefetchImages(db, actorOf(caller), cache, { images, platforms }))
    }),
    route(api.getProxyCachePrefetch, { project: 'artifact', verb: 'list' }, async ({ project, params }) => {
      const vendor = { vendorType: prefetchType.name, vendorId: cacheOf(project).id }
      const found = await findExecution(db, vendor, params.prefetch_id)
      if (!found) throw new Failure('NOT_FOUND', `there is no prefetch ${params.prefetch_id} of this project`)
      return presentPrefetch((await withProgress(db, [found]))[0]!)
    }),
  ]
}

async function listAll({ db, troubleOf }: RouteGround, query: ListQuery) {
  const { rows, total } = await listTallies(db, listing(tallyFields, query, tallyOrder))
  return { rows: rows.map((row) => presentTally(row, troubleOf(row.endpointId))), total }
}

/** The cached registry in the summary of its project, as Harbor shows it; its credential is nobody's business here. */
export const cacheFigure = (db: Db): Figure => ({
  field: 'registry',
  async load(project) {
    if (!isCache(project)) return undefined
    const endpoint = await findEndpoint(db, project.endpointId)
    if (!endpoint) return undefined
    const { credential: _, status_text: __, ca_certificate: ___, ...shown } = presentEndpoint(endpoint)
    return shown
  },
})

function cacheOf(project: Project): CacheProject {
  if (isCache(project)) return project
  throw new Failure('PRECONDITION', `the project ${project.name} caches no other registry`)
}

function nameOf({ name: project }: CacheProject, repository: string): RepositoryName {
  const name = `${project}/${repository}`
  if (!isRepositoryName(name)) throw new Failure('BAD_REQUEST', `${JSON.stringify(repository)} is no repository`)
  return name
}

function tagOf(text: string) {
  if (!isTag(text)) throw new Failure('BAD_REQUEST', `${JSON.stringify(text)} is no tag`)
  return text
}

function present(
  endpoint: Endpoint,
  figures: NonNullable<Awaited<ReturnType<typeof readFigures>>>,
  trouble: Trouble | undefined,
) {
  const { id, name, type, status } = endpoint
  return {
    registry: { id, name, type, status },
    ...presentTrouble(trouble),
    tags: figures.tags,
    gone_tags: figures.goneTags,
    artifacts: figures.artifacts,
    waiting: figures.waiting,
    downloads: figures.downloads,
    used_bytes: figures.usedBytes,
    hits: figures.hits,
    misses: figures.misses,
    stale: figures.stale,
    saved_bytes: figures.savedBytes,
    fetched_bytes: figures.fetchedBytes,
  }
}

function presentTrouble(trouble: Trouble | undefined) {
  if (!trouble) return { is_paused: false }
  const { message, at, pausedUntil } = trouble
  return {
    is_paused: pausedUntil !== undefined,
    trouble: {
      message,
      time: at.toISOString(),
      ...(pausedUntil && { paused_until: pausedUntil.toISOString() }),
    },
  }
}

function presentTally({ endpointId: id, registry: name, type, status, ...row }: Tallied, trouble: Trouble | undefined) {
  return {
    project_id: row.projectId,
    project: row.project,
    registry: { id, name, type, status },
    ...presentTrouble(trouble),
    hits: row.hits,
    misses: row.misses,
    stale: row.stale,
    saved_bytes: row.savedBytes,
    fetched_bytes: row.fetchedBytes,
  }
}

type Freshness = Static<typeof api.CachedTag>['freshness']

/** What the next pull of a tag does. */
async function openFreshness(ground: RouteGround, { id, name }: CacheProject): Promise<(row: CachedTag) => Freshness> {
  const { freshMs, isFixed } = await ground.rulesOf(id)
  const isImmutable = await ground.immutableIn(id)
  return ({ repository, name: tag, isStored, goneAt, checkedAt }) => {
    const isHeld = isFixed(tag) || (isStored && isImmutable?.(repository.slice(name.length + 1), tag) === true)
    if (isHeld && goneAt === null) return 'fixed'
    return Date.now() - checkedAt.getTime() < freshMs ? 'fresh' : 'due'
  }
}

function presentTag({ name: project }: CacheProject, row: CachedTag, freshness: Freshness) {
  return {
    repository: row.repository.slice(project.length + 1),
    tag: row.name,
    digest: row.digest,
    is_stored: row.isStored,
    freshness,
    check_time: row.checkedAt.toISOString(),
    ...(row.goneAt && { gone_time: row.goneAt.toISOString() }),
    ...(row.pushedAt && { push_time: row.pushedAt.toISOString() }),
    ...(row.pulledAt && { pull_time: row.pulledAt.toISOString() }),
    ...(row.size !== null && { size: row.size }),
  }
}

function presentPrefetch({ id, status, message, attrs, startedAt, endedAt }: Execution) {
  const told = attrs as { images?: number; done?: number; failed?: { image: string; reason: string }[] }
  return {
    id,
    status,
    message,
    images: told.images ?? 0,
    done: told.done ?? 0,
    failed: told.failed ?? [],
    start_time: startedAt.toISOString(),
    ...(endedAt && { end_time: endedAt.toISOString() }),
  }
}
