/** The settings of a project that caches another registry, between a form and the project's metadata. Pure. */

type Metadata = Readonly<Record<string, string | undefined>>
type Values = Readonly<Record<string, string>>

const gibibyte = 1024 ** 3

/** The kinds of endpoints that a project can cache. */
export const cachedKinds: readonly string[] = [
  'docker-hub',
  'harbor',
  'azure-acr',
  'ali-acr',
  'aws-ecr',
  'google-gcr',
  'docker-registry',
  'github-ghcr',
  'jfrog-artifactory',
  'quay',
  'gitlab',
  'oci',
]
export const whenGoneChoices = ['mark', 'keep', 'delete'] as const
export const filterKinds = ['doublestar', 'regex'] as const

/** The seconds for which a tag is fresh where a project does not say. */
const defaultFresh = '300'

const oneOf = <Value extends string>(all: readonly Value[], text: string | undefined): Value =>
  all.find((one) => one === text) ?? all[0]!

/** A limit as a form shows it: what means no limit is empty. */
const limitText = (text: string | undefined): string => (Number(text ?? 0) > 0 ? text! : '')

/** What the form begins with. */
export function cacheValuesOf(metadata: Metadata) {
  const { proxy_cache_when_gone: gone, proxy_cache_local_on_not_found: isKept } = metadata
  const bytes = Number(metadata['proxy_cache_bytes'] ?? 0)
  return {
    fresh: metadata['proxy_cache_fresh_seconds'] || defaultFresh,
    fixed: metadata['proxy_cache_fixed_tags'] ?? '',
    // Harbor knows two of the three, by a flag.
    whenGone: oneOf(whenGoneChoices, gone || (isKept === 'true' ? 'keep' : 'mark')),
    filter: metadata['proxy_cache_filter_pattern'] ?? '',
    filterKind: oneOf(filterKinds, metadata['proxy_cache_filter_kind']),
    speed: limitText(metadata['proxy_speed_kb']),
    connections: limitText(metadata['max_upstream_conn']),
    budget: bytes > 0 ? String(bytes / gibibyte) : '',
    unpulled: limitText(metadata['proxy_cache_unpulled_days']),
    referrers: metadata['proxy_referrer_api'] === 'true',
  }
}

/** The metadata that a form's values mean, whole: what was taken out of the form loses its value. */
export function cacheMetadataOf(values: Values): Record<string, string> {
  const { fresh = '', fixed = '', filter = '', speed = '', connections = '', budget = '', unpulled = '' } = values
  return {
    proxy_cache_fresh_seconds: fresh.trim() || defaultFresh,
    proxy_cache_fixed_tags: fixed.trim(),
    proxy_cache_when_gone: oneOf(whenGoneChoices, values['whenGone']),
    proxy_cache_filter_pattern: filter.trim(),
    proxy_cache_filter_kind: filter.trim() === '' ? '' : oneOf(filterKinds, values['filterKind']),
    proxy_speed_kb: speed.trim() || '-1',
    max_upstream_conn: connections.trim() || '-1',
    proxy_cache_bytes: budget.trim() === '' ? '0' : String(Math.round(Number(budget) * gibibyte)),
    proxy_cache_unpulled_days: unpulled.trim() || '0',
    proxy_referrer_api: String(values['referrers'] === 'on'),
  }
}

/** Which fields are wrong, and in what way. */
export function cacheFaults(values: Values): Record<string, 'fresh' | 'number' | 'budget'> {
  const isWhole = (text: string) => /^\d{1,9}$/.test(text.trim())
  const { fresh = '', budget = '' } = values
  const wrong = ['speed', 'connections', 'unpulled'].filter((name) => values[name] && !isWhole(values[name]))
  return {
    ...Object.fromEntries(wrong.map((name) => [name, 'number' as const])),
    ...(fresh !== '' && !isWhole(fresh) ? { fresh: 'fresh' as const } : {}),
    ...(budget !== '' && !(Number(budget) > 0) ? { budget: 'budget' as const } : {}),
  }
}
