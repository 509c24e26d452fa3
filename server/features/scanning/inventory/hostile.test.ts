import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { deflateSync, gzipSync } from 'node:zlib'
import { elfOf } from '../../../testing/elf.ts'
import { defaultBounds, inventoryOfLayer } from '../../../testing/inventories.ts'
import { tarOf, type LayerFile } from '../../../testing/layers.ts'
import { zipOf } from '../../../testing/zip.ts'
import { InventoryRefused, openBudget, type Bounds } from './bounds.ts'
import { inMemory } from './bytes.ts'
import { rpm } from './catalogers/rpm.ts'
import { openInventoryThread } from './thread.ts'

const refuses = (layer: Iterable<LayerFile> | Buffer, why: RegExp, bounds: Partial<Bounds> = {}) =>
  assert.rejects(inventoryOfLayer(layer, bounds), (error) => {
    assert.ok(error instanceof InventoryRefused, String(error))
    assert.match(error.message, why)
    return true
  })

const nothing = { unpackedBytes: 0, entries: 0, packages: 0 }
const forever = new AbortController().signal
const thread = (bounds: Partial<Bounds> = {}, memoryBytes = 512 * 2 ** 20) =>
  openInventoryThread({ ...defaultBounds, ...bounds }, memoryBytes)

test('X19: what is no archive, or is cut, is refused with a reason', async () => {
  const whole = await tarOf([['app/x', 'x'.repeat(5000)]])
  await refuses(Buffer.from('neither gzip nor tar'.repeat(100)), /no archive that can be read/)
  await refuses(gzipSync(whole).subarray(0, 60), /no archive that can be read/)
  await refuses(whole.subarray(0, 700), /no archive that can be read/)
  await refuses(Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), whole]), /no archive that can be read/)
  assert.deepEqual((await inventoryOfLayer(Buffer.alloc(0))).files, [])
})

test('X19: each bound is kept, and says what was too much', async () => {
  const many = Array.from({ length: 50 }, (_, index): LayerFile => [`f${index}`])
  await refuses(many, /more than 49 files/, { entries: 49 })
  await refuses([['f', Buffer.alloc(100_000)]], /more than 90000 bytes when it is unpacked/, { unpackedBytes: 90_000 })
  await refuses([['a/'.repeat(100) + 'f']], /folders more than 100 deep/)
  const status = 'Package: a\nVersion: 1\n\n'.repeat(20)
  await refuses([['var/lib/dpkg/status', status]], /more than 19 packages/, { packages: 19 })
  await refuses([['var/lib/dpkg/status', status]], /status has more than 100 bytes/, { fileBytes: 100 })
  const left = await inventoryOfLayer([['a/node_modules/x/package.json', ' '.repeat(200)]], { fileBytes: 100 })
  assert.deepEqual(left.notes, ['a/node_modules/x/package.json has more than 100 bytes, and was left out'])
})

test('X19: a layer that unpacks to far more than its size is refused before it is unpacked', async () => {
  const zeros = gzipSync(await tarOf([['big', Buffer.alloc(64 * 2 ** 20)]]), { level: 1 })
  assert.ok(zeros.length * 100 < 64 * 2 ** 20)
  await using opened = await thread({ ratio: 100 })
  await assert.rejects(opened.read(Readable.from([zeros]), nothing, forever), /more than 100 times its size/)
})

test('archives within archives end at the third, and count', async () => {
  let archive = zipOf({ 'META-INF/maven/g/deep/pom.properties': 'groupId=g\nartifactId=deep\nversion=1\n' })
  for (const name of ['c-1', 'b-1', 'a-1']) archive = zipOf({ [`${name}.jar`]: archive, 'META-INF/MANIFEST.MF': '\n' })
  const { files } = await inventoryOfLayer([['top-1.jar', archive]])
  assert.deepEqual(
    files.flatMap(({ components }) => components.map(({ name }) => name)),
    ['top', 'a', 'b'],
  )
  const bomb = zipOf({ 'x-1.jar': Buffer.alloc(20 * 2 ** 20) })
  await refuses([['bomb-1.jar', bomb]], /bytes when it is unpacked/, { unpackedBytes: 10 * 2 ** 20 })
  const { notes } = await inventoryOfLayer([['bomb-1.jar', bomb]], { fileBytes: 2 ** 20 })
  assert.match(notes[0]!, /^bomb-1.jar was left out: x-1.jar in it has more than 1048576 bytes/)
})

