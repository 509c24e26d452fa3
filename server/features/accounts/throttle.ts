import { OciError } from '../../../oci/errors.ts'
import type { Queryable } from '../../platform/db/db.ts'
import { addFailure, countFailures, forgetFailures, isFamiliar, saveSignIn } from './store.ts'

/** Failures are remembered this long, in s. */
export const failureWindow = 900
/** For how long a sign-in makes an address familiar to a name, in s: 30 days. */
export const familiarWindow = 30 * 86_400

/**
 * What is free before each next try has to wait: failures of one name from one address, from one where that name signed
 * in before (`familiar`), of one name from anywhere. Of an address other names are counted instead of failures: one
 * program with a wrong password is one name, however often it tries, and must not shut out its neighbours.
 */
const free = { pair: 5, familiar: 100, name: 100 }
const longestWait = 60

/** One try to sign in, and the failures that count against it. */
type Try = { name: string; address: string; failures: Awaited<ReturnType<typeof countFailures>> }

export type ThrottleOptions = {
  /** Different names that one address may fail to sign in with; 0 is any number. */
  namesPerAddress: number
  /** Told of each try that has to wait: by whom, and from where. */
  onSlowed?: (source: string) => void
}

/** Slows the guessing of passwords, on all processes alike (C-17; docs/decisions/0023-sign-ins.md). */
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

  /** Who signed in from there before answers for nobody but himself. */
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

/** Seconds until the next try may be made: the longest of those that its subjects ask for. */
function waitOf(failures: Try['failures'], frees: Free): number {
  const waits = failures.map(({ subject, failures: count, age }) => waitFor(frees[kindOf(subject)], count) - age)
  return Math.ceil(Math.max(0, ...waits))
}

/** Seconds after the last failure: doubling from 1 beyond the free ones. */
const waitFor = (freely: number, failures: number) =>
  failures < freely ? 0 : Math.min(longestWait, 2 ** (failures - freely))
