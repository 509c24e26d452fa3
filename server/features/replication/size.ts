import type { Digest } from '../../../oci/digest.ts'
import { neededBlobs, parseManifest } from '../../../oci/manifest.ts'
import { isManifestType } from '../../../oci/media-type.ts'
import type { RepositoryName } from '../../../oci/reference.ts'
import { unlessUnknown } from './copy/read.ts'
import type { Side } from './sides/side.ts'

/** How deep indexes are read. */
const deepest = 4

/** The bytes of an artifact with all its parts, as its manifests say; -1 when it has gone. */
export async function sizeOf(side: Side, name: RepositoryName, digest: Digest, depth = 0): Promise<number> {
  const read = await unlessUnknown(async () => side.registry.readManifest(name, { digest }))
  if (!read) return -1
  const manifest = parseManifest(read.content, read.mediaType)
  const blobs = neededBlobs(manifest).reduce((sum, { size }) => sum + size, read.content.length)
  if (depth >= deepest) return blobs
  let children = 0
  for (const child of manifest.children)
    if (isManifestType(child.mediaType)) children += Math.max(0, await sizeOf(side, name, child.digest, depth + 1))
  return blobs + children
}
