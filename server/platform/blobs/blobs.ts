import { createReadStream } from 'node:fs'
import type { Readable, Writable } from 'node:stream'

/** Bytes to be stored: any stream of buffers, such as a request's body. */
export type Bytes = AsyncIterable<Uint8Array>

/** Bytes in a file of this machine that nobody changes any more. `hex`: their digest, which the caller has computed. */
export class FileBytes implements Bytes {
  readonly path: string
  readonly size: number
  readonly hex: string

  constructor({ path, size, hex }: { path: string; size: number; hex: string }) {
    this.path = path
    this.size = size
    this.hex = hex
  }

  [Symbol.asyncIterator](): AsyncIterator<Buffer> {
    return createReadStream(this.path)[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  }
}

/**
 * Bytes that are read. `sendTo`, if the driver has it, does the same as `pipeline`, but in buffers that it reuses once
 * the other side has taken them.
 */
export type BlobStream = Readable & { sendTo?: (to: Writable, look?: Look) => Promise<void> }

/**
 * Sees bytes before they are sent: `chunk` gets each chunk, `last` is called before the last one is sent and may throw.
 */
export type Look = { chunk(bytes: Uint8Array): void; last(): void }

/** First and last byte wanted, both included, counted from 0 (RFC 9110, 14.1.2). */
export type ByteRange = { start: number; end: number }

/** `version` stays the same until the key is written again. */
export type BlobInfo = { size: number; modifiedAt: Date; version: string }

/**
 * What a driver knows of one unfinished write: a plain JSON value that the caller keeps (in its database) between two
 * calls, so that any process can continue it. `size` counts the bytes that are durable, so that the next append begins
 * there.
 */
export type Stage = { readonly id: string; readonly size: number; readonly state?: unknown }

export type Algorithm = 'sha256' | 'sha512'

/** A key whose bytes are looked at: there must be `size` of them, and `isRight` says whether they are right. */
export type Looked = { key: string; size: number; isRight(bytes: Buffer): boolean }
/** An error: the disk cannot read or sync them. */
export type LookResult = 'right' | 'wrong' | Error

/** Small blobs of a driver whose writes wait for a disk. */
export type Unsynced = {
  /**
   * Stores bytes under a new key without waiting for the disk: the key shows all of them at once, and a power cut may
   * lose, shorten or garble them until `sync`. Never replaces bytes, which may be durable: false, and nothing is
   * changed, when the key exists or the file system has no hard links.
   */
  place(key: string, bytes: Buffer): Promise<boolean>
  /** As `place`, for several keys, in their order. An error: the disk refuses that key's file. */
  placeAll(files: { key: string; bytes: Buffer }[]): Promise<(boolean | Error)[]>
  /** Reads these keys, in their order. An absent key is wrong. */
  look(keys: Looked[]): Promise<LookResult[]>
  /**
   * As `look`; what is right is durable on return. After an error the bytes must be written again: another sync may
   * succeed although they are lost.
   */
  sync(keys: Looked[]): Promise<LookResult[]>
}

/**
 * The digest of a file or stage while its bytes are written, from the first one on, in one go or in several. It lives
 * in this process alone. A driver calls `passing`, `written` and `rest`; the owner calls the others.
 */
export type RunningDigest = {
  readonly algorithm: Algorithm
  /** How many bytes it counts; -1 when it is lost and the bytes have to be read again. */
  size(): number
  /** To be called with each chunk, in order, before it is written. */
  passing(chunk: Uint8Array): void
  /** To be called when the kernel has the first `upto` bytes of the file `fd`. */
  written(fd: number, upto: number): void
  /** Waits until `fd` is not read any more and may be closed. Never rejects: it is lost when reading fails. */
  rest(fd: number): Promise<void>
  /** Ends it. The digest in hex; after `rest` without `fd`. Rejects with StorageUnavailable when it is lost. */
  finish(fd?: number): Promise<string>
  /** Ends it without a result; does nothing after `finish`. */
  drop(): void
}

/** The store has no bytes under this key. */
export class BlobMissing extends Error {
  override name = 'BlobMissing'
  readonly key: string
  constructor(key: string) {
    super(`no bytes are stored under ${key}`)
    this.key = key
  }
}

/**
 * The store cannot be reached or cannot store more (disk full, S3 down). Never thrown for a key that is only absent.
 */
export class StorageUnavailable extends Error {
  override name: string = 'StorageUnavailable'
}

/** The store has no room: only an operator can end that. */
export class StorageFull extends StorageUnavailable {
  override name = 'StorageFull'
}

/**
 * A flat store from key to immutable bytes. Keys are relative POSIX paths of [A-Za-z0-9._-] segments, no `.` or `..`
 * segment; a driver throws TypeError on any other.
 *
 * Promises of every driver, checked by blobs.suite.ts:
 * - When `write` or `commit` returns, the bytes are durable: they survive a power cut in the next moment.
 * - A key shows all its bytes or none; a failed or cut write leaves nothing under the key.
 * - Writing a key that exists replaces it atomically (bytes are content-addressed by the caller, so they are the same).
 * - Nothing is held in memory beyond a bounded buffer per call.
 * - A full disk or an unreachable store is StorageUnavailable, never "absent".
 */
export interface Blobs {
  readonly kind: 'filesystem' | 's3' | 'memory'

