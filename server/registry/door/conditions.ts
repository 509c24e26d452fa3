import type { IncomingMessage } from 'node:http'
import type { Digest } from '../../../oci/digest.ts'
import { OciError } from '../../../oci/errors.ts'

/** Throws PRECONDITION when the `If-Match` header names other bytes than these (RFC 9110, 13.1.1). */
export function checkIfMatch(request: IncomingMessage, digest: Digest): void {
  const header = request.headers['if-match']
  if (header === undefined) return
  const tags = header.split(',').map((one) => one.trim())
  if (tags.some((tag) => tag === '*' || isStrongTag(tag, digest))) return
  throw new OciError('PRECONDITION', 'If-Match names other bytes than these', { detail: { digest } })
}

/**
 * The `Range` header, unless `If-Range` names other bytes than these (RFC 9110, 13.1.5). A date in `If-Range` never
 * matches, since no answer has a date.
 */
export function rangeHeader(request: IncomingMessage, digest: Digest): string | undefined {
  const condition = request.headers['if-range']
  const isMeant = condition === undefined || isStrongTag(String(condition).trim(), digest)
  return isMeant ? request.headers.range : undefined
}

const isStrongTag = (tag: string, digest: Digest) => tag === `"${digest}"` || tag === digest
