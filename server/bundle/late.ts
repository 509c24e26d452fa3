import { createRequire, isBuiltin } from 'node:module'
import path from 'node:path'
import { build, type BuildOptions, type Plugin } from 'esbuild'

/**
 * Node's modules that few processes use. Only to load TLS makes Node read 150 root certificates, which takes 3 MiB, and
 * a process that calls no https:// needs none.
 */
const ofNode = ['dgram', 'http2', 'https', 'readline', 'readline/promises', 'sqlite', 'tls'].map((one) => `node:${one}`)
/** Packages that a process uses seldom or never. None of them may be needed while the code is loaded. */
export const latePackages = [
  '@renovatebot/pep440',
  '@sigstore/core',
  'ae-cvss-calculator',
  'csv-stringify/sync',
  'ldapts',
  're2js',
  'semver',
  'tar-stream',
  'yaml',
]

/** The file of a package in the bundle: `late-csv-stringify-sync.cjs`. */
export const lateFileOf = (name: string) => `late-${name.replaceAll(/\W+/g, '-').replace(/^-/, '')}.cjs`

/**
 * Loads a module when one of its exports is used for the first time, at once and by `require`, so that its users need
 * not know. What a process never uses takes no memory: of code, Node keeps four times as much as its text.
 */
export const withLate: Plugin = {
  name: 'late',
  setup({ onResolve, onLoad }) {
    const namespace = 'late'
    const known = new Set([...ofNode, ...latePackages])
    onResolve({ filter: /^(?:@?[\w-]|node:)/ }, ({ path: asked, namespace: from }) => {
      const name = isBuiltin(asked) && !asked.startsWith('node:') ? `node:${asked}` : asked
      if (!known.has(name)) return undefined
      return from === namespace ? { path: asked, external: true } : { path: name, namespace }
    })
    onResolve({ filter: /^\.\/late-/, namespace }, ({ path: file }) => ({ path: file, external: true }))
    onLoad({ filter: /./, namespace }, ({ path: name }) => {
      const file = isBuiltin(name) ? name : `./${lateFileOf(name)}`
      const lines = namesOf(name).map(
        (one) =>
          `Object.defineProperty(exports, '${one}', { enumerable: true, get: () => require('${file}')['${one}'] })`,
      )
      return { contents: lines.join('\n') }
    })
  },
}

/**
 * The queue's library looks for a file of settings in the working folder and above, only to say that it no longer reads
 * it. Marina gives it all settings, so the library that looks is left out: 0.15 MiB of code.
 */
export const withoutSearch: Plugin = {
  name: 'search',
  setup({ onResolve, onLoad }) {
    const namespace = 'search'
    onResolve({ filter: /^cosmiconfig$/ }, ({ path: name }) => ({ path: name, namespace }))
    onLoad({ filter: /./, namespace }, () => ({
      contents: 'export const cosmiconfigSync = () => ({ search: () => null })',
    }))
  },
}

/** What a module exports, as `require` sees it; esbuild adds all of it as `default`. */
function namesOf(name: string): string[] {
  const all = createRequire(import.meta.url)(name) as object
  return Object.getOwnPropertyNames(all).filter((one) => /^[\w$]+$/.test(one))
}

/** Writes each of the packages as a file of its own into the folder of a bundle. */
export async function writeLate(folder: string, common: BuildOptions): Promise<void> {
  await Promise.all(
    latePackages.map((name) =>
      build({
        ...common,
        stdin: { contents: `module.exports = require('${name}')`, resolveDir: import.meta.dirname },
        outfile: path.join(folder, lateFileOf(name)),
        format: 'cjs',
      }),
    ),
  )
}
