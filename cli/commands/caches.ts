import { readFileSync } from 'node:fs'
import type { Static } from 'typebox'
import * as projects from '../../api/projects.ts'
import * as api from '../../api/proxy-cache.ts'
import { eachOf } from '../lib/each.ts'
import { parseArtifact, parseRepository, splitArtifact } from '../lib/names.ts'
import type { Shape } from '../lib/output.ts'
import { exitCodes, Problem, wrongUsage } from '../lib/problem.ts'
import { count, parseSize, shortDigest, size, time, yesNo } from '../lib/text.ts'
import type { Call, Option, Verb } from '../lib/verb.ts'
import { isOver, watch } from '../lib/watch.ts'
import { deleting, idOf, limitOption, listing, showing } from '../lib/words.ts'
import { getEndpoint } from './endpoints.ts'
import { project } from './projects.ts'

type Project = Static<typeof projects.Project>
type Cache = Static<typeof api.ProxyCache>
type Tag = Static<typeof api.CachedTag>
type Prefetch = Awaited<ReturnType<typeof readPrefetch>>

const ofProject = ({ project: name }: { project: string }) => ({ params: { project_name_or_id: name } })

const projectShape: Shape<Project> = {
  kind: 'cache',
  name: ({ name }) => name,
  columns: [
    { name: 'name', of: ({ name }) => name, shrinks: true },
    { name: 'endpoint', of: ({ registry_id: id }) => id },
    { name: 'public', of: ({ metadata }) => yesNo(metadata.public) },
    { name: 'repos', of: ({ repo_count: repos }) => repos },
    { name: 'fresh', of: ({ metadata }) => `${metadata.proxy_cache_fresh_seconds ?? 300} s` },
    { name: 'created', of: ({ creation_time: at }) => time(at), style: () => 'dim' },
  ],
}

const list: Verb = {
  name: 'list',
  aliases: ['ls'],
  about: 'list the projects that cache another registry',
  options: [limitOption(0)],
  async run(_given, { pages, out }) {
    const { rows } = await pages(projects.listProjects, {}, 0)
    const caches = rows.filter(({ registry_id: id }) => id !== undefined)
    await out.rows(projectShape, caches, caches.length)
  },
}

const shape: Shape<Cache> = {
  kind: 'cache',
  name: ({ registry }) => registry.name,
  columns: [
    { name: 'registry', of: ({ registry }) => registry.name },
    { name: 'tags', of: ({ tags }) => tags },
    { name: 'used', of: (row) => size(row.used_bytes) },
    { name: 'saved', of: (row) => size(row.saved_bytes) },
  ],
  fields: [
    { name: 'registry', of: ({ registry: { name, type } }) => `${name} (${type})` },
    {
      name: 'status',
      of: ({ registry: { status }, is_paused: isPaused }) => (isPaused ? `${status}, left alone` : status),
    },
    { name: 'trouble', of: ({ trouble }) => trouble?.message },
    { name: 'tags', of: ({ tags, gone_tags: gone }) => (gone > 0 ? `${tags}, ${gone} gone from the registry` : tags) },
    { name: 'artifacts', of: ({ artifacts }) => artifacts },
    { name: 'waiting', of: ({ waiting }) => `${count(waiting, 'manifest')} without all blobs` },
    { name: 'downloads', of: ({ downloads }) => downloads },
    { name: 'used', of: (row) => size(row.used_bytes) },
    { name: 'pulls', of: ({ hits, misses, stale }) => `${hits} from here, ${misses} fetched, ${stale} stale` },
    { name: 'saved', of: (row) => size(row.saved_bytes) },
    { name: 'fetched', of: (row) => size(row.fetched_bytes) },
  ],
}

const show = showing({
  operation: api.getProxyCache,
  shape,
  about: 'show what a cache holds, and what it has spared',
  arguments: [project],
  call: ofProject,
})

