import { Type } from './type.ts'
import { operation } from './operation.ts'
import { idParam, nameParam, ownBounds, pageQuery } from './requests.ts'

/** What a client may send of a user group; a new group needs `group_name` and `group_type`. */
export const UserGroupReq = Type.Object({
  id: Type.Optional(Type.Integer()),
  group_name: Type.Optional(Type.String()),
  group_type: Type.Optional(Type.Integer()),
  ldap_group_dn: Type.Optional(Type.String()),
})

export const UserGroup = Type.Required(UserGroupReq)

export const UserGroupSearchItem = Type.Object({
  id: Type.Integer(),
  group_name: Type.String(),
  group_type: Type.Integer(),
})

const tag = 'usergroup'
const path = '/usergroups/{group_id}'
const params = Type.Object({ group_id: idParam })
const text = Type.String({ maxLength: 1024, ...ownBounds })

export const listUserGroups = operation({
  id: 'listUserGroups',
  tag,
  method: 'GET',
  path: '/usergroups',
  summary: 'List the user groups',
  query: Type.Object({ ...pageQuery, ldap_group_dn: Type.Optional(text), group_name: Type.Optional(text) }),
  status: 200,
  answer: Type.Array(UserGroup),
  page: true,
})

export const createUserGroup = operation({
  id: 'createUserGroup',
  tag,
  method: 'POST',
  path: '/usergroups',
  summary: 'Create a user group',
  body: UserGroupReq,
  status: 201,
})

export const searchUserGroups = operation({
  id: 'searchUserGroups',
  tag,
  method: 'GET',
  path: '/usergroups/search',
  summary: 'Find user groups by a part of their names',
  query: Type.Object({ ...pageQuery, groupname: nameParam }),
  status: 200,
  answer: Type.Array(UserGroupSearchItem),
  page: true,
})

export const getUserGroup = operation({
  id: 'getUserGroup',
  tag,
  method: 'GET',
  path,
  summary: 'Get a user group',
  params,
  status: 200,
  answer: UserGroup,
})

export const updateUserGroup = operation({
  id: 'updateUserGroup',
  tag,
  method: 'PUT',
  path,
  summary: 'Rename a user group; its type and DN stay',
  params,
  body: UserGroupReq,
  status: 200,
})

export const deleteUserGroup = operation({
  id: 'deleteUserGroup',
  tag,
  method: 'DELETE',
  path,
  summary: 'Delete a user group and its memberships',
  params,
  status: 200,
})
