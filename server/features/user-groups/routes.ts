import type { Static } from 'typebox'
import * as api from '../../../api/user-groups.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { joined, sql } from '../../platform/db/sql.ts'
import { Failure } from '../../platform/http/failure.ts'
import { created } from '../../platform/http/reply.ts'
import { actorOf } from '../../registry/caller.ts'
import { route, type ApiRoute } from '../access/index.ts'
import { createGroup, deleteGroup, updateGroup } from './actions.ts'
import { findGroup, groupOrder, groupTypes, listGroups, type Group } from './store.ts'

export type GroupRoutesOptions = {
  /** The group of this DN as the directory has it; undefined when it has none. */
  findInDirectory(dn: string): Promise<{ name: string; dn: string } | 'no directory' | undefined>
}

export function userGroupRoutes({ db }: { db: Db }, { findInDirectory }: GroupRoutesOptions): ApiRoute[] {
  return [
    route(api.listUserGroups, { system: 'user-group', verb: 'list' }, async ({ query }) => {
      const { ldap_group_dn: dn, group_name: name } = query
      const filters = [...(dn ? [sql`ldap_dn = ${dn}`] : []), ...(name ? [sql`position(${name} in name) > 0`] : [])]
      const where = joined([sql`true`, ...filters], sql` and `)
      const { rows, total } = await listGroups(db, where, listing({}, query, groupOrder))
      return { rows: rows.map(present), total }
    }),
    route(api.createUserGroup, { system: 'user-group', verb: 'create' }, async ({ body, caller }) => {
      const { group_name: name = '', group_type: type = 0, ldap_group_dn: ldapDn = '' } = body
      const wanted = { name, type, ldapDn: type === groupTypes.ldap ? await checkedDn(ldapDn) : ldapDn }
      return created((await createGroup(db, actorOf(caller), wanted)).id)
    }),
    route(api.searchUserGroups, 'user', async ({ query }) => {
      const where = sql`position(${query.groupname} in name) > 0`
      const { rows, total } = await listGroups(db, where, listing({}, query, groupOrder))
      return { rows: rows.map(({ id, name, type }) => ({ id, group_name: name, group_type: type })), total }
    }),
    route(api.getUserGroup, { system: 'user-group', verb: 'read' }, async ({ params }) =>
      present(await getGroup(params.group_id)),
    ),
    route(api.updateUserGroup, { system: 'user-group', verb: 'update' }, async ({ params, body, caller }) => {
      await updateGroup(db, actorOf(caller), await getGroup(params.group_id), body.group_name ?? '')
    }),
    route(api.deleteUserGroup, { system: 'user-group', verb: 'delete' }, async ({ params, caller }) => {
      await deleteGroup(db, actorOf(caller), await getGroup(params.group_id))
    }),
  ]

  /** The DN as the directory writes it, so that it is found at logins. Throws BAD_REQUEST when there is none. */
  async function checkedDn(dn: string): Promise<string> {
    const found = await findInDirectory(dn.trim())
    if (found === undefined) throw new Failure('BAD_REQUEST', `LDAP Group DN is not found: DN:${dn}`)
    return found === 'no directory' ? dn : found.dn
  }

  async function getGroup(id: number): Promise<Group> {
    const group = await findGroup(db, id)
    if (!group) throw new Failure('NOT_FOUND', `user group ${id} not found`)
    return group
  }
}

function present({ id, name, type, ldapDn }: Group): Static<typeof api.UserGroup> {
  return { id, group_name: name, group_type: type, ldap_group_dn: ldapDn }
}
