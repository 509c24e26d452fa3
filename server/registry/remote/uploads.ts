import { algorithmOf, type Digest, type DigestAlgorithm } from '../../../oci/digest.ts'
import { OciError, type OciErrorCode } from '../../../oci/errors.ts'
import type { RepositoryName } from '../../../oci/reference.ts'
import { Readable } from 'node:stream'
import type { Bytes } from '../../platform/blobs/blobs.ts'
import type { BlobStat, Upload } from '../registry.ts'
import { failed } from './answers.ts'
import { ask, drop } from './ask.ts'
import { statBlob } from './blobs.ts'
import type { Answer, Line, Question, Session } from './line.ts'
import { pullScope, pushScope } from './scopes.ts'
import { toldDigest } from './told.ts'

/** How many times longer the other side may be silent while it ends an upload. */
const endingSilences = 10

const octets = { 'content-type': 'application/octet-stream' }

const asking = (name: RepositoryName, method: string, url: string, expects: number[]) => ({
  method,
  url,
  scopes: [pushScope(name)],
  expects,
  isRepeatable: method !== 'PATCH',
})

/** Starts an upload: `POST /v2/<name>/blobs/uploads/`. Its id is the URL to go on at. */
export async function startUpload(line: Line, name: RepositoryName, algorithm: DigestAlgorithm): Promise<Upload> {
  const query = algorithm === 'sha256' ? '' : `?digest-algorithm=${algorithm}`
  const question = asking(name, 'POST', `${line.base}/v2/${name}/blobs/uploads/${query}`, [202])
  const answer = await ask(line, { ...question, unknown: 'NAME_UNKNOWN' })
  await drop(answer)
  return keep(line, question, answer, { size: 0 })
}

/** The state of an upload, asked of the other side: `GET <location>`. Throws BLOB_UPLOAD_UNKNOWN. */
export async function findUpload(line: Line, name: RepositoryName, id: string): Promise<Upload> {
  const session = sessionOf(line, id)
  const answer = await askUpload(line, asking(name, 'GET', session.location, [204, 202]))
  const size = sizeOf(answer) ?? session.size
  if (size === undefined) throw failed(line, asking(name, 'GET', session.location, []), 'lied', 'it names no Range')
  return keep(line, asking(name, 'GET', session.location, []), answer, { size, id })
}

/** Appends bytes: `PATCH <location>`. `length` in bytes, if it is known; else they are sent in HTTP chunks. */
export async function appendUpload(
  line: Line,
  name: RepositoryName,
  id: string,
  bytes: Bytes,
  { at, length }: { at?: number | undefined; length?: number } = {},
): Promise<Upload> {
  const { location, size } = await openSession(line, name, id, at)
  const counted = countOf(bytes)
  const question = {
    ...asking(name, 'PATCH', location, [202, 201, 204]),
    headers: {
      ...octets,
      ...(length ? { 'content-length': String(length), 'content-range': `${size}-${size + length - 1}` } : {}),
    },
    body: counted.stream,
  }
  try {
    const answer = await askUpload(line, question)
    return keep(line, question, answer, { size: sizeOf(answer) ?? size + counted.size(), id })
  } catch (error) {
    // How much of it arrived only the other side knows.
    const session = line.uploads.get(id)
    if (session) session.size = undefined
    throw error
  }
}

/** Appends the last bytes, and ends the upload: `PUT <location>?digest=`. DIGEST_INVALID ends it, too. */
export async function finishUpload(
  line: Line,
  name: RepositoryName,
  id: string,
  digest: Digest,
  bytes: Bytes,
  at?: number,
): Promise<BlobStat> {
  let upload = { id, size: (await openSession(line, name, id, at)).size }
  const rest = await withFirst(bytes)
  if (rest) upload = await appendUpload(line, name, id, rest, { at: upload.size })
  const { location } = sessionOf(line, upload.id)
  const question = asking(name, 'PUT', withDigest(location, digest), [201, 202, 204])
  try {
    await confirmed(line, name, digest, () =>
      askUpload(line, { ...question, headers: octets, body: '', silences: endingSilences }),
    )
  } catch (error) {
    if (error instanceof OciError && error.code === 'DIGEST_INVALID') await cancelQuietly(line, name, location)
    throw error
  }
  line.uploads.delete(id)
  return { digest, size: upload.size }
}

