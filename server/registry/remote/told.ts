import { isDigest, type Digest } from '../../../oci/digest.ts'
import type { Answer } from './line.ts'

/** `Docker-Content-Digest`, if it has the form of a digest. */
export function toldDigest({ 'docker-content-digest': told }: Answer['headers']): Digest | undefined {
  const [text] = [told ?? []].flat()
  return text !== undefined && isDigest(text) ? text : undefined
}

/** `Content-Length` in bytes. */
export function lengthOf({ headers }: Pick<Answer, 'headers'>): number | undefined {
  const text = headers['content-length']
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
