import { isTest, type Tree } from './tree.ts'

/** Finds words that must not be in any file, and those that must not be in a test. */
export function findWrongWords(tree: Tree): string[] {
  return [...tree].flatMap(([name, text]) => {
    const rules = isTest(name) ? [...everywhere, ...inTests] : everywhere
    const broken = rules.filter(({ pattern, files }) => (files ?? /./).test(name) && pattern.test(text))
    return broken.map(({ pattern, why }) => `${name} ${why}: ${pattern.exec(text)?.[0].trim()}`)
  })
}

type Rule = { pattern: RegExp; why: string; files?: RegExp }

const everywhere: Rule[] = [
  { pattern: /(?<![\w.~-])\/(?:work|root|home)\/\w+/, why: 'names a path of one machine' },
  { pattern: /registry\.(?:npmjs\.org|yarnpkg\.com|npmmirror\.com)/, why: 'names a package registry' },
  { pattern: /registry\s*=\s*https?:/, why: 'names a package registry' },
  { pattern: /"resolved": "https?:[^"]*/, why: 'names a package registry', files: /(?:^|\/)package-lock\.json$/ },
  { pattern: /\b(?:TO[D]O|FIX[M]E)\b.*/, why: 'leaves something to do', files: /\.(?:ts|tsx|mjs|sql|sh|ya?ml)$/ },
]

const inTests: Rule[] = [
  { pattern: /\b(?:test|it|suite|describe)\.(?:only|skip|todo)\b/, why: 'leaves tests out' },
  { pattern: /\bskip\(/, why: 'leaves tests out' },
  { pattern: /[{,]\s*(?:only|skip|todo):/, why: 'leaves tests out' },
]
