import type { Tx } from '../db/db.ts'

/** A fact as its handlers get it. It has the same id each time it is handed over. */
export type Told = {
  id: number
  topic: string
  payload: Record<string, unknown>
  occurredAt: Date
  /** The address of the request's client; null for what Marina did by itself. */
  address: string | null
  requestId: string | null
}

/** Calls `handle` for facts of `topics`. Each feature lists its own reactions. */
export type Reaction = {
  /** The database keeps the reaction's place under this name: it must never be used for another reaction. */
  name: string
  topics: readonly string[] | 'all'
  /** Where a new reaction begins: with all facts that are still in the outbox, or with those from now on. */
  begins: 'first' | 'now'
  /**
   * Takes some facts, in their order, inside the transaction that also notes them as taken, so that writes by `tx`
   * happen once. Effects outside the database belong in a job. Throws to get the facts again later.
   */
  handle(tx: Tx, facts: Told[]): Promise<void>
}

/**
 * Throws Error for a reaction without name, handler or topic, for a duplicate name, or a topic that no feature emits
 * (S4-15, S4-19).
 */
export function checkReactions(reactions: readonly Reaction[], topics: Pick<ReadonlySet<string>, 'has'>): void {
  const names = new Set<string>()
  for (const { name, topics: wanted, handle } of reactions) {
    if (!/^[a-z][a-z0-9-]{0,62}$/.test(name))
      throw new Error(`a reaction needs a name in lower case, not ${JSON.stringify(name)}`)
    if (names.has(name)) throw new Error(`two reactions are named ${name}`)
    names.add(name)
    if (typeof handle !== 'function') throw new Error(`${name} has no handler`)
    if (wanted === 'all') continue
    if (wanted.length === 0) throw new Error(`${name} reacts to no topic`)
    if (new Set(wanted).size < wanted.length) throw new Error(`${name} names a topic twice`)
    const unknown = wanted.find((topic) => !topics.has(topic))
    if (unknown !== undefined) throw new Error(`${name} reacts to ${JSON.stringify(unknown)}, which no feature emits`)
  }
}
