import type { Reason } from './pages.ts'

/** A person is not signed in. `message` is for administrators; the person reads the sentence of the reason. */
export class SignInFailed extends Error {
  override name = 'SignInFailed'
  readonly reason: Reason
  constructor(reason: Reason, message: string) {
    super(message)
    this.reason = reason
  }
}
