import type { Digest } from '../../../../oci/digest.ts'
import type { Descriptor } from '../../../../oci/manifest.ts'
import type { RepositoryName, Tag } from '../../../../oci/reference.ts'
import type { Actor } from '../../../catalog/topics.ts'
import type { Registry } from '../../../registry/registry.ts'
import type { SendBlob } from '../../../registry/remote/remote.ts'
import type { Expected, ListedArtifact } from '../../endpoints/index.ts'

export type { Expected, ListedArtifact } from '../../endpoints/index.ts'

/** Who makes the changes of replication in Marina. */
export const replicator: Actor = { kind: 'system', id: null, name: 'replication' }

/** Which repositories are wanted: the names that a pattern means, or those that begin so and pass the filters. */
export type WantedNames = { prefix: string; names: RepositoryName[] | undefined; takes(name: string): boolean }

/** One side of a replication: Marina itself, or another registry. All calls end when the side's signal is aborted. */
export type Side = {
  /** 0 for Marina itself. */
  endpointId: number
  name: string
  registry: Registry
  /** Whether lists say the digests, so that a tag need not be asked for by itself. */
  listsDigests: boolean
  /** Why no single tag can be deleted; undefined when one can. */
  cannotDeleteTags: string | undefined
  repositories(wanted: WantedNames): AsyncIterable<RepositoryName>
  /** What a repository has; throws NAME_UNKNOWN. */
  artifacts(name: RepositoryName): AsyncIterable<ListedArtifact>
  referrers(name: RepositoryName, subject: Digest): AsyncIterable<Descriptor>
  /** Undefined: not known yet. */
  hasReferrersApi(): boolean | undefined
  /** Makes what must exist before a push to these repositories. */
  prepare(repositories: Expected[]): Promise<void>
  deleteTag(name: RepositoryName, tag: Tag): Promise<void>
  /** Deletes a repository that has lost its last artifact, where it would be left behind. */
  dropRepository(name: RepositoryName): Promise<void>
  hasBlob(name: RepositoryName, digest: Digest): Promise<boolean>
  /** Sends a blob, and goes on from the byte that arrived when it was cut. */
  sendBlob(name: RepositoryName, blob: SendBlob): Promise<void>
}
