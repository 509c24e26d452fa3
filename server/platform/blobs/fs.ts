import { randomUUID } from 'node:crypto'
import { constants, type Dirent, type Stats } from 'node:fs'
import { mkdir, open, readdir, stat, unlink, type FileHandle } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import {
  BlobMissing,
  checkKey,
  type Algorithm,
  type BlobInfo,
  type Blobs,
  type BlobStream,
  type ByteRange,
  type Bytes,
  type RunningDigest,
  type Stage,
} from './blobs.ts'
import { openFileDigests, type FileDigests } from './digests.ts'
import { codeOf, diskFailure, isAbsent, onDisk } from './failures.ts'
import { openPlaces, syncDir, type Places } from './fs-place.ts'
import { pour, type PourLimits, type Together } from './fs-pour.ts'
import { streamFile } from './fs-read.ts'
import { openRoom, type Room } from './fs-room.ts'
import { openUnsynced } from './fs-unsynced.ts'
import { openPlaceThread } from './place-thread.ts'
import { checkPrefix, checkStage, checkStageId, clampRange, isStageId } from './keys.ts'

type FsLimits = PourLimits & {
  /** Bytes per read; a reader holds twice as many. Fewer where more than `readersAtEase` read at once. */
  readBytes: number
  readBytesInCrowd: number
  readersAtEase: number
  /** What a crowd of readers holds together; each reads `leastReadBytes` at once however many there are. */
  crowdBytes: number
  leastReadBytes: number
  /** The most early syncs of all uploads that run at once, in libuv's 4 threads. */
  earlySyncs: number
  /** The most batches of all uploads in flight at once; each upload has at least one. */
  batchesTogether: number
}

const mebibyte = 1024 * 1024

/**
 * Measured on 2 cores with 512 MiB sent over loopback and hashed in the same process. Batches of 256 KiB take 0.54 s,
 * of 128 KiB 0.60 s; of 512 KiB 0.45 s on a fresh machine, but 1.5 s later: ext4 takes memory in pieces as large as the
 * write, and once the free ones of that size are used up, a virtual machine must get them from its host. With one batch
 * in flight it takes a tenth longer. 16 uploads at once grow the process by 55 MB. Reading it back: 1 MiB and 512 KiB
 * 0.13 s, 256 KiB 0.14 s, 128 KiB 0.26 s; by TLS 1 MiB takes a sixth longer than 512 KiB.
 */
const defaults: FsLimits = {
  batchBytes: mebibyte / 4,
  batchesInFlight: 8,
  syncEveryBytes: 32 * mebibyte,
  readBytes: mebibyte / 2,
  readBytesInCrowd: mebibyte / 4,
  readersAtEase: 8,
  crowdBytes: 64 * mebibyte,
  leastReadBytes: mebibyte / 16,
  earlySyncs: 2,
  batchesTogether: 32,
}

/**
 * Blobs as files below `root`; unfinished ones in `root/.stages` (no key starts with a dot), on the same file system so
 * that a rename makes them visible in one step.
 *
 * A plain `write` uses a stage file, too, so that `listStages` finds what a crash leaves behind.
 */
