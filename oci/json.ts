/**
 * Parses only JSON that every reader understands in the same way: UTF-8, no byte order mark, no key twice in one
 * object, whole numbers in digits alone, at most `maxDepth` levels (D02: the same bytes could otherwise be read as
 * image and as index). Takes time linear in the length of the text. Throws SyntaxError with a reason.
 */
export function parseStrictJson(bytes: Uint8Array, maxDepth = 32): unknown {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  const value: unknown = JSON.parse(text)
  refuseAmbiguity(text, maxDepth)
  return value
}

/** Walks text that JSON.parse accepted, so only strings, numbers and brackets have to be looked at. */
function refuseAmbiguity(text: string, maxDepth: number) {
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
    } else if (isNumberStart(text.charCodeAt(at))) {
      at += readNumber(text, at).length - 1
    }
  }
}

const numberForm = /-?[\d.eE+-]+/y
const isNumberStart = (code: number) => code === 0x2d || (code >= 0x30 && code <= 0x39)

/** The number that begins at `start`. Go and Rust refuse 23.0 and 2.3e1 as a whole number, and Rust also -0. */
function readNumber(text: string, start: number): string {
  numberForm.lastIndex = start
  const [number] = numberForm.exec(text)!
  if ((/[.eE]/.test(number) && Number.isInteger(Number(number))) || Object.is(Number(number), -0))
    throw new SyntaxError(`the number ${number.slice(0, 40)} must be written in digits alone`)
  return number
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
