import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { openScratch } from '../../../platform/scratch.ts'
import { Unreadable } from './bounds.ts'
import { inMemory } from './bytes.ts'
import { headersOfSqlite } from './rpm/sqlite.ts'

/** The same numbers in each run: Numerical Recipes' linear congruential generator. */
let seed = 20_261_130
const below = (limit: number): number => {
  seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32
  return Math.floor((seed / 2 ** 32) * limit)
}

/** A database that SQLite has written. */
async function databaseOf(write: (db: DatabaseSync) => void, pageBytes = 4096): Promise<Buffer> {
  await using scratch = await openScratch('sqlite-test')
  const path = `${scratch.path}/rpmdb.sqlite`
  {
    using db = new DatabaseSync(path)
    db.exec(`pragma page_size = ${pageBytes}`)
    write(db)
  }
  return readFile(path)
}

const table = `create table 'Packages' (hnum integer primary key autoincrement, blob blob not null)`
function fill(db: DatabaseSync, blobs: Buffer[]): void {
  // As rpm does: other tables and indexes stand beside.
  db.exec(`${table}; create table 'Name' (key text, hnum integer, idx integer); create index n on Name (key)`)
  const insert = db.prepare('insert into Packages (blob) values (?)')
  db.exec('begin')
  for (const [index, blob] of blobs.entries()) {
    insert.run(blob)
    db.prepare('insert into Name values (?, ?, 0)').run(`name${index}`, index)
  }
  db.exec('commit')
}

const read = (file: Buffer) =>
  headersOfSqlite(inMemory(file))
    .map((blob) => Buffer.from(blob))
    .toArray()

test('packages are read as SQLite reads them: of pages of all sizes, with short and long rows', async () => {
  for (const pageBytes of [512, 1024, 4096, 65_536]) {
    const blobs = Array.from({ length: 400 }, (_, index) =>
      Buffer.alloc(index % 7 === 0 ? below(100_000) : 1 + below(1200), below(256)),
    )
    const file = await databaseOf((db) => {
      fill(db, blobs)
      db.exec('delete from Packages where hnum % 5 = 0')
    }, pageBytes)
    assert.deepEqual(
      read(file),
      blobs.filter((_, index) => (index + 1) % 5 !== 0),
    )
  }
  assert.deepEqual(read(await databaseOf((db) => fill(db, []))), [])
})

test('what stands in the place of the table is not read', async () => {
  const refused = async (statement: string, why: RegExp) => {
    const file = await databaseOf((db) => db.exec(statement))
    assert.throws(() => read(file), why)
  }
  await refused('create table other (x)', /no table of packages/)
  await refused(`create table x (y); create view Packages as select 1 as hnum, x'00' as blob`, /no table of packages/)
  await refused(
    `create table Packages (hnum integer primary key, blob); insert into Packages values (1, 'text')`,
    /none/,
  )
})

test('pages that name each other in circles, or twice, are refused', async () => {
  const file = await databaseOf((db) =>
    fill(
      db,
      Array.from({ length: 2000 }, () => Buffer.alloc(300, 1)),
    ),
  )
  const pages = file.length / 4096
  const interiors = Array.from({ length: pages - 1 }, (_, index) => index + 1).filter((one) => file[one * 4096] === 5)
  assert.ok(interiors.length > 0)
  const refused = interiors.filter((page) => {
    const circle = Buffer.from(file)
    circle.writeUInt32BE(page + 1, page * 4096 + 8)
    try {
      // A page of another table or of an index.
      assert.equal(read(circle).length, 2000)
      return false
    } catch (error) {
      assert.equal((error as Error).message, 'it names a page twice')
      return true
    }
  })
  assert.ok(refused.length > 0)
  const first = Buffer.from(file)
  // The table of all tables leads to itself.
  first[100] = 5
  first.writeUInt32BE(1, 108)
  first.writeUInt16BE(0, 103)
  assert.throws(() => read(first), /names a page twice/)
})

test('a file of which any bytes are others is read or refused, and nothing else', async () => {
  const blobs = Array.from({ length: 60 }, () => Buffer.alloc(below(6000), 7))
  const file = await databaseOf((db) => fill(db, blobs), 1024)
  let refused = 0
  for (let round = 0; round < 1000; round++) {
    const broken = Buffer.from(file.subarray(0, round % 10 === 0 ? below(file.length) : file.length))
    // Most of what leads astray stands at the beginning of pages.
    for (let count = 0; count < 8; count++) {
      const at = below(broken.length / 1024) * 1024 + below(count % 2 === 0 ? 120 : 1024)
      if (at < broken.length) broken[at] = below(256)
    }
    try {
      read(broken)
    } catch (error) {
      assert.ok(error instanceof Unreadable, String(error))
      refused++
    }
  }
  assert.ok(refused > 100 && refused < 1000, `${refused}`)
})
