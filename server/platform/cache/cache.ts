import type { Maybe } from '../maybe.ts'
import type { CacheCounts } from './counts.ts'
import { openFreshReads } from './fresh-reads.ts'
import { resourceOf } from './keys.ts'
import { Memory, type Facts, type Flight } from './memory.ts'

export type { Facts } from './memory.ts'

/**
 * Facts read from the database and kept in memory, each under one key. It never serves a false fact: a writer blocks
 * the keys that its commit makes untrue, and from then until the release no fact under them is served from memory, nor
 * is one kept that was read meanwhile. The argument is in docs/decisions/0007-caching.md.
 */
export interface Cache {
  /** The fact, from memory at once or by `load`; callers that ask at once share one `load`. Undefined is never kept. */
  get<Value extends object>(
    key: string,
    load: () => Promise<Value | undefined>,
    sizeOf?: (value: Value) => number,
  ): Maybe<Value | undefined>
  /** The fact from memory at once, or what `load` returns instead, which is not kept and not shared. */
  getOr<Value extends object, Other>(key: string, load: () => Promise<Other>): Maybe<Value | Other>
  /**
   * Several facts of one kind, by their ids: those in memory, and the others by one `load`. An id that `load` does not
   * find is missing in the answer, too.
   */
  many<Id, Value extends object>(
    ids: readonly Id[],
    keyOf: (id: Id) => string,
    load: (ids: Id[]) => Promise<Map<Id, Value>>,
    sizeOf?: (value: Value) => number,
  ): Promise<Map<Id, Value>>
  /**
   * Runs `step`; `facts` are those on which its result rests, where memory had every fact that it asked for at once.
   * While they are true, `step` would find them again. What else it depends on, as the time, is the caller's business.
   */
  watch<Result>(step: () => Result): { result: Result; facts: Facts | undefined }
  /**
   * Forgets the keys and keeps nothing under them until the function it returns is called. Blocks of one key add up.
   */
  block(keys: Iterable<string>): () => void
  /**
   * Removes from the shared layer the facts that a commit has made untrue. Only frees space: no process believes them.
   */
  tidy(keys: Iterable<string>): void
  /** Forgets every fact of a resource and returns how many. Reads of it that are under way keep nothing. */
  flush(resource: string): number
  /** Forgets everything. Reads that are under way keep nothing. */
  clear(): void
  /** Bytes and facts in memory. */
  size(): { bytes: number; entries: number }
  /** All facts in memory, for administrators, in no order. Not counted as hits. */
  entries(): Iterable<{ key: string; value: object; bytes: number }>
  /** The entry of one key as `entries` returns it, whether or not it may be served now. */
  look(key: string): { value: object; bytes: number } | undefined
  /** Hits, misses and so on of each resource, since the start. */
  counts(): CacheCounts[]
}

/**
 * A second layer that other processes see, too. It returns no fact that it does not know to be true; undefined is safe.
 */
export interface SharedLayer {
  /** The facts in the order of the keys. Never rejects. */
  read(keys: string[]): Promise<(object | undefined)[]>
  /** Keeps a fact that was read while its key was not blocked. Returns at once. */
  write(key: string, value: object): void
  /** Removes facts that a commit made untrue. Only frees space: no process believes them. Returns at once. */
  forget(keys: string[]): void
}

type CacheOptions = {
  /** In bytes; 0 keeps nothing in memory, which is slower and just as right. */
  limit: number
  /** How long a fact is kept, in ms, even if it stays true; to within a tenth. */
  expireMs?: number
  /** False while other processes cannot tell this one of changes: then nothing is served from memory or kept. */
  isTrusted?: () => boolean
  /** Resources whose facts are not kept. */
  never?: ReadonlySet<string>
  /** Asked for facts of these resources that memory does not have. */
  shared?: { layer: SharedLayer; resources: ReadonlySet<string> }
}

/** The size of a value whose size the caller does not tell, in bytes. */
const usualSize = () => 200
const day = 24 * 3600_000

