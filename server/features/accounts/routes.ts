import type { IncomingMessage } from 'node:http'
import type { Static } from 'typebox'
import * as api from '../../../api/users.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { sql } from '../../platform/db/sql.ts'
import { Failure } from '../../platform/http/failure.ts'
import { created } from '../../platform/http/reply.ts'
import type { Peer } from '../../platform/http/server.ts'
import { actorOf } from '../../registry/caller.ts'
import type { Caller } from '../../registry/caller.ts'
import { heldIn, maySystem, route, type ApiRoute, type Rights, type Verb } from '../access/index.ts'
import type { SettingsReader } from '../settings/index.ts'
import {
  createAccount,
  deleteAccount,
  endSession,
  setAdmin,
  setPassword,
  updateProfile,
  type MaskName,
} from './actions.ts'
import { getAccount, ownerOf } from './guards.ts'
import type { Login } from './login.ts'
import { checkIsOurs, checkMayMakeLocal } from './modes.ts'
import type { SessionDoor } from './session-door.ts'
import { findOidcMeta } from './outside/store.ts'
import { listSessions } from './session-store.ts'
import {
  accountFields,
  accountOrder,
  countOnce,
  findListedAccount,
  hasMadePassword,
  listAccounts,
  type ListedAccount,
} from './store.ts'
import { failureWindow } from './throttle.ts'
import { setCliSecret } from './tokens/cli-secret.ts'
import { tokenRoutes } from './tokens/routes.ts'

export type UserRoutesOptions = {
  db: Db
  cache: Reader['cache']
  login: Login
  sessions: Pick<SessionDoor, 'isVisitor' | 'nameOf'>
  settings: SettingsReader
  peerOf(request: IncomingMessage): Peer
  /** Accounts that one address may register before it has to pause for `failureWindow`, in s. */
  signUps: number
  /** Personal tokens that one account may have. */
  tokensPerAccount: number
  /** Masks names of deleted accounts in the audit log; `isUsual`: also when the request does not say so. */
  masking: { begin: MaskName; isUsual: boolean }
}

/** The operations on accounts: the list for administrators, the own account for everybody. */
export function userRoutes(options: UserRoutesOptions): ApiRoute[] {
  return [
    ...listRoutes(options),
    ...currentRoutes(options),
    ...sessionRoutes(options),
    ...tokenRoutes(options),
    ...accountRoutes(options),
  ]
}

function listRoutes(options: UserRoutesOptions): ApiRoute[] {
  const { db } = options
  return [
    route(api.listUsers, { system: 'user', verb: 'list' }, async ({ query }) => {
      const { rows, total } = await listAccounts(db, listing(accountFields, query, accountOrder))
      return { rows: rows.map(present), total }
    }),
    route(api.createUser, 'anyone', async ({ body, caller, rights, request }) => {
      const { username, password, email, realname, comment } = body
      await checkMayMakeLocal(options.settings)
      await checkMayCreate(options, caller, rights, request)
      if (username === undefined || password === undefined) {
        throw new Failure('BAD_REQUEST', 'username and password are needed')
      }
      const profile = { email: email || null, realName: realname ?? username, comment: comment ?? '' }
      const robotPrefix = await options.settings.get('robot_name_prefix')
      const account = { name: username, password, robotPrefix, ...profile }
      return created((await createAccount(options, actorOf(caller), account)).id)
    }),
    route(api.searchUsers, 'user', async ({ query: { username, ...query } }) => {
      const where = sql`position(${username} in account.name) > 0`
      const { rows, total } = await listAccounts(db, { ...listing({}, query, accountOrder), where })
      return { rows: rows.map(({ id, name }) => ({ user_id: id, username: name })), total }
    }),
  ]
}

function currentRoutes({ db, cache }: UserRoutesOptions): ApiRoute[] {
  return [
    route(api.getCurrentUserInfo, 'user', async ({ rights }) => {
      if (rights.kind !== 'user' && rights.kind !== 'token') throw new Failure('PRECONDITION', 'a robot has no profile')
      const [account, isMade] = await Promise.all([getOwn(db, rights.id), hasMadePassword(db, rights.id)])
      return { ...account, ...(isMade ? { has_generated_password: true } : {}) }
    }),
    route(api.getCurrentUserPermissions, 'user', async ({ query: { scope = '', relative = false }, rights }) => {
      const held = await heldIn({ db, cache }, rights, scope)
      const nameOf = (resource: string) => (relative ? resource || '.' : [scope, resource].filter(Boolean).join('/'))
      return held.map(({ resource, action }) => ({ resource: nameOf(resource), action }))
    }),
  ]
}

function sessionRoutes({ db, sessions, settings }: UserRoutesOptions): ApiRoute[] {
  return [
    route(api.listSessions, 'user', async ({ rights, request }) => {
      const minutes = await settings.get('session_timeout')
      const current = sessions.nameOf(request)
      const rows = await listSessions(db, ownerOf(rights).id, minutes)
      return rows.map(({ id, createdAt, address, userAgent }) => ({
        id,
        current: id === current,
        creation_time: createdAt.toISOString(),
        end_time: new Date(createdAt.getTime() + minutes * 60_000).toISOString(),
        ...(address === null ? {} : { address }),
        ...(userAgent === null ? {} : { user_agent: userAgent }),
      }))
    }),
    route(api.endSession, 'user', async ({ rights, params, caller }) => {
      await endSession(db, actorOf(caller), ownerOf(rights).id, params.session_id)
    }),
  ]
}

