import { compareNumbers } from './composer.ts'
import { compareText } from './deb.ts'

const label = '(?!0\\d+(?:[.+]|$))[0-9A-Za-z-]+'
const form = new RegExp(
  `^(\\d+(?:\\.\\d+){0,3})(?:-(${label}(?:\\.${label})*))?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$`,
)
/** The largest number that NuGet reads: a version with a larger one is none, and a label is then a word. */
const largest = 2 ** 31 - 1

/**
 * The order of NuGet's versions (learn.microsoft.com, "NuGet package versioning"; the class VersionComparer): that of
 * Semantic Versioning, with up to four numbers, and labels without case. Undefined when one of them is no version.
 */
export function compareNuget(a: string, b: string): number | undefined {
  const [left, right] = [parse(a), parse(b)]
  return left && right && (compareNumbers(left.numbers, right.numbers) || compareLabels(left.labels, right.labels))
}

function parse(text: string): { numbers: string[]; labels: string[] | undefined } | undefined {
  const [, first, labels] = form.exec(text.trim()) ?? []
  const numbers = first?.split('.')
  if (!numbers?.every((one) => Number(one) <= largest)) return undefined
  return { numbers, labels: labels?.toLowerCase().split('.') }
}

/** A version with labels is one to come. */
function compareLabels(left: string[] | undefined, right: string[] | undefined): number {
  if (!left || !right) return left === right ? 0 : left ? -1 : 1
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const [one, other] = [left[at], right[at]]
    if (one === undefined || other === undefined) return one === undefined ? -1 : 1
    const differs = compareLabel(one, other)
    if (differs !== 0) return differs
  }
  return 0
}

/** A number comes before a word. */
function compareLabel(one: string, other: string): number {
  const [left, right] = [numberOf(one), numberOf(other)]
  if (left !== undefined && right !== undefined) return left - right
  if (left === undefined && right === undefined) return compareText(one, other)
  return left === undefined ? 1 : -1
}

/** Of a label that NuGet reads as a number, also one below 0: `1.0.0--5` has the label -5. */
function numberOf(text: string): number | undefined {
  const number = /^-?\d+$/.test(text) ? Number(text) : Number.NaN
  return number >= -largest - 1 && number <= largest ? number : undefined
}
