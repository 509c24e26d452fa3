import { OciError } from '../../../../oci/errors.ts'
import type { RepositoryName } from '../../../../oci/reference.ts'
import { RemoteFailed } from '../../remote/failed.ts'
import { UpstreamLate } from './breaker.ts'
import { upstreamName } from './names.ts'

/** The upstream failed several times in a row, and is left alone for a while. */
export class UpstreamPaused extends OciError {
  override name = 'UpstreamPaused'
  constructor(upstream: string, pausedMs: number, isThrottled: boolean) {
    const seconds = Math.max(1, Math.ceil(pausedMs / 1000))
    const why = isThrottled ? 'allows no more calls for now' : 'failed several times in a row'
    super(isThrottled ? 'TOOMANYREQUESTS' : 'UNAVAILABLE', `${upstream} ${why}: it is asked again in ${seconds} s`, {
      headers: { 'retry-after': String(seconds) },
    })
  }
}

/** True when the upstream said that it does not have the thing; false when it could not answer. */
export const isAbsence = (error: unknown): boolean =>
  error instanceof OciError && ['MANIFEST_UNKNOWN', 'NAME_UNKNOWN', 'BLOB_UNKNOWN', 'NOT_FOUND'].includes(error.code)

/**
 * The error that a client gets when nothing is here to serve. A refused credential is 404, as in Harbor: Docker Hub and
 * others answer 401 for what does not exist, and a 401 of Marina would be about the client's own credential.
 */
export function toClient(error: unknown, upstream: string, name: RepositoryName): unknown {
  const wanted = upstreamName(name)
  if (error instanceof UpstreamLate)
    return new OciError('UNAVAILABLE', error.message, { cause: error, headers: { 'retry-after': '1' } })
  if (!(error instanceof RemoteFailed)) return error
  const { reason, failure, message } = error
  if (reason === 'unauthorized' || reason === 'denied') {
    const why = `${upstream} has no ${wanted}, or the endpoint's credential may not read it (${message})`
    return new OciError('NAME_UNKNOWN', why, { cause: error })
  }
  const { retryAfterMs } = failure
  const headers: Record<string, string> =
    retryAfterMs === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) }
  if (reason === 'throttled') return new OciError('TOOMANYREQUESTS', message, { cause: error, headers })
  if (isAbsence(error) || error.code === 'UNSUPPORTED') return error
  const isWrong = reason === 'lied' || reason === 'not-a-registry' || reason === 'rejected'
  return new OciError('UNAVAILABLE', message, { cause: error, headers, ...(isWrong ? { status: 502 } : {}) })
}

const reasonOf = (error: unknown): string =>
  error instanceof RemoteFailed ? error.reason : error instanceof UpstreamPaused ? 'paused' : 'no answer'

/** What the `Warning` header says of a list of what is here, which the upstream could not give. */
export const partialText = (upstream: string, error: unknown): string =>
  headerText(`${upstream} could not be asked (${reasonOf(error)}): this list has only what is here`)

/** What the `Warning` header says of a manifest that is served although the upstream could not confirm it. */
export function staleText(upstream: string, error: unknown, checkedAt: number): string {
  // Without a note of it, as after a week without a pull, nobody knows.
  const age = checkedAt === 0 ? 'some time' : ageOf(checkedAt)
  return headerText(`${upstream} could not be asked (${reasonOf(error)}): this is what it had ${age} ago`)
}

export const goneText = (upstream: string, goneAt: number): string =>
  headerText(`${upstream} has this tag no more, since ${ageOf(goneAt)}`)

/** For a quoted string of a header (RFC 9110, 5.6.4): printable ASCII, without quotes and backslashes. */
const headerText = (text: string) => text.replaceAll(/[^ !#-[\]-~]/g, '?')

function ageOf(time: number): string {
  const seconds = Math.max(0, Math.round((Date.now() - time) / 1000))
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} days`
}
