import type { Queryable, Tx } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { Failure } from '../../platform/http/failure.ts'
import type { SettingsReader } from '../settings/index.ts'
import { firstAccountId } from './rules.ts'

/** Whether there are accounts beside the first administrator: then `auth_mode` stays as it is, as in Harbor. */
export async function isModeFixed(db: Queryable): Promise<boolean> {
  return (await db.row(sql`select 1 from account where id <> ${firstAccountId} limit 1`)) !== undefined
}

/** Transactions that make an account share this lock, and one that changes `auth_mode` takes it alone. */
const modeLock = sql`hashtext('accounts and auth_mode')`

/** As `isModeFixed`, for a transaction that changes `auth_mode`: until it ends, nobody else makes an account. */
export async function isModeFixedIn(tx: Tx): Promise<boolean> {
  await tx.row(sql`select pg_advisory_xact_lock(${modeLock})`)
  return isModeFixed(tx)
}

/** The `auth_mode` for a transaction that makes an account: until it ends, nobody changes the mode. */
export async function holdMode(tx: Tx, settings: SettingsReader): Promise<string> {
  await tx.row(sql`select pg_advisory_xact_lock_shared(${modeLock})`)
  return settings.getIn(tx, 'auth_mode')
}

/** Harbor's words for a change of `auth_mode` that comes too late. */
export const modeFixedText = 'the auth mode cannot be modified as new users have been inserted into database'

/** Throws FORBIDDEN, in Harbor's words, in a mode in which another system has the accounts. */
export async function checkMayMakeLocal(settings: SettingsReader): Promise<void> {
  refuseOthers(await settings.get('auth_mode'))
}

/** As `checkMayMakeLocal`, in the transaction that makes the account. */
export async function checkMayMakeLocalIn(tx: Tx, settings: SettingsReader): Promise<void> {
  refuseOthers(await holdMode(tx, settings))
}

function refuseOthers(mode: string): void {
  if (mode !== 'db_auth') throw new Failure('FORBIDDEN', `creating local user is not allowed under auth mode: ${mode}`)
}

/**
 * Throws FORBIDDEN, in Harbor's words, for the profile and the password of an account that another system has: only the
 * first administrator is Marina's own in every mode.
 */
export async function checkIsOurs(settings: SettingsReader, accountId: number): Promise<void> {
  if (accountId === firstAccountId || (await settings.get('auth_mode')) === 'db_auth') return
  throw new Failure('FORBIDDEN', `User with ID ${accountId} can't be updated`)
}
