import type { Reader } from '../../../catalog/reader.ts'
import { checkPassword, isQuickHash, isRandomSecret } from '../passwords.ts'
import { findAccount, type Account } from '../store.ts'
import type { Claim, Credential, Provider } from './provider.ts'

/** The accounts of this installation. Claims every name, so that a name that does not exist takes as long to check. */
export function localProvider(reader: Reader) {
  return {
    name: 'local',
    claim: async (name: string) => claimOf(credentialOf(await findAccount(reader, name))),
  } satisfies Provider
}

function credentialOf(account: Account | undefined): Credential | undefined {
  if (!account) return undefined
  const { id, name, passwordHash, isDisabled } = account
  return { caller: { kind: 'user', id, name }, secretHash: passwordHash, isDisabled }
}

/** Makes the claim of a name from its stored credential; `found` is undefined for a name that nobody has. */
export function claimOf(found: Credential | undefined): Claim {
  const { caller, secretHash = null, isDisabled = true } = found ?? {}
  return {
    version: isDisabled || secretHash === null ? undefined : JSON.stringify([caller, secretHash]),
    ...(caller && isRandomSecret(secretHash) && !isDisabled
      ? { checkAtOnce: (secret) => (isQuickHash(secretHash, secret) ? caller : undefined) }
      : {}),
    check: async (password) => ((await checkPassword(secretHash, password)) && !isDisabled ? caller : undefined),
  }
}
