import { algorithmOf, digestOf } from '../../../oci/digest.ts'
import { parseManifest } from '../../../oci/manifest.ts'
import { bareMediaType, isManifestType, isSchema1, manifestTypes } from '../../../oci/media-type.ts'
import type { Reference, RepositoryName } from '../../../oci/reference.ts'
import type { ManifestRead, ManifestStat } from '../registry.ts'
import { failed } from './answers.ts'
import { ask, askWhole, drop } from './ask.ts'
import type { Line } from './line.ts'
import { pullScope } from './scopes.ts'
import { lengthOf, toldDigest } from './told.ts'

const accept = Object.keys(manifestTypes).join(', ')
const textOf = (reference: Reference): string => ('tag' in reference ? reference.tag : reference.digest)

/** The call for a manifest, but its method. */
export const askingManifest = (line: Line, name: RepositoryName, reference: Reference) => ({
  url: `${line.base}/v2/${name}/manifests/${textOf(reference)}`,
  headers: { accept },
  scopes: [pullScope(name)],
  expects: [200],
  isRepeatable: true,
  redirects: 3,
  unknown: 'MANIFEST_UNKNOWN' as const,
})

/** A manifest with its bytes, whose digest is checked against the reference and against what the answer says. */
export async function readManifest(line: Line, name: RepositoryName, reference: Reference): Promise<ManifestRead> {
  const question = { ...askingManifest(line, name, reference), method: 'GET' }
  const { content, headers } = await askWhole(line, question, line.limits.manifestBytes)
  const told = toldDigest(headers)
  const wanted = 'digest' in reference ? reference.digest : told
  const digest = digestOf(content, wanted ? algorithmOf(wanted) : 'sha256')
  const mediaType = typeOf(line, question, content, headers['content-type'])
  if (wanted !== undefined && digest !== wanted) {
    throw failed(line, question, 'lied', `its bytes have the digest ${digest}, not ${wanted}`)
  }
  return { digest, mediaType, content }
}

/**
 * A manifest without its bytes. Reads it where the answer to HEAD does not say all. `known`: what it was last; returned
 * when the other side says that it still is (RFC 9110, 13.1.2).
 */
export async function statManifest(
  line: Line,
  name: RepositoryName,
  reference: Reference,
  known?: ManifestStat,
): Promise<ManifestStat> {
  const asking = askingManifest(line, name, reference)
  const condition: Record<string, string> = known ? { 'if-none-match': `"${known.digest}"` } : {}
  const headers = { ...asking.headers, ...condition }
  const question = { ...asking, headers, method: 'HEAD', expects: [200, 400, 405, ...(known ? [304] : [])] }
  const answer = await ask(line, question)
  await drop(answer)
  const digest = toldDigest(answer.headers)
  if (known && answer.status === 304 && (!digest || digest === known.digest)) return known
  const mediaType = bareMediaType(answer.headers['content-type'])
  const size = lengthOf(answer)
  if (answer.status !== 200 || !digest || size === undefined || !isManifestType(mediaType)) {
    const { content, ...read } = await readManifest(line, name, reference)
    return { ...read, size: content.length }
  }
  if ('digest' in reference && algorithmOf(digest) === algorithmOf(reference.digest) && digest !== reference.digest) {
    throw failed(line, question, 'lied', `it says that this is ${digest}`)
  }
  return { digest: 'digest' in reference ? reference.digest : digest, mediaType, size }
}

/**
 * The media type of the header, or of the manifest itself where the header names none of a manifest. The manifest is
 * parsed only then: a portal's HTML has no type of a manifest.
 */
function typeOf(line: Line, question: { method: string; url: string }, content: Buffer, header: string | undefined) {
  const type = bareMediaType(header)
  if (isSchema1(type)) {
    const why = 'it has only a manifest of Docker schema 1, which Marina does not read: push it with a newer client'
    throw failed(line, question, 'rejected', why, { code: 'UNSUPPORTED' })
  }
  if (isManifestType(type)) return type
  try {
    return parseManifest(content, undefined).mediaType
  } catch {
    throw failed(line, question, 'not-a-registry', `its answer is no manifest (${type || 'without a type'})`)
  }
}
