import { createHash } from 'node:crypto'
import type { Paged, PagePart, Queryable, Tx } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import type { Claims, ReadClaims } from './claims.ts'

const hashOf = (text: string) => createHash('sha256').update(text).digest()

/** Notes that something is used, for `ttlMs`. False when it was used before, by whichever process. */
export async function useOnce(db: Queryable, what: string, ttlMs: number): Promise<boolean> {
  const count = await db.run(sql`
    insert into oidc_used (mark, expires_at)
    values (${hashOf(what)}, now() + make_interval(secs => ${ttlMs / 1000}::float8))
    on conflict do nothing`)
  return count === 1
}

/** Deletes marks and waiting people whose time is over, and claims of people without an account after a day. */
export async function sweepOidc(db: Queryable): Promise<number> {
  const counts = [
    await db.run(sql`delete from oidc_used where expires_at < now()`),
    await db.run(sql`delete from oidc_onboarding where expires_at < now()`),
    await db.run(
      sql`delete from oidc_claims where account_id is null and received_at < now() - make_interval(days => 1)`,
    ),
  ]
  return counts.reduce((sum, count) => sum + count, 0)
}

export async function saveOnboarding(db: Queryable, id: string, said: string, ttlMs: number): Promise<void> {
  await db.run(sql`
    insert into oidc_onboarding (id_hash, said, expires_at)
    values (${hashOf(id)}, ${said}, now() + make_interval(secs => ${ttlMs / 1000}::float8))`)
}

/** What the provider said of the person whose browser has this id, still sealed. */
export async function findOnboarding(db: Queryable, id: string): Promise<string | undefined> {
  const row = await db.row<{ said: string }>(
    sql`select said from oidc_onboarding where id_hash = ${hashOf(id)} and expires_at > now()`,
  )
  return row?.said
}

/** False when it is gone already: somebody else has used it. */
export async function dropOnboarding(tx: Tx, id: string): Promise<boolean> {
  return (await tx.run(sql`delete from oidc_onboarding where id_hash = ${hashOf(id)}`)) === 1
}

/** What a session that the provider opened knows of it. `idToken`: sealed. */
export type OidcSession = { issuer: string; sid: string | null; idToken: string | null }

/** Adds to a session, which the same transaction has saved, what a logout needs. */
export async function saveOidcSession(
  tx: Tx,
  { idHash, accountId, issuer, sid, idToken }: OidcSession & { idHash: string; accountId: number },
): Promise<void> {
  await tx.run(sql`
    insert into oidc_session (id_hash, account_id, issuer, sid, id_token)
    values (${idHash}, ${accountId}, ${issuer}, ${sid}, ${idToken})`)
}

export function findOidcSession(db: Queryable, idHash: string): Promise<OidcSession | undefined> {
  return db.row<OidcSession>(sql`select issuer, sid, id_token as "idToken" from oidc_session where id_hash = ${idHash}`)
}

/** The sessions that a logout token names: those of the provider's session `sid`, else all of the account. */
export function listSessionsToEnd(
  tx: Tx,
  { issuer, sid, accountId }: { issuer: string; sid: string | undefined; accountId: number | undefined },
): Promise<{ idHash: string; accountId: number; name: string }[]> {
  const bySid = sid === undefined ? sql`true` : sql`oidc_session.sid = ${sid}`
  const byAccount = accountId === undefined ? sql`true` : sql`oidc_session.account_id = ${accountId}`
  return tx.rows(sql`
    select id_hash as "idHash", account_id as "accountId", account.name
    from oidc_session join account on account.id = account_id
    where issuer = ${issuer} and ${bySid} and ${byAccount} order by id_hash`)
}

type Occasion = 'login' | 'refresh'
export type KeptClaims = {
  issuer: string
  subject: string
  accountId: number | null
  username: string | null
  occasion: Occasion
  receivedAt: Date
  claims: Claims
  read: ReadClaims
}

/** Replaces what is kept of a person's claims. `claims` must be bounded: see `shownClaims`. */
export async function saveClaims(db: Queryable, kept: Omit<KeptClaims, 'username' | 'receivedAt'>): Promise<void> {
  const { issuer, subject, accountId, occasion, claims, read } = kept
  if (accountId !== null)
    await db.run(sql`
      delete from oidc_claims where account_id = ${accountId} and (issuer, subject) <> (${issuer}, ${subject})`)
  await db.run(sql`
    insert into oidc_claims (issuer, subject, account_id, occasion, claims, read)
    values (${issuer}, ${subject}, ${accountId}, ${occasion}, ${JSON.stringify(claims)}::jsonb,
      ${JSON.stringify(read)}::jsonb)
    on conflict (issuer, subject) do update set
      account_id = coalesce(excluded.account_id, oidc_claims.account_id), occasion = excluded.occasion,
      received_at = now(), claims = excluded.claims, read = excluded.read`)
}

const columns = sql`
  issuer, subject, account_id as "accountId", account.name as username, occasion, received_at as "receivedAt",
  claims, read`
const table = sql`from oidc_claims left join account on account.id = account_id`

/** One page of what is kept, newest first; of one account only with `accountId`. */
export function listClaims(db: Queryable, accountId: number | undefined, part: PagePart): Promise<Paged<KeptClaims>> {
  const which = accountId === undefined ? sql`true` : sql`account_id = ${accountId}`
  return db.page<KeptClaims>({ columns, from: sql`${table} where ${which}` }, part)
}

export function findClaimsOf(db: Queryable, accountId: number): Promise<KeptClaims | undefined> {
  return db.row<KeptClaims>(sql`select ${columns} ${table} where account_id = ${accountId}`)
}

/** Reserves the question about an account for this process, for `ms`; false while another one has it. */
export async function takeLease(db: Queryable, accountId: number, ms: number): Promise<boolean> {
  const count = await db.run(sql`
    insert into oidc_asking (account_id, until)
    values (${accountId}, clock_timestamp() + make_interval(secs => ${ms / 1000}::float8))
    on conflict (account_id) do update set until = excluded.until where oidc_asking.until < clock_timestamp()`)
  return count === 1
}

export async function dropLease(db: Queryable, accountId: number): Promise<void> {
  await db.run(sql`delete from oidc_asking where account_id = ${accountId}`)
}
