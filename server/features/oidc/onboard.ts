import type { IncomingMessage } from 'node:http'
import { readBody } from '../../platform/http/body.ts'
import { Failure } from '../../platform/http/failure.ts'
import type { Peer } from '../../platform/http/server.ts'
import { accountNameProblem } from '../accounts/index.ts'
import { cookie, onboardCookie, readCookie } from './cookies.ts'
import type { Lent } from './lent.ts'
import { openedBy } from './session.ts'
import { isSecure, makeAccount, prefixOf, onboardPurpose, type Waiting } from './sign-in.ts'
import { SignInFailed } from './sign-in-failed.ts'
import { dropOnboarding, findOnboarding } from './store.ts'
import { keepable, vouchedOf } from './vouched.ts'

const bodyLimit = 8192

/**
 * A person whom the provider vouched for chooses a name, which makes the account and opens a session. Its cookie comes
 * from Marina's own pages alone (SameSite=Strict), so the request needs no further token. Returns the headers of the
 * answer. Throws Failure and SignInFailed.
 */
export async function onboard(
  lent: Lent,
  request: IncomingMessage,
  peer: Peer,
): Promise<{ cookies: string[]; headers: Record<string, string> }> {
  const username = await readName(request)
  const id = readCookie(request, onboardCookie)
  const sealed = id === undefined ? undefined : await findOnboarding(lent.db, id)
  if (id === undefined || sealed === undefined)
    throw new SignInFailed('expired', 'Failed to get OIDC user info from session')
  const problem = accountNameProblem(username, await lent.settings.get('robot_name_prefix'))
  if (problem) throw new Failure('BAD_REQUEST', problem)
  const { said, read, clientId } = JSON.parse(lent.secrets.unseal(sealed, onboardPurpose)) as Waiting
  const secret = keepable(clientId, said.refreshToken)
  const account = await makeAccount(lent, vouchedOf(said, read, { username, secret }))
  if (!(await lent.db.transaction((tx) => dropOnboarding(tx, id))))
    throw new SignInFailed('used', 'the name was chosen already')
  const headers = await openedBy(lent, request, account, said)
  const ended = cookie(onboardCookie, '', {
    maxAgeMs: 0,
    sameSite: 'Strict',
    prefix: prefixOf(lent),
    isSecure: isSecure(lent, peer),
  })
  return { cookies: [ended], headers }
}

async function readName(request: IncomingMessage): Promise<string> {
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) throw new Failure('UNSUPPORTED_MEDIA_TYPE')
  const text = (await readBody(request, bodyLimit)).toString('utf8')
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw new Failure('BAD_REQUEST', 'the body is not JSON')
  }
  const { username } = (body ?? {}) as { username?: unknown }
  if (typeof username !== 'string' || username === '' || username.length > 255)
    throw new Failure('BAD_REQUEST', 'username with illegal length')
  return username
}
