import { compareDigits, compareText } from './deb.ts'

const form = /^\d+(?:\.[0-9A-Za-z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/

/**
 * The order of RubyGems' versions (Gem::Version): below 0 when `a` is the earlier one. Undefined when one of them is no
 * version.
 */
export function compareGem(a: string, b: string): number | undefined {
  if (!form.test(a) || !form.test(b)) return undefined
  const [left, right] = [segments(a), segments(b)]
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const [one, other] = [left[at] ?? '0', right[at] ?? '0']
    const [isNumber, isOtherNumber] = [/^\d/.test(one), /^\d/.test(other)]
    // A word marks a version to come.
    if (isNumber !== isOtherNumber) return isNumber ? 1 : -1
    const differs = isNumber ? compareDigits(one, other) : compareText(one, other)
    if (differs !== 0) return differs
  }
  return 0
}

/**
 * A hyphen stands for `.pre.`. Zeros that end the numbers before the first word, or the whole, are of no account:
 * 1.0.a is 1.a.
 */
function segments(version: string): string[] {
  const all: string[] = version.replaceAll('-', '.pre.').match(/\d+|[a-z]+/gi) ?? []
  const word = all.findIndex((one) => !/^\d/.test(one))
  const at = word < 0 ? all.length : word
  return [...withoutZeros(all.slice(0, at)), ...withoutZeros(all.slice(at))]
}

const withoutZeros = (parts: string[]): string[] => parts.slice(0, parts.findLastIndex((one) => !/^0+$/.test(one)) + 1)
