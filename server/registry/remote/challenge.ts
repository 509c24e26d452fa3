/** One challenge of a `WWW-Authenticate` header; scheme and names of parameters in small letters. */
type Challenge = { scheme: string; params: Map<string, string> }

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const quoted = '"(?:[^"\\\\]|\\\\.)*"'
/** RFC 9110, 11.2: `auth-param = token BWS "=" BWS ( token / quoted-string )`. */
const param = new RegExp(`[ \\t]*(${token})[ \\t]*=[ \\t]*(?:(${token})|(${quoted}))[ \\t]*(?=,|$)`, 'y')
/** `auth-scheme`, and `token68` where the scheme has one instead of parameters. */
const scheme = new RegExp(`[ \\t]*(${token})(?: +([A-Za-z0-9._~+/-]+=*)(?=[ \\t]*(?:,|$)))?(?=[ \\t,]|$)`, 'y')
const comma = /[ \t]*(?:,[ \t]*)+/y

/** The most characters of a header that are read. */
const most = 16 * 1024

/**
 * The challenges of a `WWW-Authenticate` header, which may hold several (RFC 9110, 11.6.1). What breaks the grammar
 * ends the list: the challenges before it are returned.
 */
export function readChallenges(header: string | undefined): Challenge[] {
  const text = (header ?? '').slice(0, most)
  const found: Challenge[] = []
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match) at = pattern.lastIndex
    return match
  }
  while (at < text.length) {
    take(comma)
    const last = found.at(-1)
    const one = last && take(param)
    if (one) {
      const [, name = '', plain, string] = one
      // The first of two parameters of one name counts.
      const key = name.toLowerCase()
      if (!last.params.has(key)) last.params.set(key, plain ?? string!.slice(1, -1).replaceAll(/\\(.)/g, '$1'))
      continue
    }
    const next = take(scheme)
    if (!next) break
    found.push({ scheme: next[1]!.toLowerCase(), params: new Map() })
  }
  return found
}
