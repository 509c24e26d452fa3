import { Unreadable } from '../bounds.ts'
import type { RandomBytes } from '../bytes.ts'
import { mostHeaderBytes } from './header.ts'

const magic = 0x00061561
/** Types of pages (Berkeley DB, dbinc/db_page.h). */
const [unsortedHash, hash, overflow] = [2, 13, 7]
/** A value that stands on overflow pages. */
const offPage = 3
/** The header of a page. */
const headBytes = 26

type File = {
  bytes: RandomBytes
  pageBytes: number
  lastPage: number
  isLittle: boolean
  /** Overflow pages that were read: each belongs to one value. */
  chained: number
}

/**
 * The headers in a hash database of Berkeley DB, `Packages` of rpm before 4.16: every other item of a hash page is a
 * value, and values as long as a header stand on chains of overflow pages. Throws Unreadable.
 */
export function* headersOfBerkeley(bytes: RandomBytes): Generator<Buffer> {
  const file = open(bytes)
  for (let number = 1; number <= file.lastPage; number++) {
    const page = bytes.read(number * file.pageBytes, file.pageBytes)
    if (page[25] === hash || page[25] === unsortedHash) yield* valuesOf(file, page)
  }
}

function open(bytes: RandomBytes): File {
  const start = bytes.read(0, 72)
  const isLittle = start.readUInt32LE(12) === magic
  if (!isLittle && start.readUInt32BE(12) !== magic) throw new Unreadable('it is not a hash database of Berkeley DB')
  const pageBytes = word(start, 20, isLittle)
  if (pageBytes < 512 || pageBytes > 65_536 || (pageBytes & (pageBytes - 1)) !== 0)
    throw new Unreadable('it has no valid size of pages')
  if (start[24] !== 0) throw new Unreadable('it is encrypted')
  const lastPage = Math.min(word(start, 32, isLittle), Math.floor(bytes.size / pageBytes) - 1)
  return { bytes, pageBytes, lastPage, isLittle, chained: 0 }
}

const word = (from: Buffer, at: number, isLittle: boolean) => (isLittle ? from.readUInt32LE(at) : from.readUInt32BE(at))
const half = (from: Buffer, at: number, isLittle: boolean) => (isLittle ? from.readUInt16LE(at) : from.readUInt16BE(at))

function* valuesOf(file: File, page: Buffer): Generator<Buffer> {
  const { isLittle, pageBytes } = file
  const count = half(page, 20, isLittle)
  if (headBytes + count * 2 > pageBytes) throw new Unreadable('it has a page of more items than fit')
  for (let index = 1; index < count; index += 2) {
    const at = half(page, headBytes + index * 2, isLittle)
    const end = half(page, headBytes + (index - 1) * 2, isLittle)
    if (at < headBytes || at >= pageBytes) throw new Unreadable('it has an item beyond its page')
    if (page[at] === offPage) {
      if (at + 12 > pageBytes) throw new Unreadable('it has an item beyond its page')
      yield readChain(file, word(page, at + 4, isLittle), word(page, at + 8, isLittle))
    } else if (page[at] === 1 && end - at > 16) yield page.subarray(at + 1, Math.min(end, pageBytes))
    // A value as short as this is the number of the newest package.
  }
}

function readChain(file: File, first: number, length: number): Buffer {
  const { bytes, pageBytes, lastPage, isLittle } = file
  if (length > mostHeaderBytes) throw new Unreadable('it has a package of more than 64 MiB')
  const parts: Buffer[] = []
  let left = length
  // No page is read for two values, so that chains in a circle end.
  for (let number = first; left > 0;) {
    if (number < 1 || number > lastPage || ++file.chained > lastPage)
      throw new Unreadable('it has a chain of pages that leads nowhere')
    const page = bytes.read(number * pageBytes, pageBytes)
    const filled = Math.min(half(page, 22, isLittle), pageBytes - headBytes, left)
    if (page[25] !== overflow || filled === 0) throw new Unreadable('it has a chain of pages that leads nowhere')
    parts.push(page.subarray(headBytes, headBytes + filled))
    left -= filled
    number = word(page, 16, isLittle)
  }
  return Buffer.concat(parts)
}
