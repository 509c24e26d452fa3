import { compareDigits, compareText } from './deb.ts'

type Token = { mark: '.' | '-'; text: string }

/** Words in their order; any other word comes after them, by the alphabet. */
const words = ['alpha', 'beta', 'milestone', 'rc', 'snapshot', '', 'sp']
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

/**
 * The order of Maven's versions (POM reference, "Version Order Specification"): below 0 when `a` is the earlier one.
 * Undefined for an empty text.
 */
export function compareMaven(a: string, b: string): number | undefined {
  if (a === '' || b === '') return undefined
  const [left, right] = [parse(a), parse(b)]
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const differs = compareTokens(left[at] ?? nullLike(right[at]!), right[at] ?? nullLike(left[at]!))
    if (differs !== 0) return differs
  }
  return 0
}

/** What stands in for a token that is missing. */
const nullLike = ({ mark, text }: Token): Token => ({ mark, text: isNumber(text) ? '0' : '' })
const isNumber = (text: string) => /^\d/.test(text)
const isNull = ({ text }: Token) => text === '' || /^0+$/.test(text)

function parse(version: string): Token[] {
  const tokens: Token[] = []
  for (const token of split(version.toLowerCase())) {
    if (token.mark === '-') trim(tokens)
    tokens.push(token)
  }
  trim(tokens)
  return tokens
}

/**
 * Between a digit and a letter stands a hyphen that is not written; an empty token is 0. A word before a number has a
 * hyphen in front, whatever is written there (Maven's issue MNG-7644): 1.0.0.RC1 is 1.0.0-RC1.
 */
function split(version: string): Token[] {
  const tokens: Token[] = []
  let mark: Token['mark'] = '.'
  for (const { 0: whole, 1: text = '', 2: end, index } of version.matchAll(/(\d+|[^\d.-]+|(?=[.-]|$))([.-]?)/g)) {
    if (whole === '' && mark === '.') break
    const isWord = text !== '' && !isNumber(text)
    const isBeforeNumber = isWord && end === '' && isNumber(version.slice(index + text.length))
    tokens.push({ mark: isBeforeNumber ? '-' : mark, text: text === '' ? '0' : wordOf(text, isBeforeNumber) })
    mark = end === '.' ? '.' : '-'
  }
  return tokens
}

const wordOf = (text: string, isBeforeNumber: boolean): string =>
  (isBeforeNumber ? short.get(text) : undefined) ?? same.get(text) ?? text

function trim(tokens: Token[]): void {
  while (tokens.length > 0 && isNull(tokens.at(-1)!)) tokens.pop()
}

/** A word comes before a number after a hyphen, and that before a number after a point. */
function compareTokens(one: Token, other: Token): number {
  const [left, right] = [rankOf(one), rankOf(other)]
  if (left !== right) return left - right
  return left === 0 ? compareWords(one.text, other.text) : compareDigits(one.text, other.text)
}

const rankOf = ({ mark, text }: Token): number => (isNumber(text) ? (mark === '-' ? 1 : 2) : 0)

function compareWords(one: string, other: string): number {
  const [left, right] = [placeOf(one), placeOf(other)]
  return left - right || (left === words.length ? compareText(one, other) : 0)
}

function placeOf(word: string): number {
  const place = words.indexOf(word)
  return place < 0 ? words.length : place
}
