import { OciError } from '../../../../oci/errors.ts'
import type { Reference } from '../../../../oci/reference.ts'
import type { ManifestRead, ManifestStat } from '../../../registry/registry.ts'
import type { CopyRun } from './run.ts'

/** Each is undefined for what does not exist. */
export function readSource({ source, from }: CopyRun, reference: Reference): Promise<ManifestRead | undefined> {
  return unlessUnknown(async () => source.registry.readManifest(from, reference))
}

export function statSource({ source, from }: CopyRun, reference: Reference): Promise<ManifestStat | undefined> {
  return unlessUnknown(async () => source.registry.statManifest(from, reference))
}

export function statTarget({ target, to }: CopyRun, reference: Reference): Promise<ManifestStat | undefined> {
  return unlessUnknown(async () => target.registry.statManifest(to, reference))
}

export async function unlessUnknown<Found>(find: () => Promise<Found>): Promise<Found | undefined> {
  try {
    return await find()
  } catch (error) {
    const isUnknown = error instanceof OciError && (error.code === 'MANIFEST_UNKNOWN' || error.code === 'NAME_UNKNOWN')
    if (isUnknown) return undefined
    throw error
  }
}
