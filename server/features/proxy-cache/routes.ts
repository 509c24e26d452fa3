import * as api from '../../../api/proxy-cache.ts'
import { isRepositoryName, isTag, type RepositoryName } from '../../../oci/reference.ts'
import type { Project } from '../../catalog/project.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { Failure } from '../../platform/http/failure.ts'
import { created } from '../../platform/http/reply.ts'
import { findExecution, withProgress, type Execution } from '../../platform/jobs/views.ts'
import { actorOf } from '../../registry/caller.ts'
import type { UntagGates } from '../../registry/gate.ts'
import type { Prefetch } from '../../registry/views/proxied/prefetch.ts'
import type { CacheProject } from '../../registry/views/proxied/types.ts'
import { route, type ApiRoute } from '../access/index.ts'
import { findEndpoint, presentEndpoint, type Endpoint } from '../endpoints/index.ts'
import type { Figure } from '../projects/index.ts'
import { forget, prefetchImages, refresh } from './actions.ts'
import { isCache, parseImage, prefetchType } from './jobs.ts'
import { cachedOrder, listCachedTags, readFigures, type CachedTag } from './store.ts'

export type RouteGround = {
  db: Db
  gates: UntagGates
  prefetch: Prefetch
  /** The endpoints that this process leaves alone for now. */
  paused(): number[]
}

/** What is in a cache: for those who may list its artifacts. Asking again needs the right to add some. */
export function cacheRoutes(ground: RouteGround): ApiRoute[] {
  const { db } = ground
  return [
    route(api.getProxyCache, { project: 'artifact', verb: 'list' }, async ({ project }) => {
      const cache = cacheOf(project)
      const [endpoint, figures] = await Promise.all([findEndpoint(db, cache.endpointId), readFigures(db, cache.id)])
      if (!endpoint || !figures) throw new Failure('NOT_FOUND')
      return present(endpoint, figures, ground.paused().includes(endpoint.id))
    }),
    route(api.listProxyCacheTags, { project: 'artifact', verb: 'list' }, async ({ project, query }) => {
      const { repository, gone, ...page } = query
      const cache = cacheOf(project)
      const chosen = { repository: repository && `${cache.name}/${repository}`, isGone: gone }
      const { rows, total } = await listCachedTags(db, cache.id, chosen, listing({}, page, cachedOrder))
      return { rows: rows.map((row) => presentTag(cache, row)), total }
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

function present(endpoint: Endpoint, figures: NonNullable<Awaited<ReturnType<typeof readFigures>>>, isPaused: boolean) {
  const { id, name, type, status } = endpoint
  return {
    registry: { id, name, type, status },
    is_paused: isPaused,
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

function presentTag({ name: project }: CacheProject, row: CachedTag) {
  return {
    repository: row.repository.slice(project.length + 1),
    tag: row.name,
    digest: row.digest,
    is_stored: row.isStored,
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
