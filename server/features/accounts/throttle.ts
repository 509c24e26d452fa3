import { OciError } from '../../../oci/errors.ts'
import type { Queryable } from '../../platform/db/db.ts'
import { addFailure, countFailures, forgetFailures, isFamiliar, saveSignIn } from './store.ts'

/** For how long failed logins count, in s. */
export const failureWindow = 900
/** For how long an address stays familiar after a name logged in from it, in s: 30 days. */
export const familiarWindow = 30 * 86_400

/**
 * Failures before the next login has to wait: for one name from one address, for one name from an address where it
 * logged in before (`familiar`), for one name from anywhere. An address has a limit of names instead of failures: a
 * program with a wrong password is one name, however often it tries, and must not lock its neighbours out.
 */
const free = { pair: 5, familiar: 100, name: 100 }
const longestWait = 60

/** One login, and the failures that count against it. */
type Try = { name: string; address: string; failures: Awaited<ReturnType<typeof countFailures>> }

export type ThrottleOptions = {
  /** How many different names may fail to log in from one address; 0 sets no limit. */
  namesPerAddress: number
  /** Called for each login that has to wait, with its name and its address. */
  onSlowed?: (source: string) => void
}

/** Throttles the guessing of passwords on all replicas alike (C-17; docs/decisions/0023-sign-ins.md). */
export function openThrottle(
  { db, relaxed }: { db: Queryable; relaxed: Queryable },
  { namesPerAddress, onSlowed }: ThrottleOptions,
) {
  return {
    /** Throws TOOMANYREQUESTS while this name from this address has to wait. */
    async pass(name: string, address: string): Promise<Try> {
      const failures = await countFailures(db, subjectsOf(name, address), failureWindow)
      const wait = waitOf(failures, { address: namesPerAddress || Infinity, pair: free.pair, name: free.name })
      if (wait > 0) await refuseStrangers({ name, address, failures }, wait)
      return { name, address, failures }
    },

    async failed({ name, address, failures }: Try): Promise<void> {
      const [pair, ofAddress, ofName] = subjectsOf(name, address)
      const isNew = failures.every(({ subject }) => subject !== pair)
      await addFailure(relaxed, isNew ? [pair, ofAddress, ofName] : [pair, ofName], failureWindow)
    },

    async succeeded({ name, address, failures }: Try): Promise<void> {
      const [pair] = subjectsOf(name, address)
      await saveSignIn(relaxed, name, address)
      if (failures.some(({ subject }) => subject === pair)) await forgetFailures(relaxed, [pair])
    },
  }

  /** A name that logged in from this address before waits only for its own failures from there. */
  async function refuseStrangers({ name, address, failures }: Try, wait: number): Promise<void> {
    const familiar = { pair: free.familiar, name: Infinity, address: Infinity }
    const left = (await isFamiliar(db, name, address, familiarWindow)) ? waitOf(failures, familiar) : wait
    if (left === 0) return
    onSlowed?.(`${name} from ${address}`)
    const headers = { 'retry-after': String(left) }
    throw new OciError('TOOMANYREQUESTS', `too many failed logins: try again in ${left} s`, { headers })
  }
}

const subjectsOf = (name: string, address: string) =>
  [`pair:${JSON.stringify([name, address])}`, `address:${address}`, `name:${name}`] as const

type Free = Record<'pair' | 'address' | 'name', number>
const kindOf = (subject: string) => subject.slice(0, subject.indexOf(':')) as keyof Free

/** Seconds until the next login is allowed: the longest back-off of its subjects. */
function waitOf(failures: Try['failures'], frees: Free): number {
  const waits = failures.map(({ subject, failures: count, age }) => waitFor(frees[kindOf(subject)], count) - age)
  return Math.ceil(Math.max(0, ...waits))
}

/** The back-off after the last failure, in s: 1 after the free ones, doubled with each further one, 60 at most. */
const waitFor = (freely: number, failures: number) =>
  failures < freely ? 0 : Math.min(longestWait, 2 ** (failures - freely))
