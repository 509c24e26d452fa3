import { parseTree, type Fn, type Structure } from './parse.ts'
import { featureOf, isSource, isTest, type Tree } from './tree.ts'

export type Finding = { file: string; what: string }
type Rule = { name: string; find(tree: Tree, structures: ReadonlyMap<string, Structure>): Finding[] }

/** All rules about size, exports and migrations. A rule without a number in tidy-counts.json allows nothing. */
const rules: Rule[] = [
  { name: 'files over 300 lines', find: findLongFiles },
  { name: 'functions over 50 lines', find: (_, structures) => findLongFunctions(structures, 50) },
  { name: 'functions over 120 lines', find: (_, structures) => findGiants(structures) },
  { name: 'lines over 120 characters', find: (tree) => findLongLines(tree, 120) },
  { name: 'logic in the index.ts of a feature', find: (_, structures) => findLogicInDoors(structures) },
  { name: 'exports that nobody imports', find: (_, structures) => findDeadExports(structures, false) },
  { name: 'exported types that nobody imports', find: (_, structures) => findDeadExports(structures, true) },
  { name: 'migration numbers that stand twice', find: findTwiceNumbered },
]

/** The findings in a tree, by the names of the rules. */
export function findOddities(tree: Tree): Map<string, Finding[]> {
  const structures = parseTree(tree)
  return new Map(rules.map(({ name, find }) => [name, find(tree, structures)]))
}

function findLongFiles(tree: Tree): Finding[] {
  const sources = [...tree].filter(([name]) => isSource(name))
  const sizes = sources.map(([file, text]) => [file, text.split('\n').length - 1] as const)
  return sizes.filter(([, lines]) => lines > 300).map(([file, lines]) => ({ file, what: `has ${lines} lines` }))
}

/** Migrations are left out: once applied, they never change. */
function findLongLines(tree: Tree, most: number): Finding[] {
  return [...tree]
    .filter(([name]) => /\.(?:tsx?|mjs)$/.test(name))
    .flatMap(([file, text]) => {
      const lines = text.split('\n').map((line, index) => [index + 1, line.length] as const)
      const long = lines.filter(([, length]) => length > most)
      return long.map(([line, length]) => ({ file, what: `line ${line} has ${length} characters` }))
    })
}

type Structures = ReadonlyMap<string, Structure>

function findLongFunctions(all: Structures, most: number, lengthOf = ({ length }: Fn) => length): Finding[] {
  return [...all].flatMap(([file, { functions }]) => {
    const long = functions.filter((fn) => !fn.isOfTest && lengthOf(fn) > most)
    return long.map((fn) => ({ file, what: `line ${fn.line}: ${fn.name} has ${lengthOf(fn)} lines` }))
  })
}

/** Long tables of rows and long suites of tests are easy to read, so that they do not count. */
function findGiants(all: Structures): Finding[] {
  const others = new Map([...all].filter(([file]) => !isTest(file)))
  return findLongFunctions(others, 120, ({ length, tableLength }) => length - tableLength)
}

/** An index.ts only names what its feature offers; a function with statements belongs in another file. */
function findLogicInDoors(all: Structures): Finding[] {
  const doors = [...all].filter(([file]) => file === `server/features/${featureOf(file)}/index.ts`)
  return doors.flatMap(([file, { functions }]) => {
    const logic = functions.filter(({ hasBlock }) => hasBlock)
    return logic.map(({ name, line }) => ({ file, what: `line ${line}: ${name} is logic` }))
  })
}

function findDeadExports(all: Structures, types: boolean): Finding[] {
  const imports = [...all.values()].flatMap((one) => one.imports)
  const takenWhole = new Set(imports.filter(({ names }) => names === undefined).map(({ from }) => from))
  const taken = new Set(imports.flatMap(({ from, names = [] }) => names.map((name) => `${name} of ${from}`)))
  return [...all]
    .filter(([file]) => !takenWhole.has(file))
    .flatMap(([file, { exports }]) => {
      const dead = exports.filter(({ name, isType }) => isType === types && !taken.has(`${name} of ${file}`))
      return dead.map(({ name, line }) => ({ file, what: `line ${line}: ${name} is imported by nobody` }))
    })
}

/** These were applied before the rule existed, so that they keep their names. */
const knownTwice = new Set([
  '0006-jobs.sql',
  '0006-system-artifacts.sql',
  '0012-system-artifact-version.sql',
  '0012-webhooks.sql',
])

function findTwiceNumbered(tree: Tree): Finding[] {
  const names = [...tree.keys()].filter((name) => /^server\/migrations\/.*\.sql$/.test(name))
  const byNumber = Map.groupBy(names, (name) => name.split('/')[2]!.slice(0, 4))
  const twice = [...byNumber.values()].filter((same) => same.length > 1).flat()
  const unknown = twice.filter((name) => !knownTwice.has(name.split('/')[2]!))
  return unknown.map((file) => ({ file, what: 'has the number of another migration' }))
}
