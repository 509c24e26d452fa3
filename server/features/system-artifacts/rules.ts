import { algorithmOf, hexOf, type Digest } from '../../../oci/digest.ts'

/** The top of every name here. No project may be called so (features/projects/rules.ts). */
export const namespace = 'sys_harbor_ns'

/** Where one belongs: who made it, the set it is part of, and what kind of thing it is. */
export type Place = { vendor: string; repository: string; type: string }

const partForm = /^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/

/** Why these cannot be vendor, repository and type, or undefined. They become segments of a storage key. */
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

/** Says that the bytes belong here; written before them and removed after them, so that a crash leaves nothing unfindable. */
export function linkPath(place: Place, digest: Digest): string {
  return `docker/registry/v2/repositories/${fullName(place)}/_layers/${algorithmOf(digest)}/${hexOf(digest)}/link`
}

/** Back from a link's key; undefined for keys that are no link of ours. */
export function parseLink(key: string): (Place & { digest: Digest }) | undefined {
  const [, vendor = '', repository = '', type = '', algorithm, hex] =
    /^docker\/registry\/v2\/repositories\/sys_harbor_ns\/([^/]+)\/([^/]+)\/([^/]+)\/_layers\/(sha256)\/([0-9a-f]{64})\/link$/.exec(
      key,
    ) ?? []
  return hex === undefined ? undefined : { vendor, repository, type, digest: `${algorithm}:${hex}` as Digest }
}