  /** Size in bytes, time and version of the last write, or undefined when there is no such key. */
  find(key: string): Promise<BlobInfo | undefined>

  /** The bytes of a key, or of a range in it. Rejects with BlobMissing before any byte is read. */
  read(key: string, range?: ByteRange): Promise<BlobStream>

  /**
   * Stores all bytes of `source` under `key` and returns their count. `verify` runs after the last byte and before
   * anything is visible: when it throws, or the source does, nothing is left behind. With `algorithm` it also gets the
   * digest of the bytes, in hex ('' without).
   */
  write(
    key: string,
    source: Bytes,
    verify?: (size: number, hex: string) => void,
    algorithm?: Algorithm,
  ): Promise<number>

  /**
   * Moves a file to a key without reading it; on return its bytes are durable. False, and nothing is changed, when the
   * file is on another file system. Only where blobs are files.
   */
  takeFile?(key: string, path: string): Promise<boolean>

  /** A new, empty stage. Does not touch the storage. `id` is a UUID that the caller has made. */
  stage(id: string): Stage

  /**
   * Adds bytes at the end of a stage. Bytes beyond `stage.size`, which an earlier append left without being recorded,
   * are dropped first. Resolves with the stage to keep from now on, also when the source failed: then `cut` is its
   * error, and the stage counts the bytes that arrived and are stored (`cut` is also set when the store could not take
   * all of them). `digest`, which counts the first `stage.size` bytes, goes on with the new ones; it is of no use when
   * its size differs from that of the stage afterwards, or when this throws.
   */
  append(stage: Stage, source: Bytes, digest?: RunningDigest): Promise<{ stage: Stage; cut?: unknown }>

  /** The digest of a new stage, for its appends. `size`: of all bytes to come, where that is known. */
  startDigest(algorithm: Algorithm, size?: number): RunningDigest

  /** The first `stage.size` bytes of a stage. */
  readStage(stage: Stage): Promise<Readable>

  /** Makes the stage's bytes visible under `key`, durably and atomically, and ends the stage. */
  commit(stage: Stage, key: string): Promise<void>

  /** Removes a stage and its bytes; does nothing when it is gone already. */
  discard(stage: Stage): Promise<void>

  /** Stages that hold bytes, to find those that no upload refers to. */
  listStages(): AsyncIterable<{ stage: Stage; modifiedAt: Date }>

  /** Removes a key durably. True when it existed. */
  remove(key: string): Promise<boolean>

  /** Every key below `prefix` (whole segments, `''` for all), in no particular order. */
  list(prefix: string): AsyncIterable<{ key: string } & BlobInfo>

  /** A URL from which a client may read the key for `ttlMs`, if the driver has signed URLs and they are switched on. */
  presign?(key: string, ttlMs: number): Promise<string>

  /** For bytes that are kept elsewhere, too, until they are durable here; only where that spares waiting. */
  readonly unsynced?: Unsynced

  /** Rejects with StorageUnavailable when the store cannot be read or written now. For the health check. */
  check(): Promise<void>

  close(): Promise<void>
}

const keyForm = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/

/** Throws TypeError unless `key` has the form that every driver can store. Segments never start with a dot. */
export function checkKey(key: string): string {
  if (key.length > 512 || !keyForm.test(key))
    throw new TypeError(`not a storage key: ${JSON.stringify(key.slice(0, 80))}`)
  return key
}
