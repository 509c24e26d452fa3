import type { Scratch } from './scratch.ts'

/** One line of the table: what Marina did and what the other did in the same rounds, one value per round. */
export type Row = {
  what: string
  unit: string
  /** Marina's values. */
  ours: number[]
  /** The program beside it and its values, in the same order of rounds. */
  against?: { name: string; values: number[] }
  /** Turns the ratio round: it always says how many times better Marina is. */
  lessIsBetter?: true
  target?: Target
  note?: string
}

/** `ratio`: how many times better than the other, at least; `most`: a bound on ours alone. */
type Target = { ratio: number } | { most: number }

export type Bench = {
  scratch: Scratch
  rounds: number
  say: (line: string) => void
}

export type Scenario = {
  name: string
  says: string
  /** Where a round is long and hardly varies, fewer are enough. */
  roundsAtMost?: number
  run(bench: Bench): Promise<Row[]>
}

/** Rounds with the sides taking turns, so that a noisy minute hits all of them. Each side gives one value a round. */
export async function takeTurns<Name extends string>(
  { rounds, say }: Bench,
  what: string,
  sides: Record<Name, () => Promise<number>>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(sides) as Name[]
  const values = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>
  for (let round = 1; round <= rounds; round++) {
    // Every other round backwards: who goes first finds a rested machine.
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
