import { algorithmOf, hexOf, type Digest } from '../../../oci/digest.ts'

/** The first segment of every system artifact's name. No project may have this name (features/projects/rules.ts). */
export const namespace = 'sys_harbor_ns'

/** A system artifact's vendor (the part of Marina that made it), the set that it belongs to, and its type. */
export type Place = { vendor: string; repository: string; type: string }

const partForm = /^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/

/** What is wrong with a vendor, repository or type, or undefined. They become segments of a storage key. */
export function placeProblem(place: Place): string | undefined {
  const bad = (['vendor', 'repository', 'type'] as const).find(
    (name) => place[name].length > 100 || !partForm.test(place[name]),
  )
  return bad && `${bad} must be letters and digits with single . _ - between them, at most 100 characters`
}

/** `sys_harbor_ns/<vendor>/<repository>/<type>` */
export function fullName({ vendor, repository, type }: Place): string {
  return `${namespace}/${vendor}/${repository}/${type}`
}

export const linksPrefix = `docker/registry/v2/repositories/${namespace}`

/**
 * The key of the link to an artifact's bytes. It is written before the bytes and removed after them, so that a crash
 * leaves no bytes without a link.
 */
export function linkPath(place: Place, digest: Digest): string {
  return `docker/registry/v2/repositories/${fullName(place)}/_layers/${algorithmOf(digest)}/${hexOf(digest)}/link`
}

const linkForm = new RegExp(`^${linksPrefix}/([^/]+)/([^/]+)/([^/]+)/_layers/(sha256)/([0-9a-f]{64})/link$`)

/** The place and digest in a link's key; undefined for any other key. */
export function parseLink(key: string): (Place & { digest: Digest }) | undefined {
  const [, vendor = '', repository = '', type = '', algorithm, hex] = linkForm.exec(key) ?? []
  return hex === undefined ? undefined : { vendor, repository, type, digest: `${algorithm}:${hex}` as Digest }
}
