import { createHash } from 'node:crypto'

/**
 * The changes that a process has heard of, in a table of bounded size: each key belongs to one of the slots, and each
 * change of the key alters the slot's stamp by a value that every process computes in the same way. Two processes with
 * the same stamp have heard of the same changes; a process with another stamp does not believe a fact that was read
 * under it. Keys that share a slot only make facts look older than they are. See docs/decisions/0009-redis.md.
 */
export interface Stamps {
  /** The generation and the stamp of a key's slot; undefined while this process does not know its table. */
  of(key: string): string | undefined
  /** Notes a change that is about to be committed. The order in which changes are noted does not matter. */
  note(change: string, keys: Iterable<string>): void
  /** Forgets the table, and notes changes from now on, to be added to another process's table of this very moment. */
  begin(): void
  /** Adopts the table of another process as it was when `begin` was called. */
  adopt(generation: string, table: Buffer): void
  /** Begins a new generation, under which no process has kept anything. */
  found(generation: string): void
  /** Forgets the table. */
  forget(): void
  /** A copy for a process that joins; undefined while this process does not know its table. */
  table(): { generation: string; table: Buffer } | undefined
}

/** A power of two. Each slot has 8 bytes, all together 1 MiB, which a process that joins gets once. */
const slots = 2 ** 17

export function openStamps(): Stamps {
  let generation: string | undefined
  const words = new Uint32Array(slots * 2)

  return {
    of(key) {
      if (generation === undefined) return undefined
      const slot = slotOf(key) * 2
      return `${generation}.${words[slot]!.toString(16)}.${words[slot + 1]!.toString(16)}`
    },
    note(change, keys) {
      for (const key of new Set(keys)) {
        // The hash of key and change, so that two keys of one change in one slot do not cancel out.
        const mark = createHash('sha256').update(`${change}\n${key}`).digest()
        const slot = slotOf(key) * 2
        words[slot]! ^= mark.readUInt32LE(0)
        words[slot + 1]! ^= mark.readUInt32LE(4)
      }
    },
    begin() {
      generation = undefined
      words.fill(0)
    },
    adopt(of, table) {
      if (table.length !== words.byteLength)
        throw new Error(`a table of stamps has ${words.byteLength} bytes, not ${table.length}`)
      for (let index = 0; index < words.length; index++) words[index]! ^= table.readUInt32LE(index * 4)
      generation = of
    },
    found(named) {
      generation = named
    },
    forget() {
      generation = undefined
    },
    table() {
      if (generation === undefined) return undefined
      const table = Buffer.allocUnsafe(words.byteLength)
      for (let index = 0; index < words.length; index++) table.writeUInt32LE(words[index]!, index * 4)
      return { generation, table }
    },
  }
}

/** FNV-1a with its high bits folded into the low ones; every process computes the same. */
function slotOf(key: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193)
  return (hash ^ (hash >>> 15)) & (slots - 1)
}
