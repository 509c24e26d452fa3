/** A Marina that runs from the bundle: its processes, threads, packages and files. */
import assert from 'node:assert/strict'
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { digestOf } from '../../oci/digest.ts'
import { eventually, expectAnswer, openAsk, type Ask } from '../testing/http.ts'
import { buildServer } from './build.ts'
import { lateFileOf, latePackages } from './late.ts'
import { findBundle, hashOfServer } from './find.mjs'

const root = path.resolve(import.meta.dirname, '../..')
const password = 'Bundle12345'
const as = { kind: 'user', id: 0, name: 'admin', password } as const
const limitMs = 120_000

let folder: string
let dataDir: string
let marina: ChildProcess
let ask: Ask & Disposable
const said: string[] = []

before(
  async () => {
    ;({ folder } = await buildServer())
    dataDir = await mkdtemp(path.join(tmpdir(), 'marina-bundle-'))
    marina = spawn(process.execPath, [path.join(root, 'server/main.ts'), 'serve'], {
      cwd: dataDir,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        TMPDIR: process.env['TMPDIR'],
        MARINA_DATA_DIR: dataDir,
        MARINA_HOST: '127.0.0.1',
        MARINA_PORT: '0',
        MARINA_METRICS_PORT: '0',
        MARINA_PROCESSES: '2',
        MARINA_ADMIN_PASSWORD: password,
      },
    })
    marina.stderr!.on('data', (chunk: Buffer) => said.push(chunk.toString()))
    for await (const line of createInterface(marina.stdout!)) {
      said.push(`${line}\n`)
      const port = /is ready after .*:(\d+)$/.exec(line)?.[1]
      if (port === undefined) continue
      ask = openAsk(Number(port))
      return
    }
    assert.fail(said.join(''))
  },
  { timeout: limitMs },
)

after(async () => {
  ask?.[Symbol.dispose]()
  if (marina?.exitCode === null) marina.kill('SIGKILL')
  await rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
})

