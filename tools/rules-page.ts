import { isTest, type Tree } from './tidy/tree.ts'

/** The page of the rules, relative to the root. */
export const rulesPage = 'docs/rules.md'

/** `files`: the tests that hold the rule; for a rule without tests, the files that it is about. */
type Row = { id: string; sentence: string; files: string[] }

/** An id of a rule: S0-01, C-38, H13. */
const ids = /\b(?:S[0-4]-\d\d|C-\d\d|[DFGHQXZ]\d\d)\b/
const all = new RegExp(ids, 'g')
/** `F01..F10` mentions all ten. */
const range = new RegExp(`(${ids.source})\\.\\.(${ids.source})`, 'g')

/** Differences between the table of rules and the files that mention them. */
export function findWrongRules(tree: Tree): string[] {
  const rows = parseRules(tree.get(rulesPage) ?? '')
  const mentions = findMentions(tree)
  const known = new Set(rows.map(({ id }) => id))
  const twice = rows.filter(({ id }, index) => rows.findIndex((row) => row.id === id) !== index)
  const unknown = [...mentions].filter(([id]) => !known.has(id))
  return [
    ...twice.map(({ id }) => `${id} stands twice`),
    ...unknown.map(([id, files]) => `${id} has no row, and ${[...files].join(', ')} mentions it`),
    ...rows.flatMap((row) => findWrongFiles(row, mentions.get(row.id) ?? new Set())),
  ]
}

function findWrongFiles({ id, files }: Row, mentioning: ReadonlySet<string>): string[] {
  if (mentioning.size === 0) return [`${id} is mentioned nowhere`]
  if (files.length === 0) return [`${id} names no test`]
  const unheard = files.filter((file) => !mentioning.has(file))
  const silent = unheard.map((file) => `${id} names ${file}, which does not mention it`)
  const tests = [...mentioning].filter(isTest)
  const isBare = tests.length > 0 && !files.some(isTest)
  return [...silent, ...(isBare ? [`${id} names no test, and there is ${tests.join(', ')}`] : [])]
}

/** Rows of the tables: `| C-01 | What must hold. | `a.test.ts`, `b.test.ts` |`. */
function parseRules(page: string): Row[] {
  const cells = page.split('\n').map((line) => line.split(' | ').map((cell) => cell.replaceAll(/^\||\|$/g, '').trim()))
  const rows = cells.filter(([id = '']) => new RegExp(`^${ids.source}$`).test(id))
  return rows.map(([id = '', sentence = '', files = '']) => {
    return { id, sentence, files: [...files.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file) }
  })
}

/** The files that mention each id, other than the table itself. */
function findMentions(tree: Tree): ReadonlyMap<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  for (const [name, text] of tree) {
    if (!/\.(?:ts|tsx|mjs|md|sql)$/.test(name) || name === rulesPage || name.startsWith('tools/rules-page')) continue
    for (const id of mentionedIn(text)) found.set(id, (found.get(id) ?? new Set()).add(name))
  }
  return found
}

function mentionedIn(text: string): string[] {
  const between = [...text.matchAll(range)].flatMap(([, from = '', to = '']) => idsBetween(from, to))
  return [...(text.match(all) ?? []), ...between]
}

function idsBetween(from: string, to: string): string[] {
  const [first, last] = [Number(from.slice(-2)), Number(to.slice(-2))]
  const numbers = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index)
  return numbers.map((number) => `${from.slice(0, -2)}${String(number).padStart(2, '0')}`)
}
