/** The header lines of e-mails and control files: `Name: value`, values may go on in lines that start with a blank. */
export type Stanza = ReadonlyMap<string, string>

/** Stanzas are separated by empty lines (deb822(5)); names in lower case, of two lines of one name the first counts. */
export function* stanzasOf(text: string): Generator<Stanza> {
  let stanza = new Map<string, string>()
  let last: string | undefined
  for (const line of linesOf(text)) {
    if (line.trim() === '') {
      if (stanza.size > 0) yield stanza
      stanza = new Map()
      last = undefined
      continue
    }
    if (/^[ \t]/.test(line)) {
      // Long descriptions are of no use here.
      if (last !== undefined && stanza.get(last)!.length < 1000) stanza.set(last, `${stanza.get(last)}\n${line.trim()}`)
      continue
    }
    const colon = line.indexOf(':')
    if (colon < 1) continue
    const name = line.slice(0, colon).toLowerCase()
    last = stanza.has(name) ? undefined : name
    if (last !== undefined) stanza.set(name, line.slice(colon + 1).trim())
  }
  if (stanza.size > 0) yield stanza
}

/** Lines one after the other: a split would hold a large list twice. */
export function* linesOf(text: string): Generator<string> {
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\n', at)
    const next = end < 0 ? text.length : end
    yield text.charCodeAt(next - 1) === 13 ? text.slice(at, next - 1) : text.slice(at, next)
    at = next + 1
  }
}
