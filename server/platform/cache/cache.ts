import type { Maybe } from '../maybe.ts'
import type { CacheCounts } from './counts.ts'
import { openFreshReads } from './fresh-reads.ts'
import { resourceOf } from './keys.ts'
import { getList, getMany, type Kind, type Parts, type SizeOf } from './many.ts'
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
  /** As `many`, in the order of the ids, and at once where memory has all: for the hot path of lists. */
  list<Id, Value extends object>(ids: readonly Id[], kind: Kind<Id, Value>): Maybe<(Value | undefined)[]>
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
    list: (ids, kind) => getList(parts, ids, kind),
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

type LoadOne<Value> = () => Promise<Value | undefined>

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
  if (known) return known.value().then((value) => value ?? (known.again ??= loadFresh()))
  const flight = memory.begin(key)
  const fetched = fetchOne(parts, { key, flight }, load, sizeOf)
  flight.value = () => fetched
  return fetched
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

/** Keeps nothing and shares nothing: every read goes to the database. */
const noCache: Cache = {
  get: (_key, load) => load(),
  many: async (ids, _keyOf, load) => (ids.length > 0 ? load([...new Set(ids)]) : new Map()),
  list: async (ids, { load }) => {
    const found = await load([...new Set(ids)])
    return ids.map((id) => found.get(id))
  },
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
