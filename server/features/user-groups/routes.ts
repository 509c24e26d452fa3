import { Type } from 'typebox'
import { idParam, pageQuery } from '../../../api/requests.ts'
import { UserGroup, UserGroupSearchItem } from '../../../api/user-groups.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { joined, sql } from '../../platform/db/sql.ts'
import { Failure } from '../../platform/http/failure.ts'
import { pageHeaders } from '../../platform/http/paging.ts'
import { actorOf } from '../../registry/caller.ts'
import { route } from '../access/index.ts'
import { createGroup, deleteGroup, updateGroup } from './actions.ts'
import { findGroup, groupOrder, listGroups, type Group } from './store.ts'

const path = '/api/v2.0/usergroups'
const tag = 'usergroup'
const GroupId = Type.Object({ group_id: idParam })
const text = Type.String({ maxLength: 1024 })

export function userGroupRoutes({ db }: { db: Db }) {
  return [
    route({
      id: 'listUserGroups', tag, method: 'GET', path: '/usergroups', access: { system: 'user-group', verb: 'list' },
      summary: 'List the user groups',
      schema: { query: Type.Object({ ...pageQuery, ldap_group_dn: Type.Optional(text), group_name: Type.Optional(text) }), answers: { 200: Type.Array(UserGroup) } },
      async handler({ query: { ldap_group_dn: dn, group_name: name, ...query }, header }) {
        const asked = listing({}, query, groupOrder)
        const where = joined([sql`true`, ...(dn ? [sql`ldap_dn = ${dn}`] : []), ...(name ? [sql`position(${name} in name) > 0`] : [])], sql` and `)
        const { groups, total } = await listGroups(db, where, asked)
        pageHeaders(path, { ...query, ldap_group_dn: dn, group_name: name }, asked.page, asked.pageSize, total, header)
        return { status: 200, body: groups.map(present) }
      },
    }),
    route({
      id: 'createUserGroup', tag, method: 'POST', path: '/usergroups', access: { system: 'user-group', verb: 'create' },
      summary: 'Create a user group',
      schema: { body: UserGroup, answers: { 201: null } },
      async handler({ body: { group_name: name = '', group_type: type = 0, ldap_group_dn: ldapDn = '' }, caller, header }) {
        const group = await createGroup(db, actorOf(caller), { name, type, ldapDn })
        header('location', `${path}/${group.id}`)
        return { status: 201 }
      },
    }),
    route({
      id: 'searchUserGroups', tag, method: 'GET', path: '/usergroups/search', access: 'user',
      summary: 'Find user groups by a part of their names',
      schema: { query: Type.Object({ ...pageQuery, groupname: Type.String({ minLength: 1, maxLength: 255 }) }), answers: { 200: Type.Array(UserGroupSearchItem) } },
      async handler({ query: { groupname: name, ...query }, header }) {
        const asked = listing({}, query, groupOrder)
        const { groups, total } = await listGroups(db, sql`position(${name} in name) > 0`, asked)
        pageHeaders(`${path}/search`, { ...query, groupname: name }, asked.page, asked.pageSize, total, header)
        return { status: 200, body: groups.map(({ id, name: groupName, type }) => ({ id, group_name: groupName, group_type: type })) }
      },
    }),
    route({
      id: 'getUserGroup', tag, method: 'GET', path: '/usergroups/{group_id}', access: { system: 'user-group', verb: 'read' },
      summary: 'Get a user group',
      schema: { params: GroupId, answers: { 200: UserGroup } },
      handler: async ({ params }) => ({ status: 200, body: present(await getGroup(params.group_id)) }),
    }),
    route({
      id: 'updateUserGroup', tag, method: 'PUT', path: '/usergroups/{group_id}', access: { system: 'user-group', verb: 'update' },
      summary: 'Rename a user group; its type and DN stay',
      schema: { params: GroupId, body: UserGroup, answers: { 200: null } },
      async handler({ params, body, caller }) {
        const group = await getGroup(params.group_id)
        await updateGroup(db, actorOf(caller), group, body.group_name ?? '')
        return { status: 200 }
      },
    }),
    route({
      id: 'deleteUserGroup', tag, method: 'DELETE', path: '/usergroups/{group_id}', access: { system: 'user-group', verb: 'delete' },
      summary: 'Delete a user group and its memberships',
      schema: { params: GroupId, answers: { 200: null } },
      async handler({ params, caller }) {
        await deleteGroup(db, actorOf(caller), await getGroup(params.group_id))
        return { status: 200 }
      },
    }),
  ]

  async function getGroup(id: number): Promise<Group> {
    const group = await findGroup(db, id)
    if (!group) throw new Failure('NOT_FOUND', `there is no user group ${id}`)
    return group
  }
}

function present({ id, name, type, ldapDn }: Group) {
  return { id, group_name: name, group_type: type, ldap_group_dn: ldapDn }
}
