import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { Unreadable } from '../bounds.ts'
import type { RandomBytes } from '../bytes.ts'
import { mostHeaderBytes } from './header.ts'

/** The most memory that SQLite may take for a database, in bytes. */
const heapBytes = 128 * 2 ** 20

/**
 * The headers in `rpmdb.sqlite`: the column `blob` of the table `Packages` (rpm, lib/backend/sqlite.cc). The file comes
 * from an image, so nothing in its schema is run: a view or a virtual table in the table's place is refused. Throws
 * Unreadable.
 */
export function* headersOfSqlite({ path }: RandomBytes): Generator<Buffer> {
  withoutLog(path!)
  try {
    using db = new DatabaseSync(path!, { readOnly: true, allowExtension: false })
    db.exec(`pragma trusted_schema = off; pragma cell_size_check = on; pragma mmap_size = 0;
      pragma query_only = on; pragma hard_heap_limit = ${heapBytes}`)
    const table = db.prepare(`select type, sql from sqlite_schema where name = 'Packages' limit 1`).get()
    const isPlain = /^\s*create\s+table\s+["'`[]?Packages["'`\]]?\s*\(/i.test(String(table?.['sql'] ?? ''))
    if (table?.['type'] !== 'table' || !isPlain) throw new Unreadable('it has no table of packages')
    const rows = db.prepare('select blob, length(blob) as length from Packages order by hnum').iterate()
    for (const { blob, length } of rows) {
      if (Number(length) > mostHeaderBytes) throw new Unreadable('it has a package of more than 64 MiB')
      if (blob instanceof Uint8Array) yield Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength)
    }
  } catch (error) {
    throw error instanceof Unreadable ? error : new Unreadable(`SQLite cannot read it: ${(error as Error).message}`)
  }
}

/**
 * Says in the file's header (SQLite, "Database File Format" 1.3.3) that it has no write-ahead log: rpm empties the log
 * when it closes the database, and SQLite would want to create one anew.
 */
function withoutLog(path: string): void {
  const fd = openSync(path, 'r+')
  try {
    const versions = Buffer.alloc(2)
    readSync(fd, versions, 0, 2, 18)
    if (versions[0] === 2 || versions[1] === 2) writeSync(fd, Buffer.from([1, 1]), 0, 2, 18)
  } finally {
    closeSync(fd)
  }
}
