import type { Db } from '../../platform/db/db.ts'
import type { Dispatcher } from '../../platform/events/dispatcher.ts'
import { feature } from '../../platform/feature.ts'
import { reactionRoutes } from './routes.ts'
import { facts } from './topics.ts'

type Lent = {
  db: Db
  /** The dispatcher of this process. Call it only once the process serves. */
  dispatcher(): Dispatcher
  keepMs: number
}

/** The API on reactions: their cursors, their parked facts, and replays of old facts. */
export const reactions = ({ db, dispatcher, keepMs }: Lent) =>
  feature({
    name: 'reactions',
    topics: facts,
    routes: reactionRoutes(db, dispatcher),
    sweeps: [
      { trouble: 'old facts not removed', everyMs: 10 * 60_000, run: (signal) => dispatcher().sweep(keepMs, signal) },
    ],
  })
