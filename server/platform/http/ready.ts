import { giveBack, takeSlab } from './slabs.ts'

/** An answer that is JSON already: it is sent as it is, in place of an object that would have to be serialized. */
export class ReadyJson {
  readonly bytes: Buffer
  constructor(bytes: Buffer) {
    this.bytes = bytes
  }
}

/** A shorter answer, in bytes, gets memory of its own: a client that reads slowly would hold all of a slab for it. */
const leastBytes = 32_768

/** Puts an answer together from pieces of JSON text, which are copied one after the other into memory used before. */
export class JsonBytes {
  #bytes = takeSlab()
  #length = 0

  /** Adds bytes that stand in a string as Latin-1, one a character. */
  addBytes(bytes: string): this {
    this.#reserve(bytes.length)
    this.#length += this.#bytes.write(bytes, this.#length, 'latin1')
    return this
  }

  /** Adds any text, as UTF-8. */
  addText(text: string): this {
    // A UTF-16 unit takes at most 3 bytes.
    this.#reserve(text.length * 3)
    this.#length += this.#bytes.write(text, this.#length)
    return this
  }

  /** Adds again the `count` bytes that stand from `start` on. */
  repeat(start: number, count: number): this {
    this.#reserve(count)
    this.#bytes.copyWithin(this.#length, start, start + count)
    this.#length += count
    return this
  }

  /** The number of bytes so far. */
  get length(): number {
    return this.#length
  }

  /** The answer. Nothing can be added to it any more. */
  finish(): ReadyJson {
    const [bytes, length] = [this.#bytes, this.#length]
    if (length >= leastBytes) return new ReadyJson(bytes.subarray(0, length))
    const own = Buffer.allocUnsafe(length)
    bytes.copy(own, 0, 0, length)
    giveBack(bytes)
    return new ReadyJson(own)
  }

  #reserve(count: number): void {
    const needed = this.#length + count
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(larger, 0, 0, this.#length)
    giveBack(this.#bytes)
    this.#bytes = larger
  }
}

/**
 * The UTF-8 bytes of a text as a string of one byte a character: half the memory of a text in which a single character
 * is beyond Latin-1, and its length is its number of bytes. ASCII, which most texts are, stays the same string.
 */
export const bytesOf = (text: string): string =>
  Buffer.byteLength(text) === text.length ? text : Buffer.from(text).toString('latin1')

/** The text of which `bytesOf` made the bytes. */
export const textOf = (bytes: string): string =>
  Buffer.byteLength(bytes) === bytes.length ? bytes : Buffer.from(bytes, 'latin1').toString()