test('the serving process runs a file of the bundle', async () => {
  const children = (await readFile(`/proc/${marina.pid}/task/${marina.pid}/children`, 'utf8')).trim().split(' ')
  const commands = await Promise.all(children.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8')))
  assert.ok(
    commands.some((command) => command.includes(path.join(folder, 'serving.mjs'))),
    commands.join('\n').replaceAll('\0', ' '),
  )
})

test('what lasts loads no parser of command lines, no YAML and no client that nothing uses', async () => {
  const loaded = new Map<string, string>()
  const load = async (name: string): Promise<void> => {
    if (loaded.has(name)) return
    const text = await readFile(path.join(folder, name), 'utf8')
    loaded.set(name, text)
    for (const [, next] of text.matchAll(/(?:from|import)"\.\/([\w-]+\.mjs)"/g)) await load(next!)
  }
  await load('program.mjs')
  assert.ok(loaded.size > 1)
  for (const [name, text] of loaded) {
    assert.doesNotMatch(text, /CommanderError|YAMLMap/, name)
    assert.doesNotMatch(text, /from ?"(?:node:)?https?"/, name)
  }
  const serve = [...(await readdir(folder))].find((name) => /^serve-\w+\.mjs$/.test(name))!
  const script = `
    await import(${JSON.stringify(path.join(folder, serve))})
    console.log(process.moduleLoadList.filter((one) => /undici|_http_server|\\b(?:tls|https|sqlite)$/.test(one)).join())
    console.log(Object.keys((await import('node:module')).default._cache).filter((one) => /late-/.test(one)).join())`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
  assert.equal(stdout.trim(), 'NativeModule _http_server')
})

test('packages that load late are whole: each has what it exports', async () => {
  const files = (await readdir(folder)).filter((name) => /^late-.*\.cjs$/.test(name))
  assert.equal(files.length, latePackages.length)
  const require = createRequire(path.join(folder, 'serving.mjs'))
  for (const name of latePackages) {
    const [here, there] = [require(`./${lateFileOf(name)}`), createRequire(import.meta.url)(name)] as [object, object]
    assert.deepEqual(Object.keys(here).sort(), Object.keys(there).sort(), name)
  }
})

test('the portal, its password check, uploads in threads, manifests and jobs work', async () => {
  expectAnswer(await ask('GET', '/api/v2.0/health'), 200)
  assert.match(expectAnswer(await ask('GET', '/'), 200).text, /<html/)
  expectAnswer(await ask('GET', '/v2/', { as: { ...as, password: 'wrong' } }), 401, 'UNAUTHORIZED')
  // Large enough for the thread that hashes, and an empty archive for the thread that reads layers.
  const layer = Buffer.alloc(3 * 2 ** 20)
  const config = Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}')
  for (const bytes of [layer, config]) {
    const { headers } = expectAnswer(await ask('POST', '/v2/library/bundle/blobs/uploads/', { as }), 202)
    const place = `${headers.location!}${headers.location!.includes('?') ? '&' : '?'}digest=${digestOf(bytes)}`
    expectAnswer(await ask('PUT', place, { as, body: bytes }), 201)
    const read = expectAnswer(await ask('GET', `/v2/library/bundle/blobs/${digestOf(bytes)}`, { as }), 200)
    assert.deepEqual(read.body, bytes)
  }
  const descriptor = (bytes: Buffer, mediaType: string) => ({ mediaType, digest: digestOf(bytes), size: bytes.length })
  const type = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: type,
    config: descriptor(config, 'application/vnd.oci.image.config.v1+json'),
    layers: [descriptor(layer, 'application/vnd.oci.image.layer.v1.tar')],
  })
  const headers = { 'content-type': type }
  expectAnswer(await ask('PUT', '/v2/library/bundle/manifests/v1', { as, headers, body: manifest }), 201)
  assert.equal(expectAnswer(await ask('GET', '/v2/library/bundle/manifests/v1', { as }), 200).text, manifest)
  const listed = expectAnswer(
    await ask('GET', '/api/v2.0/projects/library/repositories/bundle/artifacts', { as }),
    200,
  ).json() as { digest: string; tags: { name: string }[] }[]
  assert.deepEqual([listed[0]!.digest, listed[0]!.tags[0]!.name], [digestOf(Buffer.from(manifest)), 'v1'])
  expectAnswer(await ask('GET', '/api/v2.0/projects?page=nonsense', { as }), 422, 'UNPROCESSABLE_ENTITY')
  const artifact = '/api/v2.0/projects/library/repositories/bundle/artifacts/v1'
  const scan = { as, headers: { 'content-type': 'application/json' }, body: '{"scan_type":"sbom"}' }
  expectAnswer(await ask('POST', `${artifact}/scan`, scan), 202)
  await eventually(async () => {
    const found = expectAnswer(await ask('GET', `${artifact}?with_sbom_overview=true`, { as }), 200)
    assert.equal((found.json() as { sbom_overview?: { scan_status: string } }).sbom_overview?.scan_status, 'Success')
  })
})

test('SIGTERM ends all of it with exit code 0', async () => {
  marina.kill('SIGTERM')
  const [code] = (await once(marina, 'exit')) as [number | null]
  assert.equal(code, 0, said.join(''))
})

test('the hash follows every source and the packages, and no test', async () => {
  const top = path.join(dataDir, 'sources')
  for (const name of ['server', 'server/app', 'server/testing', 'cli', 'api', 'oci'])
    await mkdir(path.join(top, name), { recursive: true })
  const hashes: string[] = []
  const note = async (name: string, text: string) => {
    await writeFile(path.join(top, name), text)
    hashes.push(hashOfServer(top))
  }
  for (const name of ['server/app/serve.ts', 'oci/digest.ts', 'cli/main.mjs', 'package.json']) await note(name, 'one')
  await note('server/app/serve.ts', 'three')
  assert.equal(new Set(hashes).size, 5)
  await note('server/app/serve.test.ts', 'one')
  await note('server/testing/given.ts', 'one')
  await note('server/app/0001.sql', 'one')
  assert.equal(new Set(hashes).size, 5)
})

test('a second build of the same sources makes no other bundle', async () => {
  assert.equal(findBundle(), folder)
  assert.deepEqual({ ...(await buildServer()), ms: 0 }, { folder, isNew: false, ms: 0 })
  assert.ok((await readdir(folder)).includes('serving.mjs.map'))
})
