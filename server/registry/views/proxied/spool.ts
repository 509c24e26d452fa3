import { unlink } from 'node:fs/promises'
import { StorageFull, type RunningDigest } from '../../../platform/blobs/blobs.ts'
import { freeNow } from '../../../platform/blobs/chunk.ts'
import type { Block, Blocks } from './blocks.ts'
import { openSpoolFile } from './spool-file.ts'
import { follow } from './spool-reader.ts'
import { newState, readable, type State } from './spool-state.ts'

/**
 * The bytes of one blob on their way from the upstream, in a file that grows. Any number of readers follow it at their
 * own pace: a slow one holds up neither the download nor the others. A file of one writer who only appends is as long
 * as what may be read of it, so that processes with the same folder can follow it, too.
 */
export interface Spool {
  readonly file: string
  /** Of the whole blob, in bytes. */
  readonly size: number
  /** How many bytes have arrived. */
  arrived(): number
  /**
   * Appends bytes and frees their memory. A promise only where the file is far behind: then the writer waits for the
   * disk.
   */
  write(bytes: Buffer): Promise<void> | undefined
  /**
   * All bytes have arrived: once the file has them, `verify` gets their digest, in hex. It throws when that is wrong;
   * otherwise the readers get the last bytes.
   */
  finish(verify: (hex: string) => void): Promise<void>
  /** Readers fail with this error. Does nothing after `finish`. */
  fail(error: unknown): void
  /** How many bytes readers may have got. */
  reached(): number
  /** Keeps the file open for a reader until the returned function is called; undefined when it is closed. */
  hold(): (() => void) | undefined
  /**
   * Gives the bytes from `start` to `end`, both included, to `send` as they arrive, as many at once as there are. They
   * are the reader's until its promise resolves. Fails when the download does. The reader has to `hold` the spool.
   */
  follow(start: number, end: number, send: (bytes: Buffer) => Promise<void>): Promise<void>
  /** Lets the file stay, whatever it has. */
  keepFile(): void
  /** Removes the file; readers that hold it go on. */
  [Symbol.asyncDispose](): Promise<void>
}

/** How many of the newest blocks stay in memory, 4 MiB in all: most readers are near them. */
const newestBlocks = 8

/** How far the file may be behind, in bytes, before the download waits for it. */
const behindBytes = 8 * 2 ** 20

/** The thread that hashes is told of this many new bytes at once. */
const toldBytes = 4 * 2 ** 20

/** Readers hear of so many new bytes at once, or of what came in so many ms. */
const wake = { bytes: 2 ** 18, ms: 2 }

/** So many bytes are written at once, or what came in so many ms: other processes see the file grow that often. */
const batch = { bytes: 2 ** 19, ms: 25 }

/** `digest`: a new one. `before`: a file with the first bytes of the blob, which are copied, as its owner may live. */
export async function openSpool(
  file: string,
  size: number,
  { pool, digest, before }: { pool: Blocks; digest: RunningDigest; before?: string | undefined },
): Promise<Spool> {
  const { handle, arrived } = await openSpoolFile(file, size, { digest, before })
  const state = newState({ size, arrived, handle, pool, digest })
  let isKept = false
  const end = (how: NonNullable<State['ended']>) => {
    state.ended ??= how
    state.grown.send()
  }
  return {
    file,
    size,
    arrived: () => state.arrived,
    reached: () => readable(state),
    write: (bytes) => take(state, bytes),
    async finish(verify) {
      while (state.written < state.arrived) await startWriting(state)
      verify(await digest.finish(handle.fd))
      end({ isRight: true })
    },
    fail(error) {
      digest.drop()
      end({ isRight: false, error })
    },
    hold() {
      if (state.users === 0) return undefined
      state.users++
      let isHeld = true
      return () => {
        if (isHeld) void release(state)
        isHeld = false
      }
    },
    follow: (start, upto, send) => follow(state, start, upto, send),
    keepFile: () => void (isKept = true),
    async [Symbol.asyncDispose]() {
      if (!isKept) await unlink(file).catch(() => undefined)
      await release(state)
    },
  }
}

