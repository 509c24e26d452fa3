import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { elfOf } from '../../../testing/elf.ts'
import { inventoryOf, inventoryOfLayer, namesOf } from '../../../testing/inventories.ts'
import { tarOf, type LayerFile } from '../../../testing/layers.ts'

const npmFile = (path: string, name: string, version = '1.0.0'): LayerFile => [
  `${path}/node_modules/${name}/package.json`,
  JSON.stringify({ name, version }),
]
const dpkgFile = (...names: string[]): LayerFile => [
  'var/lib/dpkg/status',
  names.map((name) => `Package: ${name}\nVersion: 1\nStatus: install ok installed\n`).join('\n'),
]

test('a layer is read plain, or compressed by gzip or zstd, whatever its type says', async () => {
  const plain = await tarOf([npmFile('app', 'x')])
  for (const bytes of [plain, gzipSync(plain), zstdCompressSync(plain), Buffer.concat([gzipSync(plain)])])
    assert.deepEqual(namesOf(await inventoryOf(bytes)), ['x@1.0.0'])
})

test('an archive may end with its last file, but not within it', async () => {
  const plain = await tarOf([npmFile('app', 'x')])
  const end = 512 + Buffer.byteLength(npmFile('app', 'x')[1] as string)
  for (const length of [end, end + 1, plain.length - 1024, plain.length - 600])
    assert.deepEqual(namesOf(await inventoryOf(plain.subarray(0, length))), ['x@1.0.0'], String(length))
  for (const length of [end - 1, 513, 512, 511])
    await assert.rejects(inventoryOf(plain.subarray(0, length)), /no archive that can be read/, String(length))
})

test('the upper layer wins at each path', async () => {
  const inventory = await inventoryOf(
    [dpkgFile('a', 'b'), npmFile('app', 'x', '1.0.0'), npmFile('app', 'y')],
    [dpkgFile('a', 'c'), npmFile('app', 'x', '2.0.0')],
  )
  assert.deepEqual(namesOf(inventory), ['a@1', 'c@1', 'x@2.0.0', 'y@1.0.0'])
})

test('whiteouts remove files and folders of lower layers, not those of their own', async () => {
  const lower = [npmFile('a', 'x'), npmFile('a', 'y'), npmFile('b', 'z'), npmFile('bb', 'kept')]
  const inventory = await inventoryOf(
    lower,
    [['a/node_modules/.wh.x', ''], ['.wh.b', ''], npmFile('b', 'own')],
    [['unrelated', '']],
  )
  assert.deepEqual(namesOf(inventory), ['kept@1.0.0', 'own@1.0.0', 'y@1.0.0'])
})

test('an opaque whiteout leaves nothing of the folder in lower layers', async () => {
  const inventory = await inventoryOf(
    [npmFile('a', 'x'), npmFile('a/deep', 'y'), npmFile('ab', 'kept')],
    [npmFile('a', 'own'), ['a/.wh..wh..opq', '']],
  )
  assert.deepEqual(namesOf(inventory), ['kept@1.0.0', 'own@1.0.0'])
  assert.deepEqual(namesOf(await inventoryOf([npmFile('a', 'x')], [['.wh..wh..opq', '']])), [])
})

test('what takes the place of a file or of a folder hides it', async () => {
  const program = elfOf({})
  const lower: LayerFile[] = [npmFile('a', 'x'), npmFile('b', 'y'), npmFile('c', 'z'), ['bin/tool', program]]
  const inventory = await inventoryOf(lower, [
    ['a/node_modules/x/package.json', 'no JSON any more'],
    ['b', 'a file now'],
    [{ name: 'c/node_modules', type: 'symlink', linkname: '/elsewhere' }],
    [{ name: 'd', type: 'directory' }],
  ])
  assert.deepEqual(namesOf(inventory), [])
  assert.deepEqual(inventory.notes, ['a/node_modules/x/package.json was left out: it is not JSON'])
})

test('a folder that an upper layer lists again hides nothing, and a hard link tells what its file tells', async () => {
  const inventory = await inventoryOf(
    [
      dpkgFile('a'),
      npmFile('a', 'x'),
      [{ name: 'b/node_modules/x/package.json', type: 'link', linkname: 'a/node_modules/x/package.json' }],
    ],
    [
      [{ name: 'a', type: 'directory' }],
      ['a/node_modules/x/.wh.package.json', ''],
      [{ name: 'var/lib/dpkg/', type: 'directory' }],
    ],
  )
  assert.deepEqual(namesOf(inventory), ['a@1', 'x@1.0.0'])
  assert.equal(inventory.found.at(-1)!.path, 'b/node_modules/x/package.json')
})

test('a package that stands at several places is there once, and the order is that of the package URLs', async () => {
  const inventory = await inventoryOf([npmFile('z', 'x'), npmFile('b', 'x'), npmFile('a', 'y')])
  assert.deepEqual(
    inventory.found.map(({ path, component }) => [path, component.name]),
    [
      ['b/node_modules/x/package.json', 'x'],
      ['a/node_modules/y/package.json', 'y'],
    ],
  )
})

test('Q16: names that lead out of the image, links and devices are never followed', async () => {
  const { files, notes } = await inventoryOfLayer([
    ['../app/node_modules/x/package.json', '{"name":"x","version":"1"}'],
    [{ name: 'app/node_modules/y/package.json', type: 'symlink', linkname: '/etc/passwd' }],
    [{ name: 'app/node_modules/z/package.json', type: 'link', linkname: '../../../etc/passwd' }],
    [{ name: 'var/lib/dpkg/status', type: 'character-device' }],
    ['/./app//node_modules/k/package.json', '{"name":"k","version":"1"}'],
  ])
  assert.deepEqual(
    files.map(({ path }) => path),
    ['app/node_modules/k/package.json'],
  )
  assert.equal(notes.length, 1)
})
