import type { Static } from 'typebox'
import type * as api from '../../../api/signatures.ts'
import type { Digest } from '../../../oci/digest.ts'
import { Failure } from '../../platform/http/failure.ts'
import type { Check } from './check/check.ts'
import type { SignerContent } from './signers/signer.ts'
import { openTrustedRoot, type SignerRow, type TrustRootRow } from './store.ts'

/** Throws BAD_REQUEST unless the body names exactly one kind of signer. */
export function parseSigner({ key, certificate, keyless }: Static<typeof api.SignerReq>): SignerContent {
  const given = [
    ...(key ? [{ kind: 'key', publicKey: key.public_key } as const] : []),
    ...(certificate ? [{ kind: 'certificate', ...certificate } as const] : []),
    ...(keyless ? [{ kind: 'keyless', ...keyless, trustRoot: keyless.trust_root } as const] : []),
  ]
  const [signer, second] = given
  if (!signer || second) throw new Failure('BAD_REQUEST', 'the body must have exactly one of key, certificate, keyless')
  if (signer.kind !== 'keyless') return signer
  const { kind, issuer, subject, trustRoot } = signer
  return { kind, issuer, subject, trustRoot }
}

export function presentSigner({ name, content, createdAt, updatedAt }: SignerRow): Static<typeof api.Signer> {
  const times = { creation_time: createdAt.toISOString(), update_time: updatedAt.toISOString() }
  switch (content.kind) {
    case 'key':
      return { name, kind: content.kind, key: { public_key: content.publicKey }, ...times }
    case 'certificate': {
      const { kind, ...certificate } = content
      return { name, kind, certificate, ...times }
    }
    case 'keyless': {
      const { kind, issuer, subject, trustRoot } = content
      return { name, kind, keyless: { issuer, subject, trust_root: trustRoot }, ...times }
    }
  }
}

export async function presentTrustRoot(row: TrustRootRow): Promise<Static<typeof api.TrustRoot>> {
  const { name, content, projects, updatedAt } = row
  const { material } = await openTrustedRoot(name, content)
  return {
    name,
    certificate_authorities: material.certificateAuthorities.length,
    transparency_logs: material.tlogs.length,
    projects,
    update_time: updatedAt.toISOString(),
  }
}

export function presentCheck(digest: Digest, subject: Digest, check: Check): Static<typeof api.Signature> {
  const { tool, says, predicateType, isVerified, reason, signer, identity, issuer, signedAt, until } = check
  return {
    digest,
    subject,
    tool,
    kind: says,
    ...(predicateType === undefined ? {} : { predicate_type: predicateType }),
    verified: isVerified,
    reason,
    ...(signer === undefined ? {} : { signer }),
    ...(identity === undefined ? {} : { identity }),
    ...(issuer === undefined ? {} : { issuer }),
    ...(signedAt === undefined ? {} : { signed_at: signedAt }),
    ...(until === undefined ? {} : { valid_until: until }),
  }
}
