import type { Tx } from '../db/db.ts'

/** A fact as its handlers get it. The same fact has the same id however often it comes. */
export type Told = {
  id: number
  topic: string
  payload: Record<string, unknown>
  occurredAt: Date
  /** Of the request that it came from; null for what Marina did by itself. */
  address: string | null
  requestId: string | null
}

/** When facts of `topics` happen, do `handle`. A feature lists its own. */
export type Reaction = {
  /** Under this name the database remembers how far it has come: never reuse one for something else. */
  name: string
  topics: readonly string[] | 'all'
  /** Where a reaction that is new to a database begins: with all facts that are still there, or with those from now on. */
  begins: 'first' | 'now'
  /**
   * Takes some facts, in their order, inside the transaction that also notes them as taken: what is written by `tx` happens once.
   * What has effects elsewhere belongs in a job. Throws to have them again later.
   */
  handle(tx: Tx, facts: Told[]): Promise<void>
}

/** Throws Error for a list that cannot be meant: nameless, handled twice, about nothing, or about what nobody emits (S4-15, S4-19). */
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
    if (unknown !== undefined) throw new Error(`${name} reacts to ${JSON.stringify(unknown)}, which nobody emits`)
  }
}
