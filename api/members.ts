import { Type } from 'typebox'
import { UserGroup } from './user-groups.ts'

export const ProjectMemberEntity = Type.Object({
  id: Type.Optional(Type.Integer()),
  project_id: Type.Optional(Type.Integer()),
  entity_name: Type.Optional(Type.String()),
  role_name: Type.Optional(Type.String()),
  role_id: Type.Optional(Type.Integer()),
  entity_id: Type.Optional(Type.Integer()),
  entity_type: Type.Optional(Type.String()),
})

const UserEntity = Type.Object({
  user_id: Type.Optional(Type.Integer()),
  username: Type.Optional(Type.String()),
})

export const ProjectMember = Type.Object({
  role_id: Type.Optional(Type.Integer()),
  member_user: Type.Optional(UserEntity),
  member_group: Type.Optional(UserGroup),
})

export const RoleRequest = Type.Object({
  role_id: Type.Optional(Type.Integer()),
})
