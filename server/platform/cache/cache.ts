import { LRUCache } from 'lru-cache'

/**
 * Facts read from the database and kept in memory, each under one key. Never false: whoever is about to commit a change
 * blocks the keys it makes untrue, and from then until the release nobody is served such a fact from memory, nor is what was
 * read meanwhile kept (docs/decisions/0007-caching.md has the argument).
 */
export interface Cache {
  /** The fact from memory, or loaded; however many ask at once, `load` runs once. Undefined is never kept. */
  get<Value extends object>(key: string, load: () => Promise<Value | undefined>, sizeOf?: (value: Value) => number): Promise<Value | undefined>
  /** The fact from memory at once, or undefined when it has to be read. */
  peek(key: string): object | undefined
  /** Forgets the keys and keeps nothing under them until the function it returns is called. Blocks of one key add up. */
  block(keys: Iterable<string>): () => void
  /** Forgets everything. Reads that are under way keep nothing. */
  clear(): void
  /** Bytes and facts held. */
  size(): { bytes: number; entries: number }
}

type Flight = { promise: Promise<unknown>; isStale: boolean }

export type CacheOptions = {
  /** In bytes; 0 keeps nothing, which is slower and just as right. */
  limit: number
  /** False while this process cannot be told of other processes' changes: then nothing is served from memory or kept. */
  isTrusted?: () => boolean
  onRead?: (outcome: 'hit' | 'miss') => void
}

/** Bytes that an entry costs beside its value: key, bookkeeping. */
const entryOverhead = 300

export function openCache({ limit, isTrusted = () => true, onRead = () => {} }: CacheOptions): Cache {
  const kept = new LRUCache<string, { value: object }>({ maxSize: Math.max(1, limit) })
  const flights = new Map<string, Flight>()
  const blocked = new Map<string, number>()

  const forget = (key: string) => {
    kept.delete(key)
    const flight = flights.get(key)
    if (flight) flight.isStale = true
    // Whoever asks from now on must not join a read that began before.
    flights.delete(key)
  }

  const start = <Value extends object>(key: string, load: () => Promise<Value | undefined>, sizeOf: (value: Value) => number) => {
    const flight: Flight = { promise: Promise.resolve(), isStale: false }
    const run = async () => {
      try {
        const value = await load()
        if (value !== undefined && limit > 0 && !flight.isStale && !blocked.has(key) && isTrusted()) {
          kept.set(key, { value }, { size: Math.min(sizeOf(value) + key.length * 2 + entryOverhead, limit + 1) })
        }
        return value
      } finally {
        if (flights.get(key) === flight) flights.delete(key)
      }
    }
    flights.set(key, flight)
    const promise = run()
    flight.promise = promise
    return promise
  }

  return {
    async get(key, load, sizeOf = () => 200) {
      // While a key is blocked its change may be committed at any moment: everyone who asks has to look for himself, for a
      // read that another began a moment ago may already be old.
      if (!isTrusted() || blocked.has(key)) return load()
      const found = kept.get(key)
      onRead(found ? 'hit' : 'miss')
      if (found) return found.value as never
      return (flights.get(key)?.promise ?? start(key, load, sizeOf)) as Promise<never>
    },
    peek(key) {
      const found = isTrusted() ? kept.get(key) : undefined
      if (found) onRead('hit')
      return found?.value
    },
    block(keys) {
      const all = [...keys]
      for (const key of all) {
        blocked.set(key, (blocked.get(key) ?? 0) + 1)
        forget(key)
      }
      let isOpen = true
      return () => {
        if (!isOpen) return
        isOpen = false
        for (const key of all) {
          const left = blocked.get(key)! - 1
          if (left > 0) blocked.set(key, left)
          else blocked.delete(key)
          // Reads that began before the commit end here at the latest.
          forget(key)
        }
      }
    },
    clear() {
      kept.clear()
      for (const flight of flights.values()) flight.isStale = true
      flights.clear()
    },
    size: () => ({ bytes: kept.calculatedSize, entries: kept.size }),
  }
}
