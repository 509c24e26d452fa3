import type { Vouched } from '../accounts/index.ts'
import type { Claims, ReadClaims } from './claims.ts'

/** A person as accounts from outside are told of one. `username` replaces the name of the claims. */
export function vouchedOf(
  who: { issuer: string; subject: string; claims: Claims },
  read: Pick<ReadClaims, 'username' | 'email' | 'groups' | 'isAdmin'>,
  { username = read.username, secret }: { username?: string; secret?: string | undefined } = {},
): Vouched {
  const { name } = who.claims
  return {
    issuer: who.issuer,
    subject: who.subject,
    username,
    email: read.email,
    realName: typeof name === 'string' && name !== '' ? name : username,
    groups: read.groups.map((group) => ({ name: group })),
    isAdmin: read.isAdmin,
    secret,
  }
}

/** What is kept sealed to ask about an account again. A token of another client must never be tried: see refresh.ts. */
export type KeptToken = { clientId: string; token: string }

export const keepable = (clientId: string, token: string | undefined): string | undefined =>
  token === undefined ? undefined : JSON.stringify({ clientId, token } satisfies KeptToken)
