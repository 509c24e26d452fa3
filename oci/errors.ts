/**
 * Every error code that /v2 answers with, its status and its default text (OCI Distribution Specification 1.1, "Error
 * Codes", and the codes Harbor and Docker Distribution add to them). docs/registry-api.md lists the test of each.
 */
export const ociErrors = {
  BLOB_UNKNOWN: [404, 'blob unknown to this repository'],
  BLOB_UPLOAD_INVALID: [400, 'blob upload invalid'],
  BLOB_UPLOAD_UNKNOWN: [404, 'blob upload unknown to this repository'],
  DIGEST_INVALID: [400, 'provided digest did not match uploaded content'],
  MANIFEST_BLOB_UNKNOWN: [400, 'manifest references a blob or manifest unknown to this repository'],
  MANIFEST_INVALID: [400, 'manifest invalid'],
  MANIFEST_UNKNOWN: [404, 'manifest unknown'],
  NAME_INVALID: [400, 'invalid repository name'],
  NAME_UNKNOWN: [404, 'repository name not known to this registry'],
  PAGINATION_NUMBER_INVALID: [400, 'invalid number of results requested'],
  RANGE_INVALID: [416, 'invalid content range'],
  SIZE_INVALID: [400, 'provided length did not match content length'],
  TAG_INVALID: [400, 'tag name invalid'],
  UNAUTHORIZED: [401, 'authentication required, or the right to do this is missing'],
  DENIED: [403, 'requested access to the resource is denied'],
  UNSUPPORTED: [405, 'the operation is unsupported'],
  NOT_FOUND: [404, 'no such endpoint'],
  BAD_REQUEST: [400, 'bad request'],
  CONFLICT: [409, 'the resource changed meanwhile'],
  PRECONDITION: [412, 'a rule forbids this in the present state'],
  PROJECTPOLICYVIOLATION: [412, 'a policy of the project forbids this'],
  TOOMANYREQUESTS: [429, 'too many requests'],
  UNAVAILABLE: [503, 'the service cannot answer now'],
  UNKNOWN: [500, 'internal server error'],
} as const satisfies Record<string, readonly [status: number, message: string]>

export type OciErrorCode = keyof typeof ociErrors

type Extras = { detail?: unknown; headers?: Record<string, string>; cause?: unknown; status?: number }

/** An error of the specification. `message` is shown to the client's user, `detail` is for programs. */
export class OciError extends Error {
  override name = 'OciError'
  readonly code: OciErrorCode
  readonly status: number
  readonly detail: unknown
  readonly headers: Record<string, string>

  constructor(code: OciErrorCode, message?: string, extras: Extras = {}) {
    super(message ?? ociErrors[code][1], { cause: extras.cause })
    this.code = code
    this.status = extras.status ?? ociErrors[code][0]
    this.detail = extras.detail
    this.headers = extras.headers ?? {}
  }
}

/** The body of one or more errors: `{"errors":[{code, message, detail?}]}`. */
export function errorBody(errors: Pick<OciError, 'code' | 'message' | 'detail'>[]): string {
  return JSON.stringify({
    errors: errors.map(({ code, message, detail }) => ({ code, message, ...(detail === undefined ? {} : { detail }) })),
  })
}
