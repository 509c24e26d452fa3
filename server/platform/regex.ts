import { RE2JS } from 're2js'

/** The longest regular expression, in characters; RE2 matches in time linear to the text, whatever the expression. */
const regexLimit = 256
/** A repetition such as `{1000}` is written out when it is compiled: the most instructions that may come of it. */
const mostInstructions = 2000

/** `group`: what the first group takes; the whole text when there is no group; undefined without a match. */
type Regex = { matches(text: string): boolean; group(text: string): string | undefined }

/** Compiles a regular expression (RE2's syntax), which has to match the whole text. Throws Error. */
export function compileRegex(pattern: string): Regex {
  const compiled = RE2JS.compile(`^(?:${pattern})$`)
  return {
    matches: (text) => compiled.matcher(text).find(),
    group(text) {
      const matcher = compiled.matcher(text)
      return matcher.find() ? (matcher.groupCount() > 0 ? (matcher.group(1) ?? '') : text) : undefined
    },
  }
}

/** Why a regular expression cannot be used, or undefined. */
export function regexProblem(pattern: string): string | undefined {
  if (pattern === '' || pattern.length > regexLimit) return `a regular expression has 1 to ${regexLimit} characters`
  try {
    if (RE2JS.compile(`^(?:${pattern})$`).programSize() > mostInstructions)
      return 'the regular expression repeats too much: use smaller numbers in {}'
    return undefined
  } catch (error) {
    return `the regular expression cannot be read (RE2): ${(error as Error).message}`
  }
}
