import type { Descriptor, Manifest } from '../../oci/manifest.ts'
import type { Digest } from '../../oci/digest.ts'
import type { Tag } from '../../oci/reference.ts'
import type { Description } from '../catalog/artifact.ts'

/** What a description may be read from: parts of the very push, nothing else. */
export type Sources = {
  /** The bytes of a blob that the manifest names and the repository must hold; undefined when larger than `limit` or not there. */
  blob(descriptor: Descriptor, limit: number): Promise<Buffer | undefined>
  /** A manifest of the same repository. */
  manifest(digest: Digest): Promise<Manifest | undefined>
}

/** Reads what a list of artifacts shows from a manifest and its config. Never fails: what it cannot read it leaves out. Lent by the roof. */
export type Describe = (manifest: Manifest, tags: Tag[], sources: Sources) => Promise<Description>
