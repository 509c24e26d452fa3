import type { FileHandle } from 'node:fs/promises'
import type { Bytes } from './blobs.ts'
import type { FileDigest } from './digests.ts'
import { diskFailure } from './failures.ts'

export type PourLimits = {
  /** Small chunks are gathered into batches of about this many bytes, each written at once. */
  batchBytes: number
  /** The most batches that are being written while the next one is gathered. */
  batchesInFlight: number
  /** A sync starts each time this many bytes have been written, so that the last sync has little left to do. */
  syncEveryBytes: number
}

/**
 * What all pours of one store share. Early syncs occupy threads that reads and writes need, too (libuv has 4), so only
 * `syncLimit` run at once. Batches wait in memory, so each pour has fewer in flight when there are many.
 */
export type Together = { pours: number; syncs: number; readonly syncLimit: number; readonly batchLimit: number }

/** The kernel takes at most 1024 pieces in one writev (IOV_MAX). */
const piecesPerWrite = 512

/** `hex`: the digest, if one was asked for and the source did not fail. */
type Poured = { size: number; hex: string; cut?: { error: unknown; byStore: boolean } }

/**
 * Writes all bytes of `source` at `position` and syncs them: those that `size` counts are on the disk. Gathers small
 * chunks, and writes while the next ones arrive, within a bounded buffer. `cut`: the error that ended it before the
 * source's end.
 */
export async function pour(
  file: FileHandle,
  position: number,
  source: Bytes,
  limits: PourLimits,
  together: Together,
  digest?: FileDigest,
): Promise<Poured> {
  const writer = openWriter(file, position, limits, together, digest)
  together.pours++
  let cut: Poured['cut']
  try {
    for await (const chunk of source) {
      const waiting = writer.add(chunk)
      if (waiting) await waiting
    }
  } catch (error) {
    cut = { error, byStore: writer.failed() }
  }
  try {
    return { ...(await writer.finish(cut === undefined)), ...(cut && { cut }) }
  } catch (error) {
    return { size: 0, hex: '', cut: { error, byStore: true } }
  } finally {
    together.pours--
  }
}

type Writer = {
  /** Takes a chunk; returns a promise only when the caller has to wait until the buffer has room. */
  add(chunk: Uint8Array): Promise<void> | undefined
  failed(): boolean
  /** Writes the rest, syncs, and returns the bytes that are on the disk. Throws when any write or sync failed. */
  finish(isWhole: boolean): Promise<{ size: number; hex: string }>
}

function openWriter(
  file: FileHandle,
  start: number,
  limits: PourLimits,
  together: Together,
  digest?: FileDigest,
): Writer {
  let position = start
  let batch: Uint8Array[] = []
  let batchSize = 0
  let sinceSync = 0
  let failure: { error: unknown } | undefined
  let syncing: Promise<void> | undefined
  const writes: Promise<void>[] = []
  /** Resolves when all batches so far have reached the kernel, in order. */
  let reached: Promise<void> = Promise.resolve()

  const noteFailure = (error: unknown) => {
    failure ??= { error: diskFailure('storing bytes', error) }
  }
  const throwFailure = () => {
    if (failure) throw failure.error
  }

  // The error of a step in the background is kept and thrown by the next call: Linux reports it only once per open
  // file.
  function send() {
    const [pieces, at, size] = [batch, position, batchSize]
    batch = []
    batchSize = 0
    position += size
    const write = writeFully(file, pieces, at, size).then(() => syncEarly(size), noteFailure)
    writes.push(write)
    if (digest) reached = Promise.all([reached, write]).then(() => digest.written(at + size))
  }

  function syncEarly(size: number) {
    sinceSync += size
    if (sinceSync < limits.syncEveryBytes || syncing || together.syncs >= together.syncLimit) return
    sinceSync = 0
    together.syncs++
    syncing = file
      .datasync()
      .catch(noteFailure)
      .finally(() => {
        together.syncs--
        syncing = undefined
      })
  }

  async function sync() {
    if (position > start) await file.datasync().catch(noteFailure)
  }

  async function room() {
    await writes.shift()
    throwFailure()
  }

  return {
    add(chunk) {
      digest?.passing(chunk)
      batch.push(chunk)
      batchSize += chunk.length
      if (batchSize < limits.batchBytes && batch.length < piecesPerWrite) return undefined
      send()
      const share = Math.max(1, Math.floor(together.batchLimit / together.pours))
      return writes.length > Math.min(limits.batchesInFlight, share) ? room() : undefined
    },
    failed: () => failure !== undefined,
    async finish(isWhole) {
      if (batchSize > 0) send()
      await Promise.all(writes)
      await reached
      throwFailure()
      const hex = digest && isWhole ? digest.finish(position) : Promise.resolve('')
      // Waits for the disk and the digest in parallel.
      const [found] = await Promise.all([hex, syncing?.then(sync) ?? sync()])
      throwFailure()
      return { size: position - start, hex: found }
    },
  }
}

/** Writes all bytes: one write may take fewer than it was given (the disk is almost full, a signal). */
async function writeFully(file: FileHandle, pieces: Uint8Array[], position: number, size: number) {
  let written = (await file.writev(pieces, position)).bytesWritten
  while (written < size) {
    const rest = Buffer.concat(pieces, size).subarray(written)
    const { bytesWritten } = await file.write(rest, 0, rest.length, position + written)
    written += bytesWritten
  }
}
