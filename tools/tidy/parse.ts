/** The structure of source files, by TypeScript's own parser. Its API is marked unstable; the version is pinned. */
import { SyntaxKind, type Node, type SourceFile } from 'typescript/unstable/ast'
import { createVirtualFileSystem } from 'typescript/unstable/fs'
import { API } from 'typescript/unstable/sync'
import { isSource, resolveImport, type Tree } from './tree.ts'

/** `tableLength`: the lines of the list that it returns. `isOfTest`: the body of a test or a suite. */
export type Fn = {
  name: string
  line: number
  length: number
  tableLength: number
  hasBlock: boolean
  isOfTest: boolean
}

/** The parts of a file that the rules need. Lines are counted from 1. */
export type Structure = {
  functions: Fn[]
  exports: { name: string; line: number; isType: boolean }[]
  /** `names` is undefined where a whole module is imported: `import * as`, `export *`, `import()`. */
  imports: { from: string; names: string[] | undefined }[]
}

/** Parses all TypeScript and JavaScript of a tree. */
export function parseTree(tree: Tree): ReadonlyMap<string, Structure> {
  const names = [...tree.keys()].filter((name) => isSource(name) || name.endsWith('.mjs'))
  const compilerOptions = { allowJs: true, noLib: true, noResolve: true, types: [], module: 'nodenext' }
  const config = JSON.stringify({ files: names.map((name) => `/${name}`), compilerOptions })
  const files = Object.fromEntries(names.map((name) => [`/${name}`, tree.get(name)!]))
  const api = new API({ cwd: '/', fs: createVirtualFileSystem({ ...files, '/tsconfig.json': config }) })
  try {
    using snapshot = api.updateSnapshot({ openProjects: ['/tsconfig.json'] })
    const [project] = snapshot.getProjects()
    return new Map(names.map((name) => [name, structureOf(name, project!.program.getSourceFile(`/${name}`)!)]))
  } finally {
    api.close()
  }
}

function structureOf(name: string, file: SourceFile): Structure {
  const found: Structure = { functions: [], exports: [], imports: [] }
  const lineOf = (position: number) => file.getLineAndCharacterOfPosition(position).line + 1
  const walk = (node: Node) => {
    addFunction(node, file, found, lineOf)
    addImport(node, name, found)
    node.forEachChild(walk)
  }
  for (const statement of file.statements) addExports(statement, file, found, lineOf)
  walk(file)
  return found
}

type LineOf = (position: number) => number

const functionKinds: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.FunctionDeclaration,
  SyntaxKind.FunctionExpression,
  SyntaxKind.ArrowFunction,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.Constructor,
  SyntaxKind.GetAccessor,
  SyntaxKind.SetAccessor,
])

function addFunction(node: Node, file: SourceFile, { functions }: Structure, lineOf: LineOf): void {
  if (!functionKinds.has(node.kind)) return
  const { body, name } = node as Node & { body?: Node; name?: Node }
  if (!body) return
  const line = lineOf(node.getStart(file))
  functions.push({
    name: nameOf(name ?? (node.parent as Node & { name?: Node }).name, file),
    line,
    length: lineOf(node.end) - line + 1,
    hasBlock: body.kind === SyntaxKind.Block,
    isOfTest: isGivenToTest(node, file),
    tableLength: tableLength(body, lineOf),
  })
}

function tableLength(body: Node & { statements?: readonly (Node & { expression?: Node })[] }, lineOf: LineOf): number {
  const given = body.statements?.find(({ kind }) => kind === SyntaxKind.ReturnStatement)?.expression ?? body
  return given?.kind === SyntaxKind.ArrayLiteralExpression ? lineOf(given.end) - lineOf(given.pos) + 1 : 0
}

function nameOf(name: Node | undefined, file: SourceFile): string {
  return name?.getText(file) ?? 'a function without a name'
}

/** True of the body of a suite or a test: `suite('…', () => {…})`. */
function isGivenToTest(node: Node, file: SourceFile): boolean {
  if (node.parent.kind !== SyntaxKind.CallExpression) return false
  const { expression } = node.parent as Node & { expression: Node }
  return /^(?:suite|describe|test|it|t\.test|before|after|beforeEach|afterEach)$/.test(expression.getText(file))
}

type Named = { name: Node; propertyName?: Node; isTypeOnly?: boolean }
type Clause = { name?: Node; namedBindings?: Node & { elements?: readonly Named[] } }
type ImportLike = Node & {
  moduleSpecifier?: { text: string }
  importClause?: Clause
  exportClause?: Node & { elements?: readonly Named[] }
  expression?: Node
  arguments?: readonly (Node & { text?: string })[]
  argument?: Node & { literal?: { text: string } }
}

function addImport(node: Node, from: string, { imports }: Structure): void {
  const add = (specifier: string | undefined, names: string[] | undefined) => {
    if (specifier !== undefined) imports.push({ from: resolveImport(from, specifier), names })
  }
  const one = node as ImportLike
  if (node.kind === SyntaxKind.ImportDeclaration) add(one.moduleSpecifier?.text, importedBy(one.importClause))
  if (node.kind === SyntaxKind.ExportDeclaration) {
    add(one.moduleSpecifier?.text, one.exportClause?.elements?.map(sourceName))
  }
  if (node.kind === SyntaxKind.ImportType) add(one.argument?.literal?.text, undefined)
  const isDynamic = node.kind === SyntaxKind.CallExpression && one.expression?.kind === SyntaxKind.ImportKeyword
  if (isDynamic) add(one.arguments?.[0]?.text, undefined)
}

/** The first name in `a as b`. */
function sourceName({ name, propertyName }: Named): string {
  return (propertyName ?? name).getText()
}

function importedBy(clause: Clause | undefined): string[] | undefined {
  if (!clause) return []
  const { name, namedBindings } = clause
  if (namedBindings && !namedBindings.elements) return undefined
  return [...(name ? ['default'] : []), ...(namedBindings?.elements ?? []).map(sourceName)]
}

type Statement = Node & {
  modifiers?: readonly Node[]
  name?: Node
  declarationList?: { declarations: readonly { name: Node }[] }
  exportClause?: Node & { elements?: readonly Named[] }
  isTypeOnly?: boolean
}

/** A name that is exported from another file counts as an export of this one, too. */
function addExports(node: Node, file: SourceFile, { exports }: Structure, lineOf: LineOf): void {
  const { modifiers = [], name, declarationList, exportClause, isTypeOnly } = node as Statement
  const add = (one: Node, isType: boolean) =>
    exports.push({ name: one.getText(file), line: lineOf(one.getStart(file)), isType })
  for (const one of exportClause?.elements ?? []) add(one.name, isTypeOnly === true || one.isTypeOnly === true)
  if (!modifiers.some(({ kind }) => kind === SyntaxKind.ExportKeyword)) return
  if (name) add(name, node.kind === SyntaxKind.TypeAliasDeclaration || node.kind === SyntaxKind.InterfaceDeclaration)
  for (const one of declarationList?.declarations ?? []) add(one.name, false)
}
