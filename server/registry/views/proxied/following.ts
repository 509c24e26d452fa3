import { open, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { OciError } from '../../../../oci/errors.ts'
import { findBlob } from '../../../catalog/blob.ts'
import { freeNow } from '../../../platform/blobs/chunk.ts'
import { findDownload } from './claims.ts'
import { heldBackBytes } from './spool-state.ts'
import type { DownloadGround, Flow, WantedBlob } from './types.ts'

/** How often the file of another process is looked at, and the database asked, in ms. */
const everyMs = { file: 25, database: 200 }

/** The most bytes that a reader takes from the file at once. */
const readBytes = 128 * 1024

/** What is known of the other process's download; readers wait for `changed`. */
type Watched = {
  file: string
  handle: FileHandle | undefined
  grown: number
  /** `here`: the blob is stored, of the bytes of this file. `lost`: that process has ended or failed. */
  end: 'here' | 'lost' | undefined
  changed: PromiseWithResolvers<void>
  users: number
}

/**
 * Follows a download of another process: its file, where this process can read it, and for the rest the blob, once it
 * is stored. On another machine without that folder, readers wait for the stored blob.
 */
export function startFollow(ground: DownloadGround, wanted: WantedBlob, file: string, signal: AbortSignal): Flow {
  const watched: Watched = {
    file,
    handle: undefined,
    grown: 0,
    end: undefined,
    changed: Promise.withResolvers(),
    users: 1,
  }
  const release = () => void (--watched.users === 0 && watched.handle?.close())
  const over = watch(ground, wanted, watched, signal).finally(release)
  return {
    ready: started(wanted, watched),
    over,
    reached: () => watched.grown,
    hold() {
      if (watched.users === 0) return undefined
      watched.users++
      return release
    },
    follow: (start, end, send) => follow(ground, wanted, watched, { start, end, send }),
  }
}

/** Looks after the file and the database until the download has ended. */
async function watch(
  ground: DownloadGround,
  wanted: WantedBlob,
  watched: Watched,
  signal: AbortSignal,
): Promise<unknown> {
  const { name, digest, size } = wanted
  const most = Math.max(0, size - heldBackBytes)
  let askedAt = -Infinity
  while (watched.end === undefined) {
    if (performance.now() - askedAt >= everyMs.database) {
      askedAt = performance.now()
      watched.end = await endOf(ground, wanted, watched).catch(() => undefined)
    }
    const length = await lengthOf(ground, watched)
    if (signal.aborted) watched.end ??= 'lost'
    // The file was left in the middle, and the blob was stored from another one: its readers have to compare.
    if (watched.end === 'here' && watched.grown > 0 && length < size) watched.end = 'lost'
    if (Math.min(length, most) > watched.grown || watched.end) {
      watched.grown = Math.max(watched.grown, Math.min(length, most))
      watched.changed.resolve()
      watched.changed = Promise.withResolvers()
    }
    if (!watched.end) await sleep(everyMs.file)
  }
  ground.log.debug({ repository: name, digest, end: watched.end }, 'a download of another process ended')
  return watched.end === 'here' ? undefined : new DownloadLost()
}

/**
 * How many bytes the file has; 0 as long as it cannot be opened: its owner makes it after the claim, and on another
 * machine it is never there. Only files of ours and our siblings: a path of the database opens no other one.
 */
async function lengthOf({ dir }: DownloadGround, watched: Watched): Promise<number> {
  const { file } = watched
  try {
    if (dirname(file) === dir) watched.handle ??= await open(file, 'r')
    return (await watched.handle?.stat())?.size ?? 0
  } catch {
    return 0
  }
}

/**
 * The claim is asked for first: a blob is stored before its claim is dropped. A claim with another file is that of a
 * process which has taken over.
 */
async function endOf(
  { db, reader }: DownloadGround,
  { name, digest }: WantedBlob,
  { file }: Watched,
): Promise<Watched['end']> {
  const theirs = await findDownload(db, name, digest)
  if (await findBlob(reader, name, digest)) return 'here'
  return theirs?.file === file ? undefined : 'lost'
}

/** Of a small blob all must be here first, as for one of our own. */
async function started({ size }: WantedBlob, watched: Watched): Promise<void> {
  const isBegun = () => size > heldBackBytes && watched.grown > 0
  while (watched.end === undefined && !isBegun()) await watched.changed.promise
  if (watched.end === 'lost') throw new DownloadLost()
}

async function follow(
  { local }: DownloadGround,
  { name, digest }: WantedBlob,
  watched: Watched,
  { start, end, send }: { start: number; end: number; send: (bytes: Buffer) => Promise<void> },
): Promise<void> {
  let own: Buffer | undefined
  for (let at = start; at <= end;) {
    const upto = Math.min(end + 1, watched.grown)
    if (watched.handle && at < upto) {
      own ??= Buffer.allocUnsafeSlow(readBytes)
      const { bytesRead } = await watched.handle.read(own, 0, Math.min(own.length, upto - at), at)
      if (bytesRead === 0) throw new DownloadLost()
      await send(own.subarray(0, bytesRead))
      at += bytesRead
    } else if (watched.end === 'here') {
      for await (const bytes of await local.openBlob(name, digest, { start: at, end })) await send(bytes as Buffer)
      break
    } else if (watched.end === 'lost') throw new DownloadLost()
    else await watched.changed.promise
  }
  if (own) freeNow(own)
}

/** The process that fetched the blob has ended or failed; the client's next request may fetch it itself. */
export class DownloadLost extends OciError {
  override name = 'DownloadLost'
  constructor() {
    const why = 'the process that fetched this blob has ended or failed: pull again'
    super('UNAVAILABLE', why, { headers: { 'retry-after': '1' } })
  }
}
