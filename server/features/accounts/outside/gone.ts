import type { Db } from '../../../platform/db/db.ts'
import { emit } from '../../../platform/events/emit.ts'
import { accountRightsKey } from '../../access/index.ts'
import { replaceGroupsOf } from '../../user-groups/index.ts'
import { dropSessionsOf } from '../session-store.ts'
import { lockAccount } from '../store.ts'
import { dropToken } from '../tokens/store.ts'
import { facts } from '../topics.ts'
import type { Origin, ProviderName } from './provider.ts'
import { listTokensOfGone, saveGone } from './store.ts'

/**
 * Ends what an account may do whose provider says that the person is gone: its sessions, groups and administrator, at
 * once and everywhere. Its tokens stop with its rights; they work again when the provider vouches for the account anew,
 * until `sweepTokensOfGone` deletes them: a wrong filter in the settings must not destroy the tokens of everybody.
 */
export async function endGone(db: Db, origin: Pick<Origin, 'accountId' | 'name'> & { provider: ProviderName }) {
  const { accountId, name, provider } = origin
  await db.transaction(async (tx) => {
    tx.changes(accountRightsKey(accountId))
    // The account's row first: a login at the same moment opens its session before, and it is dropped here.
    await lockAccount(tx, accountId)
    if (!(await saveGone(tx, accountId))) return
    await dropSessionsOf(tx, accountId)
    await replaceGroupsOf(tx, accountId, [])
    await emit(tx, [facts.accountGone({ accountId, name, provider }, { kind: 'system', id: null, name: provider })])
  })
}

/** Tokens deleted in one transaction. */
const batch = 500

/** Deletes the tokens of accounts that have been gone for longer than `keepMs`. Returns how many. */
export async function sweepTokensOfGone(db: Db, keepMs: number): Promise<number> {
  let [swept, count] = [0, batch]
  for (; count === batch; swept += count) {
    count = await db.transaction(async (tx) => {
      const tokens = await listTokensOfGone(tx, keepMs, batch)
      for (const { accountId, id } of tokens) await dropToken(tx, accountId, id)
      return tokens.length
    })
  }
  return swept
}
