import { createHash } from 'node:crypto'
import type { Reader } from '../../catalog/reader.ts'
import type { Db, Queryable, Tx } from '../../platform/db/db.ts'
import { keyOf } from '../../platform/cache/keys.ts'
import { sql } from '../../platform/db/sql.ts'
import type { Account } from './store.ts'

/** `openedAt` is in ms of performance.now(), so that no jump of the clock lengthens a session. */
type Session = { accountId: number; name: string; openedAt: number }

const sessionKey = keyOf('session', 'id_hash')
/** The table holds only the hash of an id: a reader of the table cannot log in with it. */
export const hashOf = (id: string) => createHash('sha256').update(id).digest('base64url')

/**
 * From the cache, since every request with a cookie asks. Undefined when the session is unknown, or was opened more
 * than `minutes` ago (C-24).
 */
export async function findSession({ db, cache }: Reader, id: string, minutes: number): Promise<Session | undefined> {
  const idHash = hashOf(id)
  const session = await cache.get(sessionKey(idHash), async () => {
    const row = await db.row<{ accountId: number; name: string; age: number }>(sql`
      select account_id as "accountId", account.name, extract(epoch from now() - session.created_at)::float8 as age
      from session join account on account.id = account_id where id_hash = ${idHash}`)
    return row && { accountId: row.accountId, name: row.name, openedAt: performance.now() - row.age * 1000 }
  })
  return session && performance.now() < session.openedAt + minutes * 60_000 ? session : undefined
}

/** What a session's account is shown of it; `id` names it and cannot be used to sign in. */
type ListedSession = { id: string; createdAt: Date; address: string | null; userAgent: string | null }

/** 128 bits of the hash: a name for a session, of which nobody can tell its id. */
const nameOfHash = (idHash: string) => idHash.slice(0, 22)
export const sessionName = (id: string) => nameOfHash(hashOf(id))

/** The sessions of an account that were opened within the last `minutes`, newest first; at most 1,000. */
export async function listSessions(db: Queryable, accountId: number, minutes: number): Promise<ListedSession[]> {
  const rows = await db.rows<ListedSession & { idHash: string }>(sql`
    select id_hash as "idHash", created_at as "createdAt", address, user_agent as "userAgent"
    from session
    where account_id = ${accountId} and created_at > now() - make_interval(mins => ${minutes}::int)
    order by created_at desc, id_hash limit 1000`)
  return rows.map(({ idHash, ...row }) => ({ ...row, id: nameOfHash(idHash) }))
}

/** Ends a session of the account, by its name; false when it has none of that name. */
export async function dropSessionNamed(tx: Tx, accountId: number, name: string): Promise<boolean> {
  const rows = await tx.rows<{ idHash: string }>(sql`
    delete from session where account_id = ${accountId} and left(id_hash, 22) = ${name} returning id_hash as "idHash"`)
  tx.changes(...rows.map(({ idHash }) => sessionKey(idHash)))
  return rows.length > 0
}

/** Returns false, and saves no session, when the account changed since its password was checked. */
export async function saveSession(
  tx: Tx,
  id: string,
  account: Account,
  { address, userAgent }: Pick<ListedSession, 'address' | 'userAgent'>,
): Promise<boolean> {
  const idHash = hashOf(id)
  tx.changes(sessionKey(idHash))
  // The lock makes a change of the password wait for this commit, so that it then drops this session.
  const count = await tx.run(sql`
    insert into session (id_hash, account_id, address, user_agent)
    select ${idHash}, id, ${address}, ${userAgent} from account
    where id = ${account.id} and password_hash is not distinct from ${account.passwordHash} and not is_disabled
      and not exists (select from account_origin where account_id = account.id and gone_at is not null)
    for share of account`)
  return count === 1
}

export function dropSession(tx: Tx, id: string): Promise<boolean> {
  return dropSessionOfHash(tx, hashOf(id))
}

export async function dropSessionOfHash(tx: Tx, idHash: string): Promise<boolean> {
  tx.changes(sessionKey(idHash))
  return (await tx.run(sql`delete from session where id_hash = ${idHash}`)) === 1
}

/** Logs an account out everywhere. */
export async function dropSessionsOf(tx: Tx, accountId: number): Promise<void> {
  const rows = await tx.rows<{ idHash: string }>(
    sql`delete from session where account_id = ${accountId} returning id_hash as "idHash"`,
  )
  tx.changes(...rows.map(({ idHash }) => sessionKey(idHash)))
}

/** Sessions removed in one transaction. */
const batch = 500

/**
 * Deletes sessions that were opened more than `minutes` ago, from the caches too: a longer timeout must not bring one
 * back that a process still has in memory.
 */
export async function sweepSessions(db: Db, minutes: number): Promise<number> {
  let [swept, count] = [0, batch]
  for (; count === batch; swept += count) {
    count = await db.transaction(async (tx) => {
      const rows = await tx.rows<{ idHash: string }>(sql`
        delete from session where id_hash in (
          select id_hash from session where created_at < now() - make_interval(mins => ${minutes}::int)
          order by created_at limit ${batch} for update skip locked)
        returning id_hash as "idHash"`)
      tx.changes(...rows.map(({ idHash }) => sessionKey(idHash)))
      return rows.length
    })
  }
  return swept
}