test('programs that lie about themselves are left out, or tell nothing', async () => {
  const bomb = deflateSync(Buffer.alloc(64 * 2 ** 20))
  const info = Buffer.concat([
    Buffer.from('\xff Go buildinf:\x08\x02', 'latin1'),
    Buffer.alloc(16),
    Buffer.alloc(8, 0xff),
  ])
  const { files, notes } = await inventoryOfLayer([
    ['bin/bomb', elfOf({ '.dep-v0': bomb })],
    ['bin/long', elfOf({ '.go.buildinfo': info })],
    ['bin/cut', elfOf({ '.go.buildinfo': info }).subarray(0, 80)],
    ['bin/short', Buffer.from('\x7fELF', 'latin1')],
  ])
  assert.deepEqual(files, [])
  assert.deepEqual(
    notes.map((note) => note.slice(0, note.indexOf(' '))),
    ['bin/bomb', 'bin/long', 'bin/cut', 'bin/cut'],
  )
})

test('databases of rpm that are broken or play tricks refuse the image', async () => {
  const noise = Buffer.from('SQLite format 3\0'.padEnd(4096, 'x'))
  for (const name of ['rpmdb.sqlite', 'Packages.db', 'Packages'])
    for (const bytes of [noise, Buffer.alloc(0), Buffer.alloc(9000, 0xff)])
      await refuses([[`var/lib/rpm/${name}`, bytes]], new RegExp(`^var/lib/rpm/${name} cannot be read: `))
})

/** A header as rpm writes it: the name and the version of a package, and `more` bytes that say nothing. */
function headerOf(name: string, more: number): Buffer {
  const data = Buffer.concat([Buffer.from([name, '1', ''].join('\0')), Buffer.alloc(more)])
  const head = Buffer.alloc(8 + 2 * 16)
  head.writeUInt32BE(2, 0)
  head.writeUInt32BE(data.length, 4)
  for (const [index, at] of [0, name.length + 1].entries()) {
    for (const [field, value] of [1000 + index, 6, at, 1].entries())
      head.writeUInt32BE(value, 8 + index * 16 + field * 4)
  }
  return Buffer.concat([head, data])
}

/** A database of the format ndb all of whose slots name one package. */
function ndbOf(pages: number, header: Buffer): Buffer {
  const slots = Buffer.alloc(pages * 4096)
  slots.write('RpmP', 0)
  slots.writeUInt32LE(pages, 12)
  for (let at = 32; at < slots.length; at += 16) {
    slots.write('Slot', at)
    slots.writeUInt32LE(1, at + 4)
    slots.writeUInt32LE(slots.length / 16, at + 8)
  }
  const blob = Buffer.alloc(16)
  blob.write('BlbS')
  blob.writeUInt32LE(1, 4)
  blob.writeUInt32LE(header.length, 12)
  return Buffer.concat([slots, blob, header])
}

/** A hash database of Berkeley DB all of whose items stand on one chain of pages, which is a circle of one byte each. */
function berkeleyOf(items: number): Buffer {
  const size = 4096
  const [head, items1, chain] = [Buffer.alloc(size), Buffer.alloc(size), Buffer.alloc(size)]
  head.writeUInt32LE(0x00061561, 12)
  head.writeUInt32LE(size, 20)
  head.writeUInt32LE(2, 32)
  items1[25] = 13
  items1.writeUInt16LE(items, 20)
  for (let index = 0; index < items; index++) items1.writeUInt16LE(4000, 26 + index * 2)
  items1[4000] = 3
  items1.writeUInt32LE(2, 4004)
  items1.writeUInt32LE(32 * 2 ** 20, 4008)
  chain[25] = 7
  chain.writeUInt16LE(1, 22)
  chain.writeUInt32LE(2, 16)
  return Buffer.concat([head, items1, chain])
}

/** Bytes that count how many of them are read. */
function countedBytes(bytes: Buffer) {
  const counted = { ...inMemory(bytes), count: 0 }
  const { read } = counted
  counted.read = (at, length) => {
    counted.count += length
    return read(at, length)
  }
  return counted
}

test('packages that share their bytes are refused before these are read again and again', () => {
  const ndb = countedBytes(ndbOf(16, headerOf('x', 2 ** 20)))
  const budget = openBudget(defaultBounds)
  assert.throws(() => rpm.read('var/lib/rpm/Packages.db', ndb, budget), /its packages have more bytes than it has/)
  assert.ok(ndb.count <= 4 * ndb.size, `${ndb.count} of ${ndb.size}`)
  const single = rpm.read('var/lib/rpm/Packages.db', inMemory(oneSlot(ndbOf(1, headerOf('x', 9)))), budget)
  assert.deepEqual(
    single.map(({ name, version }) => [name, version]),
    [['x', '1']],
  )
  const berkeley = countedBytes(berkeleyOf(1000))
  assert.throws(() => rpm.read('var/lib/rpm/Packages', berkeley, budget), /a chain of pages that leads nowhere/)
  assert.ok(berkeley.count <= 4 * berkeley.size, `${berkeley.count} of ${berkeley.size}`)
})

