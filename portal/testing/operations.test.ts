import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { before, suite, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { unusedOperations } from '../unused-operations.ts'

const root = path.resolve(import.meta.dirname, '../..')

suite('the operations of the API', () => {
  let known: Set<string>
  let used: Set<string>
  before(async () => {
    const operations = await readOperations()
    known = new Set(operations.values())
    used = new Set([...readUsed()].flatMap((name) => operations.get(name) ?? []))
  })

  test('each is used by the portal, or listed with the reason why not', () => {
    assert.ok(known.size > 200, `${known.size} operations`)
    const missing = [...known].filter((id) => !used.has(id) && !(id in unusedOperations))
    assert.deepEqual(missing, [])
  })

  test('none is listed as unused that is used or that does not exist', () => {
    const wrong = Object.keys(unusedOperations).filter((id) => used.has(id) || !known.has(id))
    assert.deepEqual(wrong, [])
  })
})

/** The ids of all operations, by file and exported name: `labels.ts listLabels`. */
async function readOperations(): Promise<Map<string, string>> {
  const files = globSync('api/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts'))
  const found = new Map<string, string>()
  for (const file of files) {
    const module = (await import(pathToFileURL(path.join(root, file)).href)) as Record<string, unknown>
    for (const [name, value] of Object.entries(module))
      if (isOperation(value)) found.set(`${path.basename(file)} ${name}`, value.id)
  }
  return found
}

const isOperation = (value: unknown): value is { id: string } =>
  typeof value === 'object' && value !== null && 'id' in value && 'method' in value && 'path' in value

/** What the portal's sources import of api/ and name again below the imports: file and exported name. */
function readUsed(): Set<string> {
  const files = globSync('portal/src/**/*.{ts,tsx}', { cwd: root }).filter((file) => !file.endsWith('.test.ts'))
  return new Set(files.flatMap(usedIn))
}

function usedIn(file: string): string[] {
  const source = readFileSync(path.join(root, file), 'utf8')
  const rest = withoutTypes(source)
  const single = [...source.matchAll(/^import \{([^}]*)\} from '[^']*\/api\/([\w-]+\.ts)'/gm)].flatMap(
    ([, names = '', of = '']) =>
      names
        .split(',')
        .map((one) => one.trim().split(/\s+as\s+/))
        .flatMap(([name = '', alias = name]) => (new RegExp(`\\b${alias}\\b`).test(rest) ? [`${of} ${name}`] : [])),
  )
  // A file that is imported as a whole is lent to its folder under another name.
  const folder = globSync(path.join(path.dirname(file), '*.{ts,tsx}'), { cwd: root })
  const beside = folder.map((one) => withoutTypes(readFileSync(path.join(root, one), 'utf8'))).join('\n')
  const whole = [...source.matchAll(/^import \* as \w+ from '[^']*\/api\/([\w-]+\.ts)'/gm)].flatMap(([, of = '']) =>
    [...beside.matchAll(/\.(\w+)\b/g)].map(([, name = '']) => `${of} ${name}`),
  )
  return [...single, ...whole]
}

/** Without imports, and without `typeof`, which only asks for a type. */
const withoutTypes = (source: string): string =>
  source.replaceAll(/^import [^;]*? from '[^']*'/gm, '').replaceAll(/typeof [\w.]+/g, '')
