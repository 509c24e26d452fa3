import type { Db, Queryable, Tx } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import { accountRightsKey } from '../../access/index.ts'
import type { Profile } from '../rules.ts'
import { groupTypes, type GroupType } from '../../user-groups/index.ts'
import type { Origin, ProviderName, Vouched, VouchedGroup } from './provider.ts'

export type StoredOrigin = Origin & { isAdmin: boolean; isGone: boolean }

const columns = sql`
  account_id as "accountId", account.name, provider, issuer, subject, secret,
  account_origin.is_admin as "isAdmin", gone_at is not null as "isGone"`
const table = sql`account_origin join account on account.id = account_id`

export function findOrigin(db: Queryable, accountId: number): Promise<StoredOrigin | undefined> {
  return db.row<StoredOrigin>(sql`select ${columns} from ${table} where account_id = ${accountId}`)
}

export function findOriginOf(
  db: Queryable,
  provider: ProviderName,
  { issuer, subject }: Pick<Vouched, 'issuer' | 'subject'>,
): Promise<StoredOrigin | undefined> {
  return db.row<StoredOrigin>(
    sql`select ${columns} from ${table} where provider = ${provider} and issuer = ${issuer} and subject = ${subject}`,
  )
}

type NewOrigin = Omit<Origin, 'name' | 'secret'> & { isAdmin: boolean; secret: string | null | undefined }

/** Upserts where an account comes from: its provider has just confirmed it. A secret that is undefined stays. */
export async function saveOrigin(tx: Tx, { accountId, provider, issuer, subject, isAdmin, secret }: NewOrigin) {
  await tx.run(sql`
    insert into account_origin (account_id, provider, issuer, subject, is_admin, secret)
    values (${accountId}, ${provider}, ${issuer}, ${subject}, ${isAdmin}, ${secret ?? null})
    on conflict (account_id) do update set
      issuer = excluded.issuer, subject = excluded.subject, is_admin = excluded.is_admin, confirmed_at = now(),
      gone_at = null, secret = case when ${secret === undefined} then account_origin.secret else excluded.secret end`)
}

/** Notes that the provider was asked about an account, and could not say anything new. */
export async function noteAsked(db: Db, accountId: number): Promise<void> {
  await db.transaction(async (tx) => {
    tx.changes(accountRightsKey(accountId))
    await tx.run(sql`update account_origin set confirmed_at = now() where account_id = ${accountId}`)
  })
}

/** Replaces the sealed secret of an account that is not gone. */
export async function saveSecret(db: Queryable, accountId: number, secret: string): Promise<void> {
  await db.run(sql`update account_origin set secret = ${secret} where account_id = ${accountId} and gone_at is null`)
}

/** What Harbor shows of an account that OpenID Connect vouches for; undefined for others. */
export function findOidcMeta(
  db: Queryable,
  accountId: number,
): Promise<{ issuer: string; subject: string; createdAt: Date; confirmedAt: Date } | undefined> {
  return db.row(sql`
    select issuer, subject, created_at as "createdAt", confirmed_at as "confirmedAt"
    from account_origin where account_id = ${accountId} and provider = 'oidc'`)
}

/** Notes that the provider says the person is gone. False when that is known already, or the account has no origin. */
export async function saveGone(tx: Tx, accountId: number): Promise<boolean> {
  const count = await tx.run(sql`
    update account_origin set gone_at = now(), is_admin = false, secret = null
    where account_id = ${accountId} and gone_at is null`)
  return count === 1
}

/** The profile as its provider has it, when it is another one; an e-mail that is another account's is left out. */
export async function saveVouchedProfile(
  tx: Tx,
  accountId: number,
  { email, realName }: Pick<Profile, 'email' | 'realName'>,
): Promise<void> {
  await tx.run(sql`
    update account set email = ${email}, real_name = ${realName}, updated_at = now()
    where id = ${accountId} and (email, real_name) is distinct from (${email}::text, ${realName}::text)`)
}

export async function isEmailTaken(tx: Tx, email: string, accountId: number): Promise<boolean> {
  const row = await tx.row(sql`select 1 from account where lower(email) = lower(${email}) and id <> ${accountId}`)
  return row !== undefined
}

type KnownGroup = { id: number; name: string; dn: string }

/** The groups of Marina that these are: a directory's by their DN, others by their name. */
export function findVouchedGroups(tx: Tx, type: GroupType, groups: VouchedGroup[]): Promise<KnownGroup[]> {
  const which =
    type === groupTypes.ldap
      ? sql`lower(ldap_dn) = any(${groups.map(({ ldapDn = '' }) => ldapDn.toLowerCase())}::text[])`
      : sql`name = any(${groups.map(({ name }) => name)}::text[])`
  return tx.rows<KnownGroup>(
    sql`select id, name, lower(ldap_dn) as dn from user_group where type = ${type} and ${which} order by id`,
  )
}

export async function listGroupsOf(tx: Tx, accountId: number): Promise<number[]> {
  const rows = await tx.rows<{ id: number }>(
    sql`select group_id as id from account_group where account_id = ${accountId} order by group_id`,
  )
  return rows.map(({ id }) => id)
}

/** The secrets' hashes and ids of tokens whose accounts have been gone for longer than `keepMs`; at most `most`. */
export function listTokensOfGone(tx: Tx, keepMs: number, most: number): Promise<{ id: number; accountId: number }[]> {
  return tx.rows(sql`
    select personal_token.id, personal_token.account_id as "accountId"
    from personal_token join account_origin using (account_id)
    where gone_at < now() - make_interval(secs => ${keepMs / 1000})
    order by personal_token.id limit ${most}`)
}
