import { Unreadable } from '../bounds.ts'
import type { RandomBytes } from '../bytes.ts'
import { mostHeaderBytes } from './header.ts'

/** Kinds of pages of a table: their cells name other pages, or hold rows. */
const [interior, leaf] = [5, 13]
/** The header of the file stands before that of the first page, in bytes. */
const fileHeadBytes = 100

type File = {
  bytes: RandomBytes
  pageBytes: number
  /** Bytes of a page that hold content: each page may have a reserved end. */
  usable: number
  pages: number
  /** Pages that were read: none is a part of two things. */
  seen: Set<number>
  /** Bytes that rows may still have: no two have bytes in common. */
  left: number
}

/**
 * The headers in `rpmdb.sqlite`: the column `blob` of the table `Packages` (rpm, lib/backend/sqlite.cc), read by
 * SQLite's "Database File Format". SQLite itself is not used: a file whose pages name each other in circles keeps it
 * busy for ever, in code that no signal ends. A write-ahead log is not read, which rpm empties when it closes the
 * database. Throws Unreadable.
 */
export function* headersOfSqlite(bytes: RandomBytes): Generator<Buffer> {
  const file = open(bytes)
  const root = rootOf(file)
  for (const row of rowsOf(file, root)) {
    const [, blob] = valuesOf(row)
    // The first column is the row's own number, and stands outside of the row.
    if (!Buffer.isBuffer(blob)) throw new Unreadable('it has a package that is none')
    yield blob
  }
}

/** The header of the file (1.3). */
function open(bytes: RandomBytes): File {
  const head = bytes.read(0, fileHeadBytes)
  if (head.toString('latin1', 0, 16) !== 'SQLite format 3\0') throw new Unreadable('it is not a database of SQLite')
  const said = head.readUInt16BE(16)
  const pageBytes = said === 1 ? 65_536 : said
  if (pageBytes < 512 || (pageBytes & (pageBytes - 1)) !== 0) throw new Unreadable('it has no valid size of pages')
  const usable = pageBytes - head[20]!
  if (usable < 480) throw new Unreadable('it has no valid size of pages')
  if (head.readUInt32BE(56) > 1) throw new Unreadable('it is not written in UTF-8')
  return { bytes, pageBytes, usable, pages: Math.floor(bytes.size / pageBytes), seen: new Set(), left: bytes.size }
}

/** The page at which the table of packages begins, by the table of all tables on the first page (2.6). */
function rootOf(file: File): number {
  for (const row of rowsOf(file, 1)) {
    const [type, name, , root] = valuesOf(row)
    if (type === 'table' && name === 'Packages' && typeof root === 'number') return root
  }
  throw new Unreadable('it has no table of packages')
}

function pageOf({ bytes, pageBytes, pages, seen }: File, number: number): Buffer {
  if (number < 1 || number > pages) throw new Unreadable('it names a page beyond its end')
  if (seen.has(number)) throw new Unreadable('it names a page twice')
  seen.add(number)
  return bytes.read((number - 1) * pageBytes, pageBytes)
}

/** The rows of a table, in their order (1.6). */
function* rowsOf(file: File, root: number): Generator<Buffer> {
  const next = [root]
  for (let number = next.pop(); number !== undefined; number = next.pop()) {
    const page = pageOf(file, number)
    const at = number === 1 ? fileHeadBytes : 0
    const kind = page[at]
    if (kind !== interior && kind !== leaf) throw new Unreadable('it has a page that is none of a table')
    const cells = cellsOf(file, page, at, kind === leaf ? 8 : 12)
    if (kind === leaf) for (const cell of cells) yield rowOf(file, page, cell)
    // The last of them is looked at next: from the right to the left.
    else next.push(page.readUInt32BE(at + 8), ...cells.map((cell) => page.readUInt32BE(cell)).toReversed())
  }
}

