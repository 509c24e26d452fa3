import type { Readable } from 'node:stream'
import type { Digest } from '../../../oci/digest.ts'
import type { RepositoryName } from '../../../oci/reference.ts'
import { failed } from './answers.ts'
import { askFrom, asking, endOf, rangeOf, refuseOther } from './blobs.ts'
import type { Answer, Line, Question } from './line.ts'
import { openTries } from './tries.ts'
import type { BlobReceiver } from './types.ts'

/**
 * Gives the bytes of a blob to `take`, each chunk as it was read from the socket, which is faster than a stream. A line
 * that is cut is opened anew at the byte that is missing; bytes that an upstream without Range sends again are skipped.
 * Resolves when all bytes were taken that the other side announced; their digest is the caller's to check.
 */
export async function receiveBlob(
  line: Line,
  name: RepositoryName,
  digest: Digest,
  { from = 0, onBegun, take }: BlobReceiver,
): Promise<void> {
  const question = asking(line, name, digest)
  let answer = await askFrom(line, question, from)
  refuseOther(line, question, answer, digest)
  onBegun?.()
  const end = answer.status === 206 ? rangeOf(answer)?.total : endOf(line, question, answer, undefined)
  let at = from
  const tries = openTries(line, question)
  for (;;) {
    const begunAt = at
    try {
      await eachChunk(answer.body, startOf(line, question, answer, at), at, (chunk) => {
        at += chunk.length
        return take(chunk)
      })
      if (end === undefined || at >= end) return
      throw failed(line, question, 'broken', `it ends at byte ${at} of ${end}`)
    } catch (error) {
      await tries.next(error, at - begunAt)
      answer = await askFrom(line, question, at)
    }
  }
}

/** The place of the answer's first byte. */
function startOf(line: Line, question: Question, answer: Answer, at: number): number {
  const start = answer.status === 206 ? rangeOf(answer)?.start : 0
  if (start !== undefined && start <= at) return start
  answer.body.destroy()
  throw failed(line, question, 'lied', 'it sends another range than asked for')
}

/** Gives each chunk behind byte `at` to `take`, in order; reads on when the promise that it may return resolves. */
function eachChunk(
  body: Readable,
  start: number,
  at: number,
  take: (chunk: Buffer) => Promise<void> | undefined,
): Promise<void> {
  let skip = at - start
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      body.destroy()
      reject(error)
    }
    body.on('data', (chunk: Buffer) => {
      const piece = skip > 0 ? chunk.subarray(skip) : chunk
      skip -= chunk.length - piece.length
      if (piece.length === 0) return
      try {
        const waiting = take(piece)
        if (!waiting) return
        body.pause()
        waiting.then(() => body.resume(), fail)
      } catch (error) {
        fail(error)
      }
    })
    body.once('end', resolve)
    body.once('error', reject)
    body.once('close', () => reject(new Error('the answer was given up')))
  })
}