/** Sends a whole blob of a known size: POST, then one PUT. */
export async function putBlob(
  line: Line,
  name: RepositoryName,
  digest: Digest,
  bytes: Bytes,
  size: number,
): Promise<BlobStat> {
  const { id } = await startUpload(line, name, algorithmOf(digest))
  const { location } = sessionOf(line, id)
  line.uploads.delete(id)
  const headers = { ...octets, 'content-length': String(size) }
  const question = { ...asking(name, 'PUT', withDigest(location, digest), [201, 202, 204]), headers }
  const body = size === 0 ? '' : countOf(bytes, size).stream
  try {
    await askUpload(line, { ...question, body })
  } catch (error) {
    await cancelQuietly(line, name, location)
    throw error
  }
  return { digest, size }
}

/** `DELETE <location>`. Throws BLOB_UPLOAD_UNKNOWN. */
export async function cancelUpload(line: Line, name: RepositoryName, id: string): Promise<void> {
  const { location } = sessionOf(line, id)
  line.uploads.delete(id)
  await askUpload(line, asking(name, 'DELETE', location, [204, 202, 200]))
}

/** Mounts a blob of another repository (OCI Distribution Specification 1.1, "Mounting a blob"). */
export async function mountBlob(
  line: Line,
  name: RepositoryName,
  from: RepositoryName,
  digest: Digest,
): Promise<boolean> {
  const query = new URLSearchParams({ mount: digest, from }).toString()
  const question: Question = {
    ...asking(name, 'POST', `${line.base}/v2/${name}/blobs/uploads/?${query}`, [201, 202, 403, 404]),
    scopes: [pushScope(name), pullScope(from)],
  }
  const answer = await ask(line, question)
  await drop(answer)
  if (answer.status === 201) {
    const told = toldDigest(answer.headers)
    if (told && told !== digest && told.startsWith(digest.slice(0, 7))) {
      throw failed(line, question, 'lied', `it mounted ${told}`)
    }
    return true
  }
  // 202 is an upload that nobody asked for.
  if (answer.status === 202 && answer.headers.location) {
    const { id } = keep(line, question, answer, { size: 0 })
    line.uploads.delete(id)
    await cancelQuietly(line, name, id)
  }
  return false
}

/** A call of an upload. docker-registry says BLOB_UPLOAD_INVALID of one that it does not know. */
async function askUpload(line: Line, question: Question): Promise<Answer> {
  try {
    const answer = await ask(line, { ...question, unknown: 'BLOB_UPLOAD_UNKNOWN' })
    await drop(answer)
    return answer
  } catch (error) {
    const isGone = error instanceof OciError && error.code === 'BLOB_UPLOAD_INVALID'
    const answered = isGone ? (error as { failure?: { answered?: number } }).failure?.answered : undefined
    if (answered !== 404) throw error
    throw failed(line, question, 'rejected', 'it no longer knows this upload', { answered, code: gone, cause: error })
  }
}

const gone: OciErrorCode = 'BLOB_UPLOAD_UNKNOWN'

/** Makes a call that stores a blob. When its answer is lost, the blob itself tells whether it was stored. */
async function confirmed(line: Line, name: RepositoryName, digest: Digest, call: () => Promise<unknown>) {
  try {
    await call()
  } catch (error) {
    // A PUT that was repeated after a lost answer finds that the upload is over.
    if (!(error instanceof OciError) || error.code !== gone) throw error
    await statBlob(line, name, digest).catch(() => {
      throw error
    })
  }
}

