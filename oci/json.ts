/**
 * Parses only JSON that every reader understands in the same way: UTF-8, no byte order mark, no key twice in one
 * object, at most `maxDepth` levels (D02: the same bytes could otherwise be read as image and as index). Takes time
 * linear in the length of the text. Throws SyntaxError with a reason.
 */
export function parseStrictJson(bytes: Uint8Array, maxDepth = 32): unknown {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  const value: unknown = JSON.parse(text)
  refuseDoubleKeys(text, maxDepth)
  return value
}

/** Walks text that JSON.parse accepted, so only strings and brackets have to be looked at. */
function refuseDoubleKeys(text: string, maxDepth: number) {
  const open: (Set<string> | undefined)[] = []
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '{' || char === '[') {
      if (open.push(char === '{' ? new Set() : undefined) > maxDepth)
        throw new SyntaxError(`more than ${maxDepth} levels deep`)
    } else if (char === '}' || char === ']') {
      open.pop()
    } else if (char === '"') {
      const end = endOfString(text, at)
      const keys = open.at(-1)
      if (keys && isKey(text, end)) {
        const key = JSON.parse(text.slice(at, end)) as string
        if (keys.has(key))
          throw new SyntaxError(`the key ${JSON.stringify(key.slice(0, 60))} stands twice in one object`)
        keys.add(key)
      }
      at = end - 1
    }
  }
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

/** In valid JSON a string is a key exactly when a colon follows it. */
function isKey(text: string, after: number): boolean {
  while (text[after] === ' ' || text[after] === '\n' || text[after] === '\r' || text[after] === '\t') after++
  return text[after] === ':'
}
