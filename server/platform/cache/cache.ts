import { LRUCache } from 'lru-cache'
import { openCounts, type CacheCounts, type Counts } from './counts.ts'
import { resourceOf } from './keys.ts'
import type { Maybe } from '../maybe.ts'

/**
 * Facts read from the database and kept in memory, each under one key. Never false: whoever is about to commit a change
 * blocks the keys it makes untrue, and from then until the release nobody is served such a fact from memory, nor is what was
 * read meanwhile kept (docs/decisions/0007-caching.md has the argument).
 */
export interface Cache {
  /** The fact from memory at once, or loaded; however many ask at once, `load` runs once. Undefined is never kept. */
  get<Value extends object>(
    key: string,
    load: () => Promise<Value | undefined>,
    sizeOf?: (value: Value) => number,
  ): Maybe<Value | undefined>
  /** The fact from memory at once, or what `load` answers instead, which is kept nowhere and shared with nobody. */
  getOr<Value extends object, Other>(key: string, load: () => Promise<Other>): Maybe<Value | Other>
  /**
   * Several facts of one kind, by their ids: those in memory, and the rest by one `load` of what is missing. What `load` does
   * not find is missing in the answer too.
   */
  many<Id, Value extends object>(
    ids: readonly Id[],
    keyOf: (id: Id) => string,
    load: (ids: Id[]) => Promise<Map<Id, Value>>,
    sizeOf?: (value: Value) => number,
  ): Promise<Map<Id, Value>>
  /** Forgets the keys and keeps nothing under them until the function it returns is called. Blocks of one key add up. */
  block(keys: Iterable<string>): () => void
  /** Removes from the shared layer what a commit of this process has made untrue; nobody believes it any more anyway. */
  tidy(keys: Iterable<string>): void
  /** Forgets every fact of a resource. Reads that are under way keep nothing. Returns how many there were. */
  flush(resource: string): number
  /** Forgets everything. Reads that are under way keep nothing. */
  clear(): void
  /** Bytes and facts held. */
  size(): { bytes: number; entries: number }
  /** What is held, for administrators: by key, in no order, without a trace in the counts. */
  entries(): Iterable<{ key: string; value: object; bytes: number }>
  /** What is held under one key, as `entries` has it, whether or not it may be served now. */
  look(key: string): { value: object; bytes: number } | undefined
  /** How often what happened, since the start. */
  counts(): CacheCounts[]
}

/** A second layer that other processes see too. It says itself what it holds true; undefined is always a right answer. */
export interface SharedLayer {
  /** In the order of the keys. Never rejects. */
  read(keys: string[]): Promise<(object | undefined)[]>
  /** Keeps a fact that was read while no change of it was on its way. Returns at once. */
  write(key: string, value: object): void
  /** Removes facts that a commit made untrue. Only tidies: they would not be believed any more. Returns at once. */
  forget(keys: string[]): void
}

/** `again`: the read after it, shared by those who joined it and learnt that there is nothing. */
type Flight = { promise: Promise<unknown>; isStale: boolean; again?: Promise<unknown> }
type Kept = { value: object; counts: Counts }

type CacheOptions = {
  /** In bytes; 0 keeps nothing in memory, which is slower and just as right. */
  limit: number
  /** How long a fact is kept, in ms, though it be true for longer; to within a tenth. */
  expireMs?: number
  /** False while this process cannot be told of other processes' changes: then nothing is served from memory or kept. */
  isTrusted?: () => boolean
  /** Resources of which nothing is kept. */
  never?: ReadonlySet<string>
  /** Asked where memory does not know, for these resources alone. */
  shared?: { layer: SharedLayer; resources: ReadonlySet<string> }
}

/** Bytes that an entry costs beside its value: key, bookkeeping. */
const entryOverhead = 300
/** Of a value of which nothing is said, in bytes. */
const usualSize = () => 200
const day = 24 * 3600_000

