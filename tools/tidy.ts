import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'

/** Path from the root, with forward slashes, to contents. */
export type Tree = ReadonlyMap<string, string>

/** What git tracks, and what it would once added. Links and bytes that are no text are left out. */
export function readTree(root: string): Tree {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  const isFile = (name: string) => statSync(path.join(root, name), { throwIfNoEntry: false })?.isFile() === true
  const names = [...new Set(listed.split('\0'))].filter((name) => name !== '' && isFile(name))
  const files = names.map((name) => [name, readFileSync(path.join(root, name), 'utf8')] as const)
  return new Map(files.filter(([, text]) => !text.includes('\0')))
}

/** Imports that look up, sideways past a door, or in a circle: DESIGN.md, "Who may import whom". */
export function findWrongImports(tree: Tree): string[] {
  const imports = listImports(tree)
  const wrong = imports.filter((one) => !mayImport(one)).map(({ from, to }) => `${from} may not import ${to}`)
  return [...wrong, ...findCircles(imports), ...findCircles(betweenFeatures(imports))]
}

/** Words that must not be in any file, and those that must not be in a test. */
export function findWrongWords(tree: Tree): string[] {
  return [...tree].flatMap(([name, text]) => {
    const rules = isTest(name) ? [...everywhere, ...inTests] : everywhere
    return rules.filter(({ pattern, files }) => (files ?? /./).test(name) && pattern.test(text)).map(({ pattern, why }) => `${name} ${why}: ${pattern.exec(text)?.[0].trim()}`)
  })
}

/** Not wrong, but worth a look. */
export function findOddities(tree: Tree): string[] {
  const sources = [...tree].filter(([name]) => isSource(name))
  const long = sources.filter(([, text]) => countLines(text) > 300).map(([name, text]) => `${name} has ${countLines(text)} lines`)
  return [...long, ...sources.flatMap(([name, text]) => findLongFunctions(name, text)), ...findUnusedExports(sources)]
}

type Import = { from: string; to: string }
type Rule = { pattern: RegExp; why: string; files?: RegExp }

const everywhere: Rule[] = [
  { pattern: /(?<![\w.~-])\/(?:work|root|home)\/\w+/, why: 'names a path of one machine' },
  { pattern: /registry\.(?:npmjs\.org|yarnpkg\.com|npmmirror\.com)|registry\s*=\s*https?:/, why: 'names a package registry' },
  { pattern: /"resolved": "https?:[^"]*/, why: 'names a package registry', files: /(?:^|\/)package-lock\.json$/ },
  { pattern: /\b(?:TO[D]O|FIX[M]E)\b.*/, why: 'leaves something to do', files: /\.(?:ts|tsx|mjs|sql|sh|ya?ml)$/ }
]

