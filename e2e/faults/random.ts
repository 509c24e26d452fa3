/** Pseudo-random numbers; the same seed gives the same numbers (mulberry32). */
export type Random = {
  /** A whole number from `least` to `most`, both included. */
  int(least: number, most: number): number
  pick<Item>(items: readonly Item[]): Item
  chance(probability: number): boolean
  bytes(count: number): Buffer
}

export function openRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (least: number, most: number) => least + Math.floor(next() * (most - least + 1))
  return {
    int,
    pick: (items) => items[int(0, items.length - 1)]!,
    chance: (probability) => next() < probability,
    bytes(count) {
      const bytes = Buffer.alloc(count)
      for (let at = 0; at + 4 <= count; at += 4) bytes.writeUInt32LE(Math.floor(next() * 2 ** 32), at)
      return bytes
    },
  }
}
