import { Type } from 'typebox'

export const UserGroup = Type.Object({
  id: Type.Optional(Type.Integer()),
  group_name: Type.Optional(Type.String()),
  group_type: Type.Optional(Type.Integer()),
  ldap_group_dn: Type.Optional(Type.String()),
})

export const UserGroupSearchItem = Type.Object({
  id: Type.Optional(Type.Integer()),
  group_name: Type.Optional(Type.String()),
  group_type: Type.Optional(Type.Integer()),
})
