/**
 * Path patterns as Harbor's rules use them: `*` is any text without a slash, `**` as a whole segment is any number of
 * segments, `?` one character, `[a-z]` and `[^a-z]` one of a class, `{a,b}` either, `\` escapes the next character.
 * A pattern becomes a list of states that are followed at the same time (an NFA), so matching takes at most
 * characters × states steps, whatever the pattern (X27).
 */
type Pattern = { matches(text: string): boolean }

/** A pattern that cannot be read. */
export class BadPattern extends Error {
  override name = 'BadPattern'
}

type Range = readonly [from: number, to: number]
type State =
  /** Takes one character of the ranges; any character when `ranges` is undefined. */
  | { kind: 'take'; ranges: Range[] | undefined; isNegated: boolean; takesSlash: boolean }
  /** Goes on at each of these states without taking a character. */
  | { kind: 'fork'; to: number[] }
  | { kind: 'end' }

const slash = 47
/** How deep braces may nest. */
const maxDepth = 16

/** Throws BadPattern. The empty pattern matches everything, as in Harbor. */
export function compilePattern(pattern: string): Pattern {
  if (pattern === '' || pattern === '**') return { matches: () => true }
  const states = new Compiler(pattern).compile()
  return { matches: (text) => walk(states, text) }
}

/** The number of its stars. Each is compared with each character of a text, so rules limit how many users may write. */
export const starsIn = (pattern: string): number => (pattern.match(/\*+/g) ?? []).length

class Compiler {
  readonly states: State[] = []
  readonly chars: string[]
  at = 0
  constructor(pattern: string) {
    this.chars = Array.from(pattern)
  }

  compile(): State[] {
    this.sequence(0)
    this.states.push({ kind: 'end' })
    return this.states
  }

  /** Parses up to the end, or inside braces up to `,` or `}`. */
  sequence(depth: number) {
    while (this.at < this.chars.length) {
      const char = this.chars[this.at]!
      if (depth > 0 && (char === ',' || char === '}')) return
      if (char === '*') this.star(depth)
      else if (char === '{') this.braces(depth + 1)
      else if (char === '[') this.charClass()
      else if (char === '?') this.one()
      else this.literal()
    }
  }

  star(depth: number) {
    const start = this.at
    while (this.chars[this.at] === '*') this.at++
    const [before, after] = [this.chars[start - 1], this.chars[this.at]]
    const isSegment =
      this.at - start >= 2 &&
      (before === undefined || before === '/' || (depth > 0 && (before === '{' || before === ','))) &&
      (after === undefined || after === '/' || (depth > 0 && (after === ',' || after === '}')))
    if (!isSegment) return this.loop(false)
    if (after !== '/') return this.loop(true)
    // `**/` matches nothing, or any text that ends with a slash. Repeated, it means the same.
    this.at++
    while (this.chars[this.at] === '*' && this.chars[this.at + 1] === '*' && this.chars[this.at + 2] === '/')
      this.at += 3
    const fork: State = { kind: 'fork', to: [this.states.length + 1] }
    this.states.push(fork)
    this.loop(true)
    this.states.push({ kind: 'take', ranges: [[slash, slash]], isNegated: false, takesSlash: true })
    fork.to.push(this.states.length)
  }

  /** Adds states that take any number of characters. */
  loop(takesSlash: boolean) {
    const start = this.states.length
    this.states.push(
      { kind: 'fork', to: [start + 1, start + 3] },
      { kind: 'take', ranges: undefined, isNegated: false, takesSlash },
      { kind: 'fork', to: [start] },
    )
  }

  one() {
    this.at++
    this.states.push({ kind: 'take', ranges: undefined, isNegated: false, takesSlash: false })
  }

  literal() {
    if (this.chars[this.at] === '\\') this.at++
    const char = this.chars[this.at++]
    if (char === undefined) throw new BadPattern('\\ at the end escapes nothing')
    const code = char.codePointAt(0)!
    this.states.push({ kind: 'take', ranges: [[code, code]], isNegated: false, takesSlash: true })
  }

  charClass() {
    this.at++
    const isNegated = this.chars[this.at] === '^' || this.chars[this.at] === '!'
    if (isNegated) this.at++
    const ranges: Range[] = []
    while (this.chars[this.at] !== ']') {
      const from = this.classChar()
      if (this.chars[this.at] === '-' && this.chars[this.at + 1] !== ']') {
        this.at++
        const to = this.classChar()
        if (to < from) throw new BadPattern('a range in [ ] runs backwards')
        ranges.push([from, to])
      } else ranges.push([from, from])
    }
    if (ranges.length === 0) throw new BadPattern('[] holds nothing')
    this.at++
    this.states.push({ kind: 'take', ranges, isNegated, takesSlash: false })
  }

  classChar(): number {
    if (this.chars[this.at] === '\\') this.at++
    const char = this.chars[this.at++]
    if (char === undefined) throw new BadPattern('[ is not closed')
    return char.codePointAt(0)!
  }

  braces(depth: number) {
    if (depth > maxDepth) throw new BadPattern(`braces nest more than ${maxDepth} deep`)
    const fork: State = { kind: 'fork', to: [] }
    const ends: { kind: 'fork'; to: number[] }[] = []
    this.states.push(fork)
    do {
      this.at++
      fork.to.push(this.states.length)
      this.sequence(depth)
      const end = { kind: 'fork' as const, to: [] }
      this.states.push(end)
      ends.push(end)
    } while (this.chars[this.at] === ',')
    if (this.chars[this.at] !== '}') throw new BadPattern('{ is not closed')
    this.at++
    for (const end of ends) end.to.push(this.states.length)
  }
}

function walk(states: State[], text: string): boolean {
  const seen = new Uint32Array(states.length)
  const waiting: number[] = []
  let round = 1
  let open: number[] = []
  let following: number[] = []
  // Follows forks to the states that take a character; each state once per character, which bounds the steps.
  const enter = (into: number[], first: number) => {
    waiting.push(first)
    while (waiting.length > 0) {
      const next = waiting.pop()!
      if (seen[next] === round) continue
      seen[next] = round
      const state = states[next]!
      if (state.kind === 'fork') for (const to of state.to) waiting.push(to)
      else into.push(next)
    }
  }
  enter(open, 0)
  for (const char of text) {
    const code = char.codePointAt(0)!
    following.length = 0
    round++
    for (const index of open) {
      const state = states[index]!
      if (state.kind === 'take' && takes(state, code)) enter(following, index + 1)
    }
    if (following.length === 0) return false
    ;[open, following] = [following, open]
  }
  return open.some((index) => states[index]!.kind === 'end')
}

function takes({ ranges, isNegated, takesSlash }: Extract<State, { kind: 'take' }>, code: number): boolean {
  if (code === slash && !takesSlash) return false
  if (ranges === undefined) return true
  for (const [from, to] of ranges) if (code >= from && code <= to) return !isNegated
  return isNegated
}
