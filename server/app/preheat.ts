import { issuesPreheatCredentials, type preheat } from '../features/preheat/index.ts'
import type { Outbound } from '../platform/outbound/outbound.ts'
import { localUrlOf } from './addresses.ts'
import type { Ground } from './ground.ts'
import type { Floor } from './registry.ts'

/** What the feature that has others fetch images is given. */
export function lentToPreheat(ground: Ground, floor: Floor, outbound: Outbound): Parameters<typeof preheat>[0] {
  const { db, cache, secrets, config } = ground
  return {
    db,
    reader: { db, cache },
    seal: secrets,
    outbound,
    rules: config.preheat,
    registryUrl: localUrlOf(config.server),
    issueCredential: issuesPreheatCredentials(floor.tokens),
  }
}
