/**
 * Distinguished names (RFC 4514), for comparing them: a name is a list of parts from the entry up to the root, each
 * with its attributes and values.
 */

/** The parts of a DN in a form in which equal ones have the same text; undefined when it is no DN. */
function partsOf(dn: string): string[] | undefined {
  const parts: string[] = []
  let pairs: string[] = []
  for (let at = 0; at <= dn.length;) {
    const read = readPair(dn, at)
    if (!read) return undefined
    pairs.push(read.pair)
    const next = dn[read.end]
    if (next !== '+') {
      parts.push(pairs.sort().join('+'))
      pairs = []
    }
    if (next === undefined) return parts
    at = read.end + 1
  }
  return undefined
}

const hex = /^[0-9a-f]{2}$/i

/** Reads `attribute=value` from a place on. The value ends at a comma, a semicolon or a plus without an escape. */
function readPair(dn: string, from: number): { pair: string; end: number } | undefined {
  const equal = dn.indexOf('=', from)
  const attribute = equal < 0 ? '' : dn.slice(from, equal).trim().toLowerCase()
  if (!/^(?:[a-z][a-z0-9-]*|\d+(?:\.\d+)*)$/.test(attribute)) return undefined
  const bytes: number[] = []
  /** How much of the value a trailing space does not belong to. */
  let kept = 0
  let at = equal + 1
  while (dn[at] === ' ') at++
  for (; at < dn.length && !',;+'.includes(dn[at]!); at++) {
    if (dn[at] === '\0' || dn[at] === '"') return undefined
    if (dn[at] === '\\') {
      const pair = dn.slice(at + 1, at + 3)
      if (hex.test(pair)) {
        bytes.push(Number.parseInt(pair, 16))
        at += 2
      } else {
        if (dn[at + 1] === undefined) return undefined
        bytes.push(...Buffer.from(dn[++at]!))
      }
      kept = bytes.length
      continue
    }
    const letter = String.fromCodePoint(dn.codePointAt(at)!)
    bytes.push(...Buffer.from(letter))
    at += letter.length - 1
    if (letter !== ' ') kept = bytes.length
  }
  const value = Buffer.from(bytes.slice(0, kept)).toString('utf8').toLowerCase().replace(/\s+/g, ' ')
  return { pair: `${attribute}=${JSON.stringify(value)}`, end: at }
}

/** One text for all spellings of a DN: case, spaces and escapes do not matter. Undefined when it is no DN. */
export const normalDn = (dn: string): string | undefined => partsOf(dn)?.join(',')

export const isSameDn = (a: string, b: string): boolean => normalDn(a) !== undefined && normalDn(a) === normalDn(b)

/** Whether an entry is `base` or lies below it; every entry lies below the empty DN. */
export function isBelow(dn: string, base: string): boolean {
  if (base.trim() === '') return true
  const [parts, top] = [partsOf(dn), partsOf(base)]
  if (!parts || !top || parts.length < top.length) return false
  return top.every((part, index) => parts[parts.length - top.length + index] === part)
}
