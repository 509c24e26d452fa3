import { Type } from './type.ts'
import { operation } from './operation.ts'
import { ownBounds } from './requests.ts'

const time = Type.String({ format: 'date-time' })
const names = Type.Array(Type.String())

/** An authority whose certificates of clients count. */
const Authority = Type.Object({
  subject: Type.String(),
  valid_from: time,
  valid_to: time,
  revoked: Type.Optional(Type.Integer({ description: 'certificates in its revocation list; absent without a list' })),
  next_update: Type.Optional(Type.String({ format: 'date-time', description: 'until when its revocation list holds' })),
})

/** How callers are identified by certificates. Marina's own: Harbor has nothing like it. */
export const ClientCertificates = Type.Object({
  enabled: Type.Boolean({ description: 'whether MARINA_CLIENT_CA names authorities' }),
  authorities: Type.Array(Authority),
  rules: Type.Array(Type.String(), { description: 'MARINA_CLIENT_CERT_RULES; the first that fits holds' }),
  checks_revocation: Type.Boolean({ description: 'whether MARINA_CLIENT_CRL names revocation lists' }),
  header: Type.Optional(
    Type.String({ description: 'in which proxies of MARINA_TRUSTED_PROXIES send the certificate of the client' }),
  ),
})

/** What Marina would make of a certificate. */
export const CheckedCertificate = Type.Object({
  subject: Type.String(),
  issuer: Type.String(),
  serial_number: Type.String(),
  valid_from: time,
  valid_to: time,
  names: Type.Object(
    { cn: names, dns: names, email: names, uri: names, spiffe: names },
    { description: 'the names in it, by the fields of rules' },
  ),
  accepted: Type.Boolean({ description: 'whether a caller with it is identified' }),
  problem: Type.Optional(Type.String({ description: 'why it is not accepted' })),
  rule: Type.Optional(Type.String({ description: 'the rule that says whose it is' })),
  entity_type: Type.Optional(Type.String({ description: 'u for a user, r for a robot' })),
  entity_name: Type.Optional(Type.String()),
})

const tag = 'client-certificates'
const path = '/system/client-certificates'

export const getClientCertificates = operation({
  id: 'getClientCertificates',
  tag,
  method: 'GET',
  path,
  summary: 'How callers are identified by certificates: authorities, rules, revocation',
  status: 200,
  answer: ClientCertificates,
})

export const checkClientCertificate = operation({
  id: 'checkClientCertificate',
  tag,
  method: 'POST',
  path: `${path}/check`,
  summary: 'Whose a certificate is, and whether it would be accepted; 412 while none is',
  body: Type.Object({
    certificate: Type.String({
      minLength: 1,
      maxLength: 64 * 1024,
      ...ownBounds,
      description: 'PEM, of which the first certificate counts; its issuer must stand in MARINA_CLIENT_CA itself',
    }),
  }),
  status: 200,
  answer: CheckedCertificate,
})
