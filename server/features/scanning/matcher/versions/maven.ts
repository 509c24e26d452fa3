import { compareDigits, compareText } from './deb.ts'

/** Words in their order; any other word comes after them, by the alphabet. */
const words = ['alpha', 'beta', 'milestone', 'rc', 'snapshot', '', 'sp']
const release = words.indexOf('')
const same = new Map([
  ['cr', 'rc'],
  ['ga', ''],
  ['final', ''],
  ['release', ''],
])
const short = new Map([
  ['a', 'alpha'],
  ['b', 'beta'],
  ['m', 'milestone'],
])

/** Numbers and words of a version. Each section but the first counts as the last item of the section before it. */
type Sections = string[][]

/**
 * The order of Maven 3's versions: below 0 when `a` is the earlier one. It is that of Maven's class ComparableVersion,
 * from which the text of the POM reference ("Version Order Specification") differs in rare cases. A digit is one of
 * ASCII's, as in Maven 4. Undefined for an empty text.
 */
export function compareMaven(a: string, b: string): number | undefined {
  if (a === '' || b === '') return undefined
  const [left, right] = [parse(a), parse(b)]
  for (let depth = 0; ; depth++) {
    const [one, other] = [left[depth]!, right[depth]!]
    const shared = Math.min(one.length, other.length)
    for (let at = 0; at < shared; at++) {
      const differs = compareItems(one[at]!, other[at]!)
      if (differs !== 0) return differs
    }
    const isDeeper = depth + 1 < Math.min(left.length, right.length)
    if (one.length !== other.length || !isDeeper)
      return compareRests(restOf(left, depth, shared), restOf(right, depth, shared))
  }
}

function parse(version: string): Sections {
  const text = version.toLowerCase()
  const sections: Sections = [[]]
  for (const { 0: whole, 1: item = '0', 2: mark = whole, index } of text.matchAll(/(\d+|[^\d.-]+)([.-]?)|[.-]/g)) {
    const isLast = index + whole.length === text.length
    const isEndOfWord = mark === '' && !isNumber(item)
    // A word opens a section before a number, and at the end: 1.0.RC1 is 1.0-RC1 (Maven's issue MNG-7644).
    if (isEndOfWord && sections.at(-1)!.length > 0) sections.push([])
    sections.at(-1)!.push(isNumber(item) ? item : wordOf(item, isEndOfWord && !isLast))
    if (mark === '-' || (mark === '' && !isLast)) sections.push([])
  }
  return trim(sections)
}

const wordOf = (text: string, isBeforeNumber: boolean): string =>
  (isBeforeNumber ? short.get(text) : undefined) ?? same.get(text) ?? text

/** Without what says nothing at the end of a section, and of all. The first section stays. */
function trim(sections: Sections): Sections {
  for (const items of sections) while (items.length > 0 && compareToNothing(items.at(-1)!) === 0) items.pop()
  while (sections.length > 1 && sections.at(-1)!.length === 0) sections.pop()
  return sections
}

const isNumber = (text: string) => /^\d/.test(text)
const kindOf = (item: string): number => (isNumber(item) ? 2 : 0)

/** A word comes before a number. */
function compareItems(one: string, other: string): number {
  const differs = kindOf(one) - kindOf(other)
  if (differs !== 0) return differs
  return isNumber(one) ? compareDigits(one, other) : compareWords(one, other)
}

function compareWords(one: string, other: string): number {
  const [left, right] = [placeOf(one), placeOf(other)]
  return left - right || (left === words.length ? compareText(one, other) : 0)
}

function placeOf(word: string): number {
  const place = words.indexOf(word)
  return place < 0 ? words.length : place
}

/** Where the item is missing in the other version: a number is compared with 0, a word with a release. */
const compareToNothing = (item: string): number => (isNumber(item) ? compareDigits(item, '0') : placeOf(item) - release)

/** What a version has from an item of a section on: what kind comes next, and all items. */
type Rest = { kind: number | undefined; items: string[] }

function restOf(sections: Sections, depth: number, from: number): Rest {
  const [here, below] = [sections[depth]!.slice(from), sections.slice(depth + 1)]
  const kind = here[0] !== undefined ? kindOf(here[0]) : below.length > 0 ? 1 : undefined
  return { kind, items: [...here, ...below.flat()] }
}

/** Of which at least one does not begin with an item: a section comes between words and numbers. */
function compareRests(one: Rest, other: Rest): number {
  if (one.kind !== undefined && other.kind !== undefined) return one.kind - other.kind
  const differs = [...one.items, ...other.items].map(compareToNothing).find((result) => result !== 0) ?? 0
  return one.kind === undefined ? 0 - differs : differs
}
