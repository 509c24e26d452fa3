import { isUniqueViolation, type Db, type Tx } from '../../../platform/db/db.ts'
import type { Actor } from '../../../catalog/topics.ts'
import { emit } from '../../../platform/events/emit.ts'
import { Failure } from '../../../platform/http/failure.ts'
import { accountRightsKey } from '../../access/index.ts'
import type { SettingsReader } from '../../settings/index.ts'
import { holdMode } from '../modes.ts'
import { findAccountById, findAccountByName, lockAccount, saveAccount, type Account } from '../store.ts'
import { facts } from '../topics.ts'
import { takeOverGroups } from './groups.ts'
import { accountNameOf, profileOf, vouchedNameProblem } from './names.ts'
import { providerOfMode, type OutsideProvider, type Vouched } from './provider.ts'
import { findOrigin, findOriginOf, isEmailTaken, saveOrigin, saveVouchedProfile, type StoredOrigin } from './store.ts'

export type ConfirmOptions = {
  db: Db
  secrets: { seal(plain: string, purpose: string): string }
  settings: SettingsReader
  /** The beginning of robots' names. */
  robotPrefix(): Promise<string>
}

/** Binds the secret of a provider to its account: it cannot be decrypted as that of another one. */
export const purposeOf = (accountId: number) => `account origin ${accountId}`

/**
 * Saves what a provider says of a person: finds the account by its origin, else by its name, else makes it; then sets
 * profile, groups and administrator, all in one transaction. The caller checks `isDisabled`: an account that an
 * administrator disabled stays so (X09). Undefined when there is no such account and `mayMake` is false.
 *
 * Throws CONFLICT when the name is that of an account that the provider does not vouch for, BAD_REQUEST for a name that
 * no account can have, and PRECONDITION for a new account when `auth_mode` is not the provider's any more.
 */
export async function confirmAccount(
  options: ConfirmOptions,
  provider: OutsideProvider,
  vouched: Vouched,
  { mayMake = true } = {},
): Promise<Account | undefined> {
  const name = accountNameOf(vouched.username)
  const problem = vouchedNameProblem(name, await options.robotPrefix())
  const save = () =>
    options.db.transaction((tx) => confirmIn(tx, options, { provider, vouched, name, problem, mayMake }))
  // Two first logins at once make the same account, or the same group: the second then finds it.
  try {
    return await save()
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    return save().catch((again: unknown) => {
      throw isUniqueViolation(again) ? taken(name, provider) : again
    })
  }
}

type Given = {
  provider: OutsideProvider
  vouched: Vouched
  name: string
  problem: string | undefined
  mayMake: boolean
}

async function confirmIn(tx: Tx, { secrets, settings }: ConfirmOptions, given: Given): Promise<Account | undefined> {
  const { provider, vouched, mayMake } = given
  const found = await findPerson(tx, given)
  if (!found && !mayMake) return undefined
  const account = found?.account ?? (await makeAccount(tx, settings, given))
  const by: Actor = { kind: 'user', id: account.id, name: account.name }
  tx.changes(accountRightsKey(account.id))
  await lockAccount(tx, account.id)
  const { issuer, subject, isAdmin, secret } = vouched
  const sealed = typeof secret === 'string' ? secrets.seal(secret, purposeOf(account.id)) : secret
  await saveOrigin(tx, { accountId: account.id, provider: provider.name, issuer, subject, isAdmin, secret: sealed })
  if (found) await updateProfile(tx, account, vouched)
  const groups = await takeOverGroups(tx, by, {
    accountId: account.id,
    type: provider.groupType,
    groups: vouched.groups,
  })
  const changed = {
    ...(isAdmin === (found?.origin.isAdmin ?? false) ? {} : { isAdmin }),
    ...(groups ? { groups: groups.join(', ').slice(0, 1000) } : {}),
    ...(found?.origin.isGone ? { isGone: false } : {}),
  }
  if (Object.keys(changed).length > 0)
    await emit(tx, [facts.accountChanged({ accountId: account.id, name: account.name, changed }, by)])
  return account
}

/** The account that the provider vouches for. Throws CONFLICT when the name is another account's. */
async function findPerson(
  tx: Tx,
  { provider, vouched, name }: Given,
): Promise<{ account: Account; origin: StoredOrigin } | undefined> {
  const origin = await findOriginOf(tx, provider.name, vouched)
  if (origin) return { account: (await findAccountById(tx, origin.accountId))!, origin }
  const account = await findAccountByName(tx, name)
  if (!account) return undefined
  const other = await findOrigin(tx, account.id)
  // Another first login of the same person may have made the account since the origin was looked for.
  const isSame = other?.issuer === vouched.issuer && other.subject === vouched.subject
  if (other?.provider !== provider.name || (!provider.followsName && !isSame)) throw taken(name, provider)
  return { account, origin: other }
}

const taken = (name: string, { title }: OutsideProvider) =>
  new Failure(
    'CONFLICT',
    `another account is called ${name}, and ${title} does not vouch for that one: ` +
      'an administrator can delete it, or the name can be changed there',
  )

async function makeAccount(
  tx: Tx,
  settings: SettingsReader,
  { provider, vouched, name, problem }: Given,
): Promise<Account> {
  if (problem)
    throw new Failure('BAD_REQUEST', `${provider.title} knows a person whose name cannot be used: ${problem}`)
  if (providerOfMode[await holdMode(tx, settings)] !== provider.name)
    throw new Failure('PRECONDITION', `auth_mode was changed meanwhile: ${provider.title} has the accounts no more`)
  const { email, realName } = profileOf(vouched, name)
  const account = await saveAccount(tx, {
    name,
    passwordHash: null,
    isAdmin: false,
    email: email !== null && (await isEmailTaken(tx, email, 0)) ? null : email,
    realName,
    comment: provider.comment,
  })
  const by: Actor = { kind: 'user', id: account.id, name }
  await emit(tx, [facts.accountCreated({ accountId: account.id, name }, by)])
  return account
}

async function updateProfile(tx: Tx, { id, name }: Account, vouched: Vouched): Promise<void> {
  const { email, realName } = profileOf(vouched, name)
  const isTaken = email !== null && (await isEmailTaken(tx, email, id))
  await saveVouchedProfile(tx, id, { email: isTaken ? null : email, realName })
}
