/** One byte range, both ends included, counted from 0. */
export type Range = { start: number; end: number }

/** More ranges than this in one request are ignored: podman asks for 1024 at once, stargz for fewer. */
const mostRanges = 1024

/**
 * Reads a Range header for a body of `size` bytes (RFC 9110, 14.2). Satisfiable ranges are returned in the order of the
 * header, clipped to the size; 'unsatisfiable' asks for 416. Undefined asks for the whole body: unknown units,
 * nonsense, overlapping ranges and more than `mostRanges` are ignored, as the RFC allows.
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
