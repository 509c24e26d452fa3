import type { Maybe } from '../maybe.ts'
import type { SharedLayer } from './cache.ts'
import type { openFreshReads } from './fresh-reads.ts'
import { resourceOf } from './keys.ts'
import type { Flight, Memory } from './memory.ts'

/** What the functions of a cache work on. */
export type Parts = {
  memory: Memory
  layerOf(key: string): SharedLayer | undefined
  readFresh: ReturnType<typeof openFreshReads>
}

/** The bytes that a value takes in memory. */
export type SizeOf<Value> = (value: Value) => number

/** How facts of one kind are named, loaded and measured. */
export type Kind<Id, Value> = {
  keyOf(id: Id): string
  load(ids: Id[]): Promise<Map<Id, Value>>
  sizeOf: SizeOf<Value>
  /**
   * False for a fact that lacks a part which this caller needs: it is loaded again, and kept in the place of the other.
   */
  isEnough?(value: Value): boolean
  /** The form that a value has in the shared layer, where that is another one. `unpack` gets what `pack` returned. */
  packing?: { pack(value: Value): object; unpack(packed: object): Value }
}

/** The facts in the order of the ids: at once where memory has all of them. */
export function getList<Id, Value extends object>(
  parts: Parts,
  ids: readonly Id[],
  kind: Kind<Id, Value>,
): Maybe<(Value | undefined)[]> {
  const { memory } = parts
  const { keyOf } = kind
  const isEnough = kind.isEnough as ((value: object) => boolean) | undefined
  const isTrusted = memory.isTrusted()
  const missing: Id[] = []
  const all = ids.map((id) => {
    const found = memory.find(keyOf(id), isTrusted, isEnough)
    if (!found) missing.push(id)
    return found as Value | undefined
  })
  if (missing.length === 0) return all
  return getMany(parts, missing, kind).then((others) => all.map((one, index) => one ?? others.get(ids[index]!)))
}

export async function getMany<Id, Value extends object>(
  parts: Parts,
  ids: readonly Id[],
  kind: Kind<Id, Value>,
): Promise<Map<Id, Value>> {
  const { answer, asked, alone, joined } = sortOut(parts.memory, ids, kind)
  const own = asked.length + alone.length > 0 ? fetchMany(parts, asked, alone, kind) : undefined
  for (const { id, flight } of asked) flight.value = () => own!.then((all) => all.get(id))
  for (const [id, value] of (await own) ?? []) answer.set(id, value)
  const absent: Id[] = []
  for (const { id, flight } of joined) {
    const value = (await flight.value()) as Value | undefined
    if (value !== undefined && isEnoughFor(kind, value)) answer.set(id, value)
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
function sortOut<Id, Value extends object>(memory: Memory, ids: readonly Id[], { keyOf, isEnough }: Kind<Id, Value>) {
  const answer = new Map<Id, Value>()
  const asked: Asked<Id>[] = []
  const alone: Alone<Id>[] = []
  const joined: { id: Id; flight: Flight }[] = []
  const isTrusted = memory.isTrusted()
  for (const id of new Set(ids)) {
    const key = keyOf(id)
    const found = memory.find(key, isTrusted, isEnough as (value: object) => boolean)
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
  kind: Kind<Id, Value>,
): Promise<Map<Id, Value>> {
  const { load, sizeOf, packing } = kind
  const layer = asked.length > 0 ? layerOf(asked[0]!.key) : undefined
  try {
    const found = new Map<Id, Value>()
    const shown = layer ? await layer.read(asked.map(({ key }) => key)) : []
    asked.forEach(({ id, key, flight }, index) => {
      const stored = shown[index]
      const value = (stored && packing ? packing.unpack(stored) : stored) as Value | undefined
      if (!value || !isEnoughFor(kind, value) || !memory.isCurrent(key, flight)) return
      memory.keep(key, value, sizeOf)
      found.set(id, value)
    })
    const missing = found.size === 0 ? asked : asked.filter(({ id }) => !found.has(id))
    if (missing.length + alone.length === 0) return found
    const wanted = [...alone, ...missing]
    const loaded = await memory.counts.load(wanted[0]!.key, () => load(wanted.map(({ id }) => id)))
    for (const { id, key, flight } of missing) {
      const value = loaded.get(id)
      if (value === undefined || !memory.isCurrent(key, flight)) continue
      memory.keep(key, value, sizeOf)
      layer?.write(key, packing ? packing.pack(value) : value)
    }
    return found.size === 0 ? loaded : new Map([...found, ...loaded])
  } finally {
    for (const { key, flight } of asked) memory.end(key, flight)
  }
}

const isEnoughFor = <Id, Value>({ isEnough }: Kind<Id, Value>, value: Value) => isEnough?.(value) ?? true
