import type { Reader } from '../../catalog/reader.ts'
import type { Queryable } from '../../platform/db/db.ts'
import { openUses, type Uses } from '../../platform/uses.ts'
import { claimOf, findAccount, type Claim, type Provider } from '../accounts/index.ts'
import { findRobotSecret, knownPrefixes, saveUses } from './store.ts'

type Found = { fullName: string; robot: NonNullable<Awaited<ReturnType<typeof findRobotSecret>>> }

/** Logins of robots by name and secret. A robot expires without a write, so that each login compares the time. */
export function robotLogin(reader: Reader, uses: Uses, prefixOf: () => Promise<string>): Provider {
  return {
    name: 'robot',
    async claim(name) {
      const prefix = await prefixOf()
      const found = await findByName(reader, name, prefix)
      if (!found) return undefined
      const { robot, fullName } = found
      const { id, secretHash, oldSecretHash, oldSecretUntil, expiresAt } = robot
      const isDisabled = robot.isDisabled || isOver(expiresAt)
      // Under one name in logs, by whichever it came.
      const caller = { kind: 'robot', id, name: prefix + fullName } as const
      const present = claimOf({ caller, secretHash, isDisabled })
      if (oldSecretHash === null || oldSecretUntil === null || isOver(oldSecretUntil)) return present
      return eitherOf(present, claimOf({ caller, secretHash: oldSecretHash, isDisabled }))
    },
    onLogin(caller) {
      if (caller.kind === 'robot') uses.note(caller.id)
    },
  }
}

const isOver = (end: Date | null) => end !== null && end.getTime() <= Date.now()

/**
 * The robot of this login name: with the prefix of the settings, or with one of those that are always known. An account
 * of that very name comes first, as it may have been there before.
 */
async function findByName(reader: Reader, name: string, prefix: string): Promise<Found | undefined> {
  for (const one of new Set([prefix, ...knownPrefixes])) {
    if (!name.startsWith(one)) continue
    const fullName = name.slice(one.length)
    const robot = await findRobotSecret(reader, fullName)
    if (robot && (one === prefix || !(await findAccount(reader, name)))) return { robot, fullName }
  }
  return undefined
}

/** A claim that holds with either of two secrets. */
function eitherOf(present: Claim, old: Claim): Claim {
  const both = [present, old]
  return {
    version: both.some(({ version }) => version === undefined)
      ? undefined
      : JSON.stringify(both.map(({ version }) => version)),
    checkAtOnce: (secret) => present.checkAtOnce?.(secret) ?? old.checkAtOnce?.(secret),
    check: async (secret, signal) => (await present.check(secret, signal)) ?? (await old.check(secret, signal)),
  }
}

/** Writes the times of the robots' last logins every `everyMs`. */
export const openRobotUses = (db: Queryable, everyMs: number, onError: (error: unknown) => void): Uses =>
  openUses((uses) => saveUses(db, uses), everyMs, onError)
