import type { RepositoryName } from '../../../../oci/reference.ts'
import { compilePattern } from '../../../platform/doublestar.ts'
import { isRemoteName } from '../../../registry/remote/name.ts'
import type { Wanted } from './adapter.ts'

/** Repositories by a doublestar pattern; '' and `**` want all. Throws BadPattern. */
export function wantedBy(pattern: string): Wanted {
  const { matches } = compilePattern(pattern)
  return { prefix: /^[^*?[\]{}\\]*/.exec(pattern)![0], names: namesIn(pattern), takes: matches }
}

/** The most names that braces are spelled out to; a pattern of more is a pattern. */
const mostNames = 1000

/** Spells out braces: `a/{b,c}` is `a/b` and `a/c`. Undefined for wildcards, escapes and nested braces. */
function namesIn(pattern: string): RepositoryName[] | undefined {
  if (pattern === '' || /[*?[\]\\]/.test(pattern)) return undefined
  let names = ['']
  for (const part of pattern.split(/(\{[^{}]*\})/)) {
    if (/^[^{}]*$/.test(part)) names = names.map((name) => name + part)
    else if (/^\{[^{}]*\}$/.test(part))
      names = names.flatMap((name) =>
        part
          .slice(1, -1)
          .split(',')
          .map((one) => name + one),
      )
    else return undefined
    if (names.length > mostNames) return undefined
  }
  return names.every(isRemoteName) ? names : undefined
}

/** The first part of all wanted names, if it is the same for all (`library` of `library/*`). */
export function namespaceOf({ prefix }: Wanted): string | undefined {
  const at = prefix.indexOf('/')
  return at < 0 ? undefined : prefix.slice(0, at)
}

/** The name's first part: `team` of `team/a/b`. */
export const firstPart = (name: string): string => name.split('/', 1)[0]!

/** The name without its first part: `a/b` of `team/a/b`, '' of `team`. */
export const belowFirst = (name: string): string => name.slice(firstPart(name).length + 1)

/** The first parts of names, each once. */
export const firstParts = (names: { name: string }[]): string[] => [
  ...new Set(names.map(({ name }) => firstPart(name))),
]