async function cancelQuietly(line: Line, name: RepositoryName, location: string): Promise<void> {
  // An upload that stays is removed by the other side; this one is over either way.
  await askUpload(
    { ...line, limits: { ...line.limits, tries: 1 } },
    asking(name, 'DELETE', location, [204, 202, 200]),
  ).catch(() => {})
}

/** Remembers an upload under the ids that it had, and returns it with its new one. */
function keep(
  line: Line,
  question: Pick<Question, 'method' | 'url'>,
  { headers }: Answer,
  { size, id }: { size: number; id?: string },
): Upload {
  const told = headers.location
  if (told === undefined && id === undefined) throw failed(line, question, 'lied', 'it names no Location')
  const location = told === undefined ? question.url : locationOf(line, question, told)
  const session: Session = (id === undefined ? undefined : line.uploads.get(id)) ?? { location, size }
  Object.assign(session, { location, size })
  if (id !== undefined) line.uploads.set(id, session)
  line.uploads.set(location, session)
  return { id: location, size }
}

/** A `Location`, absolute. One of the endpoint's own host has its scheme, as for links. */
function locationOf(line: Line, question: Pick<Question, 'method' | 'url'>, told: string): string {
  if (!URL.canParse(told, question.url)) throw failed(line, question, 'lied', 'its Location is no URL')
  const [url, own] = [new URL(told, question.url), new URL(line.base)]
  return url.host === own.host ? `${own.origin}${url.pathname}${url.search}` : url.href
}

/** Throws BLOB_UPLOAD_UNKNOWN for an id that no upload of this endpoint has. */
function sessionOf(line: Line, id: string): Session {
  const known = line.uploads.get(id)
  if (known) return known
  if (!/^https?:/.test(id) || !URL.canParse(id)) throw new OciError('BLOB_UPLOAD_UNKNOWN')
  return { location: id, size: undefined }
}

/** The upload with its size, which is asked for where this process does not know it. Throws RANGE_INVALID. */
async function openSession(line: Line, name: RepositoryName, id: string, at: number | undefined) {
  const { location, size } = sessionOf(line, id)
  const known = size === undefined ? await findUpload(line, name, id) : { id: location, size }
  if (at !== undefined && at !== known.size) {
    throw new OciError('RANGE_INVALID', `the upload has ${known.size} bytes, not ${at}`)
  }
  return { location: known.id, size: known.size }
}

/** `Range: 0-99` is 100 bytes. docker-registry says `0-0` of none, too; a blob of one byte is never sent in parts. */
function sizeOf({ headers }: Answer): number | undefined {
  const [, last] = /^(?:bytes=)?0-(\d{1,15})$/.exec(headers['range'] ?? '') ?? []
  return last === undefined ? undefined : last === '0' ? 0 : Number(last) + 1
}

function withDigest(location: string, digest: Digest): string {
  const url = new URL(location)
  url.searchParams.set('digest', digest)
  return url.href
}

/** A stream of the bytes that counts them. With `size` it fails with SIZE_INVALID when there are more or fewer. */
function countOf(bytes: Bytes, size?: number): { stream: Readable; size(): number } {
  let count = 0
  const wrong = () => new OciError('SIZE_INVALID', `the source has other than ${size} bytes`)
  const counted = async function* () {
    for await (const chunk of bytes) {
      count += chunk.length
      if (size !== undefined && count > size) throw wrong()
      yield chunk
    }
    if (size !== undefined && count < size) throw wrong()
  }
  return { stream: Readable.from(counted(), { objectMode: false }), size: () => count }
}

/** The bytes, or undefined when there are none. */
async function withFirst(bytes: Bytes): Promise<Bytes | undefined> {
  const iterator = bytes[Symbol.asyncIterator]()
  let first: IteratorResult<Uint8Array>
  do first = await iterator.next()
  while (first.done !== true && first.value.length === 0)
  if (first.done === true) return undefined
  const { value } = first
  return (async function* () {
    try {
      yield value
      yield* { [Symbol.asyncIterator]: () => iterator }
    } finally {
      await iterator.return?.()
    }
  })()
}
