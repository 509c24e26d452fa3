import { open, unlink, type FileHandle } from 'node:fs/promises'
import { StorageFull } from '../../../platform/blobs/blobs.ts'

/**
 * The bytes of one blob on their way from the upstream, in a file that grows. Any number of readers follow it at their
 * own pace: a slow one holds up neither the download nor the others. A file of one writer who only appends is as long
 * as what may be read of it, so that processes with the same folder can follow it, too.
 */
export interface Spool {
  readonly file: string
  /** Of the whole blob, in bytes. */
  readonly size: number
  /** Appends bytes; resolves when readers can see them. */
  write(bytes: Buffer): Promise<void>
  /** The digest of all bytes is right: readers get the last ones. */
  finish(): void
  /** Readers fail with this error. Does nothing after `finish`. */
  fail(error: unknown): void
  /** Keeps the file open for a reader until the returned function is called. */
  hold(): () => void
  /**
   * The bytes from `start` to `end`, both included, as they arrive. Fails when the download does. The reader has to
   * `hold` the spool.
   */
  follow(start: number, end: number): AsyncGenerator<Buffer, void>
  /** Removes the file; readers that hold it go on. */
  [Symbol.asyncDispose](): Promise<void>
}

/** How many of the last bytes nobody gets before the digest of all is known to be right. */
export const heldBackBytes = 64 * 1024

/** How many of the newest bytes stay in memory: most readers are near them, and need no read of the file. */
const newestBytes = 4 * 2 ** 20

/** The most bytes that a reader who is far behind takes from the file at once. */
const readBytes = 256 * 1024

/** Throws StorageFull when the folder has no room. */
export async function openSpool(file: string, size: number): Promise<Spool> {
  const handle = await open(file, 'wx+', 0o600)
  const state: State = {
    size,
    written: 0,
    ended: undefined,
    grown: openSignal(),
    handle,
    users: 1,
    newest: openNewest(),
  }
  return {
    file,
    size,
    async write(bytes) {
      if (state.written + bytes.length > size) throw new Error(`more than the ${size} bytes of the blob arrived`)
      await writeAll(handle, bytes, state.written)
      state.newest.add(state.written, bytes)
      state.written += bytes.length
      state.grown.send()
    },
    finish() {
      state.ended ??= { isRight: true }
      state.grown.send()
    },
    fail(error) {
      state.ended ??= { isRight: false, error }
      state.grown.send()
    },
    hold() {
      state.users++
      let isHeld = true
      return () => {
        if (isHeld) void release(state)
        isHeld = false
      }
    },
    follow: (start, end) => follow(state, start, end),
    async [Symbol.asyncDispose]() {
      await unlink(file).catch(() => undefined)
      await release(state)
    },
  }
}

type State = {
  size: number
  written: number
  ended: { isRight: true } | { isRight: false; error: unknown } | undefined
  grown: ReturnType<typeof openSignal>
  handle: FileHandle
  /** The owner and the readers; the last one closes the file. */
  users: number
  newest: ReturnType<typeof openNewest>
}

async function* follow(state: State, start: number, end: number): AsyncGenerator<Buffer, void> {
  for (let at = start; at <= end;) {
    const upto = Math.min(end + 1, readable(state))
    if (at >= upto) {
      if (state.ended && !state.ended.isRight) throw state.ended.error
      await state.grown.next()
      continue
    }
    const bytes = state.newest.find(at)?.subarray(0, upto - at) ?? (await readSome(state.handle, at, upto))
    at += bytes.length
    yield bytes
  }
}

/** How many bytes may be sent: the last ones wait for the digest. */
const readable = ({ ended, written, size }: State): number =>
  ended?.isRight ? size : Math.min(written, Math.max(0, size - heldBackBytes))

async function readSome(handle: FileHandle, at: number, upto: number): Promise<Buffer> {
  const wanted = Math.min(readBytes, upto - at)
  const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(wanted), 0, wanted, at)
  if (bytesRead === 0) throw new Error('the file of a download is shorter than what was written to it')
  return buffer.subarray(0, bytesRead)
}

async function writeAll(handle: FileHandle, bytes: Buffer, at: number): Promise<void> {
  try {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at + done)
      done += bytesWritten
    }
  } catch (error) {
    const isFull = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes((error as NodeJS.ErrnoException).code ?? '')
    throw isFull ? new StorageFull('no room for a download', { cause: error }) : error
  }
}

async function release(state: State): Promise<void> {
  if (--state.users === 0) await state.handle.close()
}

/** Wakes all that wait. */
function openSignal() {
  let waiting = Promise.withResolvers<void>()
  return {
    next: () => waiting.promise,
    send() {
      waiting.resolve()
      waiting = Promise.withResolvers()
    },
  }
}

/** The newest chunks by the place of their first byte, in the order in which they came. */
function openNewest() {
  const chunks: { start: number; bytes: Buffer }[] = []
  let held = 0
  return {
    add(start: number, bytes: Buffer) {
      chunks.push({ start, bytes })
      held += bytes.length
      while (held > newestBytes && chunks.length > 1) held -= chunks.shift()!.bytes.length
    },
    /** The rest of the chunk that holds byte `at`; undefined when it is no longer in memory. */
    find(at: number): Buffer | undefined {
      let [low, high] = [0, chunks.length - 1]
      while (low <= high) {
        const middle = (low + high) >> 1
        const { start, bytes } = chunks[middle]!
        if (at < start) high = middle - 1
        else if (at >= start + bytes.length) low = middle + 1
        else return bytes.subarray(at - start)
      }
      return undefined
    },
  }
}
