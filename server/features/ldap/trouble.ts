import { ResultCodeError } from 'ldapts'
import { NoAnswer } from '../accounts/index.ts'

/**
 * The directory could not be asked. `address`: its URL cannot be used; `network`: no connection, or it does not answer;
 * `credential`: it refuses the account that searches; `answer`: it refuses the search. The text holds no password.
 */
export class LdapTrouble extends Error {
  override name = 'LdapTrouble'
  readonly kind: 'address' | 'network' | 'credential' | 'answer'
  constructor(kind: LdapTrouble['kind'], message: string, cause?: unknown) {
    super(message, { cause })
    this.kind = kind
  }
}

/** Any error of a connection to a directory, as LdapTrouble. */
export function troubleOf(error: unknown): LdapTrouble {
  if (error instanceof LdapTrouble) return error
  if (error instanceof NoAnswer) return new LdapTrouble('network', error.message, error)
  if (error instanceof ResultCodeError)
    return new LdapTrouble('answer', `the directory answers ${error.code} ${error.name.replace(/Error$/, '')}`, error)
  const { code = '' } = error as NodeJS.ErrnoException
  return new LdapTrouble('network', sentences[code] ?? 'the connection broke', error)
}

const unknownAuthority = 'its certificate is signed by an unknown authority'

const sentences: Record<string, string> = {
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'the directory closed the connection',
  EPIPE: 'the directory closed the connection',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no way to that network',
  ETIMEDOUT: 'the host does not answer',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
}
