import type { Db } from '../../platform/db/db.ts'
import { pause } from '../../platform/events/follower.ts'
import { hintOf } from '../../platform/events/hint.ts'
import { currentSnapshot, lookBeyond, readWindow } from '../../platform/events/places.ts'
import type { Told } from '../../platform/events/reaction.ts'
import type { Place } from './place.ts'

type TailOptions = {
  db: Db
  /** The topics that are read; other facts only move the place. */
  topics: readonly string[]
  /** Gets some facts in their order, and the place after them. The tail waits until it has resolved. */
  onFacts(facts: Told[], place: Place): Promise<void>
  onTrouble(error: unknown): void
  /** How often the outbox is looked at for facts of other processes, in ms. */
  pollMs?: number
}

export type Tail = AsyncDisposable & {
  /**
   * Calls `join` once, with a place that is no older than this call: from there on, all facts go to `onFacts`.
   */
  arrive(join: (place: Place) => void): void
  /** How far it has come; undefined before its first look. */
  place(): Place | undefined
}

/** Facts that are read at once. */
const batch = 200
/** The pause between two looks while facts keep coming, in ms, so that they make a batch. */
const pauseMs = 40

/**
 * Follows the outbox, for all streams of this process: one query a look, however many clients there are. It writes
 * nothing, and other processes follow on their own.
 */
export function openTail({ db, topics, onFacts, onTrouble, pollMs = 1000 }: TailOptions): Tail {
  const closing = new AbortController()
  const hint = hintOf(db, closing.signal)
  const waiting: ((place: Place) => void)[] = []
  let place: Place | undefined
  const ended = follow()

  async function follow(): Promise<void> {
    while (!closing.signal.aborted) {
      hint.reset()
      // Only those that came before the look: its snapshot is newer than any that they were given elsewhere.
      const arrived = waiting.splice(0)
      try {
        await look()
        for (const join of arrived) join(place!)
      } catch (error) {
        waiting.unshift(...arrived)
        onTrouble(error)
        await pause(pollMs, closing.signal)
      }
      await pause(pauseMs, closing.signal)
      await hint.wait(pollMs)
    }
  }

  async function look(): Promise<void> {
    place ??= placeAt(await currentSnapshot(db))
    const { now, isBehind } = await lookBeyond(db, place.seen)
    if (!isBehind && place.until === undefined) return void (place = placeAt(now))
    const until = place.until ?? now
    for (let isAll = false; !isAll && !closing.signal.aborted;) {
      const read = await readPart(db, topics, { ...place, until })
      await onFacts(read.facts, read.place)
      ;({ place, isAll } = read)
    }
  }

  return {
    arrive(join) {
      waiting.push(join)
      hint.give()
    },
    place: () => place,
    async [Symbol.asyncDispose]() {
      hint.close()
      closing.abort()
      await ended
    },
  }
}

const placeAt = (seen: string): Place => ({ seen, until: undefined, lastId: 0, at: Date.now() })

/** The next facts of a window, and the place after them. `isAll`: that is the window's end. */
export async function readPart(
  db: Db,
  topics: readonly string[],
  { seen, until, lastId }: Place & { until: string },
): Promise<{ facts: Told[]; place: Place; isAll: boolean; count: number }> {
  const read = await readWindow(db, { seen, until, lastId }, topics, batch)
  const isAll = read.length < batch
  return {
    facts: read.filter(({ topic }) => topics.includes(topic)),
    place: isAll ? placeAt(until) : { seen, until, lastId: read.at(-1)!.id, at: Date.now() },
    isAll,
    count: read.length,
  }
}
