import { setTimeout } from 'node:timers/promises'
import type { Db } from '../../platform/db/db.ts'
import type { Origin, OriginSecrets, Vouched } from '../accounts/index.ts'
import { readClaims, shownClaims } from './claims.ts'
import type { Provider } from './provider.ts'
import type { OidcSettings } from './settings.ts'
import { dropLease, findClaimsOf, saveClaims, takeLease } from './store.ts'
import { OidcTrouble } from './trouble.ts'
import { keepable, vouchedOf, type KeptToken } from './vouched.ts'

type RefreshOptions = {
  db: Db
  secrets: OriginSecrets
  current(): Promise<{ provider: Provider; settings: OidcSettings }>
  limits: { timeoutMs: number }
}

/**
 * Asks the provider about an account by its refresh token. Providers may give a new refresh token each time and take
 * the second use of an old one for theft, so only one process asks at a time, the new token is saved before anything
 * else, and a caller that gives up does not end the request.
 *
 * "Gone" is the answer `invalid_grant` alone (RFC 6749, 5.2): a wrong client secret says nothing about people. Without
 * a refresh token there is nobody to ask: what the last login said counts on. An account of another issuer than the one
 * that the settings name is gone, too.
 */
export function openRefresh(options: RefreshOptions): (origin: Origin) => Promise<Vouched | 'gone'> {
  const underWay = new Map<number, Promise<Vouched | 'gone'>>()
  return (origin) => {
    const { accountId } = origin
    const asked = underWay.get(accountId) ?? askOnce(options, origin).finally(() => underWay.delete(accountId))
    underWay.set(accountId, asked)
    return asked
  }
}

async function askOnce(options: RefreshOptions, origin: Origin): Promise<Vouched | 'gone'> {
  const { db, limits } = options
  const { accountId } = origin
  const { provider, settings } = await options.current()
  // The provider that is trusted now knows nobody of another one. An issuer with a place for a tenant stands for many.
  if (provider.issuer !== origin.issuer && !provider.issuer.includes('{')) return 'gone'
  // Each request to the provider has its own limit: token, keys, userinfo.
  const leaseMs = limits.timeoutMs * 4
  await waitForLease(db, accountId, leaseMs)
  try {
    return await ask(options, origin, provider, settings)
  } finally {
    await dropLease(db, accountId)
  }
}

async function ask(
  { db, secrets }: RefreshOptions,
  { accountId, issuer, subject }: Origin,
  provider: Provider,
  settings: OidcSettings,
): Promise<Vouched | 'gone'> {
  const secret = await secrets.read(accountId)
  const kept = secret === undefined ? undefined : (JSON.parse(secret) as KeptToken)
  if (kept?.clientId !== settings.clientId) return lastWord(db, accountId)
  try {
    const said = await provider.refresh(kept.token, subject, settings, async (next) => {
      await secrets.save(accountId, keepable(settings.clientId, next)!)
    })
    const read = readClaims(said.claims, settings)
    const { claims } = said
    await saveClaims(db, { issuer, subject, accountId, occasion: 'refresh', claims: shownClaims(claims), read })
    return vouchedOf({ issuer, subject, claims }, read)
  } catch (error) {
    if (error instanceof OidcTrouble && error.code === 'invalid_grant') return 'gone'
    throw error
  }
}

async function lastWord(db: Db, accountId: number): Promise<Vouched> {
  const last = await findClaimsOf(db, accountId)
  if (!last) throw new OidcTrouble('invalid', 'there is neither a refresh token nor a last login to go by')
  return vouchedOf(last, last.read)
}

/** How often a process looks whether another one has ended its question, in ms. */
const lookMs = 50

async function waitForLease(db: Db, accountId: number, ms: number): Promise<void> {
  const end = performance.now() + ms
  while (!(await takeLease(db, accountId, ms))) {
    if (performance.now() > end)
      throw new OidcTrouble('unreachable', 'another process asks about this account for long')
    await setTimeout(lookMs)
  }
}
