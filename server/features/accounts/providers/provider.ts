import type { Caller } from '../../../registry/caller.ts'

/** A way to log in with a name and a password: accounts of this installation, robots, a directory. */
export type Provider = {
  /** One word, for settings and logs. */
  name: string
  /**
   * Returns the claim of a login name that this provider owns, told by the name's form or from the database; undefined
   * for every other name.
   */
  claim(name: string): Promise<Claim | undefined>
  /** Called after each login that succeeded. */
  onLogin?(caller: Caller): void
}

/** A claim, and whose it is. */
export type Owned = {
  provider: Pick<Provider, 'name' | 'onLogin'>
  claim: Claim
  /** The name under which failed logins are counted, where several spellings are one name. */
  throttledAs?: string
}

/** A login name that a provider owns. */
export type Claim = {
  /**
   * The version of the secret and its owner; each change that may make a right password wrong changes it. Undefined
   * where that cannot be known, as with a directory, and for accounts that may not log in: then each login is checked.
   */
  version: string | undefined
  /**
   * Returns the caller when the password is right; undefined when it is wrong or the account may not log in. Takes as
   * long for a name that does not exist as for a wrong password. A provider that calls other servers throws when the
   * signal is aborted.
   */
  check(password: string, signal: AbortSignal): Promise<Caller | undefined>
  /**
   * Checks a secret that is random and too long to guess, at the cost of one hash. It is called before the throttle, so
   * that callers with the right secret are not slowed by others who guess.
   */
  checkAtOnce?: (secret: string) => Caller | undefined
}

/** A caller whose secret we store as a hash. No secret fits a hash that is null. */
export type Credential = { caller: Caller; secretHash: string | null; isDisabled: boolean }