export function openCache({
  limit,
  expireMs = day,
  isTrusted = () => true,
  never = new Set(),
  shared,
}: CacheOptions): Cache {
  const kept = new LRUCache<string, Kept>({
    maxSize: Math.max(1, limit),
    ttl: expireMs,
    ttlResolution: Math.min(60_000, expireMs / 10),
  })
  const flights = new Map<string, Flight>()
  const afresh = openLine()
  const blocked = new Map<string, number>()
  const counts = openCounts('memory')

  const layerOf = (key: string) =>
    shared?.resources.has(resourceOf(key)) && !never.has(resourceOf(key)) ? shared.layer : undefined

  const forget = (key: string) => {
    if (kept.delete(key)) counts.of(resourceOf(key)).forget++
    const flight = flights.get(key)
    if (flight) flight.isStale = true
    // Whoever asks from now on must not join a read that began before.
    flights.delete(key)
  }

  const block = (keys: Iterable<string>) => {
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
  }

  /** True while what was read for the flight may be given to others than those who wait for it. */
  const isCurrent = (key: string, flight: Flight) => !flight.isStale && !blocked.has(key) && isTrusted()

  const keep = <Value extends object>(key: string, value: Value, sizeOf: (value: Value) => number) => {
    if (limit > 0 && !never.has(resourceOf(key)))
      kept.set(
        key,
        { value, counts: counts.of(resourceOf(key)) },
        { size: Math.min(sizeOf(value) + key.length * 2 + entryOverhead, limit + 1) },
      )
  }

  const begin = (key: string): Flight => {
    const flight: Flight = { promise: Promise.resolve(), isStale: false }
    flights.set(key, flight)
    return flight
  }
  const end = (key: string, flight: Flight) => void (flights.get(key) === flight && flights.delete(key))

  /** By the shared layer, else by `load`; each value is kept unless its key was blocked meanwhile. */
  const fetchOne = async <Value extends object>(
    key: string,
    flight: Flight,
    load: () => Promise<Value | undefined>,
    sizeOf: (value: Value) => number,
  ): Promise<Value | undefined> => {
    const layer = layerOf(key)
    try {
      if (layer) {
        const [found] = (await layer.read([key])) as [Value | undefined]
        if (found && isCurrent(key, flight)) {
          keep(key, found, sizeOf)
          return found
        }
      }
      const value = await counts.load(key, load)
      if (value !== undefined && isCurrent(key, flight)) {
        keep(key, value, sizeOf)
        layer?.write(key, value)
      }
      return value
    } finally {
      end(key, flight)
    }
  }

  /** What may be served from memory. Of a blocked key nothing is kept. */
  const find = (key: string): object | undefined => {
    const found = isTrusted() ? kept.get(key) : undefined
    if (!found) return undefined
    found.counts.hit++
    return found.value
  }

  type Asked<Id> = { id: Id; key: string; flight: Flight }

  /** The same for several: one question to the shared layer, one to the database. */
  const fetchMany = async <Id, Value extends object>(
    asked: Asked<Id>[],
    alone: { id: Id; key: string }[],
    load: (ids: Id[]) => Promise<Map<Id, Value>>,
    sizeOf: (value: Value) => number,
  ): Promise<Map<Id, Value>> => {
    const layer = asked.length > 0 ? layerOf(asked[0]!.key) : undefined
    try {
      const found = new Map<Id, Value>()
      const shown = layer ? ((await layer.read(asked.map(({ key }) => key))) as (Value | undefined)[]) : []
      asked.forEach(({ id, key, flight }, index) => {
        const value = shown[index]
        if (!value || !isCurrent(key, flight)) return
        keep(key, value, sizeOf)
        found.set(id, value)
      })
      const missing = asked.filter(({ id }) => !found.has(id))
      if (missing.length + alone.length === 0) return found
      const wanted = [...alone, ...missing]
      const loaded = await counts.load(wanted[0]!.key, () => load(wanted.map(({ id }) => id)))
      for (const { id, key, flight } of missing) {
        const value = loaded.get(id)
        if (value === undefined || !isCurrent(key, flight)) continue
        keep(key, value, sizeOf)
        layer?.write(key, value)
      }
      return new Map([...found, ...loaded])
    } finally {
      for (const { key, flight } of asked) end(key, flight)
    }
  }

  return {
    get(key, load, sizeOf = usualSize) {
      const found = find(key)
      if (found) return found as never
      // While a key is blocked its change may be committed at any moment: a read that another began a moment ago may already
      // be old. Nobody joins one that began before he asked.
      if (!isTrusted() || blocked.has(key)) return afresh(key, () => counts.load(key, load)) as Promise<never>
      counts.of(resourceOf(key)).miss++
      const known = flights.get(key)
      if (known) {
        // Who makes a fact need not name its key: a read that began before the joiner asked may have missed it.
        const lookAgain = () => (known.again ??= afresh(key, () => counts.load(key, load)))
        return known.promise.then((value) => value ?? lookAgain()) as Promise<never>
      }
      const flight = begin(key)
      const promise = fetchOne(key, flight, load, sizeOf)
      flight.promise = promise
      return promise
    },

    getOr: (key, load) => (find(key) as never) ?? load(),

    async many<Id, Value extends object>(
      ids: readonly Id[],
      keyOf: (id: Id) => string,
      load: (ids: Id[]) => Promise<Map<Id, Value>>,
      sizeOf: (value: Value) => number = usualSize,
    ) {
      const answer = new Map<Id, Value>()
      const [asked, alone, joined]: [Asked<Id>[], { id: Id; key: string }[], { id: Id; flight: Flight }[]] = [
        [],
        [],
        [],
      ]
      const trusted = isTrusted()
      for (const id of new Set(ids)) {
        const key = keyOf(id)
        const found = trusted ? kept.get(key) : undefined
        if (found) {
          found.counts.hit++
          answer.set(id, found.value as Value)
        } else if (!trusted || blocked.has(key)) {
          alone.push({ id, key })
        } else {
          counts.of(resourceOf(key)).miss++
          const flight = flights.get(key)
          if (flight) joined.push({ id, flight })
          else asked.push({ id, key, flight: begin(key) })
        }
      }
      const own = asked.length + alone.length > 0 ? fetchMany(asked, alone, load, sizeOf) : undefined
      for (const { id, flight } of asked) {
        flight.promise = own!.then((all) => all.get(id))
        // Told to whoever waits; nobody has to.
        flight.promise.catch(() => {})
      }
      for (const [id, value] of (await own) ?? []) answer.set(id, value)
      const absent: Id[] = []
      for (const { id, flight } of joined) {
        const value = (await flight.promise) as Value | undefined
        if (value !== undefined) answer.set(id, value)
        else absent.push(id)
      }
      // As in `get`.
      if (absent.length > 0)
        for (const [id, value] of await counts.load(keyOf(absent[0]!), () => load(absent))) answer.set(id, value)
      return answer
    },

    block,

    tidy(keys) {
      if (!shared) return
      const those = [...keys].filter((key) => layerOf(key) !== undefined)
      if (those.length > 0) shared.layer.forget(those)
    },

    flush(resource) {
      const keys = [...kept.keys(), ...flights.keys()].filter((key) => resourceOf(key) === resource)
      const before = kept.size
      block(keys)()
      return before - kept.size
    },

    clear() {
      kept.clear()
      for (const flight of flights.values()) flight.isStale = true
      flights.clear()
    },

    size: () => ({ bytes: kept.calculatedSize, entries: kept.size }),
    *entries() {
      for (const [key, { value }] of kept.entries()) yield { key, value, bytes: kept.info(key)?.size ?? 0 }
    },
    look(key) {
      const found = kept.peek(key)
      return found && { value: found.value, bytes: kept.info(key)?.size ?? 0 }
    },
    counts: () => counts.all(),
  }
}

