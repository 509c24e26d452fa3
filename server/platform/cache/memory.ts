import { LRUCache } from 'lru-cache'
import { openCounts, type Counts } from './counts.ts'
import { resourceOf } from './keys.ts'

/**
 * A read under way that other callers may join (single flight): `value` is what it finds. `again` is the read after it,
 * shared by the callers that joined this one and learnt from it that there is nothing.
 */
export type Flight = { value: () => Promise<unknown>; isStale: boolean; again?: Promise<unknown> }

/** Facts that were found in memory. */
export interface Facts {
  /** True while all of them may still be served from memory; each call counts as a hit of each. */
  areTrue(): boolean
}

type Kept = { value: object; counts: Counts; isGone: boolean }

type MemoryOptions = {
  limit: number
  expireMs: number
  isTrusted: () => boolean
  never: ReadonlySet<string>
}

const nothing = () => Promise.resolve(undefined)

/**
 * Bytes that an entry costs beside its value and its key, of which each letter counts as two: 200 with a key of 18
 * letters, as measured by the heap of 60,000 entries.
 */
const entryOverhead = 170

/**
 * What one process keeps: the facts (LRU), the reads under way, and the keys that are blocked. The options are those of
 * the cache (cache.ts). The argument why it never serves a false fact is in docs/decisions/0007-caching.md.
 */
export class Memory {
  readonly counts = openCounts('memory')
  readonly isTrusted: () => boolean
  readonly #kept: LRUCache<string, Kept>
  readonly #flights = new Map<string, Flight>()
  /** How many blocks each blocked key has; a key without any is not in it. */
  readonly #blocked = new Map<string, number>()
  readonly #limit: number
  readonly #never: ReadonlySet<string>
  /** What `watch` has found so far; undefined when nobody watches, or once a fact was missing. */
  #seen: Kept[] | undefined

  constructor({ limit, expireMs, isTrusted, never }: MemoryOptions) {
    this.isTrusted = isTrusted
    this.#limit = limit
    this.#never = never
    this.#kept = new LRUCache({
      maxSize: Math.max(1, limit),
      ttl: expireMs,
      ttlResolution: Math.min(60_000, expireMs / 10),
      dispose: (kept) => (kept.isGone = true),
    })
  }

  /**
   * The fact that may be served from memory and is enough for the caller, counted as a hit. Nothing is kept under a
   * blocked key.
   */
  find(key: string, isTrusted = this.isTrusted(), isEnough?: (value: object) => boolean): object | undefined {
    const found = isTrusted ? this.#kept.get(key) : undefined
    if (!found || isEnough?.(found.value) === false) return void (this.#seen = undefined)
    found.counts.hit++
    this.#seen?.push(found)
    return found.value
  }

  /** Runs `step`, and says on which facts its result rests when it found all that it asked for here. */
  watch<Result>(step: () => Result): { result: Result; facts: Facts | undefined } {
    if (this.#seen) throw new Error('one step is watched at a time')
    this.#seen = []
    try {
      const result = step()
      const seen = this.#seen as Kept[] | undefined
      return { result, facts: seen && seen.length > 0 ? { areTrue: () => this.#areTrue(seen) } : undefined }
    } finally {
      this.#seen = undefined
    }
  }

  /** True while each of them could be found as before; they then count as found. */
  #areTrue(seen: Kept[]): boolean {
    if (!this.isTrusted()) return false
    for (const one of seen) if (one.isGone) return false
    for (const one of seen) one.counts.hit++
    return true
  }

  keep<Value extends object>(key: string, value: Value, sizeOf: (value: Value) => number): void {
    if (this.#limit <= 0 || this.#never.has(resourceOf(key))) return
    const size = Math.min(sizeOf(value) + key.length * 2 + entryOverhead, this.#limit + 1)
    this.#kept.set(key, { value, counts: this.counts.of(resourceOf(key)), isGone: false }, { size })
  }

  isBlocked(key: string): boolean {
    return this.#blocked.has(key)
  }

  /**
   * Forgets the keys and keeps nothing under them until the function it returns is called. Blocks of one key add up.
   */
  block(keys: Iterable<string>): () => void {
    const all = [...keys]
    for (const key of all) {
      this.#blocked.set(key, (this.#blocked.get(key) ?? 0) + 1)
      this.#forget(key)
    }
    let isOpen = true
    return () => {
      if (!isOpen) return
      isOpen = false
      for (const key of all) this.#unblock(key)
    }
  }

  #unblock(key: string): void {
    const left = this.#blocked.get(key)! - 1
    if (left > 0) this.#blocked.set(key, left)
    else this.#blocked.delete(key)
    // Marks the reads stale that began before the commit and still run.
    this.#forget(key)
  }

  #forget(key: string): void {
    if (this.#kept.delete(key)) this.counts.of(resourceOf(key)).forget++
    const flight = this.#flights.get(key)
    if (flight) flight.isStale = true
    // A caller that asks from now on must not join a read that began before.
    this.#flights.delete(key)
  }

  findFlight(key: string): Flight | undefined {
    return this.#flights.get(key)
  }

  /** Begins a flight that other callers may join; the caller sets its value. */
  begin(key: string): Flight {
    const flight: Flight = { value: nothing, isStale: false }
    this.#flights.set(key, flight)
    return flight
  }

  end(key: string, flight: Flight): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key)
  }

  /** True while the flight's value may be kept, and so given to callers other than those that wait for the flight. */
  isCurrent(key: string, flight: Flight): boolean {
    return !flight.isStale && !this.isBlocked(key) && this.isTrusted()
  }

  flush(resource: string): number {
    const keys = [...this.#kept.keys(), ...this.#flights.keys()].filter((key) => resourceOf(key) === resource)
    const before = this.#kept.size
    this.block(keys)()
    return before - this.#kept.size
  }

  clear(): void {
    this.#kept.clear()
    for (const flight of this.#flights.values()) flight.isStale = true
    this.#flights.clear()
  }

  size(): { bytes: number; entries: number } {
    return { bytes: this.#kept.calculatedSize, entries: this.#kept.size }
  }

  *entries(): Generator<{ key: string; value: object; bytes: number }> {
    for (const [key, { value }] of this.#kept.entries()) yield { key, value, bytes: this.#bytesOf(key) }
  }

  look(key: string): { value: object; bytes: number } | undefined {
    const found = this.#kept.peek(key)
    return found && { value: found.value, bytes: this.#bytesOf(key) }
  }

  #bytesOf(key: string): number {
    return this.#kept.info(key)?.size ?? 0
  }
}
