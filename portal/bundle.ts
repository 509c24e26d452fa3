import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type BuildOptions, type Plugin } from 'esbuild'
import type { Operation } from '../api/operation.ts'

const root = path.resolve(import.meta.dirname, '..')
const source = path.join(import.meta.dirname, 'src')

type Bundle = {
  /** Paths below the build's folder, with their content. */
  files: { name: string; bytes: Uint8Array }[]
  scriptHash: string
  first: string[]
  pages: Record<string, string[]>
}

/** The bundle in memory: scripts split by page, one stylesheet, the icon, and index.html that names them. */
export async function bundle({ minify }: { minify: boolean }): Promise<Bundle> {
  const { outputFiles, metafile } = await build(optionsOf(minify))
  const nameOf = (file: string) => path.relative(path.join(root, 'out'), path.resolve(root, file))
  const outputs = Object.fromEntries(Object.entries(metafile.outputs).map(([file, one]) => [nameOf(file), one]))
  const importsOf = (name: string) => outputs[name]!.imports.filter(({ kind }) => kind === 'import-statement')
  const reach = (name: string, seen = new Set<string>()): Set<string> => {
    if (seen.has(name)) return seen
    seen.add(name)
    for (const one of importsOf(name)) reach(nameOf(one.path), seen)
    return seen
  }
  const find = (suffix: string) => Object.keys(outputs).find((name) => outputs[name]!.entryPoint?.endsWith(suffix))!
  const main = find('src/app/main.tsx')
  const first = [...reach(main)]
  const pages = Object.entries(outputs).flatMap(([name, { entryPoint }]) => {
    const [, page] = /src\/pages\/(.+)\.tsx$/.exec(entryPoint ?? '') ?? []
    return page === undefined ? [] : [[page, [...reach(name)].filter((one) => !first.includes(one))] as const]
  })
  const assets = outputFiles.map(({ path: file, contents }) => ({ name: nameOf(file), bytes: contents }))
  const { html, scriptHash } = writeIndex({ main, first, style: find('styles.css'), icon: find('favicon.svg') })
  return {
    files: [...assets, { name: 'index.html', bytes: Buffer.from(html) }],
    scriptHash,
    first,
    pages: Object.fromEntries(pages),
  }
}

function optionsOf(minify: boolean): BuildOptions & { write: false; metafile: true } {
  return {
    absWorkingDir: root,
    entryPoints: [
      { in: 'portal/src/app/main.tsx', out: 'main' },
      { in: 'styles.css', out: 'main' },
      { in: 'portal/src/app/favicon.svg', out: 'favicon' },
    ],
    outdir: 'out',
    write: false,
    metafile: true,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: ['chrome125', 'firefox129', 'safari17.5'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    loader: { '.svg': 'copy' },
    entryNames: 'assets/[name]-[hash]',
    chunkNames: 'assets/[name]-[hash]',
    assetNames: 'assets/[name]-[hash]',
    minify,
    sourcemap: minify ? false : 'inline',
    logLevel: 'warning',
    plugins: [operationsAlone, allStyles],
  }
}

/** Files of api/ that hold no schemas and are bundled as they are. */
const plainFiles = new Set(['client.ts', 'operation.ts'])

/** Replaces a file of api/ by what a browser needs of it: method, path and headers of each operation, and no schema. */
const operationsAlone: Plugin = {
  name: 'operations-alone',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]api[\\/][\w-]+\.ts$/ }, async ({ path: file }) => {
      if (path.dirname(file) !== path.join(root, 'api') || plainFiles.has(path.basename(file))) return undefined
      const exported = Object.entries((await import(pathToFileURL(file).href)) as Record<string, unknown>)
      const lines = exported.flatMap(([name, value]) => {
        const seen = seenByBrowser(value)
        return seen === undefined ? [] : [`export const ${name} = ${JSON.stringify(seen)}`]
      })
      return { contents: lines.join('\n'), loader: 'js', watchFiles: [file] }
    })
  },
}

/** An operation without its schemas; text, numbers and lists of them as they are; undefined for all else. */
function seenByBrowser(value: unknown): unknown {
  if (typeof value === 'string' || typeof value === 'number') return value
  if (Array.isArray(value)) return value.every((one) => seenByBrowser(one) !== undefined) ? value : undefined
  if (typeof value !== 'object' || value === null || !('method' in value && 'path' in value)) return undefined
  const { method, path: place, otherStatus, headers } = value as Operation
  return { method, path: place, otherStatus, headers }
}

/** All stylesheets as one file, in this order: no page waits for a stylesheet of its own. */
const styleOrder = ['styles/tokens.css', 'styles/base.css', 'ui/*.css', 'app/*.css', 'pages/**/*.css']
const allStyles: Plugin = {
  name: 'all-styles',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^styles\.css$/ }, () => ({ path: 'styles.css', namespace: 'styles' }))
    onLoad({ filter: /.*/, namespace: 'styles' }, () => {
      const names = styleOrder.flatMap((pattern) => globSync(pattern, { cwd: source }).sort())
      const contents = names.map((name) => `@import ${JSON.stringify(`./${name}`)};`).join('\n')
      return { contents, loader: 'css', resolveDir: source, watchFiles: names.map((name) => path.join(source, name)) }
    })
  },
}

type Named = { main: string; first: string[]; style: string; icon: string }

/** Fills index.html in. Paths in it are relative to its `base`, which the server sets. */
function writeIndex({ main, first, style, icon }: Named): { html: string; scriptHash: string } {
  const preloads = first.filter((name) => name !== main).map((name) => `<link rel="modulepreload" href="${name}">`)
  const html = readFileSync(path.join(source, 'index.html'), 'utf8')
    .replace('%STYLE%', style)
    .replace('%ICON%', icon)
    .replace('%MAIN%', main)
    .replace('%PRELOADS%', preloads.join(''))
  const [, script = ''] = /<script>([\s\S]*?)<\/script>/.exec(html) ?? []
  return { html, scriptHash: `'sha256-${createHash('sha256').update(script).digest('base64')}'` }
}
