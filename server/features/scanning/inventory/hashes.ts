import { hash } from 'node:crypto'

/** Paths by 64 bits of their SHA-256, sorted: a layer may have two million, and each takes 8 bytes. */
export type PathSet = { has(path: bigint): boolean; readonly size: number; toBuffer(): Buffer }

export const hashOfPath = (path: string): bigint => hash('sha256', path, 'buffer').readBigUInt64LE(0)

/** The hash of a path and of each folder above it, the path first. */
export function hashesUpwards(path: string): bigint[] {
  const found: bigint[] = []
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) found.push(hashOfPath(path.slice(0, end)))
  return found
}

export function openPaths(): { add(path: string): void; close(): PathSet } {
  let all = new BigUint64Array(1024)
  let count = 0
  return {
    add(path) {
      if (count === all.length) {
        const larger = new BigUint64Array(count * 2)
        larger.set(all)
        all = larger
      }
      all[count++] = hashOfPath(path)
    },
    close: () => setOf(all.slice(0, count).sort()),
  }
}

export function pathsFrom(bytes: Buffer): PathSet {
  // A copy, because the words of an array must begin at a multiple of 8 bytes.
  const copy = new Uint8Array(bytes)
  return setOf(new BigUint64Array(copy.buffer, 0, copy.length >> 3))
}

function setOf(sorted: BigUint64Array): PathSet {
  return {
    size: sorted.length,
    toBuffer: () => Buffer.from(sorted.buffer, sorted.byteOffset, sorted.byteLength),
    has(path) {
      let [low, high] = [0, sorted.length]
      while (low < high) {
        const middle = (low + high) >>> 1
        if (sorted[middle]! < path) low = middle + 1
        else high = middle
      }
      return sorted[low] === path
    },
  }
}