/** Copies what came into the blocks. */
function take(state: State, bytes: Buffer): Promise<void> | undefined {
  const { size } = state
  if (state.arrived + bytes.length > size) throw new Error(`more than the ${size} bytes of the blob arrived`)
  let waiting: Promise<void> | undefined
  for (let rest = bytes; rest.length > 0;) {
    const block = roomyBlock(state)
    const piece = rest.subarray(0, block.bytes.length - block.filled)
    block.bytes.set(piece, block.filled)
    waiting = grow(state, block, piece)
    rest = rest.subarray(piece.length)
  }
  freeNow(bytes)
  return waiting
}

/** The block for the next bytes; a new one where the last one is full. */
function roomyBlock({ blocks, pool, arrived, size }: State): Block {
  const last = blocks.at(-1)
  if (last && last.filled < last.bytes.length) return last
  const block = pool.take(arrived, size - arrived)
  blocks.push(block)
  return block
}

/** These bytes are in the block now. Tells the readers, and begins to write to the file. */
function grow(state: State, block: Block, bytes: Buffer): Promise<void> | undefined {
  state.digest.passing(bytes)
  block.filled += bytes.length
  state.arrived += bytes.length
  wakeLater(state)
  if (state.arrived - state.written >= batch.bytes) void startWriting(state)
  else writeLater(state)
  return state.arrived - state.written > behindBytes ? state.writing : undefined
}

/** Tells the readers once there is enough to send, or after a moment: each of them makes a system call then. */
function wakeLater(state: State): void {
  const isEnough = state.arrived - state.told.readers >= wake.bytes
  if (isEnough) tellReaders(state)
  else state.waking ??= setTimeout(() => tellReaders(state), wake.ms)
}

function tellReaders(state: State): void {
  clearTimeout(state.waking)
  state.waking = undefined
  state.told.readers = state.arrived
  state.grown.send()
}

function writeLater(state: State): void {
  state.timer ??= setTimeout(() => void startWriting(state), batch.ms)
}

/** Begins to write what has come, unless that goes on already. */
function startWriting(state: State): Promise<void> {
  clearTimeout(state.timer)
  state.timer = undefined
  state.writing ??= writeAll(state).finally(() => {
    state.writing = undefined
    if (state.written < state.arrived && !state.ended && state.users > 0) writeLater(state)
  })
  state.writing.catch(() => {})
  return state.writing
}

/** Writes what has come, as much at once as there is. Throws StorageFull when the folder has no room. */
async function writeAll(state: State): Promise<void> {
  try {
    do {
      const { written, blocks } = state
      const pieces = blocks.flatMap(({ start, bytes, filled }) =>
        start + filled > written ? [bytes.subarray(Math.max(0, written - start), filled)] : [],
      )
      state.written += (await state.handle.writev(pieces, written)).bytesWritten
      if (state.written - state.told.digest >= toldBytes) {
        state.told.digest = state.written
        state.digest.written(state.handle.fd, state.written)
      }
      while (blocks.length > newestBlocks && blocks[0]!.start + blocks[0]!.filled <= state.written)
        state.pool.drop(blocks.shift()!)
    } while (state.arrived - state.written >= batch.bytes || (state.ended && state.written < state.arrived))
  } catch (error) {
    const isFull = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes((error as NodeJS.ErrnoException).code ?? '')
    const why = isFull ? new StorageFull('no room for a download', { cause: error }) : error
    state.ended = { isRight: false, error: why }
    state.grown.send()
    throw why
  }
}

async function release(state: State): Promise<void> {
  if (--state.users > 0) return
  clearTimeout(state.timer)
  clearTimeout(state.waking)
  await state.writing?.catch(() => {})
  for (const block of state.blocks.splice(0)) state.pool.drop(block)
  await state.handle.close()
}
