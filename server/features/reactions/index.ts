import type { Db } from '../../platform/db/db.ts'
import type { Dispatcher } from '../../platform/events/dispatcher.ts'
import { feature } from '../../platform/feature.ts'
import { reactionRoutes } from './routes.ts'
import { facts } from './topics.ts'

type Lent = {
  db: Db
  /** That of this process, once it serves. */
  dispatcher(): Dispatcher
  keepMs: number
}

/** Who reacts to facts, how far each has come, and facts that are old. */
export const reactions = ({ db, dispatcher, keepMs }: Lent) =>
  feature({
    name: 'reactions',
    topics: facts,
    routes: reactionRoutes(db, dispatcher),
    sweeps: [
      { trouble: 'old facts not removed', everyMs: 10 * 60_000, run: (signal) => dispatcher().sweep(keepMs, signal) },
    ],
  })
