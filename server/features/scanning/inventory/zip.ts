import { inflateRawSync } from 'node:zlib'
import { Unreadable, type Budget } from './bounds.ts'
import type { RandomBytes } from './bytes.ts'

/** A file of a zip archive; sizes in bytes. */
export type ZipEntry = { name: string; packed: number; size: number; method: number; at: number }

/** The longest end of an archive: its record of 22 bytes and a comment (APPNOTE 4.3.16). */
const endBytes = 22 + 65_535

/** The files of a zip archive, by its central directory (PKWARE APPNOTE 4.3.12). Throws Unreadable. */
export function entriesOf(bytes: RandomBytes, budget: Pick<Budget, 'enter'>): ZipEntry[] {
  const { at, length } = directoryOf(bytes)
  const directory = bytes.read(at, length)
  const found: ZipEntry[] = []
  for (let place = 0; place + 46 <= length && directory.readUInt32LE(place) === 0x02014b50;) {
    budget.enter()
    const [nameLength, extra, comment] = [28, 30, 32].map((field) => directory.readUInt16LE(place + field))
    found.push({
      method: directory.readUInt16LE(place + 10),
      packed: directory.readUInt32LE(place + 20),
      size: directory.readUInt32LE(place + 24),
      at: directory.readUInt32LE(place + 42),
      name: directory.toString('utf8', place + 46, place + 46 + nameLength!),
    })
    place += 46 + nameLength! + extra! + comment!
  }
  return found
}

function directoryOf(bytes: RandomBytes): { at: number; length: number } {
  const from = Math.max(0, bytes.size - endBytes)
  const end = bytes.read(from, bytes.size - from)
  const at = end.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]))
  if (at < 0 || at + 22 > end.length) throw new Unreadable('it is not a zip archive, or its end is missing')
  const [length, offset] = [end.readUInt32LE(at + 12), end.readUInt32LE(at + 16)]
  return offset === 0xffffffff ? largeDirectoryOf(bytes, from + at) : { at: offset, length }
}

/**
 * The directory of an archive that is too large for 32 bits, or whose author wrote it as such: Zip64, by the locator
 * before its end (APPNOTE 4.3.14 and 4.3.15).
 */
function largeDirectoryOf(bytes: RandomBytes, endAt: number): { at: number; length: number } {
  const locator = bytes.read(endAt - 20, 20)
  const end = bytes.read(Number(locator.readBigUInt64LE(8)), 56)
  if (locator.readUInt32LE(0) !== 0x07064b50 || end.readUInt32LE(0) !== 0x06064b50)
    throw new Unreadable('it is a zip archive whose end is missing')
  return { at: Number(end.readBigUInt64LE(48)), length: Number(end.readBigUInt64LE(40)) }
}

/** A file's bytes, unpacked, at most `limit`. Throws Unreadable. */
export function readEntry(bytes: RandomBytes, entry: ZipEntry, limit: number, budget: Pick<Budget, 'unpack'>): Buffer {
  if (entry.size > limit || entry.packed > limit)
    throw new Unreadable(`${entry.name} in it has more than ${limit} bytes`)
  // Entries may share their bytes, so that an archive of 1 MB names terabytes: each counts what it makes us read.
  budget.unpack(Math.max(entry.size, entry.packed))
  const header = bytes.read(entry.at, 30)
  if (header.readUInt32LE(0) !== 0x04034b50) throw new Unreadable(`${entry.name} in it does not begin where it should`)
  const packed = bytes.read(entry.at + 30 + header.readUInt16LE(26) + header.readUInt16LE(28), entry.packed)
  if (entry.method === 0 && entry.packed !== entry.size)
    throw new Unreadable(`${entry.name} in it has two sizes, and is not packed`)
  if (entry.method === 0) return packed
  if (entry.method !== 8) throw new Unreadable(`${entry.name} in it is packed by an unknown method`)
  try {
    // One byte more than it says, so that a lie is seen.
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, entry.size) })
  } catch {
    throw new Unreadable(`${entry.name} in it cannot be unpacked`)
  }
}
