import type { Reader } from '../../catalog/reader.ts'
import type { Paged, Queryable, Tx } from '../../platform/db/db.ts'
import type { Fields, Listing } from '../../platform/db/listing.ts'
import { keyOf } from '../../platform/cache/keys.ts'
import { sql } from '../../platform/db/sql.ts'
import type { Maybe } from '../../platform/maybe.ts'
import { firstAccountId, type Profile } from './rules.ts'

export type Account = { id: number; name: string; passwordHash: string | null; isAdmin: boolean; isDisabled: boolean }

const accountKey = keyOf('account', 'name')

const columns = sql`id, name, password_hash as "passwordHash", is_admin as "isAdmin", is_disabled as "isDisabled"`

export function findAccount({ db, cache }: Reader, name: string): Maybe<Account | undefined> {
  return cache.get(accountKey(name), () => db.row<Account>(sql`select ${columns} from account where name = ${name}`))
}

export function findAccountById(db: Queryable, id: number): Promise<Account | undefined> {
  return db.row<Account>(sql`select ${columns} from account where id = ${id}`)
}

/** Reads in a transaction, past the cache. */
export function findAccountByName(tx: Queryable, name: string): Promise<Account | undefined> {
  return tx.row<Account>(sql`select ${columns} from account where name = ${name}`)
}

/** The first account, by name, whose name begins with this text. */
export function findAccountWithPrefix(db: Queryable, prefix: string): Promise<Account | undefined> {
  return db.row<Account>(sql`select ${columns} from account where starts_with(name, ${prefix}) order by name limit 1`)
}

/** Throws a unique violation when the name or the e-mail is taken. */
export async function saveAccount(
  tx: Tx,
  account: {
    name: string
    passwordHash: string | null
    isAdmin: boolean
    hasMadePassword?: boolean
  } & Partial<Profile>,
): Promise<Account> {
  tx.changes(accountKey(account.name))
  const row = await tx.row<Account>(sql`
    insert into account (name, password_hash, is_admin, email, real_name, comment, has_made_password)
    values (${account.name}, ${account.passwordHash}, ${account.isAdmin}, ${account.email ?? null},
      ${account.realName ?? ''}, ${account.comment ?? ''}, ${account.hasMadePassword ?? false})
    returning ${columns}`)
  return row!
}

/**
 * Changes the password, whether the account is an administrator, or whether it is disabled. A new password counts as
 * chosen by its owner unless `hasMadePassword` says that Marina made it. The caller invalidates accountRightsKey in the
 * same transaction.
 */
export async function changeAccount(
  tx: Tx,
  account: Account,
  change: { passwordHash?: string; hasMadePassword?: boolean; isDisabled?: boolean; isAdmin?: boolean },
): Promise<void> {
  tx.changes(accountKey(account.name))
  await tx.run(sql`
    update account set
      password_hash = coalesce(${change.passwordHash ?? null}, password_hash),
      has_made_password = case
        when ${change.passwordHash ?? null}::text is null then has_made_password
        else ${change.hasMadePassword ?? false} end,
      is_disabled = coalesce(${change.isDisabled ?? null}, is_disabled),
      is_admin = coalesce(${change.isAdmin ?? null}, is_admin),
      updated_at = now()
    where id = ${account.id}`)
}

/** Locks the account's row: transactions that make it a member of a project, or its owner, wait for this one. */
export async function lockAccount(tx: Tx, id: number): Promise<void> {
  await tx.rows(sql`select id from account where id = ${id} for update`)
}

export async function dropAccount(tx: Tx, account: Account): Promise<void> {
  tx.changes(accountKey(account.name))
  await tx.run(sql`delete from account where id = ${account.id}`)
}

/** Saves the profile, which no cache holds. */
export async function saveProfile(tx: Queryable, id: number, { email, realName, comment }: Profile): Promise<void> {
  await tx.run(
    sql`update account set email = ${email}, real_name = ${realName}, comment = ${comment}, updated_at = now()
      where id = ${id}`,
  )
}

/** Whether the account still has a password that Marina made and showed once. */
export async function hasMadePassword(db: Queryable, id: number): Promise<boolean> {
  const row = await db.row(sql`select 1 from account where id = ${id} and has_made_password`)
  return row !== undefined
}

