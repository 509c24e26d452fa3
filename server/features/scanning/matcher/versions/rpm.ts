import { compareDigits, compareText } from './deb.ts'

/**
 * The order of rpm's versions, `epoch:version-release` (rpm-version(7)): below 0 when `a` is the earlier one. An epoch
 * that is missing is 0. Undefined when one of them is no version.
 */
export function compareRpm(a: string, b: string): number | undefined {
  const [left, right] = [parse(a), parse(b)]
  if (!left || !right) return undefined
  return (
    compareDigits(left.epoch, right.epoch) ||
    comparePart(left.version, right.version) ||
    comparePart(left.release, right.release)
  )
}

function parse(text: string): { epoch: string; version: string; release: string } | undefined {
  const [, epoch = '0', version, release = ''] = /^(?:(\d+):)?([^\s:-]+)(?:-([^\s:-]+))?$/.exec(text) ?? []
  return version === undefined ? undefined : { epoch, version, release }
}

/** Version or release alone: what stands between is of no account, `~` sorts before the end, `^` after it. */
function comparePart(a: string, b: string): number {
  const [left, right] = [tokens(a), tokens(b)]
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const [one, other] = [left[at], right[at]]
    if (one === other) continue
    if (one === '~' || other === '~') return one === '~' ? -1 : 1
    if (one === '^' || other === '^') return compareCaret(one, other)
    if (one === undefined || other === undefined) return one === undefined ? -1 : 1
    const [isNumber, isOtherNumber] = [isDigits(one), isDigits(other)]
    if (isNumber !== isOtherNumber) return isNumber ? 1 : -1
    const differs = isNumber ? compareDigits(one, other) : compareText(one, other)
    if (differs !== 0) return differs
  }
  return 0
}

/** `1.0` < `1.0^git1` < `1.0.1`. */
function compareCaret(one: string | undefined, other: string | undefined): number {
  if (one === undefined) return -1
  if (other === undefined) return 1
  return one === '^' ? -1 : 1
}

const tokens = (text: string): string[] => text.match(/\d+|[A-Za-z]+|[~^]/g) ?? []
const isDigits = (text: string): boolean => text[0]! >= '0' && text[0]! <= '9'
