import { isDigest } from '../../../oci/digest.ts'
import type { Descriptor } from '../../../oci/manifest.ts'
import { isMediaType } from '../../../oci/media-type.ts'

/** The entries of an index, checked; undefined when the JSON is no index. */
export function descriptorsOf(json: unknown): Descriptor[] | undefined {
  const { manifests } = (json ?? {}) as { manifests?: unknown }
  if (manifests === null) return []
  if (!Array.isArray(manifests)) return undefined
  const all = manifests as Partial<Descriptor>[]
  const isDescriptor = (one: Partial<Descriptor> | null) =>
    typeof one?.digest === 'string' &&
    isDigest(one.digest) &&
    Number.isSafeInteger(one.size) &&
    one.size! >= 0 &&
    typeof one.mediaType === 'string' &&
    isMediaType(one.mediaType)
  return all.every(isDescriptor) ? (all as Descriptor[]) : undefined
}
