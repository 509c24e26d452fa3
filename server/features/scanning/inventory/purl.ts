import type { Component } from './component.ts'

/** Systems whose packages have the system's name as the namespace of their package URLs. */
const ofSystem = new Set(['deb', 'apk', 'rpm'])

/**
 * The package URL of a component: `pkg:deb/debian/curl@7.88.1-10?arch=amd64` (github.com/package-url/purl-spec). `os`
 * gives packages of a system their namespace and the qualifier `distro`. Undefined for the system itself.
 */
export function purlOf(component: Component, os: Component | undefined): string | undefined {
  const { type, name, version, qualifiers = {}, source } = component
  if (type === 'os') return undefined
  const isOfSystem = ofSystem.has(type)
  const namespace = isOfSystem ? (os?.name ?? fallback[type]) : component.namespace
  const all = {
    ...qualifiers,
    ...(isOfSystem && os ? { distro: [os.name, os.version].filter(Boolean).join('-') } : {}),
    ...(source ? { upstream: upstreamOf(source) } : {}),
  }
  return [
    `pkg:${type}`,
    ...(namespace ? namespace.split('/').map((one) => encode(one, type)) : []),
    `${encode(name, type)}${version === '' ? '' : `@${encode(version)}`}${queryOf(all)}`,
  ].join('/')
}

const fallback: Record<string, string> = { deb: 'debian', apk: 'alpine', rpm: 'redhat' }

const upstreamOf = ({ name, version }: { name: string; version: string }) =>
  version === '' ? name : `${name}@${version}`

function queryOf(qualifiers: Record<string, string>): string {
  const keys = Object.keys(qualifiers)
    .filter((key) => qualifiers[key] !== '')
    .toSorted()
  return keys.length === 0 ? '' : `?${keys.map((key) => `${key}=${encode(qualifiers[key]!)}`).join('&')}`
}

/** Types whose names are compared in lower case. */
const inLowerCase = new Set(['deb', 'apk', 'npm', 'pypi', 'composer', 'golang'])

/** Percent-encodes all but letters, digits and `.-_~:` (purl-spec, "Character encoding"). */
function encode(text: string, type = ''): string {
  const cased = inLowerCase.has(type) ? text.toLowerCase() : text
  const spelled = type === 'pypi' ? cased.replaceAll('_', '-') : cased
  return encodeURIComponent(spelled.toWellFormed())
    .replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%3A', ':')
}
