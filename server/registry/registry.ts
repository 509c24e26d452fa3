import type { Digest, DigestAlgorithm } from '../../oci/digest.ts'
import type { Reference, RepositoryName, Tag } from '../../oci/reference.ts'
import type { Actor } from '../catalog/topics.ts'
import type { Viewer } from '../catalog/viewer.ts'
import type { BlobStream, Bytes, ByteRange } from '../platform/blobs/blobs.ts'
import type { Maybe } from '../platform/maybe.ts'

/** Size in bytes. */
export type BlobStat = { digest: Digest; size: number }
/** `content`: all of the blob's bytes, where memory holds them and storage still has this version of them. */
export type BlobRead = BlobStat & { content?: Buffer }
/** What a project that caches another registry says beside a manifest. */
type Beside = {
  /** The repository that the manifest is from, where that is not the one asked for. */
  repository?: RepositoryName
  /** Why this may not be the newest, for a `Warning` header (OCI Distribution Specification 1.1, "Warnings"). */
  warning?: string
  /** A HEAD counts as a pull: clients that have the bytes ask no more, and what they use must not be evicted. */
  countsHead?: true
}
/** A manifest without its bytes; size in bytes. */
export type ManifestStat = { digest: Digest; mediaType: string; size: number } & Beside
export type ManifestRead = { digest: Digest; mediaType: string; content: Buffer } & Beside
/** A list; `warning`: why it may not be whole, for a `Warning` header. */
export type Listed<Row> = Row[] & Pick<Beside, 'warning'>
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
  /** Children of an index may be missing, as in a copy for some platforms; Marina itself takes such an index. */
  isSparse?: boolean
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
 * What every registry does: Marina's own, another one over HTTP, or a view on one. It checks no rights: its callers do;
 * `by` only says whom the facts name. Every method fails with an OciError of the specification: NAME_UNKNOWN,
 * MANIFEST_UNKNOWN, BLOB_UNKNOWN, ... registry.suite.ts holds each implementation to the same behaviour.
 */
export interface Registry {
  // read
  /** The most frequent call: no promise for what the memory cache holds. */
  readManifest(name: RepositoryName, reference: Reference): Maybe<ManifestRead>
  /** What a HEAD needs. Puts no manifest into a cache. */
  statManifest(name: RepositoryName, reference: Reference): Maybe<ManifestStat>
  statBlob(name: RepositoryName, digest: Digest): Promise<BlobStat>
  /** What a GET of a whole blob needs, in one look-up. Without `content`, `blobUrl` and `openBlob` give the bytes. */
  readBlob(name: RepositoryName, digest: Digest): Promise<BlobRead>
  openBlob(name: RepositoryName, digest: Digest, range?: ByteRange): Promise<BlobStream>
  /** A URL at which a client may fetch the blob itself; undefined when there is none. */
  blobUrl(name: RepositoryName, digest: Digest): Promise<string | undefined>

  // write
  startUpload(name: RepositoryName, by: Actor, algorithm: DigestAlgorithm): Promise<Upload>
  findUpload(name: RepositoryName, id: string): Promise<Upload>
  /** Appends bytes; `at`, when given, must be the present size (RANGE_INVALID). Keeps what arrived of a cut body. */
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
  /** Stores a whole blob at once. */
  writeBlob(name: RepositoryName, by: Actor, digest: Digest, bytes: Bytes): Promise<BlobStat>
  /** False when `from` does not hold the blob. */
  mountBlob(name: RepositoryName, by: Actor, from: RepositoryName, digest: Digest): Promise<boolean>
  writeManifest(name: RepositoryName, by: Actor, push: ManifestPush): Promise<ManifestPushed>

  // delete
  deleteManifest(name: RepositoryName, by: Actor, digest: Digest): Promise<void>
  deleteTag(name: RepositoryName, by: Actor, tag: Tag): Promise<void>
  deleteBlob(name: RepositoryName, by: Actor, digest: Digest): Promise<void>

  // list
  listTags(name: RepositoryName, page: Page): Promise<Listed<string>>
  listReferrers(
    name: RepositoryName,
    subject: Digest,
    page: Page & { artifactType?: string },
  ): Promise<Listed<Descriptor>>
  /** Names in projects that the viewer may see. */
  listRepositories(viewer: Viewer, page: Page): Promise<string[]>
}