const inTests: Rule[] = [
  { pattern: /\b(?:test|it|suite|describe)\.(?:only|skip|todo)\b/, why: 'leaves tests out' },
  { pattern: /\bskip\(/, why: 'leaves tests out' },
  { pattern: /[{,]\s*(?:only|skip|todo):/, why: 'leaves tests out' }
]

/** Floors by folder, and what each may import beside itself. Undefined: everything. */
const floors: Record<string, string[] | undefined> = {
  oci: [],
  api: ['oci'],
  platform: [],
  config: ['platform', 'oci'],
  catalog: ['platform', 'oci'],
  registry: ['catalog', 'platform', 'oci'],
  features: ['registry', 'catalog', 'platform', 'oci', 'api'],
  portal: ['api', 'oci'],
  cli: ['api', 'oci'],
  e2e: ['api'],
  bench: ['api'],
  roof: undefined,
  testing: undefined,
  tools: undefined
}

function mayImport({ from, to }: Import): boolean {
  const [floor, target] = [floorOf(from), floorOf(to)]
  if (isPackage(to)) return floor !== 'oci' || isTest(from)
  if (isTest(to) && !isTest(from)) return false
  if (floor === 'roof' || floor === 'testing' || floor === 'tools') return true
  if (target === 'testing') return isTest(from)
  if (target === 'features' && floor === 'features') return featureOf(from) === featureOf(to) || to === `server/features/${featureOf(to)}/index.ts`
  if (target === 'portal' && floor === 'portal') return mayImportInPortal(from, to)
  return floor === target || (floors[floor] ?? []).includes(target)
}

function mayImportInPortal(from: string, to: string): boolean {
  const [part = '', page] = from.split('/').slice(2)
  const [targetPart = '', targetPage] = to.split('/').slice(2)
  const rank = ['ui', 'lib', 'pages', 'app'].indexOf(part)
  if (part === 'pages' && targetPart === 'pages') return page === targetPage
  return rank < 0 || (rank < 2 ? !['pages', 'app'].includes(targetPart) : part !== 'pages' || targetPart !== 'app')
}

function floorOf(name: string): string {
  const [top = '', second = ''] = name.split('/')
  if (top !== 'server') return top in floors ? top : 'roof'
  return second in floors ? second : 'roof'
}

const featureOf = (name: string) => name.split('/')[2] ?? ''
const isPackage = (target: string) => target.startsWith('package ')
const isSource = (name: string) => /\.tsx?$/.test(name)
const isTest = (name: string) => /\.(?:test|suite|test-child)\.tsx?$/.test(name)
const countLines = (text: string) => text.split('\n').length - 1

/** `import … from 'x'`, `export … from 'x'`, `import 'x'` and `import('x')`, type imports too. */
const specifiers = [/^[ \t]*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/gm, /^[ \t]*import\s*['"]([^'"]+)['"]/gm, /\bimport\(\s*['"]([^'"]+)['"]/g]

function listImports(tree: Tree): Import[] {
  const found = [...tree].filter(([name]) => isSource(name)).flatMap(([from, text]) => {
    const targets = specifiers.flatMap((pattern) => [...text.matchAll(pattern)].map(([, specifier = '']) => specifier))
    return targets.map((specifier) => ({ from, to: resolve(from, specifier) }))
  })
  return found.filter(({ to }) => !to.startsWith('node:'))
}

function resolve(from: string, specifier: string): string {
  if (specifier.startsWith('node:')) return specifier
  return specifier.startsWith('.') ? path.posix.join(path.posix.dirname(from), specifier) : `package ${specifier}`
}

function betweenFeatures(imports: Import[]): Import[] {
  return imports
    .filter(({ from, to }) => floorOf(from) === 'features' && floorOf(to) === 'features' && featureOf(from) !== featureOf(to) && !isTest(from))
    .map(({ from, to }) => ({ from: `feature ${featureOf(from)}`, to: `feature ${featureOf(to)}` }))
}

/** One line for each circle that a walk through the imports closes. */
function findCircles(imports: Import[]): string[] {
  const targets = Map.groupBy(imports, ({ from }) => from)
  const done = new Set<string>()
  const circles: string[] = []
  const walk = (name: string, trail: string[]) => {
    if (trail.includes(name)) circles.push(`a circle: ${[...trail.slice(trail.indexOf(name)), name].join(' → ')}`)
    if (trail.includes(name) || done.has(name)) return
    for (const { to } of targets.get(name) ?? []) walk(to, [...trail, name])
    done.add(name)
  }
  for (const name of targets.keys()) walk(name, [])
  return circles
}

/** By indentation: a function ends at the first line that closes at the depth it opened. */
function findLongFunctions(name: string, text: string): string[] {
  const lines = text.split('\n')
  return lines.flatMap((line, start) => {
    const [, indent = '', words = ''] = /^(\s*)(?:export )?((?:async )?function \w+|(?:const|let) \w+ = (?:async )?\(.*=> \{$|(?:override |async )*\w+\(.*\{$)/.exec(line) ?? []
    if (words === '' || /^\s*(?:if|for|while|switch|suite|describe|test|it)\b/.test(line)) return []
    const length = lines.slice(start).findIndex((later) => later.startsWith(`${indent}}`)) + 1
    return length > 50 ? [`${name}:${start + 1} is a function of ${length} lines`] : []
  })
}

function findUnusedExports(sources: (readonly [string, string])[]): string[] {
  const words = sources.map(([name, text]) => [name, new Set(text.match(/\w+/g))] as const)
  return sources.flatMap(([name, text]) => {
    const exported = [...text.matchAll(/^export (?:async )?(?:function|const|class) (\w+)/gm)].map(([, word = '']) => word)
    const unused = exported.filter((word) => !words.some(([other, known]) => other !== name && known.has(word)))
    return unused.map((word) => `${name} exports ${word}, which nobody imports`)
  })
}
