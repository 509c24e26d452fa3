import type { Db } from '../../../platform/db/db.ts'
import { Failure } from '../../../platform/http/failure.ts'
import type { SettingsReader } from '../../settings/index.ts'
import { inTime, providerOfMode, type Outside } from '../outside/index.ts'
import { findAccountByName } from '../store.ts'

type BringOptions = { db: Db; settings: SettingsReader; outside: Outside; answerMs: number }

/**
 * Makes the account of a person who is to become a member and has not logged in yet, where the provider of the mode
 * knows the name, as Harbor does. Throws UNAVAILABLE when the provider does not answer.
 */
export function openPersonBringing({ db, settings, outside, answerMs }: BringOptions) {
  return async ({ user = {} }: { user?: { id?: number; name?: string } }): Promise<void> => {
    const name = user.id ? '' : (user.name ?? '')
    const wanted = providerOfMode[await settings.get('auth_mode')]
    const provider = wanted && outside.providers.get(wanted)
    if (name === '' || !provider?.search || (await findAccountByName(db, name))) return
    const vouched = await inTime(answerMs, (signal) => provider.search!(name, signal)).catch((error: unknown) => {
      const why = `${provider.title} does not answer, so ${name} cannot be looked up: try again later`
      throw new Failure('UNAVAILABLE', why, { cause: error })
    })
    if (vouched) await outside.vouch(provider, vouched)
  }
}
