import { createPublicKey, X509Certificate, type KeyObject } from 'node:crypto'
import type { Identity, Signer, SignerContent, TrustedRoot } from './signer.ts'

/** A signer or a trusted root cannot be used; the message says why. */
export class SignerProblem extends Error {
  override name = 'SignerProblem'
}

/** The most of each, so that checking one signature stays cheap. */
export const signerLimits = {
  /** Signers of a project. */
  signers: 50,
  certificates: 20,
  identities: 50,
  /** Characters of a PEM, and of a trusted root. */
  pem: 64 * 1024,
  root: 512 * 1024,
  /** Characters of an issuer, a subject or an identity. */
  text: 1024,
}

/** A signer ready to be checked against. `findRoot` knows the trusted roots. Throws SignerProblem. */
export function readSigner(
  name: string,
  content: SignerContent,
  findRoot: (root: string) => TrustedRoot | undefined,
): Signer {
  switch (content.kind) {
    case 'key':
      return { kind: 'key', name, key: readKey(content.publicKey) }
    case 'certificate':
      return {
        kind: 'certificate',
        name,
        anchors: readCertificates(content.certificates),
        identities: content.identities.map(readIdentity),
      }
    case 'keyless': {
      const root = findRoot(content.trustRoot)
      if (!root) throw new SignerProblem(`there is no trusted root ${content.trustRoot}: import it first`)
      const { issuer, subject } = content
      if (issuer.replaceAll('*', '') === '' || subject === '')
        throw new SignerProblem('an issuer and a subject are needed; * alone is no issuer')
      return { kind: 'keyless', name, issuer, subject, root }
    }
  }
}

const curves = ['prime256v1', 'secp384r1', 'secp521r1']

/** A public key in PEM: ECDSA P-256, P-384 or P-521, RSA of 2048 to 8192 bits, Ed25519. Throws SignerProblem. */
function readKey(pem: string): KeyObject {
  if (/PRIVATE KEY/.test(pem))
    throw new SignerProblem('this is a private key: give the public one, and keep this secret')
  const key = orProblem(() => createPublicKey(pem), 'the public key is no PEM that can be read')
  const { asymmetricKeyType: type, asymmetricKeyDetails: { namedCurve = '', modulusLength = 0 } = {} } = key
  const isKnown =
    type === 'ed25519' ||
    (type === 'ec' && curves.includes(namedCurve)) ||
    (type === 'rsa' && modulusLength >= 2048 && modulusLength <= 8192)
  if (!isKnown)
    throw new SignerProblem('the key must be ECDSA (P-256, P-384, P-521), RSA (2048 to 8192 bits) or Ed25519')
  return key
}

const block = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g

/** One or more certificates in PEM, one after the other. Throws SignerProblem. */
function readCertificates(pem: string): X509Certificate[] {
  const blocks = pem.match(block) ?? []
  if (blocks.length === 0) throw new SignerProblem('there is no certificate (PEM) in it')
  if (blocks.length > signerLimits.certificates)
    throw new SignerProblem(`there are more than ${signerLimits.certificates} certificates in it`)
  return blocks.map((one, index) =>
    orProblem(() => new X509Certificate(one), `certificate ${index + 1} cannot be read`),
  )
}

const subjectPrefix = 'x509.subject:'

/**
 * `*`, or `x509.subject: C=DE, O=Example` (Notary Project, "Trust policy", trustedIdentities): attributes that the
 * subject of the certificate must have. A comma in a value has a backslash before it. Throws SignerProblem.
 */
export function readIdentity(text: string): Identity {
  if (text === '*') return []
  const problem = new SignerProblem(
    `the identity ${JSON.stringify(text.slice(0, 100))} must be * or like x509.subject: C=DE, O=Example`,
  )
  if (!text.startsWith(subjectPrefix)) throw problem
  const attributes = text
    .slice(subjectPrefix.length)
    .split(/(?<!\\),/)
    .map((part): [string, string] => {
      const [, name, value] = /^\s*([A-Za-z][A-Za-z0-9.]*)\s*=\s*(.*?)\s*$/.exec(part) ?? []
      if (name === undefined || value === undefined || value === '') throw problem
      return [name.toUpperCase(), value.replaceAll(/\\(.)/g, '$1')]
    })
  if (new Set(attributes.map(([name]) => name)).size < attributes.length) throw problem
  return attributes
}

/** The value, or SignerProblem when it cannot be read. */
export function orProblem<Value>(read: () => Value, problem: string): Value {
  try {
    return read()
  } catch (error) {
    throw new SignerProblem(problem, { cause: error })
  }
}
