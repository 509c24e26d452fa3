import { compare as comparePep440, valid as isPep440 } from '@renovatebot/pep440'
import semver from 'semver'
import { compareApk } from './apk.ts'
import { compareComposer } from './composer.ts'
import { compareDeb } from './deb.ts'
import { compareGem } from './gem.ts'
import { compareMaven } from './maven.ts'
import { compareNuget } from './nuget.ts'
import { compareRpm } from './rpm.ts'

/** Below 0 when the first version is the earlier one; undefined when one of them is no version of this order. */
export type VersionOrder = (a: string, b: string) => number | undefined

/** Ecosystems as OSV names them (osv-schema, "Defined ecosystems"), without what stands behind a colon. */
const orders = new Map<string, VersionOrder>([
  ...['Debian', 'Ubuntu'].map((name) => [name, compareDeb] as const),
  ...['Alpine', 'Wolfi', 'Chainguard'].map((name) => [name, compareApk] as const),
  ...['Rocky Linux', 'AlmaLinux', 'Red Hat', 'SUSE', 'openSUSE'].map((name) => [name, compareRpm] as const),
  ...['npm', 'crates.io', 'Go'].map((name) => [name, compareSemver] as const),
  ['PyPI', comparePypi],
  ['Maven', compareMaven],
  ['RubyGems', compareGem],
  ['Packagist', compareComposer],
  ['NuGet', compareNuget],
])

/** The order of versions in an ecosystem, such as `Debian:12` or `npm`; undefined for one that Marina does not know. */
export const orderOf = (ecosystem: string): VersionOrder | undefined => orders.get(ecosystem.split(':', 1)[0]!)

/** Semantic Versioning 2.0.0, section 11. A `v` in front, as Go writes it, and `go` are of no account. */
export function compareSemver(a: string, b: string): number | undefined {
  const [left, right] = [parseSemver(a), parseSemver(b)]
  return left && right ? semver.compare(left, right) : undefined
}

/** Go's own versions may have two numbers, and no hyphen before what is to come: 1.22rc1 is 1.22.0-rc1. */
function parseSemver(text: string): semver.SemVer | null {
  const [, numbers, rest] = /^(?:v|go)?(\d+(?:\.\d+)*)(.*)$/.exec(text) ?? []
  if (numbers === undefined) return null
  const three = `${numbers}${'.0'.repeat(Math.max(0, 3 - numbers.split('.').length))}`
  return semver.parse(`${three}${/^(?:rc|beta)\d/.test(rest!) ? '-' : ''}${rest}`)
}

/** PEP 440, "Version specifiers". */
function comparePypi(a: string, b: string): number | undefined {
  return isPep440(a) && isPep440(b) ? comparePep440(a, b) : undefined
}
