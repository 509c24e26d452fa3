/** The values of the parts of a path that a pattern names. */
export type Params = Readonly<Record<string, string>>

/**
 * Matches a path, such as `/p/team/-/r/apps/web`, with a pattern: `:project` is one segment, `:repository*` is one or
 * more, up to the next `/-/`. Returns undefined where they differ, or where the path is badly encoded.
 */
export function matchPath(pattern: string, path: string): Params | undefined {
  const names: string[] = []
  const text = pattern.replaceAll(/[.+^$()[\]{}|\\]|:(\w+)(\*?)/g, (found, name: string | undefined, rest: string) => {
    if (name === undefined) return `\\${found}`
    names.push(name)
    return rest === '*' ? '((?:(?!-/)[^/]+/)*(?!-(?:/|$))[^/]+)' : '([^/]+)'
  })
  const found = new RegExp(`^${text}/?$`).exec(path)
  if (!found) return undefined
  try {
    return Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(found[index + 1]!)]))
  } catch {
    return undefined
  }
}

/** Writes names into a pattern. Slashes stay in a part that takes several segments. */
export function fillPath(pattern: string, params: Record<string, string | number>): string {
  return pattern.replaceAll(/:(\w+)(\*?)/g, (_, name: string, rest: string) => {
    const parts = rest === '*' ? String(params[name]).split('/') : [String(params[name])]
    return parts.map((part) => encodeURIComponent(part).replaceAll('%3A', ':')).join('/')
  })
}
