import { compareNumbers } from './composer.ts'
import { compareDigits, compareText } from './deb.ts'

const form = /^(\d+(?:\.\d+){0,3})(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+\S*)?$/

/**
 * The order of NuGet's versions (learn.microsoft.com, "NuGet package versioning"): that of Semantic Versioning, with up
 * to four numbers, and labels without case. Undefined when one of them is no version.
 */
export function compareNuget(a: string, b: string): number | undefined {
  const [left, right] = [form.exec(a), form.exec(b)]
  if (!left || !right) return undefined
  return compareNumbers(left[1]!.split('.'), right[1]!.split('.')) || compareLabels(left[2], right[2])
}

/** A version with labels is one to come. */
function compareLabels(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? 1 : -1
  const [left, right] = [a.toLowerCase().split('.'), b.toLowerCase().split('.')]
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const [one, other] = [left[at], right[at]]
    if (one === undefined || other === undefined) return one === undefined ? -1 : 1
    const [isNumber, isOtherNumber] = [/^\d+$/.test(one), /^\d+$/.test(other)]
    if (isNumber !== isOtherNumber) return isNumber ? -1 : 1
    const differs = isNumber ? compareDigits(one, other) : compareText(one, other)
    if (differs !== 0) return differs
  }
  return 0
}