/**
 * One read after the other for each key. Who asks while one runs waits for the next, together with all who ask until that
 * begins: so a read is shared by many, and began after each of them asked. Without it, thousands who ask at once for a key that
 * is blocked, or while the lease has lapsed, would each read the database.
 */
function openLine(): (key: string, read: () => Promise<unknown>) => Promise<unknown> {
  const lines = new Map<string, { running: Promise<unknown>; next: Promise<unknown> | undefined }>()

  const begin = (key: string, read: () => Promise<unknown>): Promise<unknown> => {
    const line = { running: read(), next: undefined }
    lines.set(key, line)
    const end = () => void (lines.get(key) === line && line.next === undefined && lines.delete(key))
    line.running.then(end, end)
    return line.running
  }

  return (key, read) => {
    const line = lines.get(key)
    if (!line) return begin(key, read)
    const start = () => begin(key, read)
    return (line.next ??= line.running.then(start, start))
  }
}

/** Keeps nothing and shares nothing: every question goes to the database. */
const noCache: Cache = {
  get: (_key, load) => load(),
  many: async (ids, _keyOf, load) => (ids.length > 0 ? load([...new Set(ids)]) : new Map()),
  getOr: (_key, load) => load(),
  block: () => () => {},
  tidy: () => {},
  flush: () => 0,
  clear: () => {},
  size: () => ({ bytes: 0, entries: 0 }),
  entries: () => [],
  look: () => undefined,
  counts: () => [],
}

/** The same questions, always asked of the database: for what is not to be answered from the cache. */
export const uncached = <Db>({ db }: { db: Db }): { db: Db; cache: Cache } => ({ db, cache: noCache })