/** An account as lists show it: no password, no hash. */
export type ListedAccount = Profile & {
  id: number
  name: string
  isAdmin: boolean
  /** Its provider makes it an administrator. */
  isAdminOutside: boolean
  createdAt: Date
  updatedAt: Date
}
const listed = sql`
  account.id, account.name, account.email, account.real_name as "realName", account.comment,
  account.is_admin as "isAdmin", coalesce(account_origin.is_admin, false) as "isAdminOutside",
  account.created_at as "createdAt", account.updated_at as "updatedAt"`
const table = sql`account left join account_origin on account_id = account.id`

/** The fields a list of accounts may be filtered and sorted by; a secret must never be among them (H26). */
export const accountFields: Fields = {
  username: { type: 'text', column: sql`account.name` },
  email: { type: 'text', column: sql`account.email` },
}
export const accountOrder = sql`account.name`

/** One page of the accounts, without the first one, which is part of the installation, as in Harbor. */
export function listAccounts(db: Queryable, { where, ...part }: Listing): Promise<Paged<ListedAccount>> {
  return db.page({ columns: listed, from: sql`from ${table} where account.id <> ${firstAccountId} and ${where}` }, part)
}

export function findListedAccount(db: Queryable, id: number): Promise<ListedAccount | undefined> {
  return db.row<ListedAccount>(sql`select ${listed} from ${table} where account.id = ${id}`)
}

/** The failed logins of each subject within the window, and the seconds since the last one. */
export async function countFailures(db: Queryable, subjects: readonly string[], windowSeconds: number) {
  return db.rows<{ subject: string; failures: number; age: number }>(sql`
    select subject, failures, extract(epoch from now() - last_at)::float8 as age from login_failure
    where subject = any(${subjects}::text[]) and last_at > now() - make_interval(secs => ${windowSeconds})`)
}

export async function addFailure(db: Queryable, subjects: readonly string[], windowSeconds: number): Promise<void> {
  await db.run(sql`
    insert into login_failure (subject, failures)
    select subject, 1 from unnest(${subjects}::text[]) as subject order by subject
    on conflict (subject) do update set last_at = now(),
      failures = case
        when login_failure.last_at > now() - make_interval(secs => ${windowSeconds}) then login_failure.failures + 1
        else 1 end`)
}

/** Counts that something was done once more. Returns how often it was done since the last pause of `windowSeconds`. */
export async function countOnce(db: Queryable, subject: string, windowSeconds: number): Promise<number> {
  await addFailure(db, [subject], windowSeconds)
  return (await countFailures(db, [subject], windowSeconds))[0]?.failures ?? 0
}

export async function forgetFailures(db: Queryable, subjects: string[]): Promise<void> {
  await db.run(sql`delete from login_failure where subject = any(${subjects}::text[])`)
}

/** Whether an account or robot logged in by this name from this address within the window. */
export async function isFamiliar(
  db: Queryable,
  name: string,
  address: string,
  windowSeconds: number,
): Promise<boolean> {
  const row = await db.row(sql`
    select 1 from sign_in
    where name = ${name} and address = ${address} and last_at > now() - make_interval(secs => ${windowSeconds})`)
  return row !== undefined
}

/** Remembers a login, exact to the day, so that frequent logins write seldom. */
export async function saveSignIn(db: Queryable, name: string, address: string): Promise<void> {
  await db.run(sql`
    insert into sign_in (name, address) values (${name}, ${address})
    on conflict (name, address) do update set last_at = now() where sign_in.last_at < now() - interval '1 day'`)
}

/** Deletes logins older than the window, which no longer make an address familiar. */
export async function sweepSignIns(db: Queryable, windowSeconds: number): Promise<number> {
  return db.run(sql`delete from sign_in where last_at < now() - make_interval(secs => ${windowSeconds})`)
}

/** Deletes failures older than the window, so that guessed names do not fill the table. */
export async function sweepFailures(db: Queryable, windowSeconds: number): Promise<number> {
  return db.run(sql`delete from login_failure where last_at < now() - make_interval(secs => ${windowSeconds})`)
}
