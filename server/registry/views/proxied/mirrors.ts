import type { Reader } from '../../../catalog/reader.ts'
import { keyOf } from '../../../platform/cache/keys.ts'
import { sql } from '../../../platform/db/sql.ts'
import { andThen, type Maybe } from '../../../platform/maybe.ts'

/** Names of the projects that cache the registry which clients call by this host name. */
export const mirrorsKey = keyOf('cache_mirrors', 'host')

const dockerHub = 'docker.io'

/** The host by which clients name images of an endpoint; Docker Hub's API has another one. */
export function clientHost({ type, url }: { type: string; url: string }): string {
  if (type === 'docker-hub') return dockerHub
  return URL.canParse(url) ? new URL(url).host : url
}

/** From the cache. The oldest project comes first. */
export function findMirrors({ db, cache }: Reader, host: string): Maybe<string[]> {
  const load = async () => {
    const rows = await db.rows<{ name: string; type: string; url: string }>(sql`
      select project.name, endpoint.type, endpoint.url
      from project join endpoint on endpoint.id = project.endpoint_id order by project.id limit 1000`)
    return { names: rows.filter((row) => clientHost(row) === host).map(({ name }) => name) }
  }
  return andThen(cache.get(mirrorsKey(host), load), (found) => found!.names)
}

/**
 * The target of a request that containerd sends to a mirror: `/v2/library/nginx/...?ns=docker.io` becomes
 * `/v2/<project>/library/nginx/...`, for the project that caches that registry. A path that names such a project
 * already stays as it is, as does one of a registry that no project caches. Names at Docker Hub have two parts: a
 * longer one begins with a project, which may cache another mirror of Docker Hub.
 */
export function mirroredTarget(target: string, projects: readonly string[], host?: string): string {
  const [first] = projects
  if (host === dockerHub && partsOfName(target) > 2) return target
  if (first === undefined || projects.some((name) => target.startsWith(`/v2/${name}/`))) return target
  // `/v2/` itself is asked first by many clients: it names nothing.
  return target.replace(/^\/v2\/(?=[^?])/, `/v2/${first}/`)
}

/** How many parts with slashes between the repository's name in a target has; 0 where it names none. */
function partsOfName(target: string): number {
  const [, name] = /^\/v2\/([^?]+)\/(?:manifests|blobs|tags|referrers)\/[^/?]+(?:\?|$)/.exec(target) ?? []
  return name === undefined ? 0 : name.split('/').length
}

/**
 * The project that the host of a request stands for, with its port or without; for clients such as docker, whose
 * mirrors have no path.
 */
export function projectOfHost(hosts: ReadonlyMap<string, string>, host: string | undefined): string | undefined {
  if (host === undefined) return undefined
  const lower = host.toLowerCase()
  return hosts.get(lower) ?? hosts.get(lower.replace(/:\d+$/, ''))
}

/** The host that `ns` in a request's query names; undefined for none, or what is no host. */
export function mirrorOf(target: string): string | undefined {
  const at = target.indexOf('?')
  if (at < 0 || !target.startsWith('/v2/') || !target.includes('ns=', at)) return undefined
  const host = new URLSearchParams(target.slice(at + 1)).get('ns') ?? ''
  return /^[A-Za-z0-9._:[\]-]{1,255}$/.test(host) ? host.toLowerCase() : undefined
}
