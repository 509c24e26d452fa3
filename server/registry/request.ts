import { isDigest, parseDigest, type Digest } from '../../oci/digest.ts'
import { OciError } from '../../oci/errors.ts'
import { parseReference, parseRepositoryName, type Reference, type RepositoryName } from '../../oci/reference.ts'

/** Every endpoint of the Distribution Specification 1.1 (end-1 to end-14), by what its path names. */
type Endpoint =
  | { at: 'base' }
  | { at: 'catalog' }
  | { at: 'tags'; name: RepositoryName }
  | { at: 'manifest'; name: RepositoryName; reference: Reference }
  | { at: 'blob'; name: RepositoryName; digest: Digest }
  | { at: 'uploads'; name: RepositoryName }
  | { at: 'upload'; name: RepositoryName; id: string }
  | { at: 'referrers'; name: RepositoryName; digest: Digest }

export type RegistryRequest = Endpoint & { query: URLSearchParams }

const noQuery = new URLSearchParams()

/**
 * Reads a request target such as `/v2/library/alpine/manifests/latest?x=y`. The tail decides the endpoint, so that a
 * repository may be called `x/blobs`, `x/manifests` or `x/tags/list`. Percent-encoding is undone once and segment by
 * segment: an encoded slash never makes a new segment. Throws NAME_INVALID, DENIED, DIGEST_INVALID, TAG_INVALID or
 * NOT_FOUND.
 */
export function parseRequest(target: string): RegistryRequest {
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  const query = mark < 0 ? noQuery : new URLSearchParams(target.slice(mark + 1))
  return { ...parseEndpoint(path), query }
}

function parseEndpoint(path: string): Endpoint {
  if (path === '/v2' || path === '/v2/') return { at: 'base' }
  if (path === '/v2/_catalog') return { at: 'catalog' }
  const segments = (path.includes('%') ? decodeSegments(path) : path).slice('/v2/'.length).split('/')
  const count = segments.length
  const [third, second, last] = [segments[count - 3], segments[count - 2], segments[count - 1] ?? '']
  const nameOf = (tail: number) => parseRepositoryName(segments.slice(0, count - tail).join('/'))
  if (count > 2 && second === 'tags' && last === 'list') return { at: 'tags', name: nameOf(2) }
  if (count > 2 && second === 'manifests') return { at: 'manifest', name: nameOf(2), reference: parseReference(last) }
  if (count > 2 && second === 'referrers') return { at: 'referrers', name: nameOf(2), digest: parseDigest(last) }
  if (count > 2 && second === 'blobs' && last === 'uploads') return { at: 'uploads', name: nameOf(2) }
  if (count > 3 && third === 'blobs' && second === 'uploads') {
    const name = nameOf(3)
    return last === '' ? { at: 'uploads', name } : { at: 'upload', name, id: parseUploadId(last) }
  }
  if (count > 2 && second === 'blobs') {
    const name = nameOf(2)
    return { at: 'blob', name, digest: isDigest(last) ? last : parseDigest(last) }
  }
  throw new OciError('NOT_FOUND', `no endpoint of the Distribution Specification has this path`)
}

function decodeSegments(path: string): string {
  try {
    return path
      .split('/')
      .map((segment) => {
        const decoded = decodeURIComponent(segment)
        if (decoded.includes('/')) throw new OciError('NAME_INVALID', 'the path holds an encoded slash')
        return decoded
      })
      .join('/')
  } catch (error) {
    if (error instanceof OciError) throw error
    throw new OciError('NAME_INVALID', 'the path holds percent-encoding that is not UTF-8')
  }
}

const uploadIdForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

function parseUploadId(text: string): string {
  if (!uploadIdForm.test(text)) throw new OciError('BLOB_UPLOAD_UNKNOWN')
  return text
}
