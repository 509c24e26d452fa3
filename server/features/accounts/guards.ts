import type { Queryable } from '../../platform/db/db.ts'
import { Failure } from '../../platform/http/failure.ts'
import type { Rights } from '../access/index.ts'
import { findAccountById, type Account } from './store.ts'

/** Throws NOT_FOUND. */
export async function getAccount(db: Queryable, id: number): Promise<Account> {
  const account = await findAccountById(db, id)
  if (!account) throw new Failure('NOT_FOUND', `user ${id} not found`)
  return account
}

/**
 * The account that the caller is, for what only people themselves do: sessions, tokens, their password. Throws
 * FORBIDDEN for a personal token or a certificate, which must not make itself last longer, and PRECONDITION for robots.
 */
export function ownerOf(rights: Rights): { id: number; name: string } {
  if (rights.kind === 'token' || (rights.kind === 'user' && rights.byToken))
    throw new Failure('FORBIDDEN', 'a personal token or a certificate cannot do this: log in with the password')
  if (rights.kind !== 'user') throw new Failure('PRECONDITION', 'a robot is no person: it has no sessions and tokens')
  return { id: rights.id, name: rights.name }
}
