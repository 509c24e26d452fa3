import { Type } from './type.ts'
import { operation } from './operation.ts'
import { idParam } from './requests.ts'
import { RobotPermission, RobotPermissionReq } from './robots.ts'

const time = Type.String({ format: 'date-time' })

/** A personal access token. Without `permissions` it may do all that its account may; without `expires_at` for ever. */
export const PersonalToken = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  permissions: Type.Optional(Type.Array(RobotPermission)),
  creation_time: time,
  expires_at: Type.Optional(time),
  last_used_time: Type.Optional(Type.String({ format: 'date-time', description: 'its last login' })),
})

const PersonalTokenReq = Type.Object({
  name: Type.String(),
  duration: Type.Optional(Type.Integer({ description: 'days until it expires; -1 for ever; 90 when absent' })),
  permissions: Type.Optional(
    Type.Array(RobotPermissionReq, {
      description: 'as those of a robot: the token may do what is both here and allowed to the account; all if absent',
    }),
  ),
})

const PersonalTokenCreated = Type.Object({
  ...PersonalToken.properties,
  secret: Type.String({ description: 'to be used in place of the password; shown this once' }),
})

const tag = 'user'
const own = '/users/current/tokens'
const ofAccount = '/users/{user_id}/tokens'

export const listTokens = operation({
  id: 'listCurrentUserTokens',
  tag,
  method: 'GET',
  path: own,
  summary: 'My personal access tokens, without their secrets',
  status: 200,
  answer: Type.Array(PersonalToken),
})

export const createToken = operation({
  id: 'createCurrentUserToken',
  tag,
  method: 'POST',
  path: own,
  summary: 'Make a personal access token; needs a login by password, not by a token',
  body: PersonalTokenReq,
  status: 201,
  answer: PersonalTokenCreated,
})

export const deleteToken = operation({
  id: 'deleteCurrentUserToken',
  tag,
  method: 'DELETE',
  path: `${own}/{token_id}`,
  summary: 'Revoke a token of mine, everywhere at once',
  params: Type.Object({ token_id: idParam }),
  status: 200,
})

export const listTokensOf = operation({
  id: 'listUserTokens',
  tag,
  method: 'GET',
  path: ofAccount,
  summary: 'The personal access tokens of an account, without their secrets',
  params: Type.Object({ user_id: idParam }),
  status: 200,
  answer: Type.Array(PersonalToken),
})

export const deleteTokenOf = operation({
  id: 'deleteUserToken',
  tag,
  method: 'DELETE',
  path: `${ofAccount}/{token_id}`,
  summary: 'Revoke a token of an account, everywhere at once',
  params: Type.Object({ user_id: idParam, token_id: idParam }),
  status: 200,
})