export function openCache({
  limit,
  expireMs = day,
  isTrusted = () => true,
  never = new Set(),
  shared,
}: CacheOptions): Cache {
  const memory = new Memory({ limit, expireMs, isTrusted, never })
  const layerOf = (key: string) =>
    shared?.resources.has(resourceOf(key)) && !never.has(resourceOf(key)) ? shared.layer : undefined
  const parts: Parts = { memory, layerOf, readFresh: openFreshReads() }

  return {
    get: (key, load, sizeOf = usualSize) => (memory.find(key) ?? readOne(parts, key, load, sizeOf)) as never,
    getOr: (key, load) => (memory.find(key) as never) ?? load(),
    many: (ids, keyOf, load, sizeOf = usualSize) => getMany(parts, ids, { keyOf, load, sizeOf }),
    watch: (step) => memory.watch(step),
    block: (keys) => memory.block(keys),
    tidy(keys) {
      if (!shared) return
      const those = [...keys].filter((key) => layerOf(key) !== undefined)
      if (those.length > 0) shared.layer.forget(those)
    },
    flush: (resource) => memory.flush(resource),
    clear: () => memory.clear(),
    size: () => memory.size(),
    entries: () => memory.entries(),
    look: (key) => memory.look(key),
    counts: () => memory.counts.all(),
  }
}

type Parts = {
  memory: Memory
  layerOf(key: string): SharedLayer | undefined
  readFresh: ReturnType<typeof openFreshReads>
}

type LoadOne<Value> = () => Promise<Value | undefined>
type SizeOf<Value> = (value: Value) => number

/** A fact that memory does not have: read by this caller, or by another whose read it joins. */
function readOne<Value extends object>(parts: Parts, key: string, load: LoadOne<Value>, sizeOf: SizeOf<Value>) {
  const { memory, readFresh } = parts
  const { counts } = memory
  const loadFresh = () => readFresh(key, () => counts.load(key, load))
  // While a key is blocked its change may be committed at any moment: a read that began a moment ago may already be
  // old. No caller joins a read that began before it asked.
  if (!memory.isTrusted() || memory.isBlocked(key)) return loadFresh()
  counts.of(resourceOf(key)).miss++
  const known = memory.findFlight(key)
  // A writer that creates a fact need not name its key: a read that began before this caller asked may have missed it.
  if (known) return known.promise.then((value) => value ?? (known.again ??= loadFresh()))
  const flight = memory.begin(key)
  return (flight.promise = fetchOne(parts, { key, flight }, load, sizeOf))
}

/** Asks the shared layer, then `load`. The value is kept unless its key was blocked meanwhile. */
async function fetchOne<Value extends object>(
  { memory, layerOf }: Parts,
  { key, flight }: { key: string; flight: Flight },
  load: LoadOne<Value>,
  sizeOf: SizeOf<Value>,
): Promise<Value | undefined> {
  const layer = layerOf(key)
  try {
    if (layer) {
      const [found] = (await layer.read([key])) as [Value | undefined]
      if (found && memory.isCurrent(key, flight)) {
        memory.keep(key, found, sizeOf)
        return found
      }
    }
    const value = await memory.counts.load(key, load)
    if (value !== undefined && memory.isCurrent(key, flight)) {
      memory.keep(key, value, sizeOf)
      layer?.write(key, value)
    }
    return value
  } finally {
    memory.end(key, flight)
  }
}

/** How `many` names, loads and measures facts of one kind. */
type Kind<Id, Value> = {
  keyOf(id: Id): string
  load(ids: Id[]): Promise<Map<Id, Value>>
  sizeOf: SizeOf<Value>
}

