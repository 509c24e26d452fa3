import type { Digest, DigestAlgorithm } from '../../oci/digest.ts'
import type { Reference, RepositoryName, Tag } from '../../oci/reference.ts'
import type { Actor } from '../catalog/topics.ts'
import type { Viewer } from '../catalog/viewer.ts'
import type { BlobStream, Bytes, ByteRange } from '../platform/blobs/blobs.ts'
import type { Maybe } from '../platform/maybe.ts'

/** Size in bytes. */
export type BlobStat = { digest: Digest; size: number }
/** A manifest without its bytes; size in bytes. */
export type ManifestStat = { digest: Digest; mediaType: string; size: number }
export type ManifestRead = { digest: Digest; mediaType: string; content: Buffer }
/** An upload session; `size` counts the bytes received and kept. */
export type Upload = { id: string; size: number }
export type Page = { limit: number; last: string }

type ManifestPush = {
  /** The tag, or the digest the client says the bytes have. */
  reference: Reference
  /** Further tags to move in the same transaction (`?tag=`). */
  tags: Tag[]
  contentType: string | undefined
  content: Buffer
}
type ManifestPushed = { digest: Digest; tags: Tag[]; subject: Digest | undefined }

type Descriptor = {
  mediaType: string
  digest: Digest
  size: number
  artifactType?: string
  annotations?: Record<string, string>
}

/**
 * What a registry does, whoever's it is: ours, someone else's over HTTP, or a view on one. Rights are the caller's business;
 * `by` only says whom the facts name. Every method fails with an OciError of the specification: NAME_UNKNOWN,
 * MANIFEST_UNKNOWN, BLOB_UNKNOWN, ... registry.suite.ts holds each implementation to the same behaviour.
 */
export interface Registry {
  // read
  /** At once where memory has it: the hottest question there is. */
  readManifest(name: RepositoryName, reference: Reference): Maybe<ManifestRead>
  /** What a HEAD tells. Leaves no manifest in a cache. */
  statManifest(name: RepositoryName, reference: Reference): Maybe<ManifestStat>
  statBlob(name: RepositoryName, digest: Digest): Promise<BlobStat>
  openBlob(name: RepositoryName, digest: Digest, range?: ByteRange): Promise<BlobStream>
  /** Where a client may fetch the blob by itself, if anywhere. */
  blobUrl(name: RepositoryName, digest: Digest): Promise<string | undefined>

  // write
  startUpload(name: RepositoryName, by: Actor, algorithm: DigestAlgorithm): Promise<Upload>
  findUpload(name: RepositoryName, id: string): Promise<Upload>
  /** Adds bytes at the end; `at`, when given, must be the present size (RANGE_INVALID). Keeps what arrived of a cut body. */
  appendUpload(name: RepositoryName, id: string, bytes: Bytes, at?: number): Promise<Upload>
  /** Adds the last bytes, checks the digest (DIGEST_INVALID ends the upload), and makes the blob readable. */
  finishUpload(
    name: RepositoryName,
    id: string,
    by: Actor,
    digest: Digest,
    bytes: Bytes,
    at?: number,
  ): Promise<BlobStat>
  cancelUpload(name: RepositoryName, id: string): Promise<void>
  /** A whole blob at once. */
  writeBlob(name: RepositoryName, by: Actor, digest: Digest, bytes: Bytes): Promise<BlobStat>
  /** False when `from` does not hold the blob. */
  mountBlob(name: RepositoryName, by: Actor, from: RepositoryName, digest: Digest): Promise<boolean>
  writeManifest(name: RepositoryName, by: Actor, push: ManifestPush): Promise<ManifestPushed>

  // delete
  deleteManifest(name: RepositoryName, by: Actor, digest: Digest): Promise<void>
  deleteTag(name: RepositoryName, by: Actor, tag: Tag): Promise<void>
  deleteBlob(name: RepositoryName, by: Actor, digest: Digest): Promise<void>

  // list
  listTags(name: RepositoryName, page: Page): Promise<string[]>
  listReferrers(name: RepositoryName, subject: Digest, page: Page & { artifactType?: string }): Promise<Descriptor[]>
  /** Names in projects that the viewer may see. */
  listRepositories(viewer: Viewer, page: Page): Promise<string[]>
}
