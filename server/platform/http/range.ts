/** One byte range, both ends included, counted from 0. */
export type Range = { start: number; end: number }

/** More ranges than this ask for the whole: podman asks for 1024 at once, stargz for fewer. */
const mostRanges = 1024

/**
 * Reads a Range header against a size in bytes (RFC 9110, 14.2). Undefined means: answer with the whole. Ranges that
 * can be satisfied come back clipped, in the order asked for; 'unsatisfiable' asks for 416. Unknown units, nonsense,
 * very many ranges and those that overlap are ignored, as the RFC allows.
 */
export function parseRanges(header: string | undefined, size: number): Range[] | 'unsatisfiable' | undefined {
  const [, set] = /^bytes=(.*)$/i.exec(header?.trim() ?? '') ?? []
  const specs = (set ?? '').split(',').map((one) => one.trim())
  const asked = specs.filter((one) => one !== '').map((one) => readRange(one, size))
  if (asked.length === 0 || asked.length > mostRanges || asked.includes(undefined)) return undefined
  const ranges = asked.filter((one) => typeof one === 'object')
  if (ranges.length === 0) return 'unsatisfiable'
  return overlap(ranges) ? undefined : ranges
}

function readRange(spec: string, size: number): Range | 'unsatisfiable' | undefined {
  const [, first, last] = /^(\d*)-(\d*)$/.exec(spec) ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined
  if (first === '') {
    const count = Math.min(Number(last), size)
    return count === 0 ? 'unsatisfiable' : { start: size - count, end: size - 1 }
  }
  const start = Number(first)
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (last !== '' && Number(last) < start) return undefined
  return start >= size ? 'unsatisfiable' : { start, end }
}

function overlap(ranges: Range[]): boolean {
  const sorted = ranges.toSorted((a, b) => a.start - b.start)
  return sorted.some(({ start }, at) => at > 0 && start <= sorted[at - 1]!.end)
}
