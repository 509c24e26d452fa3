import type { Reader } from '../../../catalog/reader.ts'
import type { Actor } from '../../../catalog/topics.ts'
import { isUniqueViolation, type Db, type Tx } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import { emit } from '../../../platform/events/emit.ts'
import { Failure } from '../../../platform/http/failure.ts'
import type { Maybe } from '../../../platform/maybe.ts'
import type { Uses } from '../../../platform/uses.ts'
import type { Caller } from '../../../registry/caller.ts'
import { findRights, type RightsReader } from '../../access/index.ts'
import { checkPassword, hashPassword, passwordProblem } from '../passwords.ts'
import type { Provider } from '../providers/provider.ts'
import { findAccount } from '../store.ts'
import { facts } from '../topics.ts'
import { hashOfSecret, makeTokenSecret } from './secret.ts'
import { cliSecretKey, dropToken } from './store.ts'

/** The token's name in lists. */
const cliSecretName = 'CLI secret'

/** Harbor's words. */
const strength =
  'the password or secret must be 8-128, inclusively, characters long with at least 1 uppercase letter, ' +
  '1 lowercase letter and 1 number'

/**
 * Gives an account its CLI secret: a personal token for /v2 and /service/token alone, without an end of its own. It
 * takes the place of the one before. Returns the secret that was made when `chosen` is empty. Throws BAD_REQUEST for a
 * weak one, and CONFLICT when another token has the name.
 */
export async function setCliSecret(
  db: Db,
  by: Actor,
  { id: accountId, name }: { id: number; name: string },
  chosen: string,
): Promise<string | undefined> {
  if (chosen !== '' && passwordProblem(chosen)) throw new Failure('BAD_REQUEST', strength)
  const made = chosen === '' ? makeTokenSecret() : undefined
  const [hash, chosenHash] = [made ? hashOfSecret(made) : null, made ? null : await hashPassword(chosen)]
  try {
    await db.transaction(async (tx) => {
      await tx.rows(sql`select id from account where id = ${accountId} for update`)
      await dropCliSecret(tx, accountId)
      await tx.run(sql`
        insert into personal_token (account_id, name, secret_hash, chosen_hash, is_cli)
        values (${accountId}, ${cliSecretName}, ${hash}, ${chosenHash}, true)`)
      await emit(tx, [facts.tokenCreated({ accountId, name, tokenName: cliSecretName }, by)])
    })
  } catch (error) {
    if (isUniqueViolation(error))
      throw new Failure('CONFLICT', `a personal token is called ${cliSecretName}: revoke it first`, { cause: error })
    throw error
  }
  return made
}

async function dropCliSecret(tx: Tx, accountId: number): Promise<void> {
  tx.changes(cliSecretKey(accountId))
  const row = await tx.row<{ id: number }>(
    sql`select id from personal_token where account_id = ${accountId} and is_cli`,
  )
  if (row) await dropToken(tx, accountId, row.id)
}

type ChosenSecret = { id: number; hash: string | null }

/** The CLI secret that the owner of an account chose; from the cache, since each login with such an account asks. */
function findChosenSecret({ db, cache }: Reader, accountId: number): Maybe<ChosenSecret | undefined> {
  return cache.get(cliSecretKey(accountId), () =>
    db.row<ChosenSecret>(
      sql`select id, chosen_hash as hash from personal_token where account_id = ${accountId} and is_cli`,
    ),
  )
}

/**
 * Logs in accounts without a password of their own by a CLI secret that their owner chose. One that Marina made is a
 * token like others (login.ts).
 */
export function cliSecretLogin(reader: RightsReader, uses: Pick<Uses, 'note'>): Provider {
  return {
    name: 'cli-secret',
    async claim(name) {
      const account = await findAccount(reader, name)
      if (!account || account.passwordHash !== null) return undefined
      const secret = await findChosenSecret(reader, account.id)
      if (!secret || secret.hash === null) return undefined
      const { id, hash } = secret
      const caller: Caller = { kind: 'user', id: account.id, name: account.name, token: id, isCli: true }
      // Its provider may say by now that the person is gone.
      const rights = await findRights(reader, caller)
      const mayUse = rights !== undefined && rights.kind !== 'anonymous' && !rights.isDisabled
      return {
        version: mayUse ? hash : undefined,
        check: async (password) => ((await checkPassword(mayUse ? hash : undefined, password)) ? caller : undefined),
      }
    },
    onLogin: (caller) => {
      if (caller.kind === 'user' && caller.token !== undefined) uses.note(caller.token)
    },
  }
}
