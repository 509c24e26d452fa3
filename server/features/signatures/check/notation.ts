import { verify, X509Certificate, type KeyObject } from 'node:crypto'
import type { CertificateSigner, Identity } from '../signers/signer.ts'
import { checkChain, nameOf } from './chain.ts'
import { checked, memberOf, parseObject, printable, Untrusted, type Check, type Sealed, type Trust } from './check.ts'
import { readCose, readJws, understood, type NotationEnvelope } from './notation-envelope.ts'

const payloadType = 'application/vnd.cncf.notary.payload.v1+json'

/** Media types of a notation signature's layer, and how to read each. */
const readers: Readonly<Record<string, (bytes: Buffer) => NotationEnvelope>> = {
  'application/jose+json': readJws,
  'application/cose': readCose,
}

/** Checks a signature of notation in either form, against the project's certificates, without a network. */
export function checkNotation({ subject, mediaType, bytes }: Sealed, { signers, now }: Trust): Promise<Check> {
  return checked({ tool: 'notation', says: 'signature' }, async () => {
    const envelope = readers[mediaType]!(bytes)
    checkHeaders(envelope, now)
    checkTarget(envelope, subject)
    const chain = envelope.chain.map((der) => new X509Certificate(der))
    checkSignature(envelope, chain[0]!.publicKey)
    const { signer, until } = findSigner(chain, signers, now)
    const ends = [until, envelope.expiresAt ?? until].reduce((a, b) => (a < b ? a : b))
    return {
      signer: signer.name,
      identity: nameOf(chain[0]!),
      until: ends.toISOString(),
      ...(envelope.signedAt ? { signedAt: envelope.signedAt.toISOString() } : {}),
    }
  })
}

function checkHeaders({ contentType, scheme, critical, expiresAt }: NotationEnvelope, now: Date): void {
  if (contentType !== payloadType) throw new Untrusted('its payload is not that of a signature by notation')
  if (scheme !== 'notary.x509')
    throw new Untrusted(`its signing scheme is not known: ${printable(String(scheme))} (notary.x509 is)`)
  const unknown = critical.find((one) => !understood.includes(one))
  if (unknown !== undefined)
    throw new Untrusted(`it asks for something that Marina does not check: ${printable(JSON.stringify(unknown))}`)
  if (expiresAt && expiresAt <= now) throw new Untrusted(`it has expired at ${expiresAt.toISOString()}`)
}

function checkTarget({ payload }: NotationEnvelope, subject: string): void {
  const digest = memberOf(parseObject(payload.toString('utf8'), 'payload'), 'targetArtifact', 'digest')
  if (digest !== subject) throw new Untrusted(`it signs another artifact: ${printable(String(digest))}`)
}

/** The algorithm that each kind of key must be used with (Notary Project, "Signature algorithm requirements"). */
const algorithms: Readonly<Record<string, { algorithm: string; hash: string }>> = {
  'ec prime256v1': { algorithm: 'ES256', hash: 'sha256' },
  'ec secp384r1': { algorithm: 'ES384', hash: 'sha384' },
  'ec secp521r1': { algorithm: 'ES512', hash: 'sha512' },
  'rsa 2048': { algorithm: 'PS256', hash: 'sha256' },
  'rsa 3072': { algorithm: 'PS384', hash: 'sha384' },
  'rsa 4096': { algorithm: 'PS512', hash: 'sha512' },
}

function checkSignature({ algorithm, signed, signature }: NotationEnvelope, key: KeyObject): void {
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {}
  const kind = `${key.asymmetricKeyType} ${namedCurve ?? modulusLength}`
  const wanted = Object.hasOwn(algorithms, kind) ? algorithms[kind] : undefined
  if (!wanted) throw new Untrusted(`its key is of a kind that notation does not use: ${kind}`)
  if (algorithm !== wanted.algorithm)
    throw new Untrusted(`its algorithm is ${printable(algorithm)}, and its key needs ${wanted.algorithm}`)
  // RFC 7518 §3.4: r and s one after the other; §3.5: RSASSA-PSS with a salt as long as the hash.
  const how = { key, dsaEncoding: 'ieee-p1363', padding: 6, saltLength: -1 } as const
  const isRight = verify(wanted.hash, signed, kind.startsWith('ec') ? { ...how, padding: undefined } : how, signature)
  if (!isRight) throw new Untrusted('its signature does not fit its certificate')
}

/** The first signer below whose certificates the chain ends, and whose identities fit. Throws Untrusted. */
function findSigner(
  chain: readonly X509Certificate[],
  signers: Trust['signers'],
  now: Date,
): { signer: CertificateSigner; until: Date } {
  const wanted = signers.filter((signer) => signer.kind === 'certificate')
  if (wanted.length === 0)
    throw new Untrusted('it is signed with a certificate, and the project trusts no issuer of certificates')
  const problems: Untrusted[] = []
  for (const signer of wanted) {
    try {
      const until = checkChain(chain, signer.anchors, now)
      if (signer.identities.some((one) => fits(one, chain[0]!))) return { signer, until }
      problems.push(new Untrusted(`its certificate is of ${nameOf(chain[0]!)}, whom ${signer.name} does not name`))
    } catch (error) {
      if (!(error instanceof Untrusted)) throw error
      problems.push(error)
    }
  }
  const [first, ...others] = [...new Set(problems.map(({ message }) => message))]
  throw new Untrusted([first, ...others].join('; '), problems.find(({ until }) => until)?.until)
}

/** Whether the subject of the certificate has all attributes of the identity. */
function fits(identity: Identity, certificate: X509Certificate): boolean {
  const subject = certificate.toLegacyObject().subject as unknown as Record<string, string | string[] | undefined>
  return identity.every(([attribute, value]) => Object.hasOwn(subject, attribute) && subject[attribute] === value)
}
