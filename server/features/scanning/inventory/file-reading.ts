import { InventoryRefused, Unreadable, type Budget } from './bounds.ts'
import type { RandomBytes } from './bytes.ts'
import type { Cataloger } from './catalogers/cataloger.ts'
import { catalogers } from './catalogers/list.ts'
import type { Component } from './component.ts'
import type { Sink, Spool } from './spool.ts'

/** One file of a layer while its bytes come; `end` says of which packages it tells. Throws InventoryRefused. */
export type FileReading = { write(chunk: Buffer): void; end(): Component[] }

/** `note` keeps a sentence on what was left out. */
type ReadingGround = { budget: Budget; spool: Spool; note(text: string): void }

/** How many bytes of a file say what it is. */
const headBytes = 16

/** Keeps the bytes of a file only when a cataloger wants it. `size` in bytes. */
export function openFileReading(ground: ReadingGround, path: string, size: number): FileReading {
  let head = Buffer.alloc(0)
  let wanted: Cataloger[] | undefined
  let sink: Sink | undefined

  const choose = () => {
    wanted = catalogers.filter(({ wants }) => wants(path, head.subarray(0, headBytes)))
    sink = wanted.length > 0 ? openSink(ground, wanted, path, size) : undefined
    sink?.write(head)
  }
  return {
    write(chunk) {
      if (wanted) return sink?.write(chunk)
      head = Buffer.concat([head, chunk])
      if (head.length >= headBytes) choose()
    },
    end() {
      if (!wanted) choose()
      return sink ? readBytes(ground, wanted!, path, sink.done()) : []
    },
  }
}

/** Undefined for a file that is too large. */
function openSink({ budget, spool, note }: ReadingGround, wanted: Cataloger[], path: string, size: number) {
  const { fileBytes, largeFileBytes } = budget.bounds
  const limit = wanted.some(({ isLarge }) => isLarge) ? largeFileBytes : fileBytes
  if (size <= limit) return spool.begin(size)
  const why = `${path} has more than ${limit} bytes`
  if (wanted.some(({ isList }) => isList)) throw new InventoryRefused(why)
  note(`${why}, and was left out`)
  return undefined
}

function readBytes(ground: ReadingGround, wanted: Cataloger[], path: string, bytes: RandomBytes): Component[] {
  const components = wanted.flatMap((cataloger) => readBy(ground, cataloger, path, bytes)).flatMap(bounded)
  // The system itself is no package.
  ground.budget.find(components.filter(({ type }) => type !== 'os').length)
  return components
}

function readBy({ budget, note }: ReadingGround, { read, isList }: Cataloger, path: string, bytes: RandomBytes) {
  try {
    return read(path, bytes, budget)
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    if (isList) throw new InventoryRefused(`${path} cannot be read: ${error.message}`)
    note(`${path} was left out: ${error.message}`)
    return []
  }
}

/** Names of packages are no longer than file names, versions no longer than names. */
const isShort = (text = '') => text.length <= 512

/** A component with a long name is none; its license is cut. So nothing that an image holds makes a row grow. */
function bounded(one: Component): Component[] {
  const { license, qualifiers = {} } = one
  if (![one.name, one.namespace, one.version, one.source?.name, one.source?.version].every(isShort)) return []
  if (!Object.values(qualifiers).every(isShort)) return []
  return [{ ...one, ...(license === undefined ? {} : { license: license.slice(0, 512).toWellFormed() }) }]
}
