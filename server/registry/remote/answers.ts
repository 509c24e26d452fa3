import { OciError, ociErrors, type OciErrorCode } from '../../../oci/errors.ts'
import { bareMediaType } from '../../../oci/media-type.ts'
import { OutboundFailed, OutboundRefused } from '../../platform/outbound/outbound.ts'
import { RemoteFailed, type RemoteReason } from './failed.ts'
import type { Answer, Line, Question } from './line.ts'

/** The most bytes of an error's body that are read. */
const errorBytes = 64 * 1024

/** Codes that are about the thing asked for: callers get them as our own registry would throw them. */
const passedOn: OciErrorCode[] = [
  'BLOB_UNKNOWN',
  'BLOB_UPLOAD_INVALID',
  'BLOB_UPLOAD_UNKNOWN',
  'DIGEST_INVALID',
  'MANIFEST_BLOB_UNKNOWN',
  'MANIFEST_INVALID',
  'MANIFEST_UNKNOWN',
  'NAME_INVALID',
  'NAME_UNKNOWN',
  'RANGE_INVALID',
  'SIZE_INVALID',
  'TAG_INVALID',
  'UNSUPPORTED',
]

/** A failure of this line, in the words of this call; without what a URL can hold of a secret. */
export function failed(
  line: Pick<Line, 'endpoint'>,
  question: Pick<Question, 'method' | 'url'>,
  reason: RemoteReason,
  sentence: string,
  more: { answered?: number; retryAfterMs?: number; code?: OciErrorCode; cause?: unknown } = {},
): RemoteFailed {
  const { answered, retryAfterMs, ...extras } = more
  const url = question.url.split('?', 1)[0]!.replace(/[^/]*@/, '')
  const call = `${question.method} ${url}`
  return new RemoteFailed({ reason, endpoint: line.endpoint.name, call, answered, retryAfterMs }, sentence, extras)
}

/** The other side asks for a longer pause than the caller waits. */
export function throttled(line: Line, question: Question, waitMs: number): RemoteFailed {
  const seconds = Math.ceil(waitMs / 1000)
  return failed(line, question, 'throttled', `it allows the next call in ${seconds} s: try again later`, {
    retryAfterMs: waitMs,
  })
}

/** What failed without an answer, or in the middle of one. An error of the request's own body is returned as it is. */
export function failedCall(line: Line, question: Question, error: unknown): RemoteFailed {
  if (error instanceof RemoteFailed) return error
  const say = (reason: RemoteReason, hint: string) =>
    failed(line, question, reason, `${(error as Error).message}${hint}`, { cause: error })
  if (error instanceof OutboundRefused) return say('refused', '')
  if (line.signal?.aborted) return failed(line, question, 'aborted', 'the call was given up', { cause: error })
  // The source of an upload failed: its owner knows that error.
  if (!(error instanceof OutboundFailed)) throw error
  if (/certificate/.test(error.message)) return say('untrusted', ': give its CA certificate, or allow any (insecure)')
  if (error.reason === 'timeout' || error.reason === 'busy') return say('silent', '')
  return say(/^closed before|connection broke|closed the connection/.test(error.message) ? 'broken' : 'unreachable', '')
}

type Told = { code?: OciErrorCode; message: string }

/** The error for an answer that no caller expects. Reads the answer's body. */
export async function refusedAnswer(line: Line, question: Question, answer: Answer): Promise<OciError> {
  const { status, headers } = answer
  const isHtml = bareMediaType(headers['content-type']) === 'text/html'
  const { code, message } = await toldBy(answer)
  const say = (reason: RemoteReason, sentence: string, as?: OciErrorCode) =>
    failed(line, question, reason, sentence + message, { answered: status, ...(as ? { code: as } : {}) })
  if (status === 401) {
    const hasProof = line.endpoint.credential !== undefined
    return say('unauthorized', hasProof ? 'it refuses the credential: check name and secret' : 'it needs a credential')
  }
  if (status === 403) return say('denied', 'the credential has not the right to do this')
  if (status === 429) return say('throttled', 'it gets too many calls: try again later')
  if (status >= 500) return say('unavailable', 'it has a fault of its own: try again later')
  if (status >= 300 && status < 400) return say('not-a-registry', 'it leads elsewhere, where Marina does not follow')
  if (isHtml || status < 300) return say('not-a-registry', 'that is not how a registry answers: check the URL')
  if (status === 404) return say('rejected', 'it does not know this', codeOf404(question, code))
  if (status === 405 || code === 'UNSUPPORTED') return say('rejected', 'it does not do this', 'UNSUPPORTED')
  if (status === 416) return say('rejected', 'it does not take this range', 'RANGE_INVALID')
  return say('rejected', 'it does not take this', code && passedOn.includes(code) ? code : 'BAD_REQUEST')
}

const codeOf404 = ({ unknown = 'NOT_FOUND' }: Question, code: OciErrorCode | undefined): OciErrorCode =>
  code && passedOn.includes(code) ? code : unknown

/** The first error of the body, if it is one of the specification; its text on one line. */
async function toldBy({ body }: Answer): Promise<Told> {
  try {
    const parts: Buffer[] = []
    let size = 0
    for await (const part of body as AsyncIterable<Buffer>) {
      parts.push(part)
      if ((size += part.length) > errorBytes) return { message: '' }
    }
    const { errors } = JSON.parse(Buffer.concat(parts).toString()) as { errors?: Record<string, unknown>[] }
    const [first] = errors ?? []
    const text = typeof first?.message === 'string' ? first.message.replaceAll(/\p{C}+/gu, ' ').slice(0, 300) : ''
    const code = typeof first?.code === 'string' && Object.hasOwn(ociErrors, first.code) ? first.code : undefined
    return { ...(code ? { code: code as OciErrorCode } : {}), message: text ? `; it says: ${text}` : '' }
  } catch {
    // A body that cannot be read says nothing more than the status.
    return { message: '' }
  }
}
