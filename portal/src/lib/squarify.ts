/** A rectangle in a treemap. */
export type Tile<One> = { one: One; x: number; y: number; width: number; height: number }

/**
 * Lays out areas in a rectangle so that each is as square as possible (Bruls, Huizing, van Wijk: Squarified Treemaps,
 * 2000). The values must be in descending order; those of 0 or less get no tile.
 */
export function squarify<One>(all: readonly One[], valueOf: (one: One) => number, width: number, height: number) {
  const shown = all.filter((one) => valueOf(one) > 0)
  const whole = shown.reduce((sum, one) => sum + valueOf(one), 0)
  const tiles: Tile<One>[] = []
  const left = { x: 0, y: 0, width, height }
  const area = (one: One) => (valueOf(one) / whole) * width * height
  let at = 0
  while (at < shown.length) {
    const side = Math.min(left.width, left.height)
    const row = takeRow(shown, at, area, side)
    placeRow(row, area, left, tiles)
    at += row.length
  }
  return tiles
}

/** As many as improve the worst ratio of a row along this side. */
function takeRow<One>(all: readonly One[], from: number, area: (one: One) => number, side: number): One[] {
  const first = all[from] as One
  const row = [first]
  let sum = area(first)
  let worst = Math.max(side ** 2 / sum, sum / side ** 2)
  for (const one of all.slice(from + 1)) {
    const next = sum + area(one)
    const [most, least] = [area(first), area(one)]
    const ratio = Math.max((side ** 2 * most) / next ** 2, next ** 2 / (side ** 2 * least))
    if (ratio > worst) break
    row.push(one)
    sum = next
    worst = ratio
  }
  return row
}

/** Puts a row along the shorter side, and takes its room away. */
function placeRow<One>(
  row: One[],
  area: (one: One) => number,
  left: { x: number; y: number; width: number; height: number },
  tiles: Tile<One>[],
): void {
  const sum = row.reduce((total, one) => total + area(one), 0)
  const isTall = left.width >= left.height
  const depth = sum / (isTall ? left.height : left.width)
  let at = isTall ? left.y : left.x
  for (const one of row) {
    const length = area(one) / depth
    tiles.push(
      isTall
        ? { one, x: left.x, y: at, width: depth, height: length }
        : { one, x: at, y: left.y, width: length, height: depth },
    )
    at += length
  }
  if (isTall) Object.assign(left, { x: left.x + depth, width: left.width - depth })
  else Object.assign(left, { y: left.y + depth, height: left.height - depth })
}
