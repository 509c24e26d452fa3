import type { Db, Tx } from '../../platform/db/db.ts'
import { openPlaces } from '../../platform/places.ts'
import type { Counted, Done } from './run.ts'

type Counting = { db: Db; totals: Done; keep: (tx: Tx, totals: Done) => Promise<void> }

/**
 * Transactions that are counted with what they do: written down in the transaction itself, and in `totals` once it is committed. Workers
 * write down one after the other, each on top of what the others have committed, so that a kill at any moment leaves the right counts.
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
