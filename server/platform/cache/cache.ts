import { LRUCache } from 'lru-cache'
import type { CommitGuard } from '../db/db.ts'

/**
 * Facts read from the database and kept in memory, each under one key. Never false: a transaction that makes a fact untrue
 * names its key (`tx.changes(key)`), and from before its commit until after it nobody is served that fact from memory, nor is
 * what was read meanwhile kept (docs/decisions/0007-caching.md has the argument).
 */
export interface Cache extends CommitGuard {
  /** The fact in memory, if any. */
  peek<Value>(key: string): Value | undefined
  /** The fact from memory, or loaded; however many ask at once, `load` runs once. Undefined is never kept. */
  get<Value extends NonNullable<unknown>>(key: string, load: () => Promise<Value | undefined>, sizeOf?: (value: Value) => number): Promise<Value | undefined>
  /** Bytes and facts held. */
  size(): { bytes: number; entries: number }
}

type Flight = { promise: Promise<unknown>; stale: boolean }

/** Bytes that an entry costs beside its value: key, bookkeeping. Measured with 100,000 small entries. */
const entryOverhead = 300

/** `limit` in bytes; 0 keeps nothing, which is slower and just as right. */
export function openCache(limit: number, onRead: (outcome: 'hit' | 'miss') => void = () => {}): Cache {
  const kept = new LRUCache<string, { value: NonNullable<unknown> }>({ maxSize: Math.max(1, limit) })
  const flights = new Map<string, Flight>()
  /** Keys some transaction is about to make untrue, and how many such there are. */
  const changing = new Map<string, number>()

  const forget = (key: string) => {
    kept.delete(key)
    const flight = flights.get(key)
    if (flight) flight.stale = true
    // Whoever asks from now on must not join a read that began before.
    flights.delete(key)
  }

  const start = <Value extends NonNullable<unknown>>(key: string, load: () => Promise<Value | undefined>, sizeOf: (value: Value) => number) => {
    const flight: Flight = { promise: Promise.resolve(), stale: false }
    const run = async () => {
      try {
        const value = await load()
        if (value !== undefined && !flight.stale && !changing.has(key) && limit > 0) {
          kept.set(key, { value }, { size: Math.min(sizeOf(value) + key.length * 2 + entryOverhead, limit + 1) })
        }
        return value
      } finally {
        if (flights.get(key) === flight) flights.delete(key)
      }
    }
    flights.set(key, flight)
    return (flight.promise = run()) as Promise<Value | undefined>
  }

  return {
    peek: <Value>(key: string) => kept.get(key)?.value as Value | undefined,
    async get(key, load, sizeOf = () => 200) {
      const found = kept.get(key)
      onRead(found ? 'hit' : 'miss')
      if (found) return found.value as never
      return (flights.get(key)?.promise ?? start(key, load, sizeOf)) as never
    },
    async around(keys, commit) {
      for (const key of keys) changing.set(key, (changing.get(key) ?? 0) + 1)
      for (const key of keys) forget(key)
      try {
        return await commit()
      } finally {
        for (const key of keys) {
          const left = changing.get(key)! - 1
          if (left > 0) changing.set(key, left)
          else changing.delete(key)
          forget(key)
        }
      }
    },
    size: () => ({ bytes: kept.calculatedSize, entries: kept.size }),
  }
}
