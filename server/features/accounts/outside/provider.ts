import type { GroupType } from '../../user-groups/index.ts'

/** The systems that can vouch for accounts. */
export type ProviderName = 'ldap' | 'oidc' | 'http' | 'uaa'

/** Harbor's values of `auth_mode`, and the provider that each of them means; db_auth: the accounts of Marina alone. */
export const providerOfMode: Readonly<Record<string, ProviderName | undefined>> = {
  db_auth: undefined,
  ldap_auth: 'ldap',
  oidc_auth: 'oidc',
  http_auth: 'http',
  uaa_auth: 'uaa',
}

/** What a provider says of a person. */
export type Vouched = {
  /** With the subject it names the person at the provider for good: `iss` and `sub`; the directory and the DN. */
  issuer: string
  subject: string
  /** The name that the account gets, when it is made. */
  username: string
  email: string | null
  realName: string
  /** All groups of the person: those that are missing here are lost. */
  groups: VouchedGroup[]
  isAdmin: boolean
  /** Kept sealed for `refresh`, such as a refresh token. Undefined leaves what is kept; null forgets it. */
  secret?: string | null | undefined
}

/** A group by its name; one of a directory also by its DN. */
export type VouchedGroup = { name: string; ldapDn?: string }

/** An account, and who its provider knows it as. */
export type Origin = {
  accountId: number
  name: string
  provider: ProviderName
  issuer: string
  subject: string
  secret: string | null
}

/**
 * A system that vouches for accounts. Its functions reject when the system does not answer, or not in an understandable
 * way; the message is for the log, and holds no secret. They end when the signal is aborted.
 */
export type OutsideProvider = {
  name: ProviderName
  /** What people know it as: `the directory`. */
  title: string
  /** The comment of accounts that are made, in Harbor's words. */
  comment: string
  /** The type of its groups. Those that Marina does not know are made. */
  groupType: GroupType
  /**
   * True where a person is known by the name, and the subject may change, as a DN does when a person moves to another
   * department. False where two subjects are two people, whatever their names.
   */
  followsName: boolean
  /**
   * Checks a name and a password, neither of them empty. Undefined: one of them is wrong. Left out by a provider at
   * which nobody logs in with a password.
   */
  logIn?(name: string, password: string, signal: AbortSignal): Promise<Vouched | undefined>
  /**
   * Looks for a person by name, so that somebody can be made a member before the first login; undefined when there is
   * none. Left out where nobody can be looked up, or where a feature of its own does it.
   */
  search?(name: string, signal: AbortSignal): Promise<Vouched | undefined>
  /**
   * Asks about an account again. 'gone' only when the provider says so; 'unknown' when it answers and cannot say, as
   * for a token that has ended: then its last word goes on to count. A provider that does not answer rejects.
   */
  refresh(origin: Origin, signal: AbortSignal): Promise<Vouched | 'gone' | 'unknown'>
}
