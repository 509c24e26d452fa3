import type { Digest } from '../../../../oci/digest.ts'
import { isObject, memberOf, parseObject, printable, Untrusted, type Check } from './check.ts'

/** The statement by which cosign 3 says that it signs an image, and nothing else. */
const signsOnly = 'https://sigstore.dev/cosign/sign/v1'
const payloadType = 'application/vnd.in-toto+json'

/** What an in-toto statement in an envelope is: a signature, or an attestation of a type. */
export function readStatement(payload: Buffer): Pick<Check, 'says' | 'predicateType'> & { statement: object } {
  const statement = parseObject(payload.toString('utf8'), 'statement')
  const type = memberOf(statement, 'predicateType')
  if (type === signsOnly) return { says: 'signature', statement }
  return { says: 'attestation', statement, ...(typeof type === 'string' ? { predicateType: printable(type) } : {}) }
}

/** Throws Untrusted unless the statement, which is of an envelope of this type, is about the artifact. */
export function checkSubject(type: unknown, statement: object, subject: Digest): void {
  if (type !== payloadType) throw new Untrusted('its envelope does not hold an in-toto statement')
  const colon = subject.indexOf(':')
  const [algorithm, hex] = [subject.slice(0, colon), subject.slice(colon + 1)]
  const subjects = memberOf(statement, 'subject')
  const isAbout = Array.isArray(subjects) && subjects.some((one) => memberOf(one, 'digest', algorithm) === hex)
  if (!isAbout) throw new Untrusted('its statement is about another artifact')
}

/** Dead Simple Signing Envelope 1.0, "PAE": the bytes that are signed. */
export function signedBytes(type: string, payload: Buffer): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `
  return Buffer.concat([Buffer.from(head), payload])
}

export type Envelope = { payloadType: string; payload: Buffer; signatures: Buffer[] }

/** The most signatures of one envelope that are tried. */
const signaturesLimit = 10

/** Reads an envelope as JSON. Throws Untrusted. */
export function readEnvelope(value: unknown): Envelope {
  const [type, payload, signatures] = ['payloadType', 'payload', 'signatures'].map((key) => memberOf(value, key))
  if (typeof type !== 'string' || typeof payload !== 'string' || !Array.isArray(signatures) || signatures.length === 0)
    throw new Untrusted('its envelope has no payload or no signature')
  return {
    payloadType: type,
    payload: Buffer.from(payload, 'base64'),
    signatures: signatures
      .slice(0, signaturesLimit)
      .flatMap((one) => (isObject(one) && typeof one['sig'] === 'string' ? [Buffer.from(one['sig'], 'base64')] : [])),
  }
}
