const form = /^(?:(\d+):)?([A-Za-z0-9.+:~-]+)$/

/**
 * The order of Debian's versions (deb-version(7)): below 0 when `a` is the earlier one. Undefined when one of them is
 * no version.
 */
export function compareDeb(a: string, b: string): number | undefined {
  const [left, right] = [parse(a), parse(b)]
  if (!left || !right) return undefined
  return left.epoch - right.epoch || compareParts(left.upstream, right.upstream) || compareParts(left.last, right.last)
}

function parse(text: string): { epoch: number; upstream: string; last: string } | undefined {
  const [, epoch = '0', rest] = form.exec(text) ?? []
  if (rest === undefined) return undefined
  const dash = rest.lastIndexOf('-')
  return dash < 0
    ? { epoch: Number(epoch), upstream: rest, last: '' }
    : { epoch: Number(epoch), upstream: rest.slice(0, dash), last: rest.slice(dash + 1) }
}

const isDigit = (char: string | undefined) => char !== undefined && char >= '0' && char <= '9'

/** `~` sorts before the end, letters before all that are no letters. */
function weigh(char: string | undefined): number {
  if (char === undefined || isDigit(char)) return 0
  if (char === '~') return -1
  return /[A-Za-z]/.test(char) ? char.charCodeAt(0) : char.charCodeAt(0) + 256
}

/** Compares by turns what is no number by characters, and numbers by their value. */
function compareParts(a: string, b: string): number {
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    while ((i < a.length && !isDigit(a[i])) || (j < b.length && !isDigit(b[j]))) {
      const differs = weigh(a[i]) - weigh(b[j])
      if (differs !== 0) return differs
      i++
      j++
    }
    const [left, right] = [digitsAt(a, i), digitsAt(b, j)]
    const differs = compareDigits(left, right)
    if (differs !== 0) return differs
    i += left.length
    j += right.length
  }
  return 0
}

function digitsAt(text: string, from: number): string {
  let end = from
  while (isDigit(text[end])) end++
  return text.slice(from, end)
}

/** Numbers of any length, as text; '' is 0. */
export function compareDigits(a: string, b: string): number {
  const [left, right] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')]
  return left.length - right.length || compareText(left, right)
}

/** By code units, as C's strcmp does for ASCII. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
