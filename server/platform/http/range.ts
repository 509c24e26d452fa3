/** One byte range, both ends included, counted from 0. */
type Range = { start: number; end: number }

/**
 * Reads a Range header for a body of `size` bytes (RFC 9110, 14.2). A single satisfiable range is returned, clipped to
 * the size; 'unsatisfiable' asks for 416. Undefined asks for the whole body: several ranges and unknown units are
 * ignored, as the RFC allows.
 */
export function parseRange(header: string | undefined, size: number): Range | 'unsatisfiable' | undefined {
  const [, first, last] = /^bytes=(\d{0,16})-(\d{0,16})$/.exec(header?.trim() ?? '') ?? []
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
