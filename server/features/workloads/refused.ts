/** Why a token of another issuer is refused: the word is the label in metrics, the message is for its sender. */
export type Why =
  | 'malformed'
  | 'untrusted'
  | 'signature'
  | 'expired'
  | 'claims'
  | 'used'
  | 'unreachable'
  | 'throttled'
  | 'over'

/** A token of another issuer is refused. The message tells nothing about the rules, which are not its sender's. */
export class TokenRefused extends Error {
  override name = 'TokenRefused'
  readonly why: Why
  constructor(why: Why, message: string, options?: ErrorOptions) {
    super(message, options)
    this.why = why
  }
}
