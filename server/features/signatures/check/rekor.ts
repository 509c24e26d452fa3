import { createHash } from 'node:crypto'
import { fromBase64, memberOf, parseObject, Untrusted } from './check.ts'

/** What cosign's older form spreads over annotations. */
const annotationOf = {
  certificate: 'dev.sigstore.cosign/certificate',
  chain: 'dev.sigstore.cosign/chain',
  rekor: 'dev.sigstore.cosign/bundle',
} as const

/**
 * Makes a Sigstore bundle (v0.1) of a signature in cosign's older form. The entry of the log is the body that Rekor
 * answered with, and its promise to include it (SignedEntryTimestamp).
 */
export function bundleOfAnnotations(
  content: { message: Buffer; signature: Buffer } | { envelope: object },
  annotations: Readonly<Record<string, string>>,
): object {
  const certificate = derOf(annotations[annotationOf.certificate] ?? '')
  const rekor = parseObject(annotations[annotationOf.rekor] ?? '', 'entry of the transparency log')
  const body = fromBase64(memberOf(rekor, 'Payload', 'body'), 'entry of the transparency log')
  const entry = parseObject(body.toString('utf8'), 'entry of the transparency log')
  return {
    mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1',
    verificationMaterial: {
      x509CertificateChain: { certificates: [{ rawBytes: certificate }] },
      tlogEntries: [
        {
          logIndex: String(memberOf(rekor, 'Payload', 'logIndex')),
          logId: { keyId: Buffer.from(String(memberOf(rekor, 'Payload', 'logID')), 'hex').toString('base64') },
          kindVersion: { kind: String(entry['kind']), version: String(entry['apiVersion']) },
          integratedTime: String(memberOf(rekor, 'Payload', 'integratedTime')),
          inclusionPromise: { signedEntryTimestamp: memberOf(rekor, 'SignedEntryTimestamp') },
          canonicalizedBody: body.toString('base64'),
        },
      ],
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

/** The base64 between the lines of the first certificate in a PEM. */
function derOf(pem: string): string {
  const [, body] = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(pem) ?? []
  if (body === undefined) throw new Untrusted('its certificate is no PEM')
  return body.replaceAll(/\s+/g, '')
}
