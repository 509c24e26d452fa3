import type { Reader } from '../../catalog/reader.ts'
import type { Queryable, Tx } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'

export type Account = { id: number; name: string; passwordHash: string | null; isAdmin: boolean; isDisabled: boolean }

export const accountKey = (name: string) => `account:${name}`

const columns = sql`id, name, password_hash as "passwordHash", is_admin as "isAdmin", is_disabled as "isDisabled"`

export function findAccount({ db, cache }: Reader, name: string): Promise<Account | undefined> {
  return cache.get(accountKey(name), () => db.row<Account>(sql`select ${columns} from account where name = ${name}`))
}

/** Throws a unique violation when the name is taken. */
export async function saveAccount(tx: Tx, account: { name: string; passwordHash: string; isAdmin: boolean }): Promise<Account> {
  tx.changes(accountKey(account.name))
  const row = await tx.row<Account>(sql`
    insert into account (name, password_hash, is_admin) values (${account.name}, ${account.passwordHash}, ${account.isAdmin}) returning ${columns}`)
  return row!
}

/** Changes the password or switches the account off or on. The caller names the rights key too. */
export async function changeAccount(tx: Tx, account: Account, change: { passwordHash?: string; isDisabled?: boolean }): Promise<void> {
  tx.changes(accountKey(account.name))
  await tx.run(sql`
    update account set password_hash = coalesce(${change.passwordHash ?? null}, password_hash), is_disabled = coalesce(${change.isDisabled ?? null}, is_disabled), updated_at = now()
    where id = ${account.id}`)
}

/** Failures remembered for a subject within the window, and the seconds since the last. */
export async function countFailures(db: Queryable, subjects: string[], windowSeconds: number) {
  return db.rows<{ subject: string; failures: number; age: number }>(sql`
    select subject, failures, extract(epoch from now() - last_at)::float8 as age from login_failure
    where subject = any(${subjects}::text[]) and last_at > now() - make_interval(secs => ${windowSeconds})`)
}

export async function addFailure(db: Queryable, subjects: string[], windowSeconds: number): Promise<void> {
  await db.run(sql`
    insert into login_failure (subject, failures) select subject, 1 from unnest(${subjects}::text[]) as subject order by subject
    on conflict (subject) do update set last_at = now(),
      failures = case when login_failure.last_at > now() - make_interval(secs => ${windowSeconds}) then login_failure.failures + 1 else 1 end`)
}

export async function forgetFailures(db: Queryable, subjects: string[]): Promise<void> {
  await db.run(sql`delete from login_failure where subject = any(${subjects}::text[])`)
}

/** Removes what no longer counts, so that guessed names do not fill the table. */
export async function sweepFailures(db: Queryable, windowSeconds: number): Promise<number> {
  return db.run(sql`delete from login_failure where last_at < now() - make_interval(secs => ${windowSeconds})`)
}