export async function openFsBlobs({ root, limits }: { root: string; limits?: Partial<FsLimits> }): Promise<Blobs> {
  const store: Store = {
    root: resolve(root),
    stages: join(resolve(root), '.stages'),
    limits: { ...defaults, ...limits },
    places: openPlaces(resolve(root)),
    digests: openFileDigests(),
    readers: { count: 0 },
    together: {
      pours: 0,
      syncs: 0,
      blocks: [],
      syncLimit: limits?.earlySyncs ?? defaults.earlySyncs,
      batchLimit: limits?.batchesTogether ?? defaults.batchesTogether,
    },
  }
  await onDisk('opening the store', makeFolders(store))
  const room = openRoom(store.root)
  const thread = openPlaceThread()
  const unsynced = openUnsynced({
    places: store.places,
    thread,
    pathOf: (key) => pathOf(store, key),
    newStage: () => stagePath(store, randomUUID()),
    stillMounted: () => stillMounted(store),
  })
  return {
    kind: 'filesystem',
    find: (key) => find(store, key),
    read: (key, range) => read(store, key, range),
    write: (key, source, verify, algorithm) => noting(room, write(store, key, source, verify, algorithm)),
    takeFile: (key, path) => noting(room, takeFile(store, key, path)),
    stage: (id) => ({ id: checkStageId(id), size: 0 }),
    append: (stage, source, digest) => noting(room, append(store, stage, source, digest)),
    startDigest: (algorithm, size) => store.digests.start(algorithm, size),
    readStage: (stage) => readStage(store, stage),
    commit: (stage, key) => commit(store, stage, key),
    discard: (stage) => discard(store, stage),
    listStages: () => listStages(store),
    remove: (key) => remove(store, key),
    list: (prefix) => list(store, checkPrefix(prefix)),
    unsynced: { ...unsynced, place: (key, bytes) => noting(room, unsynced.place(key, bytes)) },
    async check() {
      await check(store)
      await room.check()
    },
    close: async () => void (await Promise.all([store.digests.close(), thread.close()])),
  }
}

/** True when there is a store in this folder: one that was opened there before. */
export async function isFsStore(root: string): Promise<boolean> {
  try {
    return (await stat(join(resolve(root), '.stages'))).isDirectory()
  } catch (error) {
    if (isAbsent(error)) return false
    throw diskFailure('looking for the store', error)
  }
}

/** A full disk is remembered for `check`, also where it cut short what came in. */
async function noting<Result>(room: Room, storing: Promise<Result>): Promise<Result> {
  try {
    const result = await storing
    if (typeof result === 'object' && result !== null && 'cut' in result) await room.note(result.cut)
    return result
  } catch (error) {
    await room.note(error)
    throw error
  }
}

type Store = {
  root: string
  stages: string
  limits: FsLimits
  places: Places
  together: Together
  digests: FileDigests
  readers: { count: number }
}

/** Syncs only the folders that it makes: the folder above an existing root may belong to another user. */
async function makeFolders({ stages }: Store) {
  const first = await mkdir(stages, { recursive: true })
  if (first === undefined) return
  for (let dir = stages; dir.length >= first.length; dir = dirname(dir)) await syncDir(dirname(dir))
}

async function find(store: Store, key: string): Promise<BlobInfo | undefined> {
  const path = pathOf(store, key)
  const found = await statOrAbsent(store, path)
  return found?.isFile() ? infoOf(found) : undefined
}

async function read(store: Store, key: string, range?: ByteRange): Promise<BlobStream> {
  return openStream(store, pathOf(store, key), key, (size) => {
    const { start, end } = range ? clampRange(range, { size }) : { start: 0, end: size - 1 }
    return { start, length: end - start + 1 }
  })
}

/** Opens a file as a stream, which closes it; when something throws before, the file is closed here. */
async function openStream(
  store: Store,
  path: string,
  name: string,
  choose: (size: number) => { start: number; length: number },
): Promise<BlobStream> {
  const file = await openOrMissing(store, path, name, constants.O_RDONLY)
  try {
    const found = await onDisk(`reading ${name}`, file.stat())
    if (!found.isFile()) throw new BlobMissing(name)
    const { start, length } = choose(found.size)
    return countReader(store, streamFile(file, start, length, readBytesOf(store)))
  } catch (error) {
    await file.close()
    throw error
  }
}

function readBytesOf({ limits, readers }: Store): number {
  const { readBytes, readBytesInCrowd, readersAtEase, crowdBytes, leastReadBytes } = limits
  if (readers.count < readersAtEase) return readBytes
  const share = Math.floor(crowdBytes / (2 * (readers.count + 1)))
  return Math.min(readBytes, readBytesInCrowd, Math.max(leastReadBytes, share))
}

function countReader({ readers }: Store, stream: BlobStream): BlobStream {
  readers.count++
  stream.once('close', () => readers.count--)
  return stream
}

