import { algorithmOf, digestOf, type Digest } from '../../../oci/digest.ts'
import { OciError } from '../../../oci/errors.ts'
import { parseManifest } from '../../../oci/manifest.ts'
import { isManifestType } from '../../../oci/media-type.ts'
import type { Reference, RepositoryName, Tag } from '../../../oci/reference.ts'
import type { Registry } from '../registry.ts'
import { failed } from './answers.ts'
import { ask, drop } from './ask.ts'
import { RemoteFailed } from './failed.ts'
import type { Line } from './line.ts'
import { askingManifest, readManifest } from './manifest-read.ts'
import { addReferrer, dropReferrer } from './referrer-tag.ts'
import { deleteScope, pushScope } from './scopes.ts'
import { toldDigest } from './told.ts'

type Push = Parameters<Registry['writeManifest']>[2]
type Pushed = Awaited<ReturnType<Registry['writeManifest']>>

/** Pushes a manifest under its reference, then under each further tag; keeps the index of referrers where needed. */
export async function writeManifest(line: Line, name: RepositoryName, push: Push): Promise<Pushed> {
  const { reference, tags, contentType, content } = push
  const { mediaType, subject, ...manifest } = parseManifest(content, contentType)
  const digest = digestOf(content, 'digest' in reference ? algorithmOf(reference.digest) : 'sha256')
  if ('digest' in reference && digest !== reference.digest) {
    throw new OciError('DIGEST_INVALID', `the manifest has the digest ${digest}, not ${reference.digest}`)
  }
  let isListed = false
  for (const one of [reference, ...tags.map((tag) => ({ tag }))]) {
    const { headers } = await put(line, name, one, { mediaType, content, digest })
    isListed ||= headers['oci-subject'] === subject?.digest
  }
  if (subject && !isListed && line.seen.referrersApi !== true) {
    const { artifactType, annotations } = manifest
    await addReferrer(line, name, subject.digest, {
      mediaType,
      digest,
      size: content.length,
      artifactType,
      annotations,
    })
  }
  return { digest, tags: 'tag' in reference ? [reference.tag, ...tags] : tags, subject: subject?.digest }
}

async function put(
  line: Line,
  name: RepositoryName,
  reference: Reference,
  { mediaType, content, digest }: { mediaType: string; content: Buffer; digest: Digest },
) {
  const question = {
    ...askingManifest(line, name, reference),
    method: 'PUT',
    headers: { 'content-type': mediaType },
    scopes: [pushScope(name)],
    body: content,
    expects: [200, 201, 202],
    redirects: 0,
    unknown: 'NAME_UNKNOWN' as const,
  }
  const answer = await ask(line, question)
  await drop(answer)
  const told = toldDigest(answer.headers)
  if (told && algorithmOf(told) === algorithmOf(digest) && told !== digest) {
    throw failed(line, question, 'lied', `it stored ${told} instead of ${digest}`)
  }
  return answer
}

/** Deletes a manifest, and its entry in the index of referrers where the other side does not keep one. */
export async function deleteManifest(line: Line, name: RepositoryName, digest: Digest): Promise<void> {
  const subject = line.seen.referrersApi === true ? undefined : await findSubject(line, name, digest)
  await remove(line, name, { digest })
  if (subject) await dropReferrer(line, name, subject, digest)
}

async function findSubject(line: Line, name: RepositoryName, digest: Digest): Promise<Digest | undefined> {
  try {
    const { content, mediaType } = await readManifest(line, name, { digest })
    return isManifestType(mediaType) ? parseManifest(content, mediaType).subject?.digest : undefined
  } catch (error) {
    // What cannot be read has no subject that anybody knows, and can be deleted nevertheless.
    if (!(error instanceof OciError) || (error instanceof RemoteFailed && error.isPassing)) throw error
    line.signal?.throwIfAborted()
    return undefined
  }
}

/** Throws UNSUPPORTED where the other side cannot delete a tag alone. */
export async function deleteTag(line: Line, name: RepositoryName, tag: Tag): Promise<void> {
  try {
    await remove(line, name, { tag })
    line.seen.deletesTags = true
  } catch (error) {
    // docker-registry 2 takes a digest alone and says that the tag is none.
    if (!(error instanceof OciError) || !['DIGEST_INVALID', 'UNSUPPORTED'].includes(error.code)) throw error
    line.seen.deletesTags = false
    const question = { method: 'DELETE', url: `${line.base}/v2/${name}/manifests/${tag}` }
    throw failed(line, question, 'rejected', 'it cannot delete a tag without its manifest', { code: 'UNSUPPORTED' })
  }
}

async function remove(line: Line, name: RepositoryName, reference: Reference): Promise<void> {
  const scopes = [deleteScope(name)]
  const question = { ...askingManifest(line, name, reference), method: 'DELETE', headers: {}, scopes, redirects: 0 }
  await drop(await ask(line, { ...question, expects: [200, 202, 204] }))
}
