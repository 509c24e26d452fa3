import { Unreadable } from '../bounds.ts'
import type { RandomBytes } from '../bytes.ts'
import { mostHeaderBytes } from './header.ts'

const [fileMagic, slotMagic, blobMagic] = ['RpmP', 'Slot', 'BlbS'].map((text) => Buffer.from(text).readUInt32LE())
/** The slots fill whole pages, of which there are at most 2,048: half a million packages. */
const [pageBytes, mostPages, slotBytes, blockBytes] = [4096, 2048, 16, 16]

/**
 * The headers in a database of rpm's format ndb, `Packages.db` of SUSE (rpm, lib/backend/ndb/rpmpkg.c): slots of four
 * little-endian words say where each package's blob is, in blocks of 16 bytes. Throws Unreadable.
 */
export function* headersOfNdb(bytes: RandomBytes): Generator<Buffer> {
  const start = bytes.read(0, 32)
  if (start.readUInt32LE(0) !== fileMagic) throw new Unreadable('it is not a database of rpm')
  const pages = start.readUInt32LE(12)
  if (pages < 1 || pages > mostPages) throw new Unreadable('it has no valid number of pages')
  const slots = bytes.read(0, pages * pageBytes)
  // The first two slots are the header of the file.
  for (let at = 2 * slotBytes; at < slots.length; at += slotBytes) {
    const [magic, id, block] = [0, 4, 8].map((field) => slots.readUInt32LE(at + field))
    if (magic !== slotMagic) throw new Unreadable('it has a slot that is not one')
    if (id !== 0 && block !== 0) yield readBlob(bytes, id!, block! * blockBytes)
  }
}

function readBlob(bytes: RandomBytes, id: number, at: number): Buffer {
  const head = bytes.read(at, 16)
  const length = head.readUInt32LE(12)
  if (head.readUInt32LE(0) !== blobMagic || head.readUInt32LE(4) !== id)
    throw new Unreadable('it names a package where none is')
  if (length > mostHeaderBytes) throw new Unreadable('it has a package of more than 64 MiB')
  return bytes.read(at + 16, length)
}
