import type { Reader } from '../../catalog/reader.ts'
import type { Queryable } from '../../platform/db/db.ts'
import { every } from '../../platform/repeat.ts'
import { claimOf, type Provider } from '../accounts/index.ts'
import { findRobotSecret, saveUses } from './store.ts'

/** Logins of robots by name and secret. A robot expires without a write, so that each login compares the time. */
export function robotLogin(reader: Reader, uses: RobotUses, prefixOf: () => Promise<string>): Provider {
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

type RobotUses = AsyncDisposable & {
  /** Notes in memory, without a write, that a robot has just logged in. */
  note(robotId: number): void
  flush(): Promise<void>
}

/** Writes the times of the robots' last logins every `everyMs`, and once more when it is closed. */
export function openRobotUses(db: Queryable, everyMs: number, onError: (error: unknown) => void): RobotUses {
  const noted = new Map<number, Date>()
  const flush = async () => {
    if (noted.size === 0) return
    const batch = [...noted]
    await saveUses(db, batch)
    for (const [id, at] of batch) if (noted.get(id) === at) noted.delete(id)
  }
  const timer = every(everyMs, flush, onError)
  return {
    note: (robotId) => void noted.set(robotId, new Date()),
    flush,
    async [Symbol.asyncDispose]() {
      await timer[Symbol.asyncDispose]()
      await flush().catch(onError)
    },
  }
}
