import { Type } from './type.ts'
import { operation } from './operation.ts'
import { idParam, ListQuery, ownBounds, pageQuery, ProjectEither } from './requests.ts'

const tag = 'proxy-cache'
const path = '/projects/{project_name_or_id}/proxy-cache'
const params = ProjectEither
const name = Type.String({
  minLength: 1,
  maxLength: 255,
  ...ownBounds,
  description: 'of the repository, without the project: library/nginx',
})
const tagName = Type.String({ minLength: 1, maxLength: 128, ...ownBounds })
const time = Type.String({ format: 'date-time' })

const upstream = {
  registry: Type.Object({ id: Type.Integer(), name: Type.String(), type: Type.String(), status: Type.String() }),
  is_paused: Type.Boolean({
    description: 'the process that answers does not ask the registry now, as it failed several times in a row',
  }),
  trouble: Type.Optional(
    Type.Object(
      {
        message: Type.String(),
        time,
        paused_until: Type.Optional(
          Type.String({ format: 'date-time', description: 'the registry is not asked before' }),
        ),
      },
      { description: 'the last error of the registry, unless it has worked since for the process that answers' },
    ),
  ),
}
const tally = {
  hits: Type.Integer({ description: 'pulls of tags and blobs that were served from here' }),
  misses: Type.Integer({ description: 'those that had to be fetched' }),
  stale: Type.Integer({ description: 'those that were served from here although the registry could not be asked' }),
  saved_bytes: Type.Integer({ description: 'bytes of blobs that were not fetched again' }),
  fetched_bytes: Type.Integer(),
}

/** A project that caches another registry, in the list of all of them. */
export const TalliedProxyCache = Type.Object({
  project_id: Type.Integer(),
  project: Type.String(),
  ...upstream,
  ...tally,
})

/** A project that caches another registry: what it is bound to, what is here, and what it has spared. */
export const ProxyCache = Type.Object({
  ...upstream,
  tags: Type.Integer({ description: 'tags of the registry that were pulled' }),
  gone_tags: Type.Integer({ description: 'those of them that the registry has no more' }),
  artifacts: Type.Integer({ description: 'manifests that are here with all their blobs' }),
  waiting: Type.Integer({ description: 'manifests whose blobs are not all here' }),
  downloads: Type.Integer({ description: 'blobs that are being fetched' }),
  used_bytes: Type.Integer(),
  ...tally,
})

/** A tag of the other registry, as it was when it was asked last. */
export const CachedTag = Type.Object({
  repository: Type.String({ description: 'without the project' }),
  tag: Type.String(),
  digest: Type.String(),
  is_stored: Type.Boolean({ description: 'all that the tag needs is here; of an index, at least one platform' }),
  freshness: Type.Union([Type.Literal('fresh'), Type.Literal('due'), Type.Literal('fixed')], {
    description: 'due: the next pull asks the registry; fixed: it is not asked again, by a pattern or a rule',
  }),
  check_time: Type.String({ format: 'date-time', description: 'when the registry confirmed it last' }),
  gone_time: Type.Optional(time),
  push_time: Type.Optional(Type.String({ format: 'date-time', description: 'since when it is here' })),
  pull_time: Type.Optional(time),
  size: Type.Optional(Type.Integer({ description: 'with its blobs, in bytes' })),
})

export const listProxyCaches = operation({
  id: 'listProxyCaches',
  tag,
  method: 'GET',
  path: '/system/proxy-caches',
  summary: 'List the projects that cache another registry, with what that has spared',
  query: ListQuery,
  status: 200,
  answer: Type.Array(TalliedProxyCache),
  page: true,
})

export const getProxyCache = operation({
  id: 'getProxyCache',
  tag,
  method: 'GET',
  path,
  summary: 'Get the state and the figures of a project that caches another registry',
  params,
  status: 200,
  answer: ProxyCache,
})

export const listProxyCacheTags = operation({
  id: 'listProxyCacheTags',
  tag,
  method: 'GET',
  path: `${path}/tags`,
  summary: 'List what a cache knows: the tags that were pulled, and since when',
  params,
  query: Type.Object({
    repository: Type.Optional(Type.String({ maxLength: 255, ...ownBounds, description: 'without the project' })),
    gone: Type.Optional(Type.Boolean({ description: 'only those that the registry has no more' })),
    ...pageQuery,
  }),
  status: 200,
  answer: Type.Array(CachedTag),
  page: true,
})

export const refreshProxyCache = operation({
  id: 'refreshProxyCache',
  tag,
  method: 'POST',
  path: `${path}/refresh`,
  summary: 'Let the next pull ask the registry again: for a tag, for a repository, or for all',
  params,
  body: Type.Object({ repository: Type.Optional(name), tag: Type.Optional(tagName) }),
  status: 200,
  answer: Type.Object({ tags: Type.Integer({ description: 'that will be asked for again' }) }),
})

export const forgetProxyCache = operation({
  id: 'forgetProxyCache',
  tag,
  method: 'DELETE',
  path: `${path}/tags`,
  summary: 'Forget a tag and what only it needs; the next pull fetches it anew',
  params,
  query: Type.Object({ repository: name, tag: tagName }),
  status: 200,
})

export const prefetchProxyCache = operation({
  id: 'prefetchProxyCache',
  tag,
  method: 'POST',
  path: `${path}/prefetches`,
  summary: 'Fetch images before they are pulled',
  params,
  body: Type.Object({
    images: Type.Array(
      Type.String({ minLength: 1, maxLength: 512, description: 'library/nginx:1.27, or with a digest' }),
      {
        minItems: 1,
        maxItems: 1000,
        ...ownBounds,
      },
    ),
    platforms: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
        maxItems: 20,
        ...ownBounds,
        description: 'such as linux/amd64; all by default',
      }),
    ),
  }),
  status: 201,
})

export const getProxyCachePrefetch = operation({
  id: 'getProxyCachePrefetch',
  tag,
  method: 'GET',
  path: `${path}/prefetches/{prefetch_id}`,
  summary: 'How far is it?',
  params: Type.Object({ ...ProjectEither.properties, prefetch_id: idParam }),
  status: 200,
  answer: Type.Object({
    id: Type.Integer(),
    status: Type.String({ description: 'Pending, Running, Success, Error or Stopped' }),
    message: Type.String(),
    images: Type.Integer(),
    done: Type.Integer({ description: 'images that are here' }),
    failed: Type.Array(Type.Object({ image: Type.String(), reason: Type.String() })),
    start_time: time,
    end_time: Type.Optional(time),
  }),
})
