import type { Reader } from '../../../catalog/reader.ts'
import { keyOf } from '../../../platform/cache/keys.ts'
import type { Queryable, Tx } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import type { Maybe } from '../../../platform/maybe.ts'
import { tokenRightsKey, type StoredScope } from '../../access/index.ts'

const tokenKey = keyOf('token', 'secret_hash')
/** The CLI secret of an account. */
export const cliSecretKey = keyOf('cli_secret', 'account_id')
const keyOfHash = (hash: Buffer) => tokenKey(hash.toString('base64url'))

/** A token as lists show it. `scope` null: all that the account may do; `expiresAt` null: never. */
export type PersonalToken = {
  id: number
  name: string
  scope: StoredScope | null
  createdAt: Date
  expiresAt: Date | null
  lastUsedAt: Date | null
}

const columns = sql`
  id, name, scope, created_at as "createdAt", expires_at as "expiresAt", last_used_at as "lastUsedAt"`

type FoundToken = { id: number; accountId: number; expiresAt: Date | null; isCli: boolean }

/** Who a secret belongs to, from the cache, since each login asks. */
export function findTokenBySecret({ db, cache }: Reader, hash: Buffer): Maybe<FoundToken | undefined> {
  return cache.get(keyOfHash(hash), () =>
    db.row<FoundToken>(sql`
      select id, account_id as "accountId", expires_at as "expiresAt", is_cli as "isCli"
      from personal_token where secret_hash = ${hash}`),
  )
}

export function listTokens(db: Queryable, accountId: number): Promise<PersonalToken[]> {
  return db.rows<PersonalToken>(
    sql`select ${columns} from personal_token where account_id = ${accountId} order by created_at desc, id desc`,
  )
}

type NewToken = { accountId: number; name: string; hash: Buffer; scope: StoredScope | null; days: number | null }

/** `days` null: never expires. Undefined when the account has `most` tokens already. Throws a unique violation. */
export async function saveToken(
  tx: Tx,
  { accountId, name, hash, scope, days }: NewToken,
  most: number,
): Promise<PersonalToken | undefined> {
  // Of two at once, the second waits here and then counts the first.
  await tx.rows(sql`select id from account where id = ${accountId} for update`)
  return tx.row<PersonalToken>(sql`
    insert into personal_token (account_id, name, secret_hash, scope, expires_at)
    select ${accountId}, ${name}, ${hash}, ${scope === null ? null : JSON.stringify(scope)}::jsonb,
      now() + make_interval(days => ${days}::int)
    where (select count(*) from personal_token where account_id = ${accountId}) < ${most}
    returning ${columns}`)
}

/** The name of the token that is gone; undefined when the account has none of this id. */
export async function dropToken(tx: Tx, accountId: number, id: number): Promise<string | undefined> {
  const row = await tx.row<{ name: string; hash: Buffer | null; isCli: boolean }>(sql`
    delete from personal_token where id = ${id} and account_id = ${accountId}
    returning name, secret_hash as hash, is_cli as "isCli"`)
  if (!row) return undefined
  tx.changes(tokenRightsKey(id))
  if (row.hash) tx.changes(keyOfHash(row.hash))
  if (row.isCli) tx.changes(cliSecretKey(accountId))
  return row.name
}

export async function saveTokenUses(db: Queryable, uses: [id: number, at: Date][]): Promise<void> {
  const sorted = uses.toSorted(([a], [b]) => a - b)
  await db.run(sql`
    update personal_token set last_used_at = greatest(last_used_at, use.at)
    from unnest(${sorted.map(([id]) => id)}::bigint[], ${sorted.map(([, at]) => at)}::timestamptz[]) as use (id, at)
    where personal_token.id = use.id`)
}

/** Deletes tokens that expired more than `days` ago; until then lists show them. */
export function sweepTokens(db: Queryable, days: number): Promise<number> {
  return db.run(sql`delete from personal_token where expires_at < now() - make_interval(days => ${days}::int)`)
}
