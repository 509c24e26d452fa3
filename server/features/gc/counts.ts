import type { Db, Tx } from '../../platform/db/db.ts'
import { openPlaces } from '../../platform/places.ts'
import type { Counted, Done } from './run.ts'

type Counting = { db: Db; totals: Done; keep: (tx: Tx, totals: Done) => Promise<void> }

/**
 * Runs transactions that save the counts of their own work, and adds them to `totals` once they are committed. A
 * semaphore of one lets workers save and commit one after the other, each on top of the committed counts of the others,
 * so that the counts are right after a kill at any moment.
 */
export function openCounts({ db, totals, keep }: Counting): Counted {
  const order = openPlaces({ places: 1 })

  return async (work) => {
    let did: Partial<Done> = {}
    let turn = undefined as Disposable | undefined
    try {
      const result = await db.transaction(async (tx) => {
        did = {}
        const worked = await work(tx, (more) => void (did = plus(did, more)))
        turn ??= await order.enter('')
        await keep(tx, plus(totals, did))
        return worked
      })
      Object.assign(totals, plus(totals, did))
      return result
    } finally {
      turn?.[Symbol.dispose]()
    }
  }
}

function plus<Sum extends Partial<Done>>(one: Sum, more: Partial<Done>): Sum {
  const added = (Object.keys(more) as (keyof Done)[]).map((name) => [name, (one[name] ?? 0) + (more[name] ?? 0)])
  return { ...one, ...Object.fromEntries(added) }
}
