import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { feature } from '../../platform/feature.ts'
import type { SettingsReader } from '../settings/index.ts'
import type { Log } from '../../platform/observe/log.ts'
import { openPart } from '../../platform/observe/part.ts'
import { openDeliverer, type DelivererOptions } from './deliver.ts'
import { sweepDeliveries } from './deliveries.ts'
import { forgetHolds } from './queue.ts'
import { queueDeliveries } from './react.ts'
import { webhookRoutes } from './routes.ts'
import { facts } from './topics.ts'

type Rules = DelivererOptions['rules'] & { secretOverlapMs: number; history: number; historyMs: number }
type Lent = Omit<DelivererOptions, 'lanes' | 'part' | 'log'> & {
  log: Log
  db: Db
  cache: Reader['cache']
  settings: SettingsReader
  rules: Rules
  /** `host:port` by which clients reach Marina. */
  host: string
}

/** Webhooks: tell other programs over HTTP what happens in Marina. */
export const webhooks = (
  { db, cache, settings, secrets, outbound, log, rules, host }: Lent,
  part = openPart('webhooks', log),
) =>
  feature({
    name: 'webhooks',
    topics: facts,
    routes: webhookRoutes({ db, secrets, host, overlapMs: rules.secretOverlapMs }),
    reactions: [queueDeliveries({ cache, host, isOn: () => settings.get('notification_enable') })],
    afterCrash: forgetHolds,
    workers: [() => openDeliverer({ db, secrets, outbound, log, rules, part })],
    components: [part.component],
    sweeps: [
      {
        trouble: 'old deliveries of webhooks not removed',
        everyMs: 10 * 60_000,
        run: (signal) => sweepDeliveries(db.relaxed, { keep: rules.history, ageMs: rules.historyMs }, signal),
      },
    ],
  })
