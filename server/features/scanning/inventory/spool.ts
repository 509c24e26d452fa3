import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { inMemory, onDisk, type RandomBytes } from './bytes.ts'

/** Files up to this size are kept in memory, in one buffer that is used again and again; larger ones on disk. */
const memoryBytes = 8 * 2 ** 20

/** Takes the bytes of one file; `done` gives them to be read until the next file begins. */
export type Sink = { write(chunk: Buffer): void; done(): RandomBytes }

/**
 * Keeps one file at a time, so that its parts can be read in any order; only for threads that may block. Names in an
 * archive are never used as names of files.
 */
export type Spool = Disposable & {
  /** Begins a file of `size` bytes. */
  begin(size: number): Sink
}

/** `folder`: where files are put that are too large for memory; the caller removes it. */
export function openSpool(folder: string): Spool {
  let memory: Buffer | undefined
  let disk: number | undefined

  return {
    begin: (size) => (size > memoryBytes ? onto((disk ??= create())) : into(size)),
    [Symbol.dispose]() {
      if (disk !== undefined) closeSync(disk)
    },
  }

  function into(size: number): Sink {
    const buffer = (memory ??= Buffer.allocUnsafeSlow(memoryBytes))
    let filled = 0
    return {
      write: (chunk) => void (filled += chunk.copy(buffer, filled)),
      done: () => inMemory(buffer.subarray(0, Math.min(filled, size))),
    }
  }

  function onto(fd: number): Sink {
    ftruncateSync(fd, 0)
    let filled = 0
    return {
      write(chunk) {
        for (let at = 0; at < chunk.length;) at += writeSync(fd, chunk, at, chunk.length - at, filled + at)
        filled += chunk.length
      },
      done: () => onDisk(fd, filled),
    }
  }

  function create(): number {
    return openSync(join(folder, 'file'), 'wx+', 0o600)
  }
}
