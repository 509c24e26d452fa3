import type { Db } from '../../platform/db/db.ts'
import { feature } from '../../platform/feature.ts'
import { sweepEvents } from './actions.ts'

export { openNotificationDoor } from './door.ts'

/** Events that other registries report. */
export const notifications = ({ db, memoryMs }: { db: Db; memoryMs: number }) =>
  feature({
    name: 'notifications',
    sweeps: [
      {
        trouble: 'old events of other registries not removed',
        everyMs: 10 * 60_000,
        run: (signal) => sweepEvents(db.relaxed, memoryMs, signal),
      },
    ],
  })
