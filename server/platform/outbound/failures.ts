/**
 * The URL may not be called. For what users enter, it is the same text for every cause, so that it tells nothing about
 * the internal network (H09): `host` is the name that the caller gave, never the address that it resolved to.
 */
export class OutboundRefused extends Error {
  override name = 'OutboundRefused'
  /** `why`: for calls whose reader may know the address. */
  constructor(host = 'this address', why = '') {
    super(
      `${host} may not be called: ` +
        (why || 'it is inside, or unknown (an operator can open it with MARINA_OUTBOUND_ALLOW)'),
    )
  }
}

/** No answer came, or an incomplete one. The message holds neither headers nor the URL's path, which may be secrets. */
export class OutboundFailed extends Error {
  override name = 'OutboundFailed'
  readonly reason: 'timeout' | 'connection' | 'aborted' | 'busy'
  constructor(reason: OutboundFailed['reason'], message: string) {
    super(message)
    this.reason = reason
  }
}

/** The stream of the request's body failed: the caller gets the original error, which is its own. */
export class BodyFailed extends Error {
  override name = 'BodyFailed'
}

/** The error that the caller gets for a failed call. `ending` is the signal that ends the call early. */
export function failureOf(error: unknown, ending: AbortSignal): Error {
  if (error instanceof BodyFailed) return error.cause as Error
  const why: unknown = ending.aborted ? ending.reason : error
  if (why instanceof OutboundRefused || why instanceof OutboundFailed) return why
  if (ending.aborted) return new OutboundFailed('aborted', 'the call was given up')
  const code = (why as NodeJS.ErrnoException).code ?? ''
  return new OutboundFailed('connection', sentences[code] ?? 'the connection broke')
}

const closedByOther = 'the other side closed the connection'
const unknownAuthority = 'the certificate is signed by an unknown authority'

const sentences: Record<string, string> = {
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: closedByOther,
  EPIPE: closedByOther,
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no way to that network',
  ETIMEDOUT: 'the host does not answer',
  ERR_PROXY_TUNNEL: 'the proxy does not let the call through',
  ERR_INVALID_CHAR: 'a header holds a character that HTTP cannot carry',
  ERR_INVALID_HTTP_TOKEN: 'a header has a name that HTTP cannot carry',
  CERT_HAS_EXPIRED: 'the certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another host',
}
