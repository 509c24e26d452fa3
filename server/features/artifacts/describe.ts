import type { Manifest } from '../../../oci/manifest.ts'
import type { Digest } from '../../../oci/digest.ts'
import type { Describe, Sources } from '../../registry/describe.ts'
import { accessoryOf } from './accessories.ts'
import { processors } from './processors/list.ts'
import type { Attributes } from './processors/processor.ts'

/** Attributes beyond this, in bytes of JSON, lose their largest members: a page shows a hundred artifacts. */
const attributesLimit = 32 * 1024

/** The layer that holds the artifact's icon has this annotation, without a value. */
const iconAnnotation = 'io.goharbor.artifact.v1alpha1.icon'
const iconTypes = ['image/png', 'image/jpeg', 'image/gif']
const iconLimit = 256 * 1024

export const describe: Describe = async (manifest, tags, sources) => {
  const processor = processors.find((one) => one.isFor(manifest))!
  return {
    type: typeof processor.type === 'string' ? processor.type : processor.type(manifest),
    // A config that cannot be read leaves the attributes empty; the push is not refused for it.
    extraAttrs: bounded(await processor.read(manifest, forgiving(sources)).catch(() => ({}))),
    icon: iconOf(manifest),
    accessory: accessoryOf(manifest, tags),
  }
}

/** Storage errors do not refuse the push either: its transaction checks whether all parts are there. */
function forgiving(sources: Sources): Sources {
  return {
    blob: (descriptor, limit) => sources.blob(descriptor, limit).catch(() => undefined),
    manifest: (digest) => sources.manifest(digest).catch(() => undefined),
  }
}

function bounded(attributes: Attributes): Attributes {
  const sized = Object.entries(attributes).map(([key, value]) => ({
    key,
    value,
    size: Buffer.byteLength(JSON.stringify([key, value])),
  }))
  const bySize = sized.toSorted((a, b) => a.size - b.size)
  let left = attributesLimit
  const kept = new Set(bySize.filter(({ size }) => (left -= size) >= 0).map(({ key }) => key))
  return Object.fromEntries(sized.filter(({ key }) => kept.has(key)).map(({ key, value }) => [key, value]))
}

function iconOf({ layers }: Manifest): Digest | undefined {
  const layer = layers.find(
    ({ annotations, mediaType, size }) =>
      annotations && iconAnnotation in annotations && iconTypes.includes(mediaType) && size <= iconLimit,
  )
  return layer?.digest
}