function accountRoutes({ db, login, peerOf, settings, masking }: UserRoutesOptions): ApiRoute[] {
  return [
    route(api.getUser, 'own', async ({ params, rights }) => {
      needs(rights, params.user_id, 'read')
      return getOwn(db, params.user_id)
    }),
    route(api.updateUserProfile, 'own', async ({ params, body: { email, realname, comment }, rights, caller }) => {
      needs(rights, params.user_id, 'update')
      await checkIsOurs(settings, params.user_id)
      const now = await getListed(db, params.user_id)
      await updateProfile(db, actorOf(caller), await getAccount(db, params.user_id), {
        email: email === undefined ? now.email : email || null,
        realName: realname ?? now.realName,
        comment: comment ?? now.comment,
      })
    }),
    route(api.deleteUser, { system: 'user', verb: 'delete' }, async ({ params, query, caller }) => {
      const { mask_audit_log: masks = masking.isUsual } = query
      await deleteAccount(db, actorOf(caller), await getAccount(db, params.user_id), masks ? masking.begin : undefined)
    }),
    route(api.setUserSysAdmin, { system: 'user', verb: 'update' }, async ({ params, body, caller }) => {
      // Clients in Go leave out what is false, as the Terraform provider does; Harbor reads it so.
      await setAdmin(db, actorOf(caller), await getAccount(db, params.user_id), body.sysadmin_flag ?? false)
    }),
    route(api.updateUserPassword, 'own', async ({ params, body, rights, caller, request }) => {
      const { old_password: old = '', new_password: wanted } = body
      needs(rights, params.user_id, 'update')
      await checkIsOurs(settings, params.user_id)
      const account = await getAccount(db, params.user_id)
      if (wanted === undefined) throw new Failure('BAD_REQUEST', 'new_password is missing')
      if (isSelf(rights, params.user_id, 'update')) {
        const isRight = await login(account.name, old, peerOf(request).address)
        if (isRight?.kind !== 'user' || isRight.token !== undefined)
          throw new Failure('FORBIDDEN', 'the old password is wrong')
        if (old === wanted) throw new Failure('BAD_REQUEST', 'the new password can not be the old one')
      }
      await setPassword(db, actorOf(caller), account, wanted)
    }),
    route(api.setCliSecret, 'own', async ({ params, body, rights, caller }) => {
      needs(rights, params.user_id, 'update')
      const mode = await settings.get('auth_mode')
      if (mode === 'oidc_auth' && !(await findOidcMeta(db, params.user_id)))
        throw new Failure('NOT_FOUND', `oidc info for user ${params.user_id} not found`)
      const account = await getAccount(db, params.user_id)
      if (mode !== 'oidc_auth') throw new Failure('PRECONDITION', `unable to update CLI secret under authmode: ${mode}`)
      const made = await setCliSecret(db, actorOf(caller), account, body.secret ?? '')
      return made === undefined ? {} : { secret: made }
    }),
  ]
}

/** H01: registration is for anonymous callers, and nothing in the body makes them more than an ordinary account. */
async function checkMayCreate(
  options: UserRoutesOptions,
  caller: Caller,
  rights: Rights,
  request: IncomingMessage,
): Promise<void> {
  const { db, settings, sessions, peerOf, signUps } = options
  if (maySystem(rights, 'user', 'create')) return
  if (caller.kind !== 'anonymous') throw new Failure('FORBIDDEN')
  if (!(await settings.get('self_registration'))) throw new Failure('UNAUTHORIZED')
  if (!sessions.isVisitor(request)) {
    throw new Failure('FORBIDDEN', 'registration is for browsers: the API alone can not register an account')
  }
  if ((await countOnce(db, `sign-up:${peerOf(request).address}`, failureWindow)) > signUps) {
    throw new Failure('TOO_MANY_REQUESTS', 'too many accounts were opened from this address: try again later', {
      headers: { 'retry-after': String(failureWindow) },
    })
  }
}

/** An account as it is shown to itself and to administrators. The CLI secret is kept as a hash, so it is not there. */
async function getOwn(db: Db, id: number): Promise<Static<typeof api.UserResp>> {
  const [account, meta] = await Promise.all([getListed(db, id), findOidcMeta(db, id)])
  if (!meta) return present(account)
  const { issuer, subject, createdAt, confirmedAt } = meta
  return {
    ...present(account),
    oidc_user_meta: {
      id,
      user_id: id,
      subiss: `${subject}${issuer}`,
      creation_time: createdAt.toISOString(),
      update_time: confirmedAt.toISOString(),
    },
  }
}

async function getListed(db: Db, id: number): Promise<ListedAccount> {
  const account = await findListedAccount(db, id)
  if (!account) throw new Failure('NOT_FOUND', `user ${id} not found`)
  return account
}

/** A personal token reads its account's profile, and changes nothing of it. */
const isSelf = (rights: Rights, id: number, verb: Verb) =>
  (rights.kind === 'user' || rights.kind === 'token') &&
  rights.id === id &&
  (verb === 'read' || (rights.kind === 'user' && !rights.byToken))

/**
 * Throws FORBIDDEN unless the id is the caller's own or the caller holds the right on all accounts. Checked before the
 * row is read, so that others do not learn which ids exist.
 */
function needs(rights: Rights, id: number, verb: Verb) {
  if (!isSelf(rights, id, verb) && !maySystem(rights, 'user', verb)) throw new Failure('FORBIDDEN')
}

function present(account: ListedAccount): Static<typeof api.UserResp> {
  const { id, name, email, realName, comment, isAdmin, isAdminOutside, createdAt, updatedAt } = account
  return {
    user_id: id,
    username: name,
    email: email ?? '',
    realname: realName,
    comment,
    sysadmin_flag: isAdmin,
    admin_role_in_auth: isAdminOutside,
    creation_time: createdAt.toISOString(),
    update_time: updatedAt.toISOString(),
  }
}
