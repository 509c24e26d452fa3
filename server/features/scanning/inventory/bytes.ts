import { readSync } from 'node:fs'
import { Unreadable } from './bounds.ts'

/** A file whose parts are read at any place, from memory or from disk; only for threads that may block. */
export type RandomBytes = {
  /** In bytes. */
  readonly size: number
  /** Exactly `length` bytes from `at`, in a buffer that holds until the next file is read. Throws Unreadable. */
  read(at: number, length: number): Buffer
}

export function inMemory(bytes: Buffer): RandomBytes {
  return {
    size: bytes.length,
    read(at, length) {
      check(at, length, bytes.length)
      return bytes.subarray(at, at + length)
    },
  }
}

export function onDisk(fd: number, size: number): RandomBytes {
  return {
    size,
    read(at, length) {
      check(at, length, size)
      const buffer = Buffer.allocUnsafe(length)
      for (let filled = 0; filled < length;) {
        const count = readSync(fd, buffer, filled, length - filled, at + filled)
        if (count === 0) throw new Unreadable('the file ended early')
        filled += count
      }
      return buffer
    },
  }
}

/** The most bytes of one read: what asks for more does not read in parts. */
const mostAtOnce = 256 * 2 ** 20

function check(at: number, length: number, size: number): void {
  if (!(at >= 0 && length >= 0 && at + length <= size)) throw new Unreadable('it names bytes beyond its end')
  if (length > mostAtOnce) throw new Unreadable('it has a part of more than 256 MiB')
}

/** The whole file as UTF-8. */
export const textOf = (bytes: RandomBytes): string => bytes.read(0, bytes.size).toString('utf8')

/** The whole file as a JSON object. Throws Unreadable. */
export function jsonOf(bytes: RandomBytes): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(textOf(bytes).replace(/^\uFEFF/, ''))
  } catch {
    throw new Unreadable('it is not JSON')
  }
  return isObject(value) ? value : { value }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
export const textIn = (value: unknown): string => (typeof value === 'string' ? value : '')
