import { createHash, type Hash } from 'node:crypto'
import { OciError } from './errors.ts'

declare const digestMark: unique symbol
/** `<algorithm>:<lower-case hex>`, sha256 or sha512, already checked (OCI Image Specification, "Digests"). */
export type Digest = string & { readonly [digestMark]: true }
export type DigestAlgorithm = 'sha256' | 'sha512'

const digestForm = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/

export function isDigest(text: string): text is Digest {
  return digestForm.test(text)
}

/** Throws DIGEST_INVALID unless `text` is a digest of an algorithm that Marina computes. */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) {
    throw new OciError(
      'DIGEST_INVALID',
      'a digest is sha256:<64 hex digits> or sha512:<128 hex digits>, in lower case',
      {
        detail: { digest: text.slice(0, 160) },
      },
    )
  }
  return text
}

export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256'
}

/** The part after the colon. */
export function hexOf(digest: Digest): string {
  return digest.slice(7)
}

export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return finishDigest(createHash(algorithm).update(bytes), algorithm)
}

export function finishDigest(hash: Hash, algorithm: DigestAlgorithm): Digest {
  return `${algorithm}:${hash.digest('hex')}` as Digest
}
