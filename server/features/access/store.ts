import type { Reader } from '../../catalog/reader.ts'
import type { Tx } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import type { Role } from './rules.ts'

/** All that decides what an account may do; `roles` by project id. */
export type AccountRights = { id: number; name: string; isAdmin: boolean; isDisabled: boolean; roles: Map<number, Role> }

export const rightsKey = (accountId: number) => `rights:${accountId}`

/** Read on every request that is not anonymous, hence from the cache. Undefined when the account is gone. */
export function findRights({ db, cache }: Reader, accountId: number): Promise<AccountRights | undefined> {
  const load = async (): Promise<AccountRights | undefined> => {
    const row = await db.row<Omit<AccountRights, 'roles'> & { roles: [number, Role][] }>(sql`
      select id, name, is_admin as "isAdmin", is_disabled as "isDisabled",
        coalesce((select json_agg(json_build_array(project_id, role)) from project_member where account_id = account.id), '[]') as roles
      from account where id = ${accountId}`)
    return row && { ...row, roles: new Map(row.roles) }
  }
  return cache.get(rightsKey(accountId), load, ({ roles }) => 200 + roles.size * 50)
}

/** Gives an account a role in a project, or another one than it had. */
export async function saveMember(tx: Tx, projectId: number, accountId: number, role: Role): Promise<void> {
  tx.changes(rightsKey(accountId))
  await tx.run(sql`
    insert into project_member (project_id, account_id, role) values (${projectId}, ${accountId}, ${role})
    on conflict (project_id, account_id) do update set role = excluded.role`)
}

export async function dropMember(tx: Tx, projectId: number, accountId: number): Promise<void> {
  tx.changes(rightsKey(accountId))
  await tx.run(sql`delete from project_member where project_id = ${projectId} and account_id = ${accountId}`)
}
