import { Type } from 'typebox'

const OIDCUserInfo = Type.Object({
  id: Type.Optional(Type.Integer()),
  user_id: Type.Optional(Type.Integer()),
  subiss: Type.Optional(Type.String()),
  secret: Type.Optional(Type.String()),
  creation_time: Type.Optional(Type.String({ format: 'date-time' })),
  update_time: Type.Optional(Type.String({ format: 'date-time' })),
})

export const UserResp = Type.Object({
  email: Type.Optional(Type.String()),
  realname: Type.Optional(Type.String()),
  comment: Type.Optional(Type.String()),
  user_id: Type.Optional(Type.Integer()),
  username: Type.Optional(Type.String()),
  sysadmin_flag: Type.Optional(Type.Boolean()),
  admin_role_in_auth: Type.Optional(Type.Boolean()),
  oidc_user_meta: Type.Optional(OIDCUserInfo),
  creation_time: Type.Optional(Type.String({ format: 'date-time' })),
  update_time: Type.Optional(Type.String({ format: 'date-time' })),
})

export const UserCreationReq = Type.Object({
  email: Type.Optional(Type.String({ maxLength: 255 })),
  realname: Type.Optional(Type.String()),
  comment: Type.Optional(Type.String()),
  password: Type.Optional(Type.String()),
  username: Type.Optional(Type.String({ maxLength: 255 })),
})

export const UserSearchRespItem = Type.Object({
  user_id: Type.Optional(Type.Integer()),
  username: Type.Optional(Type.String()),
})

export const UserProfile = Type.Object({
  email: Type.Optional(Type.String()),
  realname: Type.Optional(Type.String()),
  comment: Type.Optional(Type.String()),
})

export const UserSysAdminFlag = Type.Object({
  sysadmin_flag: Type.Optional(Type.Boolean()),
})

export const PasswordReq = Type.Object({
  old_password: Type.Optional(Type.String()),
  new_password: Type.Optional(Type.String()),
})

export const OIDCCliSecretReq = Type.Object({
  secret: Type.Optional(Type.String()),
})
