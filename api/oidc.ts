import { Type } from './type.ts'
import { operation } from './operation.ts'
import { idParam, pageQuery } from './requests.ts'

export const OIDCPingReq = Type.Object({
  url: Type.Optional(Type.String({ description: "the provider's issuer, as oidc_endpoint" })),
  verify_cert: Type.Optional(Type.Boolean()),
})

/** What the provider said of a person at the last login or refresh, and what Marina made of it. */
export const OIDCClaims = Type.Object({
  user_id: Type.Optional(Type.Integer({ description: 'absent while the person has no account here' })),
  username: Type.Optional(Type.String({ description: 'the name of the account' })),
  issuer: Type.String(),
  subject: Type.String(),
  received_at: Type.String({ format: 'date-time' }),
  occasion: Type.String({ description: 'login or refresh' }),
  claims: Type.Record(Type.String(), Type.Unknown(), {
    description: 'the claims of the ID token and of the userinfo endpoint; long ones are cut; no tokens',
  }),
  used: Type.Object(
    {
      username: Type.Optional(Type.String({ description: 'the claim that gave the name' })),
      email: Type.Optional(Type.String()),
      groups: Type.Optional(Type.String()),
    },
    { description: 'which claims were used, by what they gave' },
  ),
  groups: Type.Array(Type.String(), { description: 'the groups that the account has from this' }),
  is_admin: Type.Boolean({ description: 'whether the admin group made the account an administrator' }),
  notes: Type.Array(Type.String(), { description: 'what was left out, and why' }),
})

const tag = 'oidc'

export const pingOIDC = operation({
  id: 'pingOIDC',
  tag,
  method: 'POST',
  path: '/system/oidc/ping',
  summary: 'Can this OIDC provider be reached, and does it describe itself?',
  body: OIDCPingReq,
  status: 200,
})

export const listClaims = operation({
  id: 'listOIDCClaims',
  tag,
  method: 'GET',
  path: '/system/oidc/claims',
  summary: 'The claims that came last for each person, newest first, and what they gave',
  query: Type.Object({
    ...pageQuery,
    user_id: Type.Optional(idParam),
  }),
  status: 200,
  answer: Type.Array(OIDCClaims),
  page: true,
})
