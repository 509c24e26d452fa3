import type { Uses } from '../../../platform/uses.ts'
import type { Caller } from '../../../registry/caller.ts'
import { findRights, type RightsReader } from '../../access/index.ts'
import { findAccount } from '../store.ts'
import { hashOfSecret, isTokenSecret } from './secret.ts'
import { findTokenBySecret } from './store.ts'

/**
 * The account of this name, when the password is the secret of a token of it that may be used. Undefined otherwise;
 * a password of another form costs nothing here.
 */
export async function loginByToken(
  reader: RightsReader,
  name: string,
  password: string,
  uses?: Pick<Uses, 'note'>,
): Promise<Caller | undefined> {
  if (!isTokenSecret(password)) return undefined
  const token = await findTokenBySecret(reader, hashOfSecret(password))
  if (!token || (token.expiresAt !== null && token.expiresAt.getTime() <= Date.now())) return undefined
  const account = await findAccount(reader, name)
  if (account?.id !== token.accountId || account.isDisabled) return undefined
  const { id, name: accountName } = account
  const isCli = token.isCli ? { isCli: true as const } : {}
  const caller: Caller = { kind: 'user', id, name: accountName, token: token.id, ...isCli }
  // Its provider may say by now that the person is gone.
  const rights = await findRights(reader, caller)
  if (!rights || rights.kind === 'anonymous' || rights.isDisabled) return undefined
  uses?.note(token.id)
  return caller
}