/** Where the cells of a page begin. */
function cellsOf({ usable }: File, page: Buffer, at: number, headBytes: number): number[] {
  const count = page.readUInt16BE(at + 3)
  const first = at + headBytes
  if (first + count * 2 > usable) throw new Unreadable('it has a page of more cells than fit')
  const cells = Array.from({ length: count }, (_, index) => page.readUInt16BE(first + index * 2))
  if (cells.some((cell) => cell < first || cell + 4 > usable)) throw new Unreadable('it has a cell beyond its page')
  return cells
}

/** The bytes of a row; those of a long one go on on overflow pages (1.6, "Cell Payload Overflow Pages"). */
function rowOf(file: File, page: Buffer, cell: number): Buffer {
  const { usable } = file
  const [length, after] = varintAt(page, cell)
  const [, at] = varintAt(page, after)
  if (length > mostHeaderBytes) throw new Unreadable('it has a package of more than 64 MiB')
  file.left -= length
  if (file.left < 0) throw new Unreadable('its rows have more bytes than it has')
  const here = lengthHere(length, usable)
  if (at + here + (here < length ? 4 : 0) > usable) throw new Unreadable('it has a row beyond its page')
  if (here === length) return page.subarray(at, at + length)
  const parts = [page.subarray(at, at + here)]
  let left = length - here
  for (let number = page.readUInt32BE(at + here); left > 0;) {
    const more = pageOf(file, number)
    const filled = Math.min(left, usable - 4)
    parts.push(more.subarray(4, 4 + filled))
    left -= filled
    number = more.readUInt32BE(0)
  }
  return Buffer.concat(parts)
}

/** How many bytes of a row stand on its leaf page (1.5, the payload of a table's leaf cells). */
function lengthHere(length: number, usable: number): number {
  if (length <= usable - 35) return length
  const least = Math.floor(((usable - 12) * 32) / 255) - 23
  const rest = least + ((length - least) % (usable - 4))
  return rest <= usable - 35 ? rest : least
}

/** A number of one to nine bytes, and where it ends; numbers beyond 2^53 are refused later by what they count. */
function varintAt(from: Buffer, at: number): [value: number, end: number] {
  let value = 0
  for (let index = 0; index < 9; index++) {
    const byte = from[at + index]
    if (byte === undefined) break
    if (index === 8) return [value * 256 + byte, at + 9]
    value = value * 128 + (byte & 0x7f)
    if (byte < 0x80) return [value, at + index + 1]
  }
  throw new Unreadable('it has a number that is cut off')
}

type Value = null | number | string | Buffer

/** The columns that are read of any table. */
const mostValues = 5

/** The first values of a row (2.1, "Record Format"): a header with their types and lengths, then their bytes. */
function valuesOf(row: Buffer): Value[] {
  const [headLength, first] = varintAt(row, 0)
  if (headLength > row.length) throw new Unreadable('it has a row that is cut off')
  const values: Value[] = []
  let content = headLength
  for (let at = first; at < headLength && values.length < mostValues;) {
    const [type, end] = varintAt(row, at)
    const length = lengthOf(type)
    if (content + length > row.length) throw new Unreadable('it has a row that is cut off')
    values.push(valueOf(type, row.subarray(content, content + length)))
    content += length
    at = end
  }
  return values
}

/** Bytes of a value of a type; numbers of 1 to 8 bytes are of the types 1 to 6, and 7 is a fraction. */
const lengthOf = (type: number): number =>
  type >= 12 ? (type - (type % 2) - 12) / 2 : ([0, 1, 2, 3, 4, 6, 8, 8][type] ?? 0)

function valueOf(type: number, bytes: Buffer): Value {
  if (type >= 12) return type % 2 === 0 ? bytes : bytes.toString('utf8')
  if (type === 8 || type === 9) return type - 8
  return type >= 1 && type <= 5 ? bytes.readIntBE(0, bytes.length) : null
}
