import type { Db } from '../../platform/db/db.ts'
import { feature } from '../../platform/feature.ts'
import { collectionHandler } from './jobs.ts'
import { gcRoutes } from './routes.ts'
import { facts } from './topics.ts'
import { parseTimeWindow } from './window.ts'

export { collect } from './collect.ts'
export type { CollectOptions, Totals } from './run.ts'

type Lent = Parameters<typeof collectionHandler>[0] & {
  db: Db
  /** `window`: when it may run, such as `22:00-06:00`; empty for always. */
  pace: { delayMs: number; undeleteMs: number; perSecond: number; window: string | undefined }
}

/** Garbage collection of blobs, their bytes and untagged artifacts. */
export const gc = ({ pace: { delayMs, undeleteMs, perSecond, window }, ...ground }: Lent) =>
  feature({
    name: 'gc',
    topics: facts,
    routes: gcRoutes(ground.db),
    jobs: [
      collectionHandler(ground, {
        delayMs,
        keepMs: undeleteMs,
        perSecond,
        window: window ? parseTimeWindow(window) : undefined,
      }),
    ],
  })
