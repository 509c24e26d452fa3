import { write } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import type { Bytes, RunningDigest } from './blobs.ts'
import { free } from './chunk.ts'
import { diskFailure } from './failures.ts'

export type PourLimits = {
  /** Chunks are gathered into batches of this many bytes, each written at once. */
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
export type Together = {
  pours: number
  syncs: number
  /** Blocks that no pour uses at this moment. */
  readonly blocks: Buffer[]
  readonly syncLimit: number
  readonly batchLimit: number
}

/** The thread that hashes is told of this many new bytes at once: waking it for each batch would take longer. */
const toldBytes = 1024 * 1024

/** A pour gathers this many bytes, in the chunks in which they came, before it takes a block. */
const unblockedBytes = 64 * 1024

type Poured = { size: number; cut?: { error: unknown; byStore: boolean } }

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
  digest?: RunningDigest,
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
    return { ...(await writer.finish()), ...(cut && { cut }) }
  } catch (error) {
    return { size: 0, cut: { error, byStore: true } }
  } finally {
    together.pours--
  }
}

type Writer = {
  /** Takes a chunk; returns a promise only when the caller has to wait until the buffer has room. */
  add(chunk: Uint8Array): Promise<void> | undefined
  failed(): boolean
  /** Writes the rest, syncs, and returns the bytes that are on the disk. Throws when any write or sync failed. */
  finish(): Promise<{ size: number }>
}

function openWriter(
  file: FileHandle,
  start: number,
  limits: PourLimits,
  together: Together,
  digest?: RunningDigest,
): Writer {
  let position = start
  let chunks: Uint8Array[] = []
  let block: Buffer | undefined
  /** Bytes in `chunks` or in `block`. */
  let gathered = 0
  let sinceSync = 0
  let failure: { error: unknown } | undefined
  let syncing: Promise<void> | undefined
  const writes: Promise<void>[] = []
  /** Resolves when all batches so far have reached the kernel, in order. */
  let reached: Promise<void> = Promise.resolve()
  const tell = digest && telling(digest, file, start)

  const noteFailure = (error: unknown) => {
    failure ??= { error: diskFailure('storing bytes', error) }
  }
  const throwFailure = () => {
    if (failure) throw failure.error
  }

  /**
   * Copies a chunk into the block; sends the block each time it is full. Chunks that waited for the disk themselves
   * outlived two collections of V8's young generation: every 40 MB it collected its whole heap, for up to 0.15 s on a
   * busy machine.
   */
  function copy(chunk: Uint8Array) {
    for (let rest = chunk; rest.length > 0;) {
      block ??= takeBlock(limits, together)
      const room = Math.min(block.length - gathered, rest.length)
      block.set(rest.subarray(0, room), gathered)
      gathered += room
      rest = rest.subarray(room)
      if (gathered === block.length) send()
    }
    free(chunk)
  }

  /** Gathers small chunks as they are, as a small blob needs no block. */
  function gather(chunk: Uint8Array) {
    if (block || gathered + chunk.length > unblockedBytes) {
      const before = chunks
      if (before.length > 0) gathered = 0
      chunks = []
      for (const one of before) copy(one)
      copy(chunk)
    } else {
      chunks.push(chunk)
      gathered += chunk.length
    }
  }

  // The error of a step in the background is kept and thrown by the next call: Linux reports it only once per open
  // file.
  function send() {
    const [used, at, size] = [block, position, gathered]
    const bytes = used ? used.subarray(0, size) : Buffer.concat(chunks, size)
    chunks = []
    block = undefined
    gathered = 0
    position += size
    const written = writeFully(file, bytes, at)
      .then(() => syncEarly(size), noteFailure)
      .finally(() => used && giveBlock(used, limits, together))
    writes.push(written)
    if (tell) reached = Promise.all([reached, written]).then(() => tell(at + size))
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
      gather(chunk)
      const share = Math.max(1, Math.floor(together.batchLimit / together.pours))
      return writes.length > Math.min(limits.batchesInFlight, share) ? room() : undefined
    },
    failed: () => failure !== undefined,
    async finish() {
      if (gathered > 0) send()
      await Promise.all(writes)
      await reached
      throwFailure()
      await (syncing?.then(sync) ?? sync())
      throwFailure()
      return { size: position - start }
    },
  }
}

/** The returned function tells the digest how many bytes the file has, each time when `toldBytes` more have come. */
function telling(digest: RunningDigest, { fd }: FileHandle, start: number) {
  let told = start
  return (upto: number) => {
    if (upto - told < toldBytes) return
    told = upto
    digest.written(fd, upto)
  }
}

/** A block of `batchBytes`; smaller ones when so many pours run that full blocks would take too much memory. */
function takeBlock({ batchBytes }: PourLimits, { blocks, pours, batchLimit }: Together): Buffer {
  const isCrowded = pours > 2 * batchLimit
  return isCrowded
    ? Buffer.allocUnsafeSlow(Math.min(batchBytes, unblockedBytes))
    : (blocks.pop() ?? Buffer.allocUnsafeSlow(batchBytes))
}

/** Blocks are used again: new ones have pages that the kernel must find and clear. */
function giveBlock(block: Buffer, { batchBytes }: PourLimits, { blocks, batchLimit }: Together): void {
  if (block.length === batchBytes && blocks.length < batchLimit) blocks.push(block)
}

/**
 * Writes all bytes: one write may take fewer than it was given (the disk is almost full, a signal). By callbacks, which
 * take half the processor time of `file.write`.
 */
function writeFully({ fd }: FileHandle, bytes: Buffer, position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const writeFrom = (at: number) =>
      write(fd, bytes, at, bytes.length - at, position + at, (error, count) => {
        if (error) reject(error)
        else if (at + count === bytes.length) resolve()
        else writeFrom(at + count)
      })
    writeFrom(0)
  })
}
