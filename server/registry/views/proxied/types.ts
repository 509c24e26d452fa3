import type { Digest } from '../../../../oci/digest.ts'
import type { RepositoryName, Tag } from '../../../../oci/reference.ts'
import type { Project } from '../../../catalog/project.ts'
import type { Reader } from '../../../catalog/reader.ts'
import type { Algorithm, BlobStream, ByteRange, RunningDigest } from '../../../platform/blobs/blobs.ts'
import type { Db } from '../../../platform/db/db.ts'
import type { Maybe } from '../../../platform/maybe.ts'
import type { Log } from '../../../platform/observe/log.ts'
import type { ManifestRead, Registry } from '../../registry.ts'
import type { Remote } from '../../remote/types.ts'
import type { Breaker } from './breaker.ts'
import type { CacheCounts } from './counts.ts'
import type { CacheRules } from './rules.ts'

/** A project that caches another registry. */
export type CacheProject = Project & { endpointId: number }

/** A repository of a cache. `name`: as it is kept here. */
export type Place = { project: CacheProject; rules: CacheRules; name: RepositoryName }

/**
 * The registry that a project caches, as two remotes with connections of their own: a question never waits behind
 * downloads.
 */
export type Upstream = { asks: Remote; blobs: Remote }

/** Settings group `proxyCache`; times in ms. */
type ProxyLimits = {
  /** The longest wait for the upstream while what is asked for is here. */
  waitMs: number
  /** The longest wait for a manifest or a list that is not here. */
  askMs: number
  /** After so many failures in a row the upstream is not asked for a while. */
  failures: number
  /** The first pause after that; it doubles with each failure, up to ten times as long. */
  pauseMs: number
}

/** What the roof lends to the view. */
export type ProxyLent = {
  db: Db
  reader: Reader
  /** Marina's own registry, which keeps what was fetched. */
  local: Registry
  /** Throws when the endpoint cannot be opened. */
  openUpstream(endpointId: number): Promise<Upstream>
  /** From the cache. */
  rulesOf(projectId: number): Maybe<CacheRules>
  /** Whether a rule of the project keeps this tag as it is. */
  isImmutable(project: CacheProject, repository: string, tag: Tag): Promise<boolean>
  limits: ProxyLimits
  /** The folder for what is on its way, on a local disk. */
  dir: string
  /** Whether Marina's own storage takes whole files. */
  takesFiles: boolean
  /** A digest that is computed beside the download of `size` bytes. */
  startDigest(algorithm: Algorithm, size: number): RunningDigest
  log: Log
  /** Told of the length of each chunk that comes by TLS: its memory is freed by the garbage collection alone. */
  onReceived(bytes: number): void
}

/** What all parts of the view share. */
export type ProxyGround = ProxyLent & { breaker: Breaker; counts: CacheCounts; downloads: Downloads }

/** A blob of the upstream; `size` in bytes. */
export type WantedBlob = Place & {
  digest: Digest
  size: number
  /** Throws while the upstream is left alone. */
  upstream(): Promise<Upstream>
}

/** Bytes on their way: fetched by this process, or by another one that this process follows. */
export interface Flow {
  /** Resolves when the first bytes are there, of a small blob all; rejects when the upstream has none. */
  ready: Promise<void>
  /** Resolves when all is over: with undefined when the blob is stored here, else with the reason. Never rejects. */
  over: Promise<unknown>
  /** How many bytes, from the blob's first one on, its readers may have got so far. */
  reached(): number
  /** Keeps the bytes for a reader until the returned function is called; undefined when they are gone already. */
  hold(): (() => void) | undefined
  /** Gives the bytes from `start` to `end` to `send` as they arrive: the reader's until its promise resolves. */
  follow(start: number, end: number, send: (bytes: Buffer) => Promise<void>): Promise<void>
}

/** Downloads of blobs. Each blob is fetched once for all callers of all processes. */
export interface Downloads {
  /** The bytes of a blob, or of a range of it, as they arrive. */
  open(wanted: WantedBlob, range?: ByteRange): Promise<BlobStream>
  /** Fetches a blob unless it is here; resolves when it is stored. */
  fetch(wanted: WantedBlob): Promise<void>
  /** The size of a blob that this process is fetching, in bytes. */
  sizeOf(name: RepositoryName, digest: Digest): number | undefined
  /** Gives up all downloads. */
  [Symbol.asyncDispose](): Promise<void>
}

export type DownloadGround = Pick<
  ProxyLent,
  'db' | 'reader' | 'local' | 'limits' | 'dir' | 'takesFiles' | 'startDigest' | 'log'
> & {
  /** Told of the end of a call of an upstream. */
  noted(wanted: WantedBlob, error: unknown): void
  /** Told of each blob that is stored. */
  onStored(wanted: WantedBlob): void
  /** Told of what comes, in bytes; `leavesGarbage`: in memory that the garbage collection alone frees. */
  onArrived(wanted: WantedBlob, bytes: number, leavesGarbage: boolean): void
}

/**
 * Makes artifacts of what was fetched, once it is whole: an image with its blobs, an index with those of its children
 * that are here. Works behind the answers to clients.
 */
export interface Keeper {
  /** To be told of a manifest that was fetched, or of a tag that names one. */
  saved(name: RepositoryName, read: ManifestRead): void
  /** To be told of a blob that was stored. One that clients asked for, a layer, brings the rest of its image. */
  stored(wanted: WantedBlob): void
  /** Resolves when nothing is under way. */
  idle(): Promise<void>
}