async function write(
  store: Store,
  key: string,
  source: Bytes,
  verify?: (size: number, hex: string) => void,
  algorithm?: Algorithm,
): Promise<number> {
  const to = pathOf(store, key)
  const from = stagePath(store, randomUUID())
  const file = await onDisk(`storing ${key}`, open(from, 'wx+', 0o644))
  try {
    const size = await fillWhole(store, file, source, verify, algorithm)
    await onDisk(`storing ${key}`, store.places.put(from, to))
    return size
  } catch (error) {
    await unlink(from).catch(() => undefined) // otherwise listStages reports it later
    throw error
  }
}

async function takeFile(store: Store, key: string, path: string): Promise<boolean> {
  const to = pathOf(store, key)
  const file = await onDisk(`storing ${key}`, open(path, 'r+'))
  try {
    if ((await file.stat()).dev !== (await stat(store.stages)).dev) return false
    await onDisk(`storing ${key}`, file.chmod(0o644))
    await onDisk(`storing ${key}`, file.datasync())
    await store.places.put(path, to)
    return true
  } catch (error) {
    // A bind mount of the same file system.
    if (codeOf(error) === 'EXDEV') return false
    throw diskFailure(`storing ${key}`, error)
  } finally {
    await file.close()
  }
}

async function fillWhole(
  store: Store,
  file: FileHandle,
  source: Bytes,
  verify?: (size: number, hex: string) => void,
  algorithm?: Algorithm,
) {
  const digest = algorithm && store.digests.start(algorithm)
  try {
    const { size, cut } = await pour(file, 0, source, store.limits, store.together, digest)
    if (cut) throw cut.error
    verify?.(size, (await digest?.finish(file.fd)) ?? '')
    return size
  } finally {
    digest?.drop()
    await file.close()
  }
}

async function append(
  store: Store,
  stage: Stage,
  source: Bytes,
  digest?: RunningDigest,
): Promise<{ stage: Stage; cut?: unknown }> {
  const { id, size } = checkStage(stage)
  const file = await openStage(store, stage)
  try {
    const { size: added, cut } = await pour(file, size, source, store.limits, store.together, digest)
    await digest?.rest(file.fd)
    if (cut?.byStore) await file.truncate(size).catch(() => undefined) // frees room on a full disk
    return { stage: { id, size: size + added }, ...(cut && { cut: cut.error }) }
  } finally {
    await file.close()
  }
}

async function readStage(store: Store, stage: Stage): Promise<Readable> {
  const { id, size } = checkStage(stage)
  if (size === 0) return Readable.from([])
  return openStream(store, stagePath(store, id), stageName(stage), (found) => {
    if (found < size) throw lostBytes(stage, found)
    return { start: 0, length: size }
  })
}

/** Makes only the move durable: every append has synced its bytes already. */
async function commit(store: Store, stage: Stage, key: string): Promise<void> {
  const to = pathOf(store, key)
  const file = await openStage(store, stage)
  await file.close()
  await onDisk(`storing ${key}`, store.places.put(stagePath(store, stage.id), to))
}

