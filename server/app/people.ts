import type { AnyTopic } from '../catalog/topic.ts'
import type { ApiRoute } from '../features/access/index.ts'
import { accounts, openPersonBringing } from '../features/accounts/index.ts'
import { beginMasking, type AliasOf } from '../features/audit/index.ts'
import { ldap, openBringing, openGroupFinder } from '../features/ldap/index.ts'
import { members } from '../features/members/index.ts'
import { oidc } from '../features/oidc/index.ts'
import { robots } from '../features/robots/index.ts'
import { ownRoles } from '../features/roles/index.ts'
import { userGroups } from '../features/user-groups/index.ts'
import { workloads } from '../features/workloads/index.ts'
import type { Feature } from '../platform/feature.ts'
import type { Ground } from './ground.ts'
import type { Floor } from './registry.ts'

/** The features about people and programs, and the systems that vouch for them. */
export function peopleOf(ground: Ground, floor: Floor, aliasOf: AliasOf): Feature<ApiRoute, AnyTopic>[] {
  const { db, cache, config, log } = ground
  const { settings, outside, directory } = floor
  const reader = { db, cache }
  return [
    accounts({ ...reader, ...floor, ...accountLimits(config), masking: maskingOf(config, aliasOf) }),
    oidc({ db, oidc: floor.oidc, log }),
    ldap({ directory, settings, outside }),
    userGroups({ reader, findInDirectory: openGroupFinder(directory, settings) }),
    members({ reader, bring: bringOf(ground, floor) }),
    ownRoles({ reader }),
    robots({ reader, settings, limits: config.robots }),
    workloads({ reader, workloads: floor.workloads, peerOf: floor.peerOf, limits: config.workloads }),
  ]
}

/** Takes people and groups over who are to become members, from the system that has the accounts. */
function bringOf({ db, config }: Ground, { directory, settings, outside }: Floor) {
  const fromDirectory = openBringing({ db, directory, settings, outside })
  const { answerMs } = config.identity
  const fromOthers = openPersonBringing({ db, settings, outside, answerMs })
  return async (...[by, wanted]: Parameters<typeof fromDirectory>) => {
    await fromDirectory(by, wanted)
    await fromOthers(wanted)
  }
}

/** How names of deleted accounts are masked in the audit log. */
const maskingOf = (
  { audit: { maskDeleted } }: Ground['config'],
  aliasOf: AliasOf,
): Parameters<typeof accounts>[0]['masking'] => ({
  begin: (tx, by, name) => beginMasking(tx, aliasOf, by, name),
  isUsual: maskDeleted,
})

const accountLimits = ({ limits, identity }: Ground['config']) => ({
  signUps: limits.signUps,
  tokensPerAccount: limits.tokensPerAccount,
  keepGoneMs: identity.keepGoneMs,
})
