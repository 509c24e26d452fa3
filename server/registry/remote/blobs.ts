import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { algorithmOf, finishDigest, type Digest } from '../../../oci/digest.ts'
import { OciError } from '../../../oci/errors.ts'
import type { RepositoryName } from '../../../oci/reference.ts'
import type { ByteRange } from '../../platform/blobs/blobs.ts'
import type { BlobStat } from '../registry.ts'
import { failed } from './answers.ts'
import { ask, drop } from './ask.ts'
import type { Answer, Line, Question } from './line.ts'
import { lengthOf, toldDigest } from './told.ts'
import { deleteScope, pullScope } from './scopes.ts'
import { openTries, progressBytes } from './tries.ts'

export const asking = (line: Line, name: RepositoryName, digest: Digest): Question => ({
  method: 'GET',
  url: `${line.base}/v2/${name}/blobs/${digest}`,
  // A body that is coded on the way has other bytes than the digest says.
  headers: { accept: '*/*', 'accept-encoding': 'identity' },
  scopes: [pullScope(name)],
  expects: [200],
  isRepeatable: true,
  redirects: 5,
  unknown: 'BLOB_UNKNOWN',
})

/** Size of a blob in bytes; asks for its first byte where the answer to HEAD has no length. */
export async function statBlob(line: Line, name: RepositoryName, digest: Digest): Promise<BlobStat> {
  const question = asking(line, name, digest)
  const head = await ask(line, { ...question, method: 'HEAD', expects: [200, 400, 403, 405] })
  await drop(head)
  refuseOther(line, question, head, digest)
  const size = lengthOf(head)
  if (head.status === 200 && size !== undefined) return { digest, size }
  // A storage's presigned URL may hold for GET alone.
  const first = await ask(line, {
    ...question,
    headers: { ...question.headers, range: 'bytes=0-0' },
    expects: [200, 206, 416],
  })
  const total = first.status === 200 ? lengthOf(first) : rangeOf(first)?.total
  first.body.destroy()
  if (total === undefined) throw failed(line, question, 'lied', 'it does not say how long the blob is')
  return { digest, size: total }
}

/**
 * The bytes of a blob, or of a range in it. A line that is cut is opened anew at the byte that is missing. A whole blob
 * fails with RemoteFailed (`lied`) before its end when its digest or length is another; a range, when its length is.
 */
export async function openBlob(line: Line, name: RepositoryName, digest: Digest, range?: ByteRange): Promise<Readable> {
  const question = asking(line, name, digest)
  const start = range?.start ?? 0
  const answer = await askFrom(line, question, start, range?.end)
  refuseOther(line, question, answer, digest)
  let current = answer
  const read = async function* () {
    const hash = range ? undefined : createHash(algorithmOf(digest))
    const end = endOf(line, question, answer, range)
    const tries = openTries(line, question)
    for (let at = start; ;) {
      const begunAt = at
      try {
        for await (const chunk of bytesFrom(line, question, current, at)) {
          const piece = end === undefined ? chunk : chunk.subarray(0, end - at)
          at += piece.length
          hash?.update(piece)
          yield piece
          if (chunk.length > piece.length && !range) throw failed(line, question, 'lied', 'it sends more than it says')
          if (range && at === end) break
        }
        if (end === undefined || at === end) break
        throw failed(line, question, 'broken', `it ends at byte ${at} of ${end}`)
      } catch (error) {
        await tries.next(error, at - begunAt)
        current = await askFrom(line, question, at, end === undefined ? undefined : end - 1)
      }
    }
    const found = hash && finishDigest(hash, algorithmOf(digest))
    if (found && found !== digest) throw failed(line, question, 'lied', `its bytes have the digest ${found}`)
  }
  const stream = Readable.from(read(), { objectMode: false, highWaterMark: progressBytes })
  // A stream that is destroyed before its first byte is read has not begun to run `read`.
  stream.once('close', () => current.body.destroy())
  return stream
}

/** Asks for the bytes from `start` on; `end` is the last one, included. */
export async function askFrom(line: Line, question: Question, start: number, end?: number): Promise<Answer> {
  if (start === 0 && end === undefined) return ask(line, question)
  const headers = { ...question.headers, range: `bytes=${start}-${end ?? ''}` }
  return ask(line, { ...question, headers, expects: [200, 206] })
}

/** The bytes of an answer from `at` on, also of a registry that does not know Range and sends all. */
async function* bytesFrom(line: Line, question: Question, answer: Answer, at: number): AsyncGenerator<Buffer> {
  const begin = answer.status === 206 ? rangeOf(answer)?.start : 0
  if (begin === undefined || begin > at) throw failed(line, question, 'lied', 'it sends another range than asked for')
  let skip = at - begin
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    const piece = chunk.subarray(skip)
    skip -= chunk.length - piece.length
    if (piece.length > 0) yield piece
  }
  if (skip > 0) throw failed(line, question, 'lied', 'the blob is shorter than it said')
}

/** The byte behind the last one; undefined when the other side does not say how long the blob is. */
export function endOf(
  line: Line,
  question: Question,
  answer: Answer,
  range: ByteRange | undefined,
): number | undefined {
  const length = lengthOf(answer)
  if (!range) return length
  const told = rangeOf(answer)
  const total = answer.status === 206 ? told?.total : length
  if (answer.status === 206 && told?.start !== range.start) {
    throw failed(line, question, 'lied', 'it sends another range than asked for')
  }
  return total === undefined ? range.end + 1 : Math.min(range.end + 1, total)
}

/** `Content-Range: bytes 0-9/100` (RFC 9110, 14.4), and the total of an answer without bytes. */
export function rangeOf({ headers }: Answer): { start: number | undefined; total: number | undefined } | undefined {
  const found = /^bytes (?:(\d{1,15})-\d{1,15}|\*)\/(\d{1,15}|\*)$/i.exec(headers['content-range'] ?? '')
  if (!found) return undefined
  const number = (text: string | undefined) => (text === undefined || text === '*' ? undefined : Number(text))
  return { start: number(found[1]), total: number(found[2]) }
}

/** Throws when the answer names another blob. */
export function refuseOther(line: Line, question: Question, answer: Answer, digest: Digest): void {
  const told = toldDigest(answer.headers)
  if (!told || told === digest || algorithmOf(told) !== algorithmOf(digest)) return
  answer.body.destroy()
  throw failed(line, question, 'lied', `it says that this is ${told}`)
}

/** Throws BLOB_UNKNOWN, and UNSUPPORTED where the other side deletes no blobs. */
export async function deleteBlob(line: Line, name: RepositoryName, digest: Digest): Promise<void> {
  const question = { ...asking(line, name, digest), method: 'DELETE', scopes: [deleteScope(name)], redirects: 0 }
  await drop(await ask(line, { ...question, expects: [200, 202, 204] }))
}

/** False for a blob, or a repository, that is not there. */
export async function hasBlob(line: Line, name: RepositoryName, digest: Digest): Promise<boolean> {
  try {
    await statBlob(line, name, digest)
    return true
  } catch (error) {
    if (error instanceof OciError && ['BLOB_UNKNOWN', 'NAME_UNKNOWN'].includes(error.code)) return false
    throw error
  }
}
