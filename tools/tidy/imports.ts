import { featureOf, isSource, isTest, resolveImport, type Tree } from './tree.ts'

/** Imports that lead up, past the index.ts of a feature, or in a circle: docs/develop/architecture.md, "Folders". */
export function findWrongImports(tree: Tree): string[] {
  const imports = listImports(tree)
  const wrong = imports.filter((one) => !mayImport(one)).map(({ from, to }) => `${from} may not import ${to}`)
  return [...wrong, ...findCircles(imports), ...findCircles(betweenFeatures(imports))]
}

type Import = { from: string; to: string }

/** The folders, and what each may import beside itself. Undefined: everything. */
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
  tools: undefined,
}

function mayImport({ from, to }: Import): boolean {
  const [floor, target] = [floorOf(from), floorOf(to)]
  if (isPackage(to)) return floor !== 'oci' || isTest(from)
  if (isTest(to) && !isTest(from)) return false
  if (floor === 'roof' || floor === 'testing' || floor === 'tools') return true
  if (target === 'testing') return isTest(from)
  if (target === 'features' && floor === 'features') {
    return featureOf(from) === featureOf(to) || to === `server/features/${featureOf(to)}/index.ts`
  }
  if (target === 'portal' && floor === 'portal') return mayImportInPortal(from, to)
  return floor === target || (floors[floor] ?? []).includes(target)
}

/** The floors of the portal's sources: words and tools, the kit, the pages, the shell. */
const portalRanks: Record<string, number> = { i18n: 0, lib: 0, ui: 1, pages: 2, app: 3 }

function mayImportInPortal(from: string, to: string): boolean {
  if (!from.startsWith('portal/src/')) return !to.startsWith('portal/src/')
  const [part = '', page] = from.split('/').slice(2)
  const [targetPart = '', targetPage] = to.split('/').slice(2)
  if (part === 'pages' && targetPart === 'pages') return page === targetPage
  return (portalRanks[targetPart] ?? -1) <= (portalRanks[part] ?? Infinity)
}

function floorOf(name: string): string {
  const [top = '', second = ''] = name.split('/')
  if (top !== 'server') return top in floors ? top : 'roof'
  return second in floors ? second : 'roof'
}

const isPackage = (target: string) => target.startsWith('package ')

/** `import … from 'x'`, `export … from 'x'`, `import 'x'` and `import('x')`, type imports too. */
const specifiers = [
  /^[ \t]*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/gm,
  /^[ \t]*import\s*['"]([^'"]+)['"]/gm,
  /\bimport\(\s*['"]([^'"]+)['"]/g,
]

function listImports(tree: Tree): Import[] {
  const found = [...tree]
    .filter(([name]) => isSource(name))
    .flatMap(([from, text]) => {
      const targets = specifiers.flatMap((pattern) =>
        [...text.matchAll(pattern)].map(([, specifier = '']) => specifier),
      )
      return targets.map((specifier) => ({ from, to: resolveImport(from, specifier) }))
    })
  return found.filter(({ to }) => !to.startsWith('node:'))
}

function betweenFeatures(imports: Import[]): Import[] {
  const isOfFeature = (name: string) => floorOf(name) === 'features'
  return imports
    .filter(({ from, to }) => isOfFeature(from) && isOfFeature(to) && !isTest(from))
    .filter(({ from, to }) => featureOf(from) !== featureOf(to))
    .map(({ from, to }) => ({ from: `feature ${featureOf(from)}`, to: `feature ${featureOf(to)}` }))
}

/** One line for each circle of imports. */
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
