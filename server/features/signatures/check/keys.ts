import { createHash, verify, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'

const verifyLater = promisify(verify) as (
  algorithm: string | null,
  data: Buffer,
  key: KeyObject,
  signature: Buffer,
) => Promise<boolean>

/** Hashes with which Sigstore's clients sign by keys of each curve: cosign 2 always takes SHA-256. */
const hashesOfCurve: Record<string, string[]> = {
  prime256v1: ['sha256'],
  secp384r1: ['sha256', 'sha384'],
  secp521r1: ['sha256', 'sha512'],
}

/** The algorithms to try for a key, as node:crypto names them; Ed25519 has a hash of its own. */
function algorithmsOf(key: KeyObject): (string | null)[] {
  if (key.asymmetricKeyType === 'ed25519') return [null]
  if (key.asymmetricKeyType === 'rsa') return ['sha256']
  return hashesOfCurve[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? []
}

/** Whether `signature` is one of `data` by this key. Runs in a thread of Node's pool, unless it is an Ed25519ph. */
export async function isSignedBy(key: KeyObject, data: Buffer, signature: Buffer): Promise<boolean> {
  for (const algorithm of algorithmsOf(key)) {
    if (await verifyLater(algorithm, data, key, signature).catch(() => false)) return true
  }
  if (key.asymmetricKeyType !== 'ed25519') return false
  const { isSignedWithEd25519ph } = await import('./ed25519ph.ts')
  return isSignedWithEd25519ph(key, data, signature)
}

/** Names a public key: `sha256:` and the hash of its SubjectPublicKeyInfo, as in RFC 7469. */
export function fingerprintOf(key: KeyObject): string {
  return `sha256:${createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')}`
}
