import type { Static } from 'typebox'
import * as api from '../../../../api/tokens.ts'
import type { Actor } from '../../../catalog/topics.ts'
import { isUniqueViolation, type Db } from '../../../platform/db/db.ts'
import { emit } from '../../../platform/events/emit.ts'
import { Failure } from '../../../platform/http/failure.ts'
import { created } from '../../../platform/http/reply.ts'
import { actorOf } from '../../../registry/caller.ts'
import { route, type ApiRoute } from '../../access/index.ts'
import type { Reader } from '../../../catalog/reader.ts'
import { isVisible } from '../../../platform/visible.ts'
import { getAccount, ownerOf } from '../guards.ts'
import { facts } from '../topics.ts'
import { parseScope, presentScopes } from './scope.ts'
import { hashOfSecret, makeTokenSecret } from './secret.ts'
import { dropToken, listTokens, saveToken, type PersonalToken } from './store.ts'

/** `tokensPerAccount`: tokens that one account may have. */
type Lent = { db: Db; cache: Reader['cache']; tokensPerAccount: number }

const defaultDays = 90
/** 10 years. */
const longestDays = 3650

/** Personal access tokens: each account has its own, administrators see and revoke those of others. */
export function tokenRoutes({ db, cache, tokensPerAccount }: Lent): ApiRoute[] {
  return [
    route(api.listTokens, 'user', async ({ rights }) => presentAll(db, await listTokens(db, ownerOf(rights).id))),
    route(api.createToken, 'user', async ({ rights, body, caller }) => {
      const { id: accountId, name: account } = ownerOf(rights)
      const { name, duration, permissions } = body
      const days = parseDays(duration ?? defaultDays)
      if (name.length < 1 || name.length > 64 || !isVisible(name))
        throw new Failure('BAD_REQUEST', 'a token has a name of 1 to 64 characters, without invisible ones')
      const scope = permissions ? await parseScope({ db, cache }, rights, permissions) : null
      const secret = makeTokenSecret()
      const wanted = { accountId, name, hash: hashOfSecret(secret), scope, days }
      const token = await explaining(name, () =>
        db.transaction(async (tx) => {
          const saved = await saveToken(tx, wanted, tokensPerAccount)
          if (!saved)
            throw new Failure('PRECONDITION', `an account has at most ${tokensPerAccount} tokens: revoke some`)
          await emit(tx, [facts.tokenCreated({ accountId, name: account, tokenName: name }, actorOf(caller))])
          return saved
        }),
      )
      return created(token.id, { ...(await presentAll(db, [token]))[0]!, secret })
    }),
    route(api.deleteToken, 'user', async ({ rights, params, caller }) => {
      await revoke(db, actorOf(caller), ownerOf(rights), params.token_id)
    }),
    route(api.listTokensOf, { system: 'user', verb: 'read' }, async ({ params }) =>
      presentAll(db, await listTokens(db, (await getAccount(db, params.user_id)).id)),
    ),
    route(api.deleteTokenOf, { system: 'user', verb: 'update' }, async ({ params, caller }) => {
      await revoke(db, actorOf(caller), await getAccount(db, params.user_id), params.token_id)
    }),
  ]
}

function parseDays(duration: number): number | null {
  if (duration === -1) return null
  if (duration < 1 || duration > longestDays)
    throw new Failure('BAD_REQUEST', `duration must be -1 (for ever) or 1 to ${longestDays} days`)
  return duration
}

async function revoke(db: Db, by: Actor, { id: accountId, name }: { id: number; name: string }, tokenId: number) {
  await db.transaction(async (tx) => {
    const token = await dropToken(tx, accountId, tokenId)
    if (token === undefined) throw new Failure('NOT_FOUND', `token ${tokenId} not found`)
    await emit(tx, [facts.tokenRevoked({ accountId, name, tokenName: token }, by)])
  })
}

async function explaining<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (isUniqueViolation(error)) throw new Failure('CONFLICT', `there is a token ${name} already`, { cause: error })
    throw error
  }
}

async function presentAll(db: Db, tokens: PersonalToken[]): Promise<Static<typeof api.PersonalToken>[]> {
  const scopes = await presentScopes(
    db,
    tokens.map(({ scope }) => scope),
  )
  return tokens.map(({ id, name, createdAt, expiresAt, lastUsedAt }, index) => ({
    id,
    name,
    ...(scopes[index] ? { permissions: scopes[index] } : {}),
    creation_time: createdAt.toISOString(),
    ...(expiresAt ? { expires_at: expiresAt.toISOString() } : {}),
    ...(lastUsedAt ? { last_used_time: lastUsedAt.toISOString() } : {}),
  }))
}