const tagShape: Shape<Tag> = {
  kind: 'tag',
  name: ({ repository, tag }) => `${repository}:${tag}`,
  columns: [
    { name: 'repository', of: ({ repository }) => repository, shrinks: true },
    { name: 'tag', of: ({ tag }) => tag, shrinks: true },
    { name: 'digest', of: ({ digest }) => shortDigest(digest) },
    { name: 'here', of: (row) => yesNo(row.is_stored) },
    { name: 'size', of: (row) => (row.size === undefined ? '' : size(row.size)) },
    { name: 'since', of: (row) => time(row.push_time), style: () => 'dim' },
    { name: 'pulled', of: (row) => time(row.pull_time), style: () => 'dim' },
    { name: 'checked', of: (row) => time(row.check_time), style: () => 'dim' },
    { name: 'gone', of: (row) => (row.gone_time === undefined ? '' : time(row.gone_time)), style: () => 'bad' },
  ],
}

const tags = listing({
  operation: api.listProxyCacheTags,
  shape: tagShape,
  name: 'tags',
  about: 'list the tags that were pulled through a cache, and since when they are here',
  arguments: [project],
  options: [
    { flags: '--repository <name>', about: 'only of this one, without the project' },
    { flags: '--gone', about: 'only those that the registry has no more' },
  ],
  examples: [['marina caches tags hub --repository library/nginx', 'with the time of the last check']],
  call: ({ project: name, repository, gone }: { project: string; repository?: string; gone?: true }) => ({
    params: { project_name_or_id: name },
    query: { ...(repository === undefined ? {} : { repository }), ...(gone ? { gone: true } : {}) },
  }),
})

type CreateGiven = {
  project: string
  endpoint: string
  public?: true
  fresh?: string
  fixed?: string
  whenGone?: string
  budget?: string
  unpulledDays?: string
  filter?: string
}

const createOptions: Option[] = [
  { flags: '--endpoint <endpoint>', about: 'the registry to cache', isRequired: true, complete: 'endpoint' },
  { flags: '--public', about: 'everyone may pull from it' },
  { flags: '--fresh <seconds>', about: 'serve a tag so long without asking (default: 300; 0 asks each time)' },
  { flags: '--fixed <pattern>', about: 'tags that never change, such as v*' },
  { flags: '--when-gone <what>', about: 'a tag that the registry deletes', choices: ['keep', 'mark', 'delete'] },
  { flags: '--budget <size>', about: 'evict what was not pulled for longest above this size' },
  { flags: '--unpulled-days <days>', about: 'evict what was not pulled for so long' },
  { flags: '--filter <pattern>', about: 'only repositories that match, such as library/**' },
]

const create: Verb<CreateGiven> = {
  name: 'create',
  about: 'create a project that caches another registry',
  arguments: [{ name: 'project', about: 'lower-case letters and digits, with . _ - between them' }],
  options: createOptions,
  examples: [
    ['marina endpoints create hub --type docker-hub', 'first save the registry'],
    ['marina caches create hub --endpoint hub --public', 'then: docker pull <marina>/hub/library/nginx'],
  ],
  async run({ project: name, endpoint: text, public: isPublic = false, ...given }, call) {
    const { id } = await getEndpoint(call, text)
    const metadata = { public: String(isPublic), ...metadataOf(given) }
    await call.client(projects.createProject, { body: { project_name: name, registry_id: id, metadata } })
    await call.out.done(`created cache ${name}`, name)
  },
}

function metadataOf(given: Omit<CreateGiven, 'project' | 'endpoint' | 'public'>): Record<string, string> {
  const bytes = given.budget === undefined ? undefined : parseSize(given.budget)
  if (given.budget !== undefined && bytes === undefined) throw wrongUsage('--budget is a size such as 50GiB')
  const all = {
    proxy_cache_fresh_seconds: given.fresh,
    proxy_cache_fixed_tags: given.fixed,
    proxy_cache_when_gone: given.whenGone,
    proxy_cache_bytes: bytes === undefined ? undefined : String(Math.max(0, bytes)),
    proxy_cache_unpulled_days: given.unpulledDays,
    ...(given.filter === undefined
      ? {}
      : { proxy_cache_filter_pattern: given.filter, proxy_cache_filter_kind: 'doublestar' }),
  }
  const named = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return Object.fromEntries(named)
}

