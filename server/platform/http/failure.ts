/**
 * Every failure of the REST API: code, status and default text, in Harbor's words. Only the edge turns it into an
 * answer.
 */
const failures = {
  BAD_REQUEST: [400, 'bad request'],
  UNAUTHORIZED: [401, 'log in first'],
  FORBIDDEN: [403, 'the right to do this is missing'],
  /** A limit or a mode forbids this to every caller; not for a missing right. */
  DENIED: [403, 'this is denied now'],
  NOT_FOUND: [404, 'not found'],
  METHOD_NOT_ALLOWED: [405, 'this method is not allowed here'],
  CONFLICT: [409, 'it exists already'],
  PRECONDITION: [412, 'its present state does not allow this'],
  PAYLOAD_TOO_LARGE: [413, 'the body is larger than allowed'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'the body must be application/json'],
  UNPROCESSABLE_ENTITY: [422, 'the input does not fit the schema of the operation'],
  TOO_MANY_REQUESTS: [429, 'too many requests'],
  NOT_IMPLEMENTED: [501, 'Marina cannot do this yet'],
  UNAVAILABLE: [503, 'the service cannot answer now'],
  UNKNOWN: [500, 'internal server error'],
} as const satisfies Record<string, readonly [status: number, message: string]>

export type FailureCode = keyof typeof failures

export class Failure extends Error {
  override name = 'Failure'
  readonly code: FailureCode
  readonly status: number
  readonly headers: Record<string, string>
  constructor(code: FailureCode, message?: string, extras: { headers?: Record<string, string>; cause?: unknown } = {}) {
    super(message ?? failures[code][1], { cause: extras.cause })
    this.code = code
    this.status = failures[code][0]
    this.headers = extras.headers ?? {}
  }
}

/** The body of an error answer, as Harbor sends it. */
export function failureBody(code: string, message: string): string {
  return JSON.stringify({ errors: [{ code, message }] })
}
