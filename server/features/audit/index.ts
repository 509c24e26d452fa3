import type { Reader } from '../../catalog/reader.ts'
import type { Topics } from '../../catalog/topic.ts'
import type { Db } from '../../platform/db/db.ts'
import { feature } from '../../platform/feature.ts'
import type { Forwarder } from '../../platform/observe/forward.ts'
import type { SettingsReader } from '../settings/index.ts'
import { aliasesBy, beginMasking, maskingHandler, type AliasOf } from './masking/jobs.ts'
import { maskingRoutes } from './masking/routes.ts'
import { purgeHandler } from './purge/jobs.ts'
import { purgeRoutes } from './purge/routes.ts'
import { forwardLog, measureForwarder, writeLog } from './reactions.ts'
import { auditRoutes } from './routes.ts'
import { makeMonthsAhead } from './store.ts'
import { facts } from './topics.ts'

export { openRefusals, type Refusals } from './refusals.ts'
export { strangeTypeIn } from './rules.ts'
export { aliasesBy, beginMasking, type AliasOf }

type Lent = {
  reader: Reader & { db: Db }
  /** The topics of all features, complete by the time of the first request. */
  topics: Topics
  settings: SettingsReader
  forwarder: Forwarder
  /** The share of pulls that get an entry, in %. */
  pullsPercent: number
  /** What stands in the log in the place of the name of a deleted account. */
  aliasOf: AliasOf
  /** The pause before the second pass of a masking, in ms. */
  maskAgainMs: number
}

/** The audit log: who did what, when and from where, and its purge. */
export const audit = ({ reader, topics, settings, forwarder, pullsPercent, aliasOf, maskAgainMs }: Lent) =>
  feature({
    name: 'audit',
    topics: facts,
    routes: [...auditRoutes(reader, topics), ...purgeRoutes(reader.db, topics), ...maskingRoutes(reader.db, aliasOf)],
    reactions: [
      writeLog({ settings, topics, pullsPercent }),
      forwardLog({ settings, topics, pullsPercent, forwarder }),
    ],
    jobs: [purgeHandler(reader.db, topics), maskingHandler({ db: reader.db, topics, againMs: maskAgainMs })],
    prepare: () => makeMonthsAhead(reader.db),
    sweeps: [
      {
        trouble: 'audit log tables of this and the next month not made',
        everyMs: 60 * 60_000,
        run: () => makeMonthsAhead(reader.db),
      },
    ],
    measure: measureForwarder(forwarder),
  })
