import { bundleFromJSON, ValidationError, type Bundle } from '@sigstore/bundle'
import { toSignedEntity, Verifier, type SignedEntity, type TrustMaterial } from '@sigstore/verify'
import type { KeylessSigner, TrustedRoot } from '../signers/signer.ts'
import { matchesWildcard } from '../signers/wildcard.ts'
import { memberOf, printable, Untrusted, type Check, type Trust } from './check.ts'

/** What the signature must be of: a message, or the payload of an envelope in the bundle. */
type Signed = { message: Buffer } | { payload: Buffer }

/**
 * Checks a signature by a certificate that an account got for a few minutes (Fulcio), without a network: the
 * certificate against the imported trusted roots, the entry in the transparency log by what the bundle holds of it, and
 * the account against the project's signers. Throws Untrusted.
 */
export function checkKeyless(json: object, { signers }: Trust, signed: Signed): Promise<Partial<Check>> {
  const wanted = signers.filter((signer) => signer.kind === 'keyless')
  if (wanted.length === 0)
    throw new Untrusted('it is signed by a certificate of an account, and the project trusts no account')
  const bundle = readBundle(json)
  checkContent(bundle, signed)
  const problems: string[] = []
  for (const root of new Set(wanted.map((one) => one.root))) {
    const found = tryRoot(bundle, root, signed)
    if ('problem' in found) {
      problems.push(`${root.name}: ${found.problem}`)
      continue
    }
    const signer = wanted.find((one) => one.root === root && isFrom(one, found))
    const [identity, issuer] = [printable(found.identity), printable(found.issuer)]
    if (signer) return Promise.resolve({ ...found, identity, issuer, signer: signer.name })
    problems.push(`it is of ${identity}, for whom ${issuer} vouches: the project trusts others`)
  }
  throw new Untrusted(problems.join('; '))
}

type Account = { identity: string; issuer: string; signedAt?: string }

const isFrom = (signer: KeylessSigner, { identity, issuer }: Account): boolean =>
  matchesWildcard(signer.issuer, issuer) && matchesWildcard(signer.subject, identity)

/** Throws Untrusted with words where the library has none. */
function readBundle(json: object): Bundle {
  try {
    return bundleFromJSON(json)
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error
    const hasChain = memberOf(json, 'verificationMaterial', 'x509CertificateChain') !== undefined
    if (hasChain && error.fields.includes('verificationMaterial.content.$case'))
      throw new Untrusted('it is signed with a certificate of its own chain (cosign --certificate): none are checked')
    throw new Untrusted(`its bundle is not as Sigstore defines it: ${printable(error.fields.join(', '))}`)
  }
}

/** The bundle has to be about the very bytes that were looked at. */
function checkContent(bundle: Bundle, signed: Signed): void {
  const { content } = bundle
  const isSame =
    'message' in signed
      ? content.$case === 'messageSignature'
      : content.$case === 'dsseEnvelope' && content.dsseEnvelope.payload.equals(signed.payload)
  if (!isSame) throw new Untrusted('its bundle can be read in two ways')
}

function tryRoot(bundle: Bundle, root: TrustedRoot, signed: Signed): Account | { problem: string } {
  try {
    const entity = toSignedEntity(bundle, 'message' in signed ? signed.message : undefined)
    const { identity } = verifierFor(root.material).verify(entity)
    const signedAt = timeOf(entity)
    return {
      identity: identity?.subjectAlternativeName ?? '',
      issuer: identity?.extensions?.issuer ?? '',
      ...(signedAt ? { signedAt } : {}),
    }
  } catch (error) {
    return { problem: wordsOf(error) }
  }
}

/**
 * At least one time must be proven, by Rekor's promise or by a timestamp authority: the certificate has expired since.
 * A private Sigstore may run without a log of certificates, or without Rekor.
 */
function verifierFor({ tlogs, ctlogs, ...material }: TrustMaterial): Verifier {
  return new Verifier(
    { tlogs, ctlogs, ...material },
    { tlogThreshold: tlogs.length > 0 ? 1 : 0, ctlogThreshold: ctlogs.length > 0 ? 1 : 0, timestampThreshold: 1 },
  )
}

/** The first time that is proven: by a timestamp authority, or by a log's promise (Rekor 1; Rekor 2 tells no time). */
function timeOf({ timestamps }: SignedEntity): string | undefined {
  const times = timestamps.flatMap((one) => {
    if (one.$case === 'timestamp-authority') return one.timestamp.signingTime.getTime()
    return one.tlogEntry.inclusionPromise ? Number(one.tlogEntry.integratedTime) * 1000 : []
  })
  const [first] = times.filter((ms) => ms > 0 && ms < 1e14).toSorted((a, b) => a - b)
  return first === undefined ? undefined : new Date(first).toISOString()
}

/** The library's own words, with those of the cause. */
function wordsOf(error: unknown): string {
  const { message = 'unknown', cause } = error as Partial<Error>
  const why = cause instanceof Error && cause.message !== message ? `: ${cause.message}` : ''
  return printable(`${message}${why}`)
}
