import { Type } from './type.ts'
import { operation } from './operation.ts'
import { RepositoryPath } from './repositories.ts'
import { nameParam, ownBounds, ProjectEither } from './requests.ts'

const text = (maxLength: number, description: string) =>
  Type.String({ minLength: 1, maxLength, ...ownBounds, description })
const time = Type.String({ format: 'date-time' })

/** A signature or an attestation of an artifact, and whether it is one of a signer that the project trusts. */
export const Signature = Type.Object({
  digest: Type.String({ description: 'of the artifact that holds the signature' }),
  subject: Type.String({ description: 'what is signed: the artifact, or an index that holds it' }),
  tool: Type.Union([Type.Literal('cosign'), Type.Literal('notation')]),
  kind: Type.Union([Type.Literal('signature'), Type.Literal('attestation')]),
  predicate_type: Type.Optional(Type.String({ description: 'what an attestation says' })),
  verified: Type.Boolean(),
  reason: Type.String({ description: 'why it is not verified; empty when it is' }),
  signer: Type.Optional(Type.String({ description: 'the signer of the project whose signature it is' })),
  identity: Type.Optional(Type.String({ description: 'who signed: a key, a certificate, an account' })),
  issuer: Type.Optional(Type.String({ description: 'who vouches for the account' })),
  signed_at: Type.Optional(time),
  valid_until: Type.Optional(Type.String({ format: 'date-time', description: 'when this is looked at again' })),
})

/** What a client may send of a signer; exactly one of the three. */
export const SignerReq = Type.Object({
  key: Type.Optional(
    Type.Object({
      public_key: text(64 * 1024, 'PEM: ECDSA P-256, P-384 or P-521, RSA of 2048 to 8192 bits, Ed25519; for cosign'),
    }),
  ),
  certificate: Type.Optional(
    Type.Object({
      certificates: text(64 * 1024, 'PEM: one or more, below which those of notation are trusted'),
      identities: Type.Array(text(1024, '*, or like x509.subject: C=DE, O=Example'), {
        minItems: 1,
        maxItems: 50,
        ...ownBounds,
      }),
    }),
  ),
  keyless: Type.Optional(
    Type.Object({
      issuer: text(1024, 'who vouches for the account, a URL; * stands for any characters'),
      subject: text(1024, 'the account: an address or a URL; * stands for any characters'),
      trust_root: text(64, 'the name of an imported trusted root'),
    }),
  ),
})

export const Signer = Type.Object({
  name: Type.String(),
  kind: Type.Union([Type.Literal('key'), Type.Literal('certificate'), Type.Literal('keyless')]),
  ...SignerReq.properties,
  creation_time: time,
  update_time: time,
})

export const TrustRoot = Type.Object({
  name: Type.String(),
  certificate_authorities: Type.Integer(),
  transparency_logs: Type.Integer(),
  projects: Type.Integer({ description: 'that trust signers by it' }),
  update_time: time,
})

const tag = 'signatures'
const artifact = '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}'
const signers = '/projects/{project_name_or_id}/signers'
const roots = '/system/trust-roots'
const signerParams = Type.Object({ ...ProjectEither.properties, signer_name: nameParam })
const rootParams = Type.Object({ trust_root_name: nameParam })

export const listSignatures = operation({
  id: 'listSignatures',
  tag,
  method: 'GET',
  path: `${artifact}/signatures`,
  summary: 'List the signatures and attestations of an artifact, and whether the project trusts them',
  params: Type.Object({ ...RepositoryPath.properties, reference: nameParam }),
  status: 200,
  answer: Type.Array(Signature),
})

export const listSigners = operation({
  id: 'listSigners',
  tag,
  method: 'GET',
  path: signers,
  summary: 'List whose signatures a project trusts',
  params: ProjectEither,
  status: 200,
  answer: Type.Array(Signer),
})

export const putSigner = operation({
  id: 'putSigner',
  tag,
  method: 'PUT',
  path: `${signers}/{signer_name}`,
  summary: 'Trust a signer: a key, certificates, or an account; or change it',
  params: signerParams,
  body: SignerReq,
  status: 200,
})

export const deleteSigner = operation({
  id: 'deleteSigner',
  tag,
  method: 'DELETE',
  path: `${signers}/{signer_name}`,
  summary: 'Trust a signer no more',
  params: signerParams,
  status: 200,
})

export const listTrustRoots = operation({
  id: 'listTrustRoots',
  tag,
  method: 'GET',
  path: roots,
  summary: 'List the trusted roots of Sigstore that were imported',
  status: 200,
  answer: Type.Array(TrustRoot),
})

export const putTrustRoot = operation({
  id: 'putTrustRoot',
  tag,
  method: 'PUT',
  path: `${roots}/{trust_root_name}`,
  summary: 'Import a trusted root (trusted_root.json), or put it in the place of the one with its name',
  params: rootParams,
  body: Type.Record(Type.String(), Type.Unknown()),
  status: 200,
})

export const deleteTrustRoot = operation({
  id: 'deleteTrustRoot',
  tag,
  method: 'DELETE',
  path: `${roots}/{trust_root_name}`,
  summary: 'Delete a trusted root that no signer needs',
  params: rootParams,
  status: 200,
})
