import { Type } from './type.ts'
import { operation } from './operation.ts'
import { Permission } from './permissions.ts'
import { idParam, ListQuery, nameParam, ownBounds, pageQuery } from './requests.ts'

const OIDCUserInfo = Type.Object({
  id: Type.Optional(Type.Integer()),
  user_id: Type.Optional(Type.Integer()),
  subiss: Type.Optional(Type.String()),
  secret: Type.Optional(Type.String()),
  creation_time: Type.Optional(Type.String({ format: 'date-time' })),
  update_time: Type.Optional(Type.String({ format: 'date-time' })),
})

export const UserResp = Type.Object({
  email: Type.String(),
  realname: Type.String(),
  comment: Type.String(),
  user_id: Type.Integer(),
  username: Type.String(),
  sysadmin_flag: Type.Boolean(),
  admin_role_in_auth: Type.Boolean(),
  oidc_user_meta: Type.Optional(OIDCUserInfo),
  creation_time: Type.String({ format: 'date-time' }),
  update_time: Type.String({ format: 'date-time' }),
})

/** The caller's own account. */
export const CurrentUser = Type.Object({
  ...UserResp.properties,
  has_generated_password: Type.Optional(
    Type.Boolean({ description: "true while the password is the one that Marina made; not in Harbor's API" }),
  ),
})

export const UserCreationReq = Type.Object({
  email: Type.Optional(Type.String({ maxLength: 255 })),
  realname: Type.Optional(Type.String()),
  comment: Type.Optional(Type.String()),
  password: Type.Optional(Type.String()),
  username: Type.Optional(Type.String({ maxLength: 255 })),
})

export const UserSearchRespItem = Type.Object({
  user_id: Type.Integer(),
  username: Type.String(),
})

/** What a client may change of an account; in no answer. */
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

export const OIDCCliSecret = Type.Object({
  secret: Type.Optional(Type.String({ description: 'the secret, when Marina made it; shown once' })),
})

const tag = 'user'
const path = '/users/{user_id}'
const params = Type.Object({ user_id: idParam })

export const listUsers = operation({
  id: 'listUsers',
  tag,
  method: 'GET',
  path: '/users',
  summary: 'List the accounts',
  query: ListQuery,
  status: 200,
  answer: Type.Array(UserResp),
  page: true,
})

export const createUser = operation({
  id: 'createUser',
  tag,
  method: 'POST',
  path: '/users',
  summary: 'Create an account: for others with that right, for oneself in a browser where self_registration is on',
  body: UserCreationReq,
  status: 201,
})

export const getCurrentUserInfo = operation({
  id: 'getCurrentUserInfo',
  tag,
  method: 'GET',
  path: '/users/current',
  summary: 'Who am I?',
  status: 200,
  answer: CurrentUser,
})

export const searchUsers = operation({
  id: 'searchUsers',
  tag,
  method: 'GET',
  path: '/users/search',
  summary: 'Find accounts by a part of their names',
  query: Type.Object({ ...pageQuery, username: nameParam }),
  status: 200,
  answer: Type.Array(UserSearchRespItem),
  page: true,
})

export const getCurrentUserPermissions = operation({
  id: 'getCurrentUserPermissions',
  tag,
  method: 'GET',
  path: '/users/current/permissions',
  summary: 'What may I do in a scope, /project/{id} or /system?',
  query: Type.Object({
    scope: Type.Optional(Type.String({ maxLength: 255, ...ownBounds })),
    relative: Type.Optional(Type.Boolean()),
  }),
  status: 200,
  answer: Type.Array(Permission),
})

export const getUser = operation({
  id: 'getUser',
  tag,
  method: 'GET',
  path,
  summary: "Get an account: one's own, or any with the right to read users",
  params,
  status: 200,
  answer: UserResp,
})

export const updateUserProfile = operation({
  id: 'updateUserProfile',
  tag,
  method: 'PUT',
  path,
  summary: 'Change e-mail, real name and comment',
  params,
  body: UserProfile,
  status: 200,
})

export const deleteUser = operation({
  id: 'deleteUser',
  tag,
  method: 'DELETE',
  path,
  summary: 'Delete an account; its projects go to the first administrator',
  params,
  query: Type.Object({
    mask_audit_log: Type.Optional(
      Type.Boolean({
        description: 'replace the name in the audit log by a checksum; without it MARINA_AUDIT_MASK_DELETED holds',
      }),
    ),
  }),
  status: 200,
})

export const setUserSysAdmin = operation({
  id: 'setUserSysAdmin',
  tag,
  method: 'PUT',
  path: `${path}/sysadmin`,
  summary: 'Make an account a system administrator, or end that',
  params,
  body: UserSysAdminFlag,
  status: 200,
})

export const updateUserPassword = operation({
  id: 'updateUserPassword',
  tag,
  method: 'PUT',
  path: `${path}/password`,
  summary: "Change a password; one's own only with the old password",
  params,
  body: PasswordReq,
  status: 200,
})

export const setCliSecret = operation({
  id: 'setCliSecret',
  tag,
  method: 'PUT',
  path: `${path}/cli_secret`,
  summary: 'Set the CLI secret of an account that logs in through OIDC; without one, Marina makes it',
  params,
  body: OIDCCliSecretReq,
  status: 200,
  answer: OIDCCliSecret,
})

/** A session of the portal. `id` names it, and nobody can sign in with it. */
export const Session = Type.Object({
  id: Type.String(),
  current: Type.Boolean({ description: 'the session of this very request' }),
  creation_time: Type.String({ format: 'date-time' }),
  end_time: Type.String({ format: 'date-time', description: 'when it ends by itself' }),
  address: Type.Optional(Type.String({ description: 'where it was opened from' })),
  user_agent: Type.Optional(Type.String()),
})

const sessions = '/users/current/sessions'

export const listSessions = operation({
  id: 'listCurrentUserSessions',
  tag,
  method: 'GET',
  path: sessions,
  summary: 'In which browsers am I signed in?',
  status: 200,
  answer: Type.Array(Session),
})

export const endSession = operation({
  id: 'endCurrentUserSession',
  tag,
  method: 'DELETE',
  path: `${sessions}/{session_id}`,
  summary: 'End a session of mine, as signing out there would',
  params: Type.Object({ session_id: Type.String({ minLength: 1, maxLength: 64, ...ownBounds }) }),
  status: 200,
})
