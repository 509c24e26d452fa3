import type { Caller } from '../../../registry/caller.ts'

/** A way to log in with a name and a password: accounts of this installation, robots, a directory. */
export type Provider = {
  /** One word, for the configuration and for logs. */
  name: string
  /**
   * What stands behind a login name of this provider's, known by its form or by the database; undefined for every
   * other.
   */
  claim(name: string): Promise<Claim | undefined>
  /** Told of each login that succeeded. */
  onLogin?(caller: Caller): void
}

/** A login name that a provider owns. */
export type Claim = {
  /**
   * The version of what is checked: another one after each change that may refuse a password which was right before.
   * Undefined where that cannot be known, as with a directory, and for who may not log in: then each login is checked.
   */
  version: string | undefined
  /**
   * Who this is with the right password; undefined with a wrong one, or for who may not log in. Takes as long for a
   * name that does not exist as for a wrong password. A provider that calls others throws when the signal is aborted.
   */
  check(password: string, signal: AbortSignal): Promise<Caller | undefined>
  /**
   * Where the secret is random and so long that guessing it is hopeless: who this is, at the cost of a hash. Asked
   * first, so that nobody who has it is slowed by others who guess.
   */
  checkAtOnce?: (secret: string) => Caller | undefined
}

/** The claim of a name whose secret is kept as a hash; a hash that is null fits no secret. */
export type Credential = { caller: Caller; secretHash: string | null; isDisabled: boolean }
