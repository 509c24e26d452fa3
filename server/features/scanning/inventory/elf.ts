import { Unreadable } from './bounds.ts'
import type { RandomBytes } from './bytes.ts'

/** Where a part of a program is: its place in the file, and its length, in bytes. */
type Section = { at: number; length: number }

export const isElf = (head: Buffer): boolean => head.length >= 4 && head.readUInt32BE(0) === 0x7f454c46

/**
 * The section of this name of an ELF file (elf(5)), 32 or 64 bits, of either byte order; undefined when it has none.
 * Throws Unreadable.
 */
export function findSection(bytes: RandomBytes, name: string): Section | undefined {
  const table = tableOf(bytes)
  if (!table) return undefined
  const names = table.section(table.namesAt)
  if (names.length > 2 ** 20) throw new Unreadable('its list of section names is larger than 1 MiB')
  const text = bytes.read(names.at, names.length)
  for (let index = 0; index < table.count; index++) {
    const from = table.nameOf(index)
    if (text.subarray(from, from + name.length + 1).equals(Buffer.from(`${name}\0`))) return table.section(index)
  }
  return undefined
}

function tableOf(bytes: RandomBytes) {
  if (bytes.size < 64) return undefined
  const header = bytes.read(0, 64)
  const [is64, isLittle] = [header[4] === 2, header[5] === 1]
  const number = (from: Buffer, at: number, length: 2 | 4 | 8): number => {
    if (length === 8) return Number(isLittle ? from.readBigUInt64LE(at) : from.readBigUInt64BE(at))
    return isLittle ? from.readUIntLE(at, length) : from.readUIntBE(at, length)
  }
  const word = is64 ? 8 : 4
  const at = number(header, is64 ? 40 : 32, word)
  const size = number(header, is64 ? 58 : 46, 2)
  const count = number(header, is64 ? 60 : 48, 2)
  const namesAt = number(header, is64 ? 62 : 50, 2)
  if (at === 0 || count === 0 || namesAt >= count || size < (is64 ? 64 : 40)) return undefined
  // The buffer of a file in memory is used again, but not before the next file.
  const table = bytes.read(at, count * size)
  return {
    count,
    namesAt,
    nameOf: (index: number) => number(table, index * size, 4),
    section: (index: number): Section => ({
      at: number(table, index * size + (is64 ? 24 : 16), word),
      length: number(table, index * size + (is64 ? 32 : 20), word),
    }),
  }
}
