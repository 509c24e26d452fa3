/** What `marina` ends with; docs/operate/cli.md has the same table. */
export const exitCodes = {
  refused: 1,
  usage: 2,
  login: 3,
  absent: 4,
  conflict: 5,
  unreachable: 6,
} as const

/** Something that the person at the terminal can mend. `wayOut`: what to do next, one line. */
export class Problem extends Error {
  override name = 'Problem'
  readonly exitCode: number
  readonly wayOut: string | undefined
  constructor(message: string, more: { exitCode?: number; wayOut?: string | undefined } = {}) {
    super(message)
    this.exitCode = more.exitCode ?? exitCodes.refused
    this.wayOut = more.wayOut
  }
}

/** The command line itself is wrong: exit code 2. */
export const wrongUsage = (message: string, wayOut?: string) =>
  new Problem(message, { exitCode: exitCodes.usage, wayOut })
