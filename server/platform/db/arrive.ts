import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { DatabaseUnavailable, type Db } from './db.ts'
import { tlsProblem } from './url.ts'

type Patience = {
  /** In ms. */
  limitMs: number
  /** Gives up the wait. */
  signal?: AbortSignal | undefined
  /** Why the database could not be reached this time. */
  onWait(error: DatabaseUnavailable): void
}

/** Between two tries, in ms. */
const pauseMs = 500

/**
 * The first connection of a start: a database that starts at the same time, recovers, or is slow to answer is waited
 * for. What waiting does not mend, such as a wrong password, is thrown at once.
 */
export async function arrive(db: Pick<Db, 'connect'>, { limitMs, signal, onWait }: Patience): Promise<Client> {
  const until = performance.now() + limitMs
  for (;;) {
    signal?.throwIfAborted()
    try {
      return await db.connect()
    } catch (error) {
      const problem = error instanceof DatabaseUnavailable ? tlsProblem(error.cause) : undefined
      if (problem !== undefined) throw new Error(problem, { cause: error })
      if (!(error instanceof DatabaseUnavailable) || performance.now() >= until) throw error
      onWait(error)
      await sleep(pauseMs, undefined, { signal })
    }
  }
}
