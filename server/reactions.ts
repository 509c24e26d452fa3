import { topicsOf, type Topics } from './catalog/topic.ts'
import { facts as nouns } from './catalog/topics.ts'
import type { Config } from './config/config.ts'
import { facts as accounts } from './features/accounts/topics.ts'
import { facts as artifacts } from './features/artifacts/topics.ts'
import { forwardLog, writeLog } from './features/audit/index.ts'
import { facts as audit } from './features/audit/topics.ts'
import { facts as cache } from './features/cache/topics.ts'
import { facts as cveAllowlist } from './features/cve-allowlist/topics.ts'
import { facts as exports } from './features/exports/topics.ts'
import { facts as gc } from './features/gc/topics.ts'
import { facts as immutability } from './features/immutability/topics.ts'
import { facts as jobService } from './features/job-service/topics.ts'
import { facts as labels } from './features/labels/topics.ts'
import { facts as members } from './features/members/topics.ts'
import { warnOfQuota } from './features/quotas/index.ts'
import { facts as quotas } from './features/quotas/topics.ts'
import { facts as reactions } from './features/reactions/topics.ts'
import { facts as repositories } from './features/repositories/topics.ts'
import { facts as robots } from './features/robots/topics.ts'
import { facts as scanning } from './features/scanning/topics.ts'
import type { SettingsReader } from './features/settings/index.ts'
import { facts as settings } from './features/settings/topics.ts'
import { facts as systemArtifacts } from './features/system-artifacts/topics.ts'
import { facts as undelete } from './features/undelete/topics.ts'
import { facts as userGroups } from './features/user-groups/topics.ts'
import { queueDeliveries } from './features/webhooks/index.ts'
import { facts as webhooks } from './features/webhooks/topics.ts'
import type { Cache } from './platform/cache/cache.ts'
import type { Reaction } from './platform/events/reaction.ts'
import type { Forwarder } from './platform/observe/forward.ts'
import { facts as registry } from './registry/topics.ts'

/** Every topic that somebody emits; a reaction to another one is refused at the start. */
export const topics: Topics = topicsOf(
  nouns, registry, accounts, artifacts, audit, cache, cveAllowlist, exports, gc, immutability, jobService, labels,
  members, quotas, reactions, repositories, robots, scanning, settings, systemArtifacts, undelete, userGroups, webhooks,
)

type Lent = {
  settings: SettingsReader
  config: Pick<Config, 'auditPulls' | 'quotaWarning'>
  forwarder: Forwarder
  cache: Cache
  /** `host:port` by which clients reach Marina. */
  host: string
}

/** Who is told of what, in one list. A feature lends its reaction by its index.ts. */
export function reactionsOf({ settings: items, config, forwarder, cache: memory, host }: Lent): Reaction[] {
  return [
    writeLog({ settings: items, topics, pullsPercent: config.auditPulls }),
    forwardLog({ settings: items, topics, pullsPercent: config.auditPulls, forwarder }),
    warnOfQuota(config.quotaWarning),
    queueDeliveries({ cache: memory, host, isOn: () => items.get('notification_enable') }),
  ]
}
