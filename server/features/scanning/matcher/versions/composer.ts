import { compareDigits } from './deb.ts'

/** Words by which Composer marks how stable a version is; a patch comes after the version itself. */
const words = new Map([
  ['dev', 0],
  ['alpha', 1],
  ['a', 1],
  ['beta', 2],
  ['b', 2],
  ['rc', 3],
  ['', 4],
  ['stable', 4],
  ['patch', 5],
  ['pl', 5],
  ['p', 5],
])
const form =
  /^v?(\d+(?:\.\d+){0,3})(?:[._-]?(dev|alpha|a|beta|b|rc|stable|patch|pl|p)[.-]?(\d+(?:[.-]\d+)*)?)?(?:\+\S*)?$/i

/**
 * The order of Composer's versions (getcomposer.org, "Versions and constraints"): below 0 when `a` is the earlier one.
 * Undefined when one of them is no version, such as a branch.
 */
export function compareComposer(a: string, b: string): number | undefined {
  const [left, right] = [parse(a), parse(b)]
  if (!left || !right) return undefined
  return (
    compareNumbers(left.numbers, right.numbers) || left.word - right.word || compareNumbers(left.after, right.after)
  )
}

function parse(text: string): { numbers: string[]; word: number; after: string[] } | undefined {
  const [, numbers, word = '', after = ''] = form.exec(text) ?? []
  if (numbers === undefined) return undefined
  return { numbers: numbers.split('.'), word: words.get(word.toLowerCase())!, after: after.match(/\d+/g) ?? [] }
}

/** Numbers that are missing are 0. */
export function compareNumbers(a: string[], b: string[]): number {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const differs = compareDigits(a[at] ?? '', b[at] ?? '')
    if (differs !== 0) return differs
  }
  return 0
}