async function getMany<Id, Value extends object>(
  parts: Parts,
  ids: readonly Id[],
  kind: Kind<Id, Value>,
): Promise<Map<Id, Value>> {
  const { answer, asked, alone, joined } = sortOut(parts.memory, ids, kind)
  const own = asked.length + alone.length > 0 ? fetchMany(parts, asked, alone, kind) : undefined
  for (const { id, flight } of asked) {
    flight.promise = own!.then((all) => all.get(id))
    // Callers that join the flight hear of the failure; without one it must not count as unhandled.
    flight.promise.catch(() => {})
  }
  for (const [id, value] of (await own) ?? []) answer.set(id, value)
  const absent: Id[] = []
  for (const { id, flight } of joined) {
    const value = (await flight.promise) as Value | undefined
    if (value !== undefined) answer.set(id, value)
    else absent.push(id)
  }
  if (absent.length === 0) return answer
  // As in `readOne`: a flight that began before this caller asked may have missed a new fact.
  const { load, keyOf } = kind
  const loaded = await parts.memory.counts.load(keyOf(absent[0]!), () => load(absent))
  for (const [id, value] of loaded) answer.set(id, value)
  return answer
}

type Asked<Id> = { id: Id; key: string; flight: Flight }
type Alone<Id> = { id: Id; key: string }

/**
 * `answer`: facts in memory. `asked`: read by this caller, and other callers may join. `alone`: read by this caller,
 * not shared. `joined`: read by other callers.
 */
function sortOut<Id, Value extends object>(memory: Memory, ids: readonly Id[], { keyOf }: Kind<Id, Value>) {
  const answer = new Map<Id, Value>()
  const asked: Asked<Id>[] = []
  const alone: Alone<Id>[] = []
  const joined: { id: Id; flight: Flight }[] = []
  const isTrusted = memory.isTrusted()
  for (const id of new Set(ids)) {
    const key = keyOf(id)
    const found = memory.find(key, isTrusted)
    if (found) {
      answer.set(id, found as Value)
    } else if (!isTrusted || memory.isBlocked(key)) {
      alone.push({ id, key })
    } else {
      memory.counts.of(resourceOf(key)).miss++
      const flight = memory.findFlight(key)
      if (flight) joined.push({ id, flight })
      else asked.push({ id, key, flight: memory.begin(key) })
    }
  }
  return { answer, asked, alone, joined }
}

/** As `fetchOne`, for several facts: one question to the shared layer, then one `load` of the rest. */
async function fetchMany<Id, Value extends object>(
  { memory, layerOf }: Parts,
  asked: Asked<Id>[],
  alone: Alone<Id>[],
  { load, sizeOf }: Kind<Id, Value>,
): Promise<Map<Id, Value>> {
  const layer = asked.length > 0 ? layerOf(asked[0]!.key) : undefined
  try {
    const found = new Map<Id, Value>()
    const shown = layer ? ((await layer.read(asked.map(({ key }) => key))) as (Value | undefined)[]) : []
    asked.forEach(({ id, key, flight }, index) => {
      const value = shown[index]
      if (!value || !memory.isCurrent(key, flight)) return
      memory.keep(key, value, sizeOf)
      found.set(id, value)
    })
    const missing = asked.filter(({ id }) => !found.has(id))
    if (missing.length + alone.length === 0) return found
    const wanted = [...alone, ...missing]
    const loaded = await memory.counts.load(wanted[0]!.key, () => load(wanted.map(({ id }) => id)))
    for (const { id, key, flight } of missing) {
      const value = loaded.get(id)
      if (value === undefined || !memory.isCurrent(key, flight)) continue
      memory.keep(key, value, sizeOf)
      layer?.write(key, value)
    }
    return new Map([...found, ...loaded])
  } finally {
    for (const { key, flight } of asked) memory.end(key, flight)
  }
}

/** Keeps nothing and shares nothing: every read goes to the database. */
const noCache: Cache = {
  get: (_key, load) => load(),
  many: async (ids, _keyOf, load) => (ids.length > 0 ? load([...new Set(ids)]) : new Map()),
  getOr: (_key, load) => load(),
  watch: (step) => ({ result: step(), facts: undefined }),
  block: () => () => {},
  tidy: () => {},
  flush: () => 0,
  clear: () => {},
  size: () => ({ bytes: 0, entries: 0 }),
  entries: () => [],
  look: () => undefined,
  counts: () => [],
}

/** A reader without a cache: for reads that must not be answered from memory. */
export const uncached = <Db>({ db }: { db: Db }): { db: Db; cache: Cache } => ({ db, cache: noCache })
