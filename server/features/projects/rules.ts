import { reservedProjects } from '../../catalog/project.ts'
import { countStars, patternLimits, patternProblem } from '../../catalog/selector.ts'
import { regexProblem } from '../../platform/regex.ts'
import { whenGoneWords } from '../../registry/views/proxied/rules.ts'

const nameForm = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/

/** Why a project may not have this name, or undefined. Harbor's rule. */
export function projectNameProblem(name: string): string | undefined {
  if (name.length > 255 || !nameForm.test(name))
    return 'a project name is lower-case letters and digits, with single . _ - between them, at most 255 characters'
  if (reservedProjects.includes(name)) return `the project name ${name} is reserved`
  return undefined
}

const booleans: Record<string, string> = {
  true: 'true',
  t: 'true',
  '1': 'true',
  false: 'false',
  f: 'false',
  '0': 'false',
}
const severities = ['none', 'negligible', 'low', 'medium', 'high', 'critical']

/** A name or value of metadata is wrong; the message says why. */
export class MetadataProblem extends Error {
  override name = 'MetadataProblem'
}

type Parse = (value: string) => string
const flag: Parse = (value) => {
  const known = booleans[value.toLowerCase()]
  if (known === undefined) throw new MetadataProblem('must be true or false')
  return known
}
const severity: Parse = (value) => {
  if (!severities.includes(value.toLowerCase())) throw new MetadataProblem(`must be one of ${severities.join(', ')}`)
  return value.toLowerCase()
}
const percent: Parse = (value) => {
  if (!/^(?:\d{1,2}|100)$/.test(value)) throw new MetadataProblem('must be a number from 0 to 100, in percent')
  return String(Number(value))
}
const refused =
  (why: string): Parse =>
  () => {
    throw new MetadataProblem(why)
  }
/** A whole number as Harbor takes it: anything below `least` is `least`, which is no limit. */
const wholeNumber =
  (least: number, most: number): Parse =>
  (value) => {
    if (!/^-?\d{1,16}$/.test(value) || Number(value) > most)
      throw new MetadataProblem(`must be a whole number up to ${most}`)
    return String(Math.max(least, Number(value)))
  }
const pattern: Parse = (value) => {
  const problem =
    value.length > patternLimits.length || value.includes('\0')
      ? `must have at most ${patternLimits.length} characters`
      : (starsTotal(value) ?? patternProblem(value))
  if (problem !== undefined) throw new MetadataProblem(problem)
  return value
}
const starsTotal = (value: string): string | undefined =>
  countStars([value]) > patternLimits.stars ? `must have at most ${patternLimits.stars} stars` : undefined
const oneOf =
  (words: readonly string[]): Parse =>
  (value) => {
    if (!words.includes(value)) throw new MetadataProblem(`must be one of ${words.join(', ')}`)
    return value
  }

/** Each known name of metadata, and how its value is normalized. Other names are refused. */
const metadata: Record<string, Parse> = {
  public: flag,
  enable_content_trust: flag,
  enable_content_trust_cosign: flag,
  prevent_vul: flag,
  severity,
  auto_scan: flag,
  auto_sbom_generation: flag,
  sbom_maker: oneOf(['marina', 'scanner']),
  reuse_sys_cve_allowlist: flag,
  vulnerability_warning: severity,
  hold_until_scanned: flag,
  hold_seconds: wholeNumber(1, 30 * 86_400),
  hold_then: oneOf(['refuse', 'pass']),
  // A client that could write it could point it at another project's policy (B.6).
  retention_id: refused('is set by the retention policy itself'),
  retention_max_share: percent,
  verify_signatures: flag,
}

/** Those of a project that caches another registry; in another project they are refused or ignored, as in Harbor. */
const cacheMetadata: Record<string, Parse> = {
  proxy_speed_kb: wholeNumber(-1, 2 ** 31 - 1),
  max_upstream_conn: wholeNumber(-1, 2 ** 31 - 1),
  proxy_cache_local_on_not_found: flag,
  proxy_referrer_api: flag,
  // Its form depends on its kind: `filterProblem`.
  proxy_cache_filter_pattern: (value) => value,
  proxy_cache_filter_kind: (value) => value,
  proxy_cache_fresh_seconds: wholeNumber(0, 366 * 86_400),
  proxy_cache_fixed_tags: pattern,
  proxy_cache_when_gone: oneOf(whenGoneWords),
  proxy_cache_bytes: wholeNumber(0, Number.MAX_SAFE_INTEGER),
  proxy_cache_unpulled_days: wholeNumber(0, 36_600),
}

/** Why the filter of a cache cannot be used, or undefined; in Harbor's words. */
export function filterProblem(all: Readonly<Record<string, string>>): string | undefined {
  const { proxy_cache_filter_kind: kind = '', proxy_cache_filter_pattern: text = '' } = all
  const isKind = kind === 'doublestar' || kind === 'regex'
  if (kind === '' && text === '') return undefined
  if (!isKind)
    return `metadata.proxy_cache_filter_kind should be "doublestar" or "regex", but got: "${kind.slice(0, 60)}"`
  if (text === '') return undefined
  const problem = kind === 'regex' ? regexProblem(text) : problemOf(() => pattern(text))
  return problem && `metadata.proxy_cache_filter_pattern ${problem}`
}

function problemOf(work: () => unknown): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

const isCacheMetadata = (name: string): boolean => Object.hasOwn(cacheMetadata, name)
const isMetadataName = (name: string): boolean => Object.hasOwn(metadata, name) || isCacheMetadata(name)

/** The normalized value, as it is stored. Throws MetadataProblem. `isCache`: the project caches another registry. */
export function parseMetadata(name: string, value: string, isCache = false): string {
  const parse = isCacheMetadata(name) ? cacheMetadata[name] : isMetadataName(name) ? metadata[name] : undefined
  if (!parse) throw new MetadataProblem(`${JSON.stringify(name.slice(0, 60))} is no metadata of a project`)
  if (isCacheMetadata(name) && !isCache)
    throw new MetadataProblem(`${name} is for proxy cache projects, and this is none`)
  // An empty text is the default again.
  if (isCacheMetadata(name) && value === '') return ''
  try {
    return parse(value)
  } catch (error) {
    throw new MetadataProblem(`${name} ${(error as Error).message}`, { cause: error })
  }
}

/**
 * Reads metadata out of a whole project as clients send it back. As in Harbor, what does not apply to it is ignored.
 */
export function parseAllMetadata(all: Record<string, string | undefined>, isCache = false): Record<string, string> {
  const given = Object.entries(all).filter(
    (entry): entry is [string, string] =>
      isMetadataName(entry[0]) && entry[1] !== undefined && (entry[1] !== '' || isCacheMetadata(entry[0])),
  )
  const applying = given.filter(([name]) => isCache || !isCacheMetadata(name))
  return Object.fromEntries(applying.map(([name, value]) => [name, parseMetadata(name, value, isCache)]))
}
