import { compareDigits, compareText } from './deb.ts'

/** Those before '' are of versions to come. */
const suffixes = ['alpha', 'beta', 'pre', 'rc', '', 'cvs', 'svn', 'git', 'hg', 'p']
const none = suffixes.indexOf('')

/** Kinds of parts in the order in which they may follow each other: what ends sooner is the earlier version. */
const kinds = ['first', 'number', 'letter', 'suffix', 'suffix number', 'hash', 'revision', 'end'] as const
type Part = { kind: (typeof kinds)[number]; text: string }

const form = /^(\d+)((?:\.\d+)*)([a-z]?)((?:_[a-z]+\d*)*)(~[0-9a-f]+)?(?:-r(\d+))?$/

/**
 * The order of Alpine's versions (apk-package(5), "Package version"): below 0 when `a` is the earlier one. Undefined
 * when one of them is no version.
 */
export function compareApk(a: string, b: string): number | undefined {
  const [left, right] = [parse(a), parse(b)]
  if (!left || !right) return undefined
  for (let at = 0; ; at++) {
    const [one, other] = [left[at]!, right[at]!]
    if (one.kind !== other.kind) return compareKinds(one, other)
    if (one.kind === 'end') return 0
    const differs = compareSame(one, other)
    if (differs !== 0) return differs
  }
}

function parse(text: string): Part[] | undefined {
  const [whole, first, numbers, letter, ends, hash, revision] = form.exec(text) ?? []
  if (whole === undefined) return undefined
  const parts: Part[] = [{ kind: 'first', text: first! }]
  for (const [, number] of numbers!.matchAll(/\.(\d+)/g)) parts.push({ kind: 'number', text: number! })
  if (letter !== '') parts.push({ kind: 'letter', text: letter! })
  for (const [, word, number] of ends!.matchAll(/_([a-z]+)(\d*)/g)) {
    if (!suffixes.includes(word!)) return undefined
    parts.push({ kind: 'suffix', text: word! })
    if (number !== '') parts.push({ kind: 'suffix number', text: number! })
  }
  if (hash !== undefined) parts.push({ kind: 'hash', text: hash })
  if (revision !== undefined) parts.push({ kind: 'revision', text: revision })
  return [...parts, { kind: 'end', text: '' }]
}

function compareSame({ kind, text }: Part, { text: other }: Part): number {
  if (kind === 'suffix') return suffixes.indexOf(text) - suffixes.indexOf(other)
  // A number after a point that begins with 0 is a fraction: 1.05 comes before 1.1.
  const isFraction = kind === 'number' && (text.startsWith('0') || other.startsWith('0'))
  return kind === 'letter' || kind === 'hash' || isFraction ? compareText(text, other) : compareDigits(text, other)
}

function compareKinds(one: Part, other: Part): number {
  if (isEarly(one)) return -1
  if (isEarly(other)) return 1
  return kinds.indexOf(other.kind) - kinds.indexOf(one.kind)
}

const isEarly = ({ kind, text }: Part) => kind === 'suffix' && suffixes.indexOf(text) < none
