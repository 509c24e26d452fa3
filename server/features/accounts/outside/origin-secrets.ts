import type { Db } from '../../../platform/db/db.ts'
import { purposeOf } from './confirm.ts'
import { findOrigin, saveSecret } from './store.ts'

/** The sealed secrets of accounts from outside, for a provider that changes them while it asks about an account. */
export type OriginSecrets = {
  read(accountId: number): Promise<string | undefined>
  /** Nothing is saved for an account that is gone. */
  save(accountId: number, secret: string): Promise<void>
}

type Secrets = { seal(plain: string, purpose: string): string; unseal(sealed: string, purpose: string): string }

export function openOriginSecrets({ db, secrets }: { db: Db; secrets: Secrets }): OriginSecrets {
  return {
    async read(accountId) {
      const { secret } = (await findOrigin(db, accountId)) ?? {}
      return secret ? secrets.unseal(secret, purposeOf(accountId)) : undefined
    },
    save: (accountId, secret) => saveSecret(db, accountId, secrets.seal(secret, purposeOf(accountId))),
  }
}
