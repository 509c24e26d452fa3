import type { Scratch } from './scratch.ts'

/** One line of the table: Marina's values and the other side's, one for each round. */
export type Row = {
  what: string
  unit: string
  /** Marina's values. */
  ours: number[]
  /** The other side and its values, in the same order of rounds. */
  against?: { name: string; values: number[] }
  /** Inverts the ratio, which always says how many times better Marina is. */
  lessIsBetter?: true
  target?: Target
  note?: string
}

/** `ratio`: the least ratio to the other side. `most`: the largest value that Marina may have. */
type Target = { ratio: number } | { most: number }

export type Bench = {
  scratch: Scratch
  rounds: number
  say: (line: string) => void
}

export type Scenario = {
  name: string
  says: string
  /** For a scenario with long rounds that hardly vary. */
  roundsAtMost?: number
  run(bench: Bench): Promise<Row[]>
}

/**
 * Runs rounds in which each side measures one value in turn, so that a busy minute of the machine affects all sides.
 */
export async function takeTurns<Name extends string>(
  { rounds, say }: Bench,
  what: string,
  sides: Record<Name, () => Promise<number>>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(sides) as Name[]
  const values = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>
  for (let round = 1; round <= rounds; round++) {
    // Every other round in reverse order: the first side finds a rested machine.
    for (const name of round % 2 === 1 ? names : names.toReversed()) {
      const value = await sides[name]()
      values[name].push(value)
      say(`${what}, round ${round} of ${rounds}: ${name} ${shown(value)}`)
    }
  }
  return values
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export function shown(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2
  return value.toLocaleString('en-US', { maximumFractionDigits: digits, minimumFractionDigits: digits })
}
