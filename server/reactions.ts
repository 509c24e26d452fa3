import { facts as nouns } from './catalog/topics.ts'
import { facts as artifacts } from './features/artifacts/topics.ts'
import { facts as immutability } from './features/immutability/topics.ts'
import { facts as quotas } from './features/quotas/topics.ts'
import { facts as repositories } from './features/repositories/topics.ts'
import { facts as scanning } from './features/scanning/topics.ts'
import { warnOfQuota } from './features/quotas/index.ts'
import type { SettingsReader } from './features/settings/index.ts'
import { queueDeliveries } from './features/webhooks/index.ts'
import { facts as webhooks } from './features/webhooks/topics.ts'
import type { Cache } from './platform/cache/cache.ts'
import { topicsOf } from './platform/events/emit.ts'
import type { Reaction } from './platform/events/reaction.ts'

/** Every topic that somebody emits; a reaction to another one is refused at the start. */
export const topics: ReadonlySet<string> = new Set([nouns, artifacts, immutability, quotas, repositories, scanning, webhooks].flatMap(topicsOf))

export type ReactionsOptions = {
  cache: Cache
  settings: SettingsReader
  /** `host:port` by which clients reach Marina. */
  host: string
  /** Share of a quota at which a push causes a warning, in percent. */
  quotaWarning: number
}

/** Who is told of what, in one list. A feature lends its reaction by its index.ts. */
export function reactionsOf({ cache, settings, host, quotaWarning }: ReactionsOptions): Reaction[] {
  return [
    warnOfQuota(quotaWarning),
    queueDeliveries({ cache, host, isOn: () => settings.get('notification_enable') }),
  ]
}
