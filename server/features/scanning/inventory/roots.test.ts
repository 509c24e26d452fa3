/** Inventories of real roots, held to what the package managers themselves say. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { copyFile, glob, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { after, test } from 'node:test'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { inventoryOf, namesOf, shownOf } from '../../../testing/inventories.ts'
import type { LayerFile } from '../../../testing/layers.ts'

const run = promisify(execFile)
const output = async (command: string, words: string[], env: NodeJS.ProcessEnv = {}) =>
  (await run(command, words, { env: { ...process.env, ...env }, maxBuffer: 64 * 2 ** 20 })).stdout
const lines = (text: string) => text.split('\n').filter((line) => line !== '')

const root = resolve(import.meta.dirname, '../../../..')
const folder = await mkdtemp(join(tmpdir(), 'marina-test-roots-'))
after(() => rm(folder, { recursive: true, force: true }))

/** The files of a folder that match a pattern, as a layer has them. */
async function filesOf(from: string, pattern: string): Promise<LayerFile[]> {
  const files: LayerFile[] = []
  for await (const entry of glob(pattern, { cwd: from, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile()) files.push([relative(from, path), await readFile(path)])
  }
  return files
}

test('dpkg: the packages of this machine, as dpkg-query lists them', async () => {
  const said = await output('dpkg-query', ['-W', '-f', '${db:Status-Status}|${Package}@${Version}|${Architecture}\\n'])
  const expected = lines(said).flatMap((line) => {
    const [status, name, arch] = line.split('|')
    return status === 'not-installed' || status === 'config-files' ? [] : [`${name} ${arch}`]
  })
  const { found, os } = await inventoryOf([
    ['var/lib/dpkg/status', await readFile('/var/lib/dpkg/status')],
    ['etc/os-release', await readFile('/etc/os-release')],
  ])
  assert.equal(os?.name, 'debian')
  assert.ok(expected.length > 50)
  assert.deepEqual(
    found.map(({ component }) => `${shownOf(component)} ${component.qualifiers!['arch']}`).toSorted(),
    [...new Set(expected)].toSorted(),
  )
})

test('dpkg: source packages, as dpkg-query names them', async () => {
  const said = await output('dpkg-query', ['-W', '-f', '${Package}|${source:Package}@${source:Version}\\n'])
  const sources = new Map(lines(said).map((line) => line.split('|') as [string, string]))
  const { found } = await inventoryOf([['var/lib/dpkg/status', await readFile('/var/lib/dpkg/status')]])
  for (const { component } of found) {
    const { name, version } = component.source ?? component
    assert.equal(`${name}@${version}`, sources.get(component.name), component.name)
  }
})

test("npm: the packages of this project, as npm's own list of what it installed has them", async () => {
  const listed = JSON.parse(await readFile(join(root, 'node_modules/.package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string }>
  }
  const expected = Object.entries(listed.packages).map(
    ([path, { version }]): string => `${path.slice(path.lastIndexOf('node_modules/') + 13)}@${version}`,
  )
  const files: LayerFile[] = []
  for (const path of Object.keys(listed.packages))
    files.push([`${path}/package.json`, await readFile(join(root, path, 'package.json'))])
  assert.ok(expected.length > 50)
  // Some packages are installed under another name than their own.
  const aliases = files.flatMap(([path, content]) => {
    const { name, version } = JSON.parse(String(content)) as { name: string; version: string }
    const alias = (path as string).split('node_modules/').at(-1)!.replace('/package.json', '')
    return alias === name ? [] : [[`${alias}@${version}`, `${name}@${version}`] as const]
  })
  const named = new Map<string, string>(aliases)
  assert.deepEqual(
    namesOf(await inventoryOf(files), 'npm'),
    [...new Set(expected.map((one) => named.get(one) ?? one))].toSorted(),
  )
})

test("Python: the distributions of Debian's packages, as importlib.metadata lists them", async () => {
  const place = '/usr/lib/python3/dist-packages'
  const script =
    'import importlib.metadata as m, sys\n' +
    'for d in m.distributions(path=[sys.argv[1]]): print(d.metadata["Name"] + "@" + d.version)'
  const expected = lines(await output('/usr/bin/python3', ['-c', script, place]))
  assert.ok(expected.length > 2)
  const files = [
    ...(await filesOf(place, '*.dist-info/METADATA')),
    ...(await filesOf(place, '*.egg-info/PKG-INFO')),
    ...(await filesOf(place, '*.egg-info')),
  ]
  assert.deepEqual(namesOf(await inventoryOf(files), 'pypi'), [...new Set(expected)].toSorted())
})

test('Go: the modules of a program of this project, as they are written in it', async () => {
  const [path] = globSync('node_modules/@oxlint-tsgolint/*/tsgolint', { cwd: root })
  const program = await readFile(join(root, path!))
  const modules = namesOf(await inventoryOf([['usr/bin/program', program]]), 'golang')
  // The text that the linker has put in, which Go's own command shows.
  const written = modulesIn(program.toString('latin1'))
  assert.ok(written.length > 5)
  assert.deepEqual(
    written.filter((one) => !modules.includes(one)),
    [],
  )
  const go = await run('go', ['version', '-m', join(root, path!)]).catch(() => undefined)
  if (!go) return
  const said = modulesIn(go.stdout.replaceAll('\n\t', '\n'))
  assert.deepEqual(
    modules.filter((one) => !one.startsWith('stdlib@')),
    [...said, ...mainOf(go.stdout)].toSorted(),
  )
})

/** The modules of a program's build information, each as what replaced it; a folder that did keeps no version. */
function modulesIn(text: string): string[] {
  const found: string[] = []
  for (const [, kind, name = '', said] of text.matchAll(/\n(dep|=>)\t([^\t\n]+)\t([^\t\n]*)/g)) {
    const version = said === '(devel)' ? '' : said
    const before = kind === '=>' ? found.pop() : undefined
    found.push(before !== undefined && /^[./]/.test(name) ? `${before.replace(/@.*/, '')}@` : `${name}@${version}`)
  }
  return found
}

const mainOf = (said: string) =>
  [...said.matchAll(/\n\tmod\t([^\t\n]+)\t([^\t\n]*)/g)].map(
    ([, name, version]) => `${name}@${version === '(devel)' ? '' : version}`,
  )

test('rpm: a root that rpm has filled, as rpm lists it', async () => {
  const spec = (name: string, more: string) =>
    `Name: ${name}\nVersion: 1.2\nRelease: 3\nSummary: x\nLicense: MIT\n${more}\n%description\nx\n%files\n`
  const packages: string[] = []
  for (const [name, more] of [
    ['marina-one', 'Epoch: 2\nBuildArch: noarch'],
    ['marina-two', 'BuildArch: noarch'],
  ] as const) {
    const file = join(folder, `${name}.spec`)
    await writeFile(file, spec(name, more))
    await output('rpmbuild', ['-bb', '--define', `_topdir ${folder}/build`, '--define', '_build_id_links none', file])
    packages.push(join(folder, `build/RPMS/noarch/${name}-1.2-3.noarch.rpm`))
  }
  const format = '%{NAME}@%{VERSION}-%{RELEASE} %{ARCH} %|EPOCH?{%{EPOCH}}:{}|\\n'
  const place = ['--root', join(folder, 'root'), '--dbpath', '/var/lib/rpm', '--define', '_db_backend sqlite']
  await mkdir(join(folder, 'root/var/lib/rpm'), { recursive: true })
  await output('rpm', [...place, '-i', '--justdb', '--nodeps', '--nosignature', ...packages])
  const expected = lines(await output('rpm', [...place, '-qa', '--qf', format]))
  assert.equal(expected.length, 2)
  const stored = await readFile(join(folder, 'root/var/lib/rpm/rpmdb.sqlite'))
  const { found } = await inventoryOf([['var/lib/rpm/rpmdb.sqlite', stored]])
  const shown = found.map(
    ({ component }) => `${shownOf(component)} ${component.qualifiers!['arch']} ${component.qualifiers!['epoch'] ?? ''}`,
  )
  assert.deepEqual(shown.toSorted(), expected.toSorted())
})

/** The headers of the packages in the root, as rpm wrote them. */
async function headersOfRoot(): Promise<Buffer[]> {
  const copy = join(folder, 'copy.sqlite')
  await copyFile(join(folder, 'root/var/lib/rpm/rpmdb.sqlite'), copy)
  using db = new DatabaseSync(copy)
  const rows = db.prepare('select blob from Packages order by hnum').all()
  assert.equal(rows.length, 2)
  return rows.map(({ blob }) => Buffer.from(blob as Uint8Array))
}

test('rpm: a hash database that the tools of Berkeley DB have made, of headers as rpm wrote them', async () => {
  const items = (await headersOfRoot()).flatMap((header, index) => [key(index + 1), header])
  // Larger than a page, and smaller: such values stand apart, or on the page itself.
  for (const pageBytes of [512, 65_536]) {
    const text = ['VERSION=3', 'format=bytevalue', 'type=hash', `db_pagesize=${pageBytes}`, 'HEADER=END']
    const dump = [...text, ...[key(0), key(2), ...items].map((one) => ` ${one.toString('hex')}`), 'DATA=END', '']
    const [from, to] = [join(folder, `${pageBytes}.dump`), join(folder, `${pageBytes}.db`)]
    await writeFile(from, dump.join('\n'))
    await output('db5.3_load', ['-f', from, to])
    const inventory = await inventoryOf([['var/lib/rpm/Packages', await readFile(to)]])
    assert.deepEqual(namesOf(inventory, 'rpm'), ['marina-one@1.2-3', 'marina-two@1.2-3'])
  }
})

test("rpm: a database of the format ndb, laid out as rpm's source says, of headers as rpm wrote them", async () => {
  // Debian's rpm cannot write this format: a page of slots, then each header behind a head of 16 bytes.
  const page = Buffer.alloc(4096)
  for (let at = 32; at < page.length; at += 16) page.write('Slot', at)
  page.write('RpmP')
  page.writeUInt32LE(1, 12)
  const parts: Buffer[] = [page]
  for (const [index, header] of (await headersOfRoot()).entries()) {
    const block = parts.reduce((sum, { length }) => sum + length, 0) / 16
    page.writeUInt32LE(index + 1, 32 + index * 16 + 4)
    page.writeUInt32LE(block, 32 + index * 16 + 8)
    const head = Buffer.alloc(16)
    head.write('BlbS')
    head.writeUInt32LE(index + 1, 4)
    head.writeUInt32LE(header.length, 12)
    parts.push(head, header, Buffer.alloc((16 - (header.length % 16)) % 16))
  }
  const inventory = await inventoryOf([['usr/lib/sysimage/rpm/Packages.db', Buffer.concat(parts)]])
  assert.deepEqual(namesOf(inventory, 'rpm'), ['marina-one@1.2-3', 'marina-two@1.2-3'])
})

const key = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
