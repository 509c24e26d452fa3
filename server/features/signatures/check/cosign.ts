import { checked, fromBase64, memberOf, parseObject, printable, Untrusted } from './check.ts'
import type { Check, Sealed, Trust } from './check.ts'
import type { checkKeyless } from './keyless.ts'
import { fingerprintOf, isSignedBy } from './keys.ts'
import { bundleOfAnnotations } from './rekor.ts'
import { checkSubject, readEnvelope, readStatement, signedBytes, type Envelope } from './statement.ts'

/** Annotations of a layer by which cosign stores what belongs to a signature. */
const signatureAnnotation = 'dev.cosignproject.cosign/signature'
const certificateAnnotation = 'dev.sigstore.cosign/certificate'

/** Checks a signature in cosign's older form: a small JSON (simple signing), and its signature as an annotation. */
export function checkSimpleSigning(sealed: Sealed, trust: Trust): Promise<Check> {
  const { subject, bytes, annotations } = sealed
  return checked({ tool: 'cosign', says: 'signature' }, async () => {
    const payload = parseObject(bytes.toString('utf8'), 'payload')
    if (memberOf(payload, 'critical', 'type') !== 'cosign container image signature')
      throw new Untrusted('its payload is not that of a signature by cosign')
    const named = memberOf(payload, 'critical', 'image', 'docker-manifest-digest')
    if (named !== subject) throw new Untrusted(`it signs another artifact: ${printable(String(named))}`)
    const signature = fromBase64(annotations[signatureAnnotation], 'signature')
    const certificate = annotations[certificateAnnotation]
    if (certificate === undefined) return checkByKey(bytes, [signature], trust)
    return checkAccount(bundleOfAnnotations({ message: bytes, signature }, annotations), trust, { message: bytes })
  })
}

/** Checks an attestation in cosign's older form: an envelope (DSSE) that is the layer itself. */
export function checkAttestation(sealed: Sealed, trust: Trust): Promise<Check> {
  const { annotations } = sealed
  return checkStatement(sealed, trust, (json, envelope) => ({
    envelope: envelope(json),
    ...(annotations[certificateAnnotation] === undefined
      ? {}
      : { bundle: bundleOfAnnotations({ envelope: json }, annotations) }),
  }))
}

/** Checks a Sigstore bundle (v0.1 to v0.3) with a statement: cosign 3 signs and attests so. */
export function checkBundle(sealed: Sealed, trust: Trust): Promise<Check> {
  return checkStatement(sealed, trust, (json, envelope) => {
    const inner = memberOf(json, 'dsseEnvelope')
    if (inner === undefined) throw new Untrusted('its bundle holds no statement, but a signature of a file')
    const isByKey = memberOf(json, 'verificationMaterial', 'publicKey') !== undefined
    return { envelope: envelope(inner), ...(isByKey ? {} : { bundle: json }) }
  })
}

type Found = { envelope: Envelope; bundle?: object }

/**
 * Checks a signed statement. `find` says where its envelope is in the JSON of the layer, and makes the bundle of one
 * that is signed with a certificate.
 */
async function checkStatement(
  { subject, bytes }: Sealed,
  trust: Trust,
  find: (json: object, read: typeof readEnvelope) => Found,
): Promise<Check> {
  // Known before it is known whether the statement can be trusted.
  let said: Pick<Check, 'says' | 'predicateType'> = { says: 'attestation' }
  const check = await checked({ tool: 'cosign', says: 'attestation' }, async () => {
    const { envelope, bundle } = find(parseObject(bytes.toString('utf8'), 'envelope'), readEnvelope)
    const { statement, ...rest } = readStatement(envelope.payload)
    said = rest
    checkSubject(envelope.payloadType, statement, subject)
    if (bundle) return checkAccount(bundle, trust, { payload: envelope.payload })
    return checkByKey(signedBytes(envelope.payloadType, envelope.payload), envelope.signatures, trust)
  })
  return { ...check, ...said }
}

/** Looks for the project's key that made one of the signatures. Throws Untrusted when there is none. */
async function checkByKey(data: Buffer, signatures: Buffer[], { signers }: Trust): Promise<Partial<Check>> {
  const keys = signers.filter((signer) => signer.kind === 'key')
  if (keys.length === 0) throw new Untrusted('it is signed with a key, and the project trusts none')
  for (const { name, key } of keys) {
    for (const signature of signatures) {
      if (await isSignedBy(key, data, signature)) return { signer: name, identity: `key ${fingerprintOf(key)}` }
    }
  }
  throw new Untrusted('it is not signed with a key that the project trusts')
}

/** Loads the library of Sigstore when the first signature of an account is checked. */
const checkAccount: typeof checkKeyless = async (...asked) => (await import('./keyless.ts')).checkKeyless(...asked)
