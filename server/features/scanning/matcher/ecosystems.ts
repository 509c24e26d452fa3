import type { Component } from '../inventory/component.ts'

/** Ecosystems of packages that no distribution makes, by the type of their package URLs. */
const ofType = new Map<string, string>([
  ['npm', 'npm'],
  ['pypi', 'PyPI'],
  ['golang', 'Go'],
  ['cargo', 'crates.io'],
  ['gem', 'RubyGems'],
  ['composer', 'Packagist'],
  ['nuget', 'NuGet'],
  ['maven', 'Maven'],
])
const systemTypes = new Set<string>(['deb', 'apk', 'rpm'])

/** Whether the packages of a type come from the distribution. */
export const isOfSystem = (type: string): boolean => systemTypes.has(type)

/**
 * The ecosystem of a distribution as OSV names it (osv-schema, "Defined ecosystems"), from its os-release: `Debian:12`,
 * `Ubuntu:24.04:LTS`, `Alpine:v3.20`. '' for one that has no records there.
 */
export function ecosystemOfSystem(os: Pick<Component, 'name' | 'version'> | undefined): string {
  const { name = '', version = '' } = os ?? {}
  const [major = '', minor = ''] = version.split('.')
  switch (name) {
    case 'debian':
      return major === '' ? '' : `Debian:${major}`
    case 'ubuntu':
      return minor === '' ? '' : `Ubuntu:${major}.${minor}${isLongTerm(major, minor) ? ':LTS' : ''}`
    case 'alpine':
      return minor === '' ? '' : `Alpine:v${major}.${minor}`
    case 'wolfi':
      return 'Wolfi'
    case 'chainguard':
      return 'Chainguard'
    case 'rocky':
      return major === '' ? '' : `Rocky Linux:${major}`
    case 'almalinux':
      return major === '' ? '' : `AlmaLinux:${major}`
    case 'rhel':
      return major === '' ? '' : `Red Hat:${major}`
    case 'opensuse-leap':
      return version === '' ? '' : `openSUSE:Leap ${version}`
    default:
      return ''
  }
}

/** Ubuntu supports the release of each second April for long. */
const isLongTerm = (major: string, minor: string) => minor === '04' && Number(major) % 2 === 0

/**
 * The ecosystem of a record as Marina keeps it: the repositories of one release of Red Hat
 * (`Red Hat:enterprise_linux:9::appstream`) are one; all others are as they stand.
 */
export function ecosystemOf(text: string): string {
  const [, release] = /^Red Hat:enterprise_linux:(\d+)(?:[:.]|$)/.exec(text) ?? []
  return release === undefined ? text : `Red Hat:${release}`
}

/** A package's name as it is compared: some ecosystems take several spellings for the same. */
export function nameIn(ecosystem: string, name: string): string {
  // PEP 503, "Normalized names".
  if (ecosystem === 'PyPI') return name.toLowerCase().replace(/[-_.]+/g, '-')
  return ecosystem === 'NuGet' || ecosystem === 'Packagist' ? name.toLowerCase() : name
}

/** What is looked up for a package. */
export type Wanted = { ecosystem: string; name: string; version: string }

/** Distributions whose records name source packages; those of the others name what is installed. */
const bySource = ['Debian', 'Ubuntu', 'Alpine', 'Wolfi', 'Chainguard', 'Rocky Linux', 'openSUSE']

/**
 * What to look up for a package of an image. `system`: the ecosystem of the distribution. The ecosystem is '' where no
 * record can be about it.
 */
export function wantedOf({ type, namespace, name, version, qualifiers, source }: Component, system: string): Wanted {
  if (!isOfSystem(type)) {
    const ecosystem = ofType.get(type) ?? ''
    const full = namespace === undefined ? name : `${namespace}${type === 'maven' ? ':' : '/'}${name}`
    return { ecosystem, name: nameIn(ecosystem, full), version }
  }
  const from = source && bySource.includes(system.split(':', 1)[0]!) ? source : { name, version }
  // The version of an rpm's source package stands in a file's name, which has no epoch: it is that of the package.
  const epoch = type === 'rpm' && qualifiers?.['epoch'] ? `${qualifiers['epoch']}:` : ''
  return { ecosystem: system, name: from.name, version: `${epoch}${from.version}` }
}
