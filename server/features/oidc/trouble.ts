/**
 * Why a sign-in, a refresh or a logout by the provider failed. `setup`: the settings name none; `unreachable`: it may
 * work later; `refused`: the provider said no; `invalid`: its answer, or what the browser brought, cannot be trusted.
 * The message is for administrators and holds no secret.
 */
export class OidcTrouble extends Error {
  override name = 'OidcTrouble'
  readonly kind: 'setup' | 'unreachable' | 'refused' | 'invalid'
  /** The provider's own code (RFC 6749, 5.2), such as `invalid_grant`. */
  readonly code: string | undefined
  constructor(kind: OidcTrouble['kind'], message: string, { code }: { code?: string } = {}) {
    super(message)
    this.kind = kind
    this.code = code
  }
}
