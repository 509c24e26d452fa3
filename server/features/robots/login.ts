import type { Reader } from '../../catalog/reader.ts'
import type { Queryable } from '../../platform/db/db.ts'
import { openUses, type Uses } from '../../platform/uses.ts'
import type { Caller } from '../../registry/caller.ts'
import { claimOf, type Provider } from '../accounts/index.ts'
import { findRobotSecret, saveUses } from './store.ts'

/** Logins of robots by name and secret. A robot expires without a write, so that each login compares the time. */
export function robotLogin(reader: Reader, uses: Uses, prefixOf: () => Promise<string>): Provider {
  return {
    name: 'robot',
    async claim(name) {
      const prefix = await prefixOf()
      const robot = name.startsWith(prefix) ? await findRobotSecret(reader, name.slice(prefix.length)) : undefined
      if (!robot) return undefined
      const { id, secretHash, expiresAt } = robot
      const isOver = expiresAt !== null && expiresAt.getTime() <= Date.now()
      return claimOf({ caller: { kind: 'robot', id, name }, secretHash, isDisabled: robot.isDisabled || isOver })
    },
    onLogin(caller) {
      if (caller.kind === 'robot') uses.note(caller.id)
    },
  }
}

/** The robot of a login name, for who is known without a secret; undefined when it is not there, over or disabled. */
export function findRobotCaller(reader: Reader, uses: Uses, prefixOf: () => Promise<string>) {
  return async (name: string): Promise<Caller | undefined> => {
    const prefix = await prefixOf()
    const robot = name.startsWith(prefix) ? await findRobotSecret(reader, name.slice(prefix.length)) : undefined
    if (!robot || robot.isDisabled || (robot.expiresAt !== null && robot.expiresAt.getTime() <= Date.now()))
      return undefined
    uses.note(robot.id)
    return { kind: 'robot', id: robot.id, name }
  }
}

/** Writes the times of the robots' last logins every `everyMs`. */
export const openRobotUses = (db: Queryable, everyMs: number, onError: (error: unknown) => void): Uses =>
  openUses((uses) => saveUses(db, uses), everyMs, onError)
