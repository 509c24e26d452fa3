import { createHash } from 'node:crypto'
import { fromBase64, memberOf, parseObject, Untrusted } from './check.ts'

/** What cosign's older form spreads over annotations. */
const annotationOf = {
  certificate: 'dev.sigstore.cosign/certificate',
  rekor: 'dev.sigstore.cosign/bundle',
  time: 'dev.sigstore.cosign/rfc3161timestamp',
} as const

type Annotations = Readonly<Record<string, string>>

/** Makes a Sigstore bundle (v0.1) of a signature in cosign's older form. Throws Untrusted. */
export function bundleOfAnnotations(
  content: { message: Buffer; signature: Buffer } | { envelope: object },
  annotations: Annotations,
): object {
  // An attestation's time is that of its whole envelope (cosign 2), which no bundle can say.
  const isOfTime = 'message' in content && annotations[annotationOf.rekor] === undefined
  return {
    mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1',
    verificationMaterial: {
      x509CertificateChain: { certificates: [{ rawBytes: derOf(annotations[annotationOf.certificate] ?? '') }] },
      ...((isOfTime ? timeOf(annotations) : undefined) ?? { tlogEntries: [entryOf(annotations)] }),
    },
    ...('envelope' in content
      ? { dsseEnvelope: content.envelope }
      : {
          messageSignature: {
            messageDigest: {
              algorithm: 'SHA2_256',
              digest: createHash('sha256').update(content.message).digest('base64'),
            },
            signature: content.signature.toString('base64'),
          },
        }),
  }
}

/** What a timestamp authority (RFC 3161) said of a signature that stands in no log; undefined when none did. */
function timeOf(annotations: Annotations): object | undefined {
  const text = annotations[annotationOf.time]
  if (text === undefined) return undefined
  const signedTimestamp = fromBase64(memberOf(parseObject(text, 'time'), 'SignedRFC3161Timestamp'), 'time')
  const rfc3161Timestamps = [{ signedTimestamp: signedTimestamp.toString('base64') }]
  return { tlogEntries: [], timestampVerificationData: { rfc3161Timestamps } }
}

/** The entry of the log: the body that Rekor answered with, and its promise to include it (SignedEntryTimestamp). */
function entryOf(annotations: Annotations): object {
  const text = annotations[annotationOf.rekor]
  if (text === undefined) throw new Untrusted('it has no entry of a transparency log')
  const rekor = parseObject(text, 'entry of the transparency log')
  const body = fromBase64(memberOf(rekor, 'Payload', 'body'), 'entry of the transparency log')
  const entry = parseObject(body.toString('utf8'), 'entry of the transparency log')
  return {
    logIndex: String(memberOf(rekor, 'Payload', 'logIndex')),
    logId: { keyId: Buffer.from(String(memberOf(rekor, 'Payload', 'logID')), 'hex').toString('base64') },
    kindVersion: { kind: String(entry['kind']), version: String(entry['apiVersion']) },
    integratedTime: String(memberOf(rekor, 'Payload', 'integratedTime')),
    inclusionPromise: { signedEntryTimestamp: memberOf(rekor, 'SignedEntryTimestamp') },
    canonicalizedBody: body.toString('base64'),
  }
}

/** The base64 between the lines of the first certificate in a PEM. */
function derOf(pem: string): string {
  const [, body] = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(pem) ?? []
  if (body === undefined) throw new Untrusted('its certificate is no PEM')
  return body.replaceAll(/\s+/g, '')
}