/** Opens a stage's file at exactly its recorded size: bytes beyond it were never recorded and are dropped. */
async function openStage(store: Store, stage: Stage): Promise<FileHandle> {
  const { id, size } = checkStage(stage)
  const flags = size === 0 ? constants.O_RDWR | constants.O_CREAT : constants.O_RDWR
  const file = await openOrMissing(store, stagePath(store, id), stageName(stage), flags)
  try {
    const found = await onDisk(`resuming ${stageName(stage)}`, file.stat())
    if (found.size < size) throw lostBytes(stage, found.size)
    if (found.size > size) await onDisk(`resuming ${stageName(stage)}`, cutTail(file, size))
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

async function cutTail(file: FileHandle, size: number) {
  await file.truncate(size)
  await file.sync()
}

/** The error for a file with fewer bytes than were synced: the disk lost them, and the upload cannot go on. */
function lostBytes(stage: Stage, found: number) {
  return new BlobMissing(`${stageName(stage)} (${found} of ${stage.size} bytes are left)`)
}

async function discard(store: Store, stage: Stage): Promise<void> {
  try {
    await unlink(stagePath(store, checkStage(stage).id))
  } catch (error) {
    if (!isAbsent(error)) throw diskFailure(`discarding ${stageName(stage)}`, error)
  }
}

async function* listStages(store: Store): AsyncGenerator<{ stage: Stage; modifiedAt: Date }> {
  for (const entry of await onDisk('listing stages', readdir(store.stages))) {
    const found = await statOrAbsent(store, join(store.stages, entry))
    if (found && isStageId(entry)) yield { stage: { id: entry, size: found.size }, modifiedAt: found.mtime }
  }
}

async function remove(store: Store, key: string): Promise<boolean> {
  const path = pathOf(store, key)
  const removed = await onDisk(`removing ${key}`, store.places.takeAway(path))
  if (!removed) await stillMounted(store)
  return removed
}

async function* list(store: Store, prefix: string): AsyncGenerator<{ key: string } & BlobInfo> {
  if (prefix !== '') {
    const found = await statOrAbsent(store, join(store.root, prefix))
    if (found?.isFile()) yield { key: prefix, ...infoOf(found) }
    if (!found?.isDirectory()) return
  }
  for (const entry of await entriesOf(store, prefix)) {
    if (entry.name.startsWith('.')) continue
    const key = prefix === '' ? entry.name : `${prefix}/${entry.name}`
    if (entry.isDirectory()) yield* list(store, key)
    else {
      const found = await statOrAbsent(store, join(store.root, key))
      if (found?.isFile()) yield { key, ...infoOf(found) }
    }
  }
}

/** Reads a folder, which may be removed as empty meanwhile. Any other error must not look like "no keys". */
async function entriesOf(store: Store, prefix: string): Promise<Dirent[]> {
  try {
    return await readdir(join(store.root, prefix), { withFileTypes: true })
  } catch (error) {
    if (!isAbsent(error)) throw diskFailure(`listing ${prefix || 'all keys'}`, error)
    await stillMounted(store)
    return []
  }
}

/** Writes, syncs and removes one small file, which fails on a disk that is full, read-only or gone. */
async function check(store: Store): Promise<void> {
  const probe = stagePath(store, randomUUID())
  const file = await onDisk('checking the store', open(probe, 'wx', 0o644))
  try {
    await onDisk('checking the store', file.writeFile('x'))
    await onDisk('checking the store', file.datasync())
  } finally {
    await file.close()
    await onDisk('checking the store', unlink(probe))
  }
}

async function openOrMissing(store: Store, path: string, name: string, flags: number): Promise<FileHandle> {
  try {
    return await open(path, flags, 0o644)
  } catch (error) {
    if (!isAbsent(error)) throw diskFailure(`opening ${name}`, error)
    await stillMounted(store)
    throw new BlobMissing(name)
  }
}

async function statOrAbsent(store: Store, path: string) {
  try {
    return await stat(path)
  } catch (error) {
    if (!isAbsent(error)) throw diskFailure('looking into the store', error)
    await stillMounted(store)
    return undefined
  }
}

/** Throws when the store itself is gone: an unmounted disk looks empty, but its keys are not absent. */
async function stillMounted({ stages }: Store): Promise<void> {
  await onDisk('looking for the store', stat(stages))
}

/**
 * The version: every write makes a new file (inode), and a file altered in place has another change time, which no
 * program can set.
 */
function infoOf({ size, mtime, ino, ctimeMs }: Stats): BlobInfo {
  return { size, modifiedAt: mtime, version: `${ino}-${ctimeMs}-${size}` }
}

const pathOf = (store: Store, key: string) => join(store.root, checkKey(key))
const stagePath = (store: Store, id: string) => join(store.stages, id)
const stageName = (stage: Stage) => `stage ${stage.id}`
