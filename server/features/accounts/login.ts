import { createHmac, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { OciError } from '../../../oci/errors.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Queryable } from '../../platform/db/db.ts'
import type { Caller } from '../../registry/caller.ts'
import { checkPassword } from './passwords.ts'
import { addFailure, countFailures, findAccount, forgetFailures, type Account } from './store.ts'

export type Login = (name: string, password: string, address: string) => Promise<Caller | undefined>

/** What a name logs in with; a hash that is null fits no secret. */
export type Credential = { caller: Caller; secretHash: string | null; isDisabled: boolean }

/** Others than accounts that log in by a name and a secret. `find` knows a name that is one of them by its form, before the database is asked. */
export type LoginKind = { find(name: string): Promise<Credential | undefined>; onLogin(caller: Caller): void }

/** Failures are remembered this long, in s. */
export const failureWindow = 900

/** Free failures before each next try has to wait: for one name from one address, for one address, for one name. */
const free = { pair: 5, address: 50, name: 100 }
const longestWait = 60

/**
 * Checks a name and a password. A right one that was right before costs a hash of its own, not argon2; it stops being
 * right with the next change of the account. Guessing is slowed on all replicas alike (C-17), by pair, address and name, so
 * that nobody can lock another person out from elsewhere.
 */
export function openLogin(reader: Reader & { relaxed: Queryable }, kinds: LoginKind[] = []): Login {
  const pepper = randomBytes(32)
  const proven = new LRUCache<string, string>({ max: 5000, ttl: 10 * 60_000 })

  return async (name, password, address) => {
    if (name === '' || name.length > 600 || password.length > 4096 || name.includes('\0')) return undefined
    const { kind, found } = await findCredential(name)
    const mark = createHmac('sha256', pepper).update(JSON.stringify([name, password])).digest('base64')
    const accept = ({ caller }: Credential) => {
      kind?.onLogin(caller)
      return caller
    }
    if (found && !found.isDisabled && proven.get(mark) === found.secretHash) return accept(found)

    const subjects = { pair: `pair:${JSON.stringify([name, address])}`, address: `address:${address}`, name: `name:${name}` }
    const failures = await countFailures(reader.db, Object.values(subjects), failureWindow)
    const wait = Math.max(0, ...failures.map(({ subject, failures: count, age }) => waitFor(kindOf(subject), count) - age))
    if (wait > 0) {
      throw new OciError('TOOMANYREQUESTS', `too many failed logins: try again in ${Math.ceil(wait)} s`, { headers: { 'retry-after': String(Math.ceil(wait)) } })
    }
    if ((await checkPassword(found?.secretHash, password)) && !found!.isDisabled) {
      proven.set(mark, found!.secretHash!)
      if (failures.some(({ subject }) => subject === subjects.pair)) await forgetFailures(reader.relaxed, [subjects.pair])
      return accept(found!)
    }
    await addFailure(reader.relaxed, Object.values(subjects), failureWindow)
    return undefined
  }

  async function findCredential(name: string): Promise<{ kind?: LoginKind; found: Credential | undefined }> {
    for (const kind of kinds) {
      const found = await kind.find(name)
      if (found) return { kind, found }
    }
    return { found: credentialOf(await findAccount(reader, name)) }
  }
}

function credentialOf(account: Account | undefined): Credential | undefined {
  return account && { caller: { kind: 'user', id: account.id, name: account.name }, secretHash: account.passwordHash, isDisabled: account.isDisabled }
}

const kindOf = (subject: string) => subject.slice(0, subject.indexOf(':')) as keyof typeof free

/** Seconds to wait after the last failure: doubling from 1 beyond the free ones. */
function waitFor(kind: keyof typeof free, failures: number): number {
  return failures < free[kind] ? 0 : Math.min(longestWait, 2 ** (failures - free[kind]))
}
