/**
 * Values of an answer that are JSON text already: the text is sent as it is, instead of an object that the serializer
 * would have to walk. Their schema has `x-ready-text: true`; a handler gives each of them by `readyText`.
 */
const keyword = 'x-ready-text'

/** U+0001 stands nowhere else in JSON: a serializer escapes it in strings (RFC 8259, 7). */
const mark = '\u0001'

/** The texts of the answer that is being serialized, in their order. */
let met: string[] = []

/** The serializer writes a mark between quotes for it, and `serializeReady` puts the text there. */
class ReadyText {
  readonly #json: string
  constructor(json: string) {
    this.#json = json
  }
  toString(): string {
    met.push(this.#json)
    return mark
  }
}

/** The value of which `json` is the text. Only an answer may hold it, under a schema with `x-ready-text`. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names what the text stands for
export const readyText = <Value>(json: string): Value => new ReadyText(json) as never

/** Whether a schema has values that are ready text anywhere. */
export const takesReadyText = (schema: object): boolean => JSON.stringify(schema).includes(`"${keyword}":true`)

/** The same schema for the serializer: what it makes of a ready text is written between quotes, unescaped. */
export function forReadyText(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(forReadyText)
  if (typeof schema !== 'object' || schema === null) return schema
  if (keyword in schema) return { type: 'string', format: 'unsafe' }
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, forReadyText(value)]))
}

/**
 * Memory of `slab.bytes` bytes is used for one long answer after the other, at most `slab.most` are kept: new memory of
 * this size comes from the system page by page, which took longer than all that is written into it.
 */
const slab = { bytes: 262_144, least: 32_768, most: 4 }
const spare: ArrayBuffer[] = []

function takeMemory(length: number): Buffer {
  if (length < slab.least || length > slab.bytes) return Buffer.allocUnsafe(length)
  return Buffer.from(spare.pop() ?? new ArrayBuffer(slab.bytes), 0, length)
}

/** Takes the memory of an answer back, once it is sent or its connection is gone. */
export function giveBack({ buffer }: Buffer): void {
  if (buffer.byteLength === slab.bytes && spare.length < slab.most) spare.push(buffer as ArrayBuffer)
}

/**
 * Serializes an answer by `serialize`, which was made for the schema of `forReadyText`. With ready texts the answer is
 * put together as bytes: a string of more than 128 KiB gets memory of its own from the system, which took longer than
 * all that is written into it.
 */
export function serializeReady(serialize: (body: unknown) => string, body: unknown): string | Buffer {
  met = []
  const text = serialize(body)
  const texts = met
  met = []
  return texts.length === 0 ? text : putTogether(text, texts)
}

function putTogether(text: string, texts: string[]): Buffer {
  const hole = mark.length + 2
  let length = Buffer.byteLength(text) - hole * texts.length
  for (const one of texts) length += Buffer.byteLength(one)
  const bytes = takeMemory(length)
  let [from, at] = [0, 0]
  for (const one of texts) {
    const place = text.indexOf(mark, from)
    at += bytes.write(text.slice(from, place - 1), at)
    at += bytes.write(one, at)
    from = place + 2
  }
  bytes.write(text.slice(from), at)
  return bytes
}
