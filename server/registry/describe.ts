import type { Descriptor, Manifest } from '../../oci/manifest.ts'
import type { Digest } from '../../oci/digest.ts'
import type { Tag } from '../../oci/reference.ts'
import type { Description } from '../catalog/artifact.ts'

/** What a description may be read from: the parts of the push itself, and nothing else. */
export type Sources = {
  /**
   * The bytes of a blob that the manifest names and the repository must hold; undefined when it is larger than `limit`
   * bytes or missing.
   */
  blob(descriptor: Descriptor, limit: number): Promise<Buffer | undefined>
  /** A manifest of the same repository. */
  manifest(digest: Digest): Promise<Manifest | undefined>
}

/**
 * Reads from a manifest and its config what a list of artifacts shows. Never fails: what it cannot read it leaves out.
 * `app/registry.ts` says which function does this.
 */
export type Describe = (manifest: Manifest, tags: Tag[], sources: Sources) => Promise<Description>
