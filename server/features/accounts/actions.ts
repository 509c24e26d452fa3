import { handOverProjects } from '../../catalog/project.ts'
import type { Actor } from '../../catalog/topics.ts'
import { isReferenceViolation, isUniqueViolation, type Db, type Tx } from '../../platform/db/db.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { accountRightsKey, changesMembersOf } from '../access/index.ts'
import type { SettingsReader } from '../settings/index.ts'
import { checkMayMakeLocalIn } from './modes.ts'
import { hashPassword, passwordProblem } from './passwords.ts'
import { accountNameProblem, firstAccountId, profileProblem, type Profile } from './rules.ts'
import { dropSessionNamed, dropSessionOfHash, dropSessionsOf } from './session-store.ts'
import {
  changeAccount,
  dropAccount,
  findAccountWithPrefix,
  lockAccount,
  saveAccount,
  saveProfile,
  type Account,
} from './store.ts'
import { facts } from './topics.ts'

/** Throws BAD_REQUEST, CONFLICT when name or e-mail is taken, or FORBIDDEN when another system has the accounts. */
export async function createAccount(
  { db, settings }: { db: Db; settings: SettingsReader },
  by: Actor,
  wanted: { name: string; password: string; robotPrefix: string } & Profile,
): Promise<Account> {
  const problem =
    accountNameProblem(wanted.name, wanted.robotPrefix) ?? passwordProblem(wanted.password) ?? profileProblem(wanted)
  if (problem) throw new Failure('BAD_REQUEST', problem)
  const passwordHash = await hashPassword(wanted.password)
  return refusingDuplicates(() =>
    db.transaction(async (tx) => {
      await checkMayMakeLocalIn(tx, settings)
      const account = await saveAccount(tx, { ...wanted, passwordHash, isAdmin: false })
      await emit(tx, [facts.accountCreated({ accountId: account.id, name: account.name }, by)])
      return account
    }),
  )
}

/** Why robots cannot have this prefix: an account's name begins with it, so the account would be taken for a robot. */
export async function robotPrefixProblem(db: Db, prefix: string): Promise<string | undefined> {
  const account = await findAccountWithPrefix(db, prefix)
  return account && `robot_name_prefix cannot be ${prefix}: the name of the user ${account.name} begins with it`
}

export async function updateProfile(db: Db, by: Actor, account: Account, profile: Profile): Promise<void> {
  const problem = profileProblem(profile)
  if (problem) throw new Failure('BAD_REQUEST', problem)
  await refusingDuplicates(() =>
    db.transaction(async (tx) => {
      await saveProfile(tx, account.id, profile)
      await emit(tx, [facts.accountChanged({ accountId: account.id, name: account.name, changed: { ...profile } }, by)])
    }),
  )
}

async function refusingDuplicates<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (isUniqueViolation(error)) throw new Failure('CONFLICT', 'this username or e-mail is used already')
    throw error
  }
}

/** Disables or enables an account, or changes its password. Ends its sessions; takes effect with the next request. */
export async function updateAccount(
  db: Db,
  account: Account,
  change: { passwordHash?: string; hasMadePassword?: boolean; isDisabled?: boolean },
  by?: Actor,
): Promise<void> {
  await db.transaction(async (tx) => {
    tx.changes(accountRightsKey(account.id))
    // The account's row first: a login at the same moment finds the new hash, or its session is dropped here.
    await changeAccount(tx, account, change)
    await dropSessionsOf(tx, account.id)
    if (change.passwordHash !== undefined)
      await emit(tx, [facts.accountPasswordChanged({ accountId: account.id, name: account.name }, by ?? command)])
  })
}

const command: Actor = { kind: 'system', id: null, name: 'command' }

export async function setPassword(db: Db, by: Actor, account: Account, password: string): Promise<void> {
  const problem = passwordProblem(password)
  if (problem) throw new Failure('BAD_REQUEST', problem)
  await updateAccount(db, account, { passwordHash: await hashPassword(password) }, by)
}

/** Throws FORBIDDEN for the first account, which stays an administrator (C-26). */
export async function setAdmin(db: Db, by: Actor, account: Account, isAdmin: boolean): Promise<void> {
  if (account.id === firstAccountId && !isAdmin) throw new Failure('FORBIDDEN', 'the first administrator stays one')
  await db.transaction(async (tx) => {
    tx.changes(accountRightsKey(account.id))
    await changeAccount(tx, account, { isAdmin })
    await emit(tx, [facts.accountChanged({ accountId: account.id, name: account.name, changed: { isAdmin } }, by)])
  })
}

/** Ends a session in the caller's transaction, by the hash of its id. */
export async function endSessionOf(
  tx: Tx,
  { idHash, accountId, name }: { idHash: string; accountId: number; name: string },
  by: Actor,
): Promise<void> {
  if (await dropSessionOfHash(tx, idHash)) await emit(tx, [facts.sessionClosed({ accountId, name }, by)])
}

/** Ends one of an account's own sessions. Throws NOT_FOUND. */
export async function endSession(db: Db, by: Actor, accountId: number, name: string): Promise<void> {
  await db.transaction(async (tx) => {
    if (!(await dropSessionNamed(tx, accountId, name))) throw new Failure('NOT_FOUND', 'you have no session of this id')
    await emit(tx, [facts.sessionClosed({ accountId, name: by.name }, by)])
  })
}

/** Asks that the name of an account is masked in the audit log. */
export type MaskName = (tx: Tx, by: Actor, name: string) => Promise<unknown>

/**
 * Deletes an account with its memberships and sessions. Its projects go to the first administrator; its name is free
 * again. `mask` is called in the same transaction. Throws FORBIDDEN for the first account and for one's own.
 */
export async function deleteAccount(db: Db, by: Actor, account: Account, mask?: MaskName): Promise<void> {
  if (account.id === firstAccountId || (by.kind === 'user' && by.id === account.id))
    throw new Failure('FORBIDDEN', `user ${account.name} can not be deleted`)
  try {
    await db.transaction(async (tx) => {
      await removeAccount(tx, by, account)
      await mask?.(tx, by, account.name)
    })
  } catch (error) {
    if (isReferenceViolation(error))
      throw new Failure('PRECONDITION', 'the user made a project just now: try again', { cause: error })
    throw error
  }
}

async function removeAccount(tx: Tx, by: Actor, account: Account): Promise<void> {
  tx.changes(accountRightsKey(account.id))
  await lockAccount(tx, account.id)
  await changesMembersOf(tx, { accountId: account.id })
  const handedOver = await handOverProjects(tx, account.id, firstAccountId)
  await dropSessionsOf(tx, account.id)
  await dropAccount(tx, account)
  await emit(tx, [
    facts.accountDeleted(
      { accountId: account.id, name: account.name, projectsHandedTo: handedOver > 0 ? firstAccountId : null },
      by,
    ),
  ])
}
