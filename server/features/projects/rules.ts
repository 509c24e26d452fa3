import { reservedProjects } from '../../catalog/project.ts'

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
const ofProxies = refused('is for proxy cache projects, and this is none')

/** Each known name of metadata, and how its value is normalized. Other names are refused. */
const metadata: Record<string, Parse> = {
  public: flag,
  enable_content_trust: flag,
  enable_content_trust_cosign: flag,
  prevent_vul: flag,
  severity,
  auto_scan: flag,
  auto_sbom_generation: flag,
  reuse_sys_cve_allowlist: flag,
  // A client that could write it could point it at another project's policy (B.6).
  retention_id: refused('is set by the retention policy itself'),
  retention_max_share: percent,
  proxy_speed_kb: ofProxies,
  max_upstream_conn: ofProxies,
  proxy_cache_local_on_not_found: ofProxies,
  proxy_referrer_api: ofProxies,
  proxy_cache_filter_pattern: ofProxies,
  proxy_cache_filter_kind: ofProxies,
}

const isMetadataName = (name: string): boolean => Object.hasOwn(metadata, name)

/** The normalized value, as it is stored. Throws MetadataProblem. */
export function parseMetadata(name: string, value: string): string {
  const parse = isMetadataName(name) ? metadata[name] : undefined
  if (!parse) throw new MetadataProblem(`${JSON.stringify(name.slice(0, 60))} is no metadata of a project`)
  try {
    return parse(value)
  } catch (error) {
    throw new MetadataProblem(`${name} ${(error as Error).message}`, { cause: error })
  }
}

/**
 * Reads metadata out of a whole project as clients send it back. As in Harbor, what does not apply to it is ignored.
 */
export function parseAllMetadata(all: Record<string, string | undefined>): Record<string, string> {
  const given = Object.entries(all).filter(
    (entry): entry is [string, string] => isMetadataName(entry[0]) && entry[1] !== undefined && entry[1] !== '',
  )
  const applying = given.filter(([name]) => metadata[name] !== ofProxies)
  return Object.fromEntries(applying.map(([name, value]) => [name, parseMetadata(name, value)]))
}
