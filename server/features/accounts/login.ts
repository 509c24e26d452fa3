import { createHmac, randomBytes } from 'node:crypto'
import { OciError } from '../../../oci/errors.ts'
import type { RightsReader } from '../access/index.ts'
import type { Queryable } from '../../platform/db/db.ts'
import { openLru } from '../../platform/lru.ts'
import type { Uses } from '../../platform/uses.ts'
import type { Caller } from '../../registry/caller.ts'
import { localProvider } from './providers/local.ts'
import type { Claim, Owned, Provider } from './providers/provider.ts'
import { openThrottle, type ThrottleOptions } from './throttle.ts'
import { loginByToken } from './tokens/login.ts'

export type Login = (name: string, password: string, address: string) => Promise<Caller | undefined>

type LoginOptions = ThrottleOptions & {
  checkMs?: number
  /** Who checks a person's password; by default the accounts of this installation. */
  people?: (name: string) => Promise<Owned>
  /** Told of each password that was checked; `failed`: its provider did not answer. */
  onChecked?: (provider: string, outcome: 'right' | 'wrong' | 'failed') => void
  /** Told of each login by a personal token. */
  tokenUses?: Pick<Uses, 'note'>
}

/** The time limit of a password check, in ms: a directory that does not answer must not hold its callers for ever. */
const longestCheckMs = 30_000

/**
 * Checks a name and a password with the provider that the name belongs to: the first of `providers` that claims it,
 * else the accounts of this installation. A password that was right before is known by an HMAC of it, which saves
 * argon2, for 10 minutes at most and until the account changes. Failed logins are throttled on all replicas alike
 * (C-17), unless the secret is too long to guess.
 */
export function openLogin(
  reader: RightsReader & { relaxed: Queryable },
  providers: readonly Provider[] = [],
  { checkMs = longestCheckMs, tokenUses, onChecked, people, ...limits }: LoginOptions = { namesPerAddress: 50 },
): Login {
  const throttle = openThrottle(reader, limits)
  const claimOfPerson = people ?? claimLocally(localProvider(reader))
  const pepper = randomBytes(32)
  const proven = openLru<string, { version: string; caller: Caller }>(5000, { ttl: 10 * 60_000 })

  return async (name, password, address) => {
    if (name === '' || name.length > 600 || password.length > 4096 || name.includes('\0')) return undefined
    const byToken = await loginByToken(reader, name, password, tokenUses)
    if (byToken) return byToken
    const { provider, claim, throttledAs = name } = (await findClaim(providers, name)) ?? (await claimOfPerson(name))
    const mark = createHmac('sha256', pepper)
      .update(JSON.stringify([name, password]))
      .digest('base64')
    const known = provenBefore(mark, claim) ?? claim.checkAtOnce?.(password)
    const caller = known ?? (await prove(mark, { provider, claim, throttledAs }, password, address))
    if (caller) provider.onLogin?.(caller)
    return caller
  }

  function provenBefore(mark: string, { version }: Claim): Caller | undefined {
    const known = version === undefined ? undefined : proven.get(mark)
    return known?.version === version ? known?.caller : undefined
  }

  /** Throws TOOMANYREQUESTS while the name or the address has to wait. */
  async function prove(
    mark: string,
    { provider, claim, throttledAs }: Required<Owned>,
    password: string,
    address: string,
  ): Promise<Caller | undefined> {
    const tried = await throttle.pass(throttledAs, address)
    const caller = await checkInTime(claim, password, checkMs).catch((error: unknown) => {
      onChecked?.(provider.name, 'failed')
      throw error
    })
    onChecked?.(provider.name, caller ? 'right' : 'wrong')
    await (caller ? throttle.succeeded(tried) : throttle.failed(tried))
    if (caller && claim.version !== undefined) proven.set(mark, { version: claim.version, caller })
    return caller
  }
}

/** Used when no other provider claims the name. */
const claimLocally =
  (local: ReturnType<typeof localProvider>) =>
  async (name: string): Promise<Owned> => ({ provider: local, claim: await local.claim(name) })

async function findClaim(providers: readonly Provider[], name: string): Promise<Owned | undefined> {
  for (const provider of providers) {
    const claim = await provider.claim(name)
    if (claim) return { provider, claim }
  }
  return undefined
}

/** Throws UNAVAILABLE when the provider takes too long, whether it heeds the signal or not. */
async function checkInTime({ check }: Claim, password: string, ms: number): Promise<Caller | undefined> {
  const signal = AbortSignal.timeout(ms)
  const late = Promise.withResolvers<never>()
  const why = 'the login could not be checked in time: try again later'
  const giveUp = () => late.reject(new OciError('UNAVAILABLE', why))
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    return await Promise.race([late.promise, check(password, signal)])
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}