/** The same database with its first slot alone. */
function oneSlot(ndb: Buffer): Buffer {
  for (let at = 48; at < 4096; at += 16) ndb.writeUInt32LE(0, at + 4)
  return ndb
}

test('files of an archive that share their bytes count each time, and none has two sizes', async () => {
  const jar = zipOf({ 'a-1.jar': zipOf({ x: randomBytes(2 ** 20) }) })
  // The directory names the same file a thousand times.
  const at = jar.readUInt32LE(jar.length - 6)
  const entry = jar.subarray(at, jar.length - 22)
  const end = Buffer.from(jar.subarray(-22))
  end.writeUInt32LE(1000 * entry.length, 12)
  const shared = Buffer.concat([jar.subarray(0, at), ...Array.from({ length: 1000 }, () => entry), end])
  await refuses([['top-1.jar', shared]], /bytes when it is unpacked/, { unpackedBytes: 50 * 2 ** 20 })
  const lying = Buffer.from(shared)
  for (let place = at; place < lying.length - 22; place += entry.length) lying.writeUInt32LE(1, place + 24)
  const { notes } = await inventoryOfLayer([['top-1.jar', withMethod(lying, at, entry.length)]])
  assert.match(notes[0]!, /^top-1.jar was left out: a-1.jar in it has two sizes, and is not packed/)
})

/** The same archive whose directory says that nothing is compressed. */
function withMethod(zip: Buffer, at: number, length: number): Buffer {
  const copy = Buffer.from(zip)
  for (let place = at; place < copy.length - 22; place += length) copy.writeUInt16LE(0, place + 10)
  return copy
}

test('a name of a package is no longer than the name of a file', async () => {
  const long = JSON.stringify({ name: 'n'.repeat(600), version: '1' })
  const wordy = JSON.stringify({ name: 'x', version: '1', license: 'L'.repeat(10_000) })
  const { files } = await inventoryOfLayer([
    ['a/node_modules/n/package.json', long],
    ['a/node_modules/x/package.json', wordy],
  ])
  assert.deepEqual(
    files.flatMap(({ components }) => components.map(({ name, license }) => [name, license!.length])),
    [['x', 512]],
  )
})

test('a thread that needs too much memory ends, with a reason, and its process goes on', async () => {
  // Each removed path is kept: a million of them are more than the thread may have.
  const removed = (function* (): Generator<LayerFile> {
    for (let index = 0; index < 300_000; index++) yield [`${'d'.repeat(90)}/.wh.${index}`]
  })()
  const layer = Readable.from(chunks(removed))
  await using opened = await thread({}, 32 * 2 ** 20)
  await assert.rejects(opened.read(layer, nothing, forever), (error) => {
    assert.ok(error instanceof InventoryRefused, String(error))
    return /takes more than 33554432 bytes of memory/.test(error.message)
  })
})

async function* chunks(files: Iterable<LayerFile>): AsyncGenerator<Buffer> {
  let batch: LayerFile[] = []
  for (const file of files) {
    batch.push(file)
    if (batch.length < 1000) continue
    // Without the two empty blocks that end an archive.
    yield (await tarOf(batch)).subarray(0, -1024)
    batch = []
  }
}

test('a stop, and a source that fails, end the reading at once; no file is left behind', async () => {
  const before = await readdir(tmpdir())
  {
    await using opened = await thread()
    const stop = new AbortController()
    const endless = new Readable({ read() {} })
    const reading = opened.read(endless, nothing, stop.signal)
    stop.abort(new Error('stopped by hand'))
    await assert.rejects(reading, /stopped by hand/)
    assert.ok(endless.destroyed)
  }
  {
    await using opened = await thread()
    const failing = Readable.from(
      (async function* () {
        yield await tarOf([['x', 'y']])
        throw new Error('storage is away')
      })(),
    )
    await assert.rejects(opened.read(failing, nothing, forever), /storage is away/)
  }
  const left = (await readdir(tmpdir())).filter((name) => name.startsWith(`marina-inventory-${process.pid}-`))
  assert.deepEqual(
    left,
    before.filter((name) => left.includes(name)),
  )
})
