import type { IncomingMessage } from 'node:http'
import { Failure } from '../../platform/http/failure.ts'
import type { Account } from '../accounts/index.ts'
import type { Lent } from './lent.ts'
import type { Said } from './provider.ts'
import { SignInFailed } from './sign-in-failed.ts'
import { saveOidcSession } from './store.ts'

export const idTokenPurpose = 'oidc id token'
/** The longest ID token that is kept for a logout, in characters: it goes into a URL. */
const longestIdToken = 8000

/** Opens a session that remembers the provider's. Returns the headers of the answer. Throws SignInFailed. */
export async function openedBy(
  { sessions, secrets, outside }: Lent,
  request: IncomingMessage,
  account: Account,
  { issuer, sid, idToken }: Said,
): Promise<Record<string, string>> {
  const { id: accountId, name, isDisabled } = account
  if (isDisabled) throw new SignInFailed('disabled', `the account ${name} is disabled`)
  const hint = idToken !== undefined && idToken.length <= longestIdToken ? secrets.seal(idToken, idTokenPurpose) : null
  try {
    const headers = await sessions.open(request, account, (tx, idHash) =>
      saveOidcSession(tx, { idHash, accountId, issuer, sid: sid ?? null, idToken: hint }),
    )
    outside.noteLogin('oidc', 'right')
    return headers
  } catch (error) {
    if (error instanceof Failure && error.code === 'UNAUTHORIZED')
      throw new SignInFailed('disabled', `the account ${name} changed, or its person is gone`)
    throw error
  }
}
