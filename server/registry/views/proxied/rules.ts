import type { RepositoryName, Tag } from '../../../../oci/reference.ts'
import { compileSelection } from '../../../catalog/selector.ts'
import { keyOf } from '../../../platform/cache/keys.ts'
import { compileRegex } from '../../../platform/regex.ts'

/** The rules of a project, compiled; see features/projects/store.ts. */
export const cacheRulesKey = keyOf('cache_rules', 'project_id')

/** What becomes of a tag that the upstream has deleted: it is served on, answered with 404, or deleted here, too. */
type WhenGone = 'keep' | 'mark' | 'delete'
export const whenGoneWords: readonly WhenGone[] = ['keep', 'mark', 'delete']

/** How a project caches its upstream, read from its metadata. */
export type CacheRules = {
  /** The endpoint's name and the type of its adapter, such as `docker-hub`. */
  upstream: { name: string; type: string }
  /** How long a tag is served without asking the upstream, in ms; 0: it is asked at each pull. */
  freshMs: number
  /** Tags that never change: once here, the upstream is not asked for them again. */
  isFixed(tag: Tag): boolean
  whenGone: WhenGone
  /** Whether the repository of this name at the upstream may be fetched. */
  takes(name: RepositoryName): boolean
  /** Whether lists of referrers come from the upstream. */
  asksReferrers: boolean
  /** For each download, in bytes a second; 0: no limit. */
  bytesPerSecond: number
  /** The most downloads of blobs at a time, of all processes together; 0: no limit. */
  downloads: number
  /** What the project may use, in bytes; 0: no budget. What was not pulled for longest is evicted. */
  budgetBytes: number
  /** What nobody pulled for so long is evicted; 0: never. */
  unpulledDays: number
}

/** The seconds for which a tag is fresh, where the project does not say. */
const defaultFreshSeconds = 300

/** The metadata of a project to its rules. They were checked when they were saved: a wrong number counts as not set. */
export function cacheRulesOf(metadata: Readonly<Record<string, string>>, upstream: CacheRules['upstream']): CacheRules {
  const number = (name: string, fallback = 0) => {
    const value = Number(metadata[name] ?? fallback)
    return Number.isSafeInteger(value) && value >= 0 ? value : fallback
  }
  const isOn = (name: string) => metadata[name] === 'true'
  const whenGone = metadata['proxy_cache_when_gone'] as WhenGone | undefined
  return {
    upstream,
    freshMs: number('proxy_cache_fresh_seconds', defaultFreshSeconds) * 1000,
    isFixed: matcherOf('doublestar', metadata['proxy_cache_fixed_tags'], false),
    // Harbor knows the first two only, by this flag.
    whenGone: whenGone ?? (isOn('proxy_cache_local_on_not_found') ? 'keep' : 'mark'),
    takes: matcherOf(metadata['proxy_cache_filter_kind'], metadata['proxy_cache_filter_pattern'], true),
    asksReferrers: isOn('proxy_referrer_api'),
    bytesPerSecond: number('proxy_speed_kb') * 1024,
    downloads: number('max_upstream_conn'),
    budgetBytes: number('proxy_cache_bytes'),
    unpulledDays: number('proxy_cache_unpulled_days'),
  }
}

/** `without`: the answer where there is no pattern. */
function matcherOf(kind: string | undefined, pattern: string | undefined, without: boolean): (text: string) => boolean {
  if (!pattern) return () => without
  try {
    if (kind === 'regex') return compileRegex(pattern).matches
    return compileSelection({ repositories: [{ pattern }], tags: [] }).takesRepository
  } catch {
    // A pattern that lost its kind takes nothing.
    return () => false
  }
}
