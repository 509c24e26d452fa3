import type { Db } from '../db/db.ts'
import { awaitPlace, listParked, unpark, type Parked } from './places.ts'
import type { Reaction } from './reaction.ts'

/** Hands a reaction its parked facts again, the oldest first; those that it refuses again stay parked. */
export async function retryParked(
  db: Db,
  reaction: Reaction,
  closing: AbortSignal,
): Promise<{ taken: number; left: number }> {
  let [taken, left, after] = [0, 0, 0]
  const next = () => listParked(db, reaction.name, after)
  for (let page = await next(); page.length > 0 && !closing.aborted; page = await next()) {
    for (const parked of page) {
      after = parked.id
      if (await takeParked(db, reaction, parked).catch(() => false)) taken++
      else left++
    }
  }
  return { taken, left }
}

/** False when another process has taken the fact meanwhile. Rejects when the reaction refuses it. */
function takeParked(db: Db, reaction: Reaction, parked: Parked): Promise<boolean> {
  const { parkedId, handler: _, trouble: __, parkedAt: ___, ...fact } = parked
  return db.transaction(async (tx) => {
    await awaitPlace(tx, reaction.name)
    if (!(await unpark(tx, parkedId))) return false
    await reaction.handle(tx, [fact])
    return true
  })
}
