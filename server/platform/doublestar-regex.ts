import { compilePattern } from './doublestar.ts'

/** The characters of names of repositories but the slash. Classes of a pattern are written out over these. */
const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789._-'
/** Matches nothing in a name: names have no upper case. */
const nothing = '[A]'

/**
 * Doublestar patterns (doublestar.ts) as one regular expression of PostgreSQL, which matches the names that one of them
 * matches: so that a database can filter, page and count. Only for texts of `a-z`, `0-9`, `.`, `_`, `-` and `/`.
 * Throws BadPattern.
 */
export function regexOf(patterns: readonly string[]): string {
  return `^(?:${patterns.map((pattern) => new Writer(pattern).write()).join('|')})$`
}

class Writer {
  readonly pattern: string
  readonly chars: string[]
  at = 0
  constructor(pattern: string) {
    this.pattern = pattern
    this.chars = Array.from(pattern)
  }

  /** Compiled first, which refuses a pattern that is wrong: what is written here is right. */
  write(): string {
    compilePattern(this.pattern)
    return this.pattern === '' ? '.*' : this.sequence(0)
  }

  sequence(depth: number): string {
    let text = ''
    while (this.at < this.chars.length) {
      const char = this.chars[this.at]!
      if (depth > 0 && (char === ',' || char === '}')) break
      if (char === '*') text += this.star(depth)
      else if (char === '{') text += this.braces(depth + 1)
      else if (char === '[') text += this.charClass()
      else text += this.one(char)
    }
    return text
  }

  star(depth: number): string {
    const start = this.at
    while (this.chars[this.at] === '*') this.at++
    const [before, after] = [this.chars[start - 1], this.chars[this.at]]
    const isSegment =
      this.at - start >= 2 &&
      (before === undefined || before === '/' || (depth > 0 && (before === '{' || before === ','))) &&
      (after === undefined || after === '/' || (depth > 0 && (after === ',' || after === '}')))
    if (!isSegment) return '[^/]*'
    if (after !== '/') return '.*'
    this.at++
    while (this.chars[this.at] === '*' && this.chars[this.at + 1] === '*' && this.chars[this.at + 2] === '/')
      this.at += 3
    return '(?:.*/)?'
  }

  braces(depth: number): string {
    const parts: string[] = []
    do {
      this.at++
      parts.push(this.sequence(depth))
    } while (this.chars[this.at] === ',')
    this.at++
    return `(?:${parts.join('|')})`
  }

  /** The class as doublestar.ts understands it, tried on each character of the alphabet. */
  charClass(): string {
    const start = this.at++
    if (this.chars[this.at] === '^' || this.chars[this.at] === '!') this.at++
    while (this.chars[this.at] !== ']') this.at += this.chars[this.at] === '\\' ? 2 : 1
    const { matches } = compilePattern(this.chars.slice(start, ++this.at).join(''))
    const taken = Array.from(alphabet).filter((char) => matches(char))
    return taken.length === 0 ? nothing : `[${taken.join('')}]`
  }

  one(char: string): string {
    this.at++
    if (char === '?') return '[^/]'
    const literal = char === '\\' ? this.chars[this.at++]! : char
    return /[A-Za-z0-9]/.test(literal) || literal > '\x7f' ? literal : `\\${literal}`
  }
}
