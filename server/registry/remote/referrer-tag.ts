import type { Digest } from '../../../oci/digest.ts'
import { OciError } from '../../../oci/errors.ts'
import type { Descriptor } from '../../../oci/manifest.ts'
import { ociIndex } from '../../../oci/media-type.ts'
import type { RepositoryName, Tag } from '../../../oci/reference.ts'
import { failed } from './answers.ts'
import { drop, ask } from './ask.ts'
import { descriptorsOf } from './descriptors.ts'
import type { Line } from './line.ts'
import { LockLost, type Held } from './locks.ts'
import { readManifest } from './manifest-read.ts'
import { pushScope } from './scopes.ts'

/** How often an index is written until it holds what was added: other programs may write it at the same time. */
const rounds = 5

/**
 * The tag of the index that lists a subject's referrers where there is no API: `sha256-<hex>`, cut to a tag's length
 * (OCI Distribution Specification 1.1, "Referrers Tag Schema").
 */
const referrersTag = (subject: Digest): Tag => subject.replace(':', '-').slice(0, 128) as Tag

/** The referrers that the index under the subject's tag lists; none without such an index. */
export async function fallbackReferrers(line: Line, name: RepositoryName, subject: Digest): Promise<Descriptor[]> {
  try {
    const { content, mediaType } = await readManifest(line, name, { tag: referrersTag(subject) })
    return mediaType === ociIndex ? (descriptorsOf(JSON.parse(content.toString())) ?? []) : []
  } catch (error) {
    if (error instanceof OciError && ['MANIFEST_UNKNOWN', 'NAME_UNKNOWN'].includes(error.code)) return []
    throw error
  }
}

/** "Pushing Manifests with Subject": who pushes a referrer without the API adds it to the index. */
export async function addReferrer(line: Line, name: RepositoryName, subject: Digest, entry: Descriptor): Promise<void> {
  line.seen.referrersApi ??= false
  await change(line, name, subject, (all) =>
    all.some(({ digest }) => digest === entry.digest) ? undefined : [...all, entry],
  )
}

/** "Deleting Manifests": who deletes a referrer without the API takes it out of the index. */
export async function dropReferrer(line: Line, name: RepositoryName, subject: Digest, digest: Digest): Promise<void> {
  await change(line, name, subject, (all) =>
    all.some((one) => one.digest === digest) ? all.filter((one) => one.digest !== digest) : undefined,
  )
}

/** Changes of one index in this process wait for each other here, by its URL, and hold its lock one after the other. */
const underWay = new Map<string, Promise<void>>()

/** Changes the index alone: those of other jobs and processes wait. */
function change(line: Line, name: RepositoryName, subject: Digest, changed: Changed): Promise<void> {
  const url = `${line.base}/v2/${name}/manifests/${referrersTag(subject)}`
  const place = { line, name, subject, url }
  const before = underWay.get(url) ?? Promise.resolve()
  const work = before
    .then(() => line.locks.hold(url, line.signal, (held) => rewrite(place, changed, held)))
    .catch((error: unknown) => {
      throw withoutLock(line, url, error)
    })
  const settled = work.catch(() => {})
  underWay.set(url, settled)
  void settled.then(() => underWay.get(url) === settled && underWay.delete(url))
  return work
}

/** In the words of this call, when the lock was lost, or the caller gave up while it waited. */
function withoutLock(line: Line, url: string, error: unknown): unknown {
  if (error instanceof OciError) return error
  const say = (reason: 'aborted' | 'unavailable', sentence: string) =>
    failed(line, { method: 'PUT', url }, reason, sentence, { cause: error })
  if (error instanceof LockLost) return say('unavailable', `${error.message}: try again later`)
  return line.signal?.aborted ? say('aborted', 'the call was given up') : error
}

/** The entries as they are to be; undefined when nothing is to be changed. */
type Changed = (all: Descriptor[]) => Descriptor[] | undefined
type Place = { line: Line; name: RepositoryName; subject: Digest; url: string }

/**
 * Writes the index anew and reads it again, until nothing is left to change: the specification has no lock, and a
 * program that is not Marina may have replaced the index meanwhile.
 */
async function rewrite(place: Place, changed: Changed, held: Held): Promise<void> {
  const { line, name, subject, url } = place
  for (let round = 1; ; round++) {
    const wanted = changed(await fallbackReferrers(line, name, subject))
    if (!wanted) return
    const why = 'others keep writing its index of referrers: try again later'
    if (round > rounds) throw failed(line, { method: 'PUT', url }, 'unavailable', why)
    await held.check()
    await write({ ...line, signal: either(line.signal, held.signal) }, name, url, wanted).catch((error: unknown) => {
      held.signal.throwIfAborted()
      throw error
    })
  }
}

const either = (one: AbortSignal | undefined, other: AbortSignal): AbortSignal =>
  one ? AbortSignal.any([one, other]) : other

async function write(line: Line, name: RepositoryName, url: string, manifests: Descriptor[]): Promise<void> {
  const body = JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests })
  const headers = { 'content-type': ociIndex }
  const scopes = [pushScope(name)]
  const answer = await ask(line, { method: 'PUT', url, headers, scopes, body, expects: [200, 201], isRepeatable: true })
  await drop(answer)
}
