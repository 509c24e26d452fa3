/**
 * Builds the portal into `.cache/portal/<hash of its sources>`, with each file also compressed, and makes that build
 * the one to serve. A build that is there already is left as it is. `node portal/build.ts` does it by hand.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { bundle } from './bundle.ts'
import { buildsFolder, hashOfPortal, readCurrent, writeCurrent } from './hash.mjs'

/** What the server and the tests know of a build: `manifest.json` in its folder. */
export type Manifest = {
  hash: string
  /** The source of the one script inside index.html, for the content security policy: `'sha256-…'`. */
  scriptHash: string
  /** By path below the build's folder, such as `assets/main-ABC.js`. Sizes in bytes. */
  files: Record<string, { type: string; etag: string; bytes: number; gzipBytes: number; brotliBytes: number }>
  /** The scripts of the first load, and by page those that it loads beside them. */
  first: string[]
  pages: Record<string, string[]>
}

/** Builds that are kept beside the newest: a running server goes on serving the build that it began with. */
const kept = 3
const types: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.html': 'text/html; charset=utf-8',
}
const compress = { gzip: promisify(gzip), brotli: promisify(brotliCompress) }

if (import.meta.main) {
  const { folder, isNew, ms } = await buildPortal()
  console.log(
    `marina: the portal ${isNew ? `is built after ${(ms / 1000).toFixed(1)} s` : 'was built before'}: ${folder}`,
  )
}

/** Builds what is not built yet; returns the folder of the build, and whether there was something to do. */
export async function buildPortal(): Promise<{ folder: string; isNew: boolean; ms: number }> {
  const began = performance.now()
  const hash = hashOfPortal()
  const folder = path.join(buildsFolder, hash)
  const isNew = !existsSync(path.join(folder, 'manifest.json'))
  if (isNew) await writeBuild(hash, folder)
  if (readCurrent() !== hash) writeCurrent(hash)
  if (isNew) await dropOldBuilds(hash)
  return { folder, isNew, ms: performance.now() - began }
}

/** Writes beside the folder and renames, so that a folder with a manifest is whole. */
async function writeBuild(hash: string, folder: string): Promise<void> {
  const beside = `${folder}.${process.pid}`
  await rm(beside, { recursive: true, force: true })
  const made = await bundle({ minify: true })
  const files = Object.fromEntries(
    await Promise.all(
      made.files.map(async ({ name, bytes }) => [name, await writeFiles(beside, name, bytes)] as const),
    ),
  )
  const manifest: Manifest = { hash, scriptHash: made.scriptHash, files, first: made.first, pages: made.pages }
  await writeFile(path.join(beside, 'manifest.json'), JSON.stringify(manifest, null, 1))
  try {
    await rename(beside, folder)
  } catch (error) {
    await rm(beside, { recursive: true, force: true })
    // Another process has just written the same build.
    if (!existsSync(path.join(folder, 'manifest.json'))) throw error
  }
}

async function writeFiles(folder: string, name: string, bytes: Uint8Array): Promise<Manifest['files'][string]> {
  const file = path.join(folder, name)
  await mkdir(path.dirname(file), { recursive: true })
  const [gz, br] = await Promise.all([
    compress.gzip(bytes, { level: 9 }),
    compress.brotli(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
  ])
  await Promise.all([writeFile(file, bytes), writeFile(`${file}.gz`, gz), writeFile(`${file}.br`, br)])
  return {
    type: types[path.extname(name)] ?? 'application/octet-stream',
    etag: `"${createHash('sha256').update(bytes).digest('hex').slice(0, 24)}"`,
    bytes: bytes.length,
    gzipBytes: gz.length,
    brotliBytes: br.length,
  }
}

async function dropOldBuilds(newest: string): Promise<void> {
  const names = (await readdir(buildsFolder, { withFileTypes: true })).filter(
    (one) => one.isDirectory() && /^[0-9a-f]{20}$/.test(one.name) && one.name !== newest,
  )
  const dated = await Promise.all(
    names.map(async ({ name }) => ({ name, at: (await stat(path.join(buildsFolder, name))).mtimeMs })),
  )
  const old = dated.sort((a, b) => b.at - a.at).slice(kept)
  await Promise.all(old.map(({ name }) => rm(path.join(buildsFolder, name), { recursive: true, force: true })))
}

/** The manifest of a build, by its folder. */
export async function readManifest(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(path.join(folder, 'manifest.json'), 'utf8')) as Manifest
}
