import { OciError, type OciErrorCode } from '../../../oci/errors.ts'

/**
 * Why a call of another registry failed. `refused`: the outbound guard forbids the address. `untrusted`: its TLS
 * certificate. `unauthorized`: the credential is wrong or missing. `denied`: the credential lacks a right. `throttled`:
 * it asks for a longer pause than the caller waits. `not-a-registry`: HTML, or another answer outside the protocol.
 * `lied`: bytes that do not have the digest or length that it told. `rejected`: it does not take what was sent.
 */
export type RemoteReason =
  | 'refused'
  | 'unreachable'
  | 'untrusted'
  | 'silent'
  | 'broken'
  | 'aborted'
  | 'unauthorized'
  | 'denied'
  | 'throttled'
  | 'unavailable'
  | 'not-a-registry'
  | 'lied'
  | 'rejected'

type RemoteFailure = {
  reason: RemoteReason
  /** The endpoint's name. */
  endpoint: string
  /** The method and URL of the call, without its query. */
  call: string
  /** The status of the answer, if one came. */
  answered?: number | undefined
  /** ms until it makes sense to try again, if the other side said so. */
  retryAfterMs?: number | undefined
}

const codes: Partial<Record<RemoteReason, OciErrorCode>> = {
  unauthorized: 'UNAUTHORIZED',
  denied: 'DENIED',
  throttled: 'TOOMANYREQUESTS',
}

/** Reasons that can be over at the next try. */
const passing: RemoteReason[] = ['unreachable', 'silent', 'broken', 'throttled', 'unavailable']

/** A call of another registry failed. The message names the endpoint, the call, the status and what to do. */
export class RemoteFailed extends OciError {
  override name = 'RemoteFailed'
  readonly failure: RemoteFailure

  constructor(failure: RemoteFailure, sentence: string, extras: { code?: OciErrorCode; cause?: unknown } = {}) {
    const status = failure.answered === undefined ? '' : ` (status ${failure.answered})`
    super(
      extras.code ?? codes[failure.reason] ?? 'UNAVAILABLE',
      `${failure.endpoint}: ${failure.call}${status}: ${sentence}`,
      { cause: extras.cause },
    )
    this.failure = failure
  }

  get reason(): RemoteReason {
    return this.failure.reason
  }

  /** True when a later try can succeed without anybody's doing. */
  get isPassing(): boolean {
    return passing.includes(this.failure.reason)
  }
}