const refresh: Verb<{ what: string }> = {
  name: 'refresh',
  about: 'let the next pull ask the registry again',
  arguments: [{ name: 'what', about: 'a project, <project>/<name> or <project>/<name>:<tag>' }],
  examples: [
    ['marina caches refresh hub', 'all tags of a cache'],
    ['marina caches refresh hub/library/nginx:latest', 'one of them'],
  ],
  async run({ what }, { client, out }) {
    const { repository: name, reference } = splitArtifact(what)
    const isProject = !name.includes('/')
    const { project_name: cache, repository_name: repository } = isProject
      ? { project_name: name, repository_name: undefined }
      : parseRepository(name)
    const body = { ...(repository ? { repository } : {}), ...(reference ? { tag: reference } : {}) }
    const answer = await client(api.refreshProxyCache, { params: { project_name_or_id: cache }, body })
    await out.done(`${count(answer.body.tags, 'tag')} will be asked for again`, what)
  },
}

const forget = deleting({
  operation: api.forgetProxyCache,
  kind: 'tag',
  name: 'forget',
  about: 'forget tags and what only they need; the next pull fetches them anew',
  arguments: [{ name: 'tags', about: '<project>/<name>:<tag>', isMany: true, complete: 'artifact' }],
  done: 'forgot',
  find: ({ tags: names }: { tags: string[] }) =>
    eachOf(names, async (name) => {
      const { project_name: cache, repository_name: repository, reference: tag } = parseArtifact(name)
      const asked = { params: { project_name_or_id: cache }, query: { repository, tag } }
      return { name, says: `${name} will be forgotten; it stays at its registry`, call: asked }
    }),
})

type PrefetchGiven = { project: string; images?: string[]; file?: string; platform?: string[]; wait: boolean }

const prefetch: Verb<PrefetchGiven> = {
  name: 'prefetch',
  about: 'fetch images before they are pulled',
  arguments: [
    project,
    { name: 'images', about: 'their names at the registry: library/nginx:1.27', isMany: true, isOptional: true },
  ],
  options: [
    { flags: '--file <file>', about: 'one name a line; - reads stdin' },
    { flags: '--platform <platform>', about: 'only this, such as linux/amd64; may stand several times', isMany: true },
    { flags: '--no-wait', about: 'do not wait until all are here' },
  ],
  examples: [['marina caches prefetch hub library/nginx:1.27 --platform linux/amd64', 'waits until it is here']],
  async run({ project: name, images = [], file, platform: platforms, wait }, call) {
    const wanted = [...images, ...(file === undefined ? [] : linesOf(file))]
    if (wanted.length === 0) throw wrongUsage('name images, or a --file of them')
    const params = { project_name_or_id: name }
    const body = { images: wanted, ...(platforms ? { platforms } : {}) }
    const id = idOf((await call.client(api.prefetchProxyCache, { params, body })).headers)
    if (!wait) return call.out.done(`fetching ${count(wanted.length, 'image')} (prefetch ${id})`, String(id))
    const last = await watch({
      name: `prefetch ${id}`,
      hint: 'Marina goes on fetching',
      read: () => readPrefetch(call, name, id),
      isOver: ({ status }) => isOver(status),
      step: (row) => ({ done: row.done + row.failed.length, total: row.images, text: `${row.done} of ${row.images}` }),
    })
    refuseFailed(last)
    await call.out.done(`fetched ${count(last.done, 'image')}`, String(id))
  },
}

const readPrefetch = async ({ client }: Call, project_name_or_id: string, id: number) =>
  (await client(api.getProxyCachePrefetch, { params: { project_name_or_id, prefetch_id: id } })).body

function refuseFailed({ failed, status, message }: Prefetch): void {
  if (status === 'Success') return
  const why = failed.map(({ image, reason }) => `${image}: ${reason}`).join('; ')
  throw new Problem(why || message || `the prefetch is ${status}`, { exitCode: exitCodes.refused })
}

function linesOf(file: string): string[] {
  try {
    const text = readFileSync(file === '-' ? 0 : file, 'utf8')
    return text.split('\n').flatMap((line) => line.replace(/#.*/, '').trim() || [])
  } catch (error) {
    throw wrongUsage(`the list (--file) cannot be read: ${(error as Error).message}`)
  }
}

export const verbs: Verb[] = [list, create, show, tags, refresh, forget, prefetch]
