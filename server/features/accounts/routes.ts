import type { IncomingMessage } from 'node:http'
import { Type } from 'typebox'
import { Permission } from '../../../api/permissions.ts'
import { idParam, ListQuery, pageQuery } from '../../../api/requests.ts'
import { OIDCCliSecretReq, PasswordReq, UserCreationReq, UserProfile, UserResp, UserSearchRespItem, UserSysAdminFlag } from '../../../api/users.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { sql } from '../../platform/db/sql.ts'
import { Failure } from '../../platform/http/failure.ts'
import { pageHeaders } from '../../platform/http/paging.ts'
import type { Peer } from '../../platform/http/server.ts'
import { actorOf } from '../../registry/caller.ts'
import type { Caller } from '../../registry/caller.ts'
import { heldIn, maySystem, route, type Rights, type Verb } from '../access/index.ts'
import type { SettingsReader } from '../settings/index.ts'
import { createAccount, deleteAccount, setAdmin, setPassword, updateProfile } from './actions.ts'
import { failureWindow, type Login } from './login.ts'
import type { SessionDoor } from './session-door.ts'
import { accountFields, accountOrder, countOnce, findAccountById, findListedAccount, listAccounts, type Account, type ListedAccount } from './store.ts'

const prefix = '/api/v2.0'
const tag = 'user'
const UserId = Type.Object({ user_id: idParam })

export type UserRoutesOptions = {
  db: Db; cache: Reader['cache']; login: Login; sessions: Pick<SessionDoor, 'isVisitor'>; settings: SettingsReader
  peerOf(request: IncomingMessage): Peer
  /** Accounts that one address may open for itself without a pause of `failureWindow`. */
  signUps: number
}

export function userRoutes({ db, cache, login, sessions, settings, peerOf, signUps }: UserRoutesOptions) {
  const reader = { db, cache }
  return [
    route({
      id: 'listUsers', tag, method: 'GET', path: '/users', access: { system: 'user', verb: 'list' },
      summary: 'List the accounts',
      schema: { query: ListQuery, answers: { 200: Type.Array(UserResp) } },
      async handler({ query, header }) {
        const asked = listing(accountFields, query, accountOrder)
        const { accounts, total } = await listAccounts(db, asked)
        pageHeaders(`${prefix}/users`, query, asked.page, asked.pageSize, total, header)
        return { status: 200, body: accounts.map(present) }
      },
    }),
    route({
      id: 'createUser', tag, method: 'POST', path: '/users', access: 'anyone',
      summary: 'Create an account: for others with the right to, for oneself from a browser where self_registration is on',
      schema: { body: UserCreationReq, answers: { 201: null } },
      async handler({ body: { username, password, email, realname, comment }, caller, rights, request, header }) {
        await mayCreate(caller, rights, request)
        if (username === undefined || password === undefined) throw new Failure('BAD_REQUEST', 'username and password are needed')
        const account = await createAccount(db, actorOf(caller), { name: username, password, email: email || null, realName: realname ?? username, comment: comment ?? '' })
        header('location', `${prefix}/users/${account.id}`)
        return { status: 201 }
      },
    }),
    route({
      id: 'getCurrentUserInfo', tag, method: 'GET', path: '/users/current', access: 'user',
      summary: 'Who am I?',
      schema: { answers: { 200: UserResp } },
      async handler({ rights }) {
        if (rights.kind !== 'user') throw new Failure('PRECONDITION', 'a robot has no profile')
        return { status: 200, body: present(await getListed(rights.id)) }
      },
    }),
    route({
      id: 'searchUsers', tag, method: 'GET', path: '/users/search', access: 'user',
      summary: 'Find accounts by a part of their names',
      schema: { query: Type.Object({ ...pageQuery, username: Type.String({ minLength: 1, maxLength: 255 }) }), answers: { 200: Type.Array(UserSearchRespItem) } },
      async handler({ query: { username, ...query }, header }) {
        const asked = listing({}, query, accountOrder)
        const { accounts, total } = await listAccounts(db, { ...asked, where: sql`position(${username} in account.name) > 0` })
        pageHeaders(`${prefix}/users/search`, { ...query, username }, asked.page, asked.pageSize, total, header)
        return { status: 200, body: accounts.map(({ id, name }) => ({ user_id: id, username: name })) }
      },
    }),
    route({
      id: 'getCurrentUserPermissions', tag, method: 'GET', path: '/users/current/permissions', access: 'user',
      summary: 'What may I do in a scope, /project/{id} or /system?',
      schema: { query: Type.Object({ scope: Type.Optional(Type.String({ maxLength: 255 })), relative: Type.Optional(Type.Boolean()) }), answers: { 200: Type.Array(Permission) } },
      async handler({ query: { scope = '', relative = false }, rights }) {
        const held = await heldIn(reader, rights, scope)
        const nameOf = (resource: string) => (relative ? resource || '.' : [scope, resource].filter(Boolean).join('/'))
        return { status: 200, body: held.map(({ resource, action }) => ({ resource: nameOf(resource), action })) }
      },
    }),
    route({
      id: 'getUser', tag, method: 'GET', path: '/users/{user_id}', access: 'own',
      summary: 'Get an account: the own one, or any with the right to read users',
      schema: { params: UserId, answers: { 200: UserResp } },
      async handler({ params, rights }) {
        needs(rights, params.user_id, 'read')
        return { status: 200, body: present(await getListed(params.user_id)) }
      },
    }),
    route({
      id: 'updateUserProfile', tag, method: 'PUT', path: '/users/{user_id}', access: 'own',
      summary: 'Change e-mail, real name and comment',
      schema: { params: UserId, body: UserProfile, answers: { 200: null } },
      async handler({ params, body: { email, realname, comment }, rights, caller }) {
        needs(rights, params.user_id, 'update')
        const now = await getListed(params.user_id)
        const profile = { email: email === undefined ? now.email : email || null, realName: realname ?? now.realName, comment: comment ?? now.comment }
        await updateProfile(db, actorOf(caller), await getAccount(params.user_id), profile)
        return { status: 200 }
      },
    }),
    route({
      id: 'deleteUser', tag, method: 'DELETE', path: '/users/{user_id}', access: { system: 'user', verb: 'delete' },
      summary: 'Delete an account; its projects go to the first administrator',
      schema: { params: UserId, answers: { 200: null } },
      async handler({ params, caller }) {
        await deleteAccount(db, actorOf(caller), await getAccount(params.user_id))
        return { status: 200 }
      },
    }),
    route({
      id: 'setUserSysAdmin', tag, method: 'PUT', path: '/users/{user_id}/sysadmin', access: { system: 'user', verb: 'update' },
      summary: 'Make an account a system administrator, or no longer',
      schema: { params: UserId, body: UserSysAdminFlag, answers: { 200: null } },
      async handler({ params, body, caller }) {
        if (body.sysadmin_flag === undefined) throw new Failure('BAD_REQUEST', 'sysadmin_flag is missing')
        await setAdmin(db, actorOf(caller), await getAccount(params.user_id), body.sysadmin_flag)
        return { status: 200 }
      },
    }),
    route({
      id: 'updateUserPassword', tag, method: 'PUT', path: '/users/{user_id}/password', access: 'own',
      summary: 'Change a password; the own one only with the old one',
      schema: { params: UserId, body: PasswordReq, answers: { 200: null } },
      async handler({ params, body: { old_password: old = '', new_password: wanted }, rights, caller, request }) {
        needs(rights, params.user_id, 'update')
        const account = await getAccount(params.user_id)
        if (wanted === undefined) throw new Failure('BAD_REQUEST', 'new_password is missing')
        if (isSelf(rights, params.user_id)) {
          if (!(await login(account.name, old, peerOf(request).address))) throw new Failure('FORBIDDEN', 'the old password is wrong')
          if (old === wanted) throw new Failure('BAD_REQUEST', 'the new password can not be the old one')
        }
        await setPassword(db, actorOf(caller), account, wanted)
        return { status: 200 }
      },
    }),
    route({
      id: 'setCliSecret', tag, method: 'PUT', path: '/users/{user_id}/cli_secret', access: 'own',
      summary: 'Set the CLI secret of an account that logs in through OIDC',
      schema: { params: UserId, body: OIDCCliSecretReq, answers: { 200: null } },
      async handler({ params, rights }) {
        needs(rights, params.user_id, 'update')
        const account = await getAccount(params.user_id)
        throw new Failure('PRECONDITION', `${account.name} does not log in through OIDC: there is no CLI secret`)
      },
    }),
  ]

  /** H01: whoever registers himself is nobody yet, and nothing in the body makes him more than an ordinary account. */
  async function mayCreate(caller: Caller, rights: Rights, request: IncomingMessage): Promise<void> {
    if (maySystem(rights, 'user', 'create')) return
    if (caller.kind !== 'anonymous') throw new Failure('FORBIDDEN')
    if (!(await settings.get('self_registration'))) throw new Failure('UNAUTHORIZED')
    if (!sessions.isVisitor(request)) throw new Failure('FORBIDDEN', 'who registers himself does so in a browser, not over the API')
    if ((await countOnce(db, `sign-up:${peerOf(request).address}`, failureWindow)) > signUps) {
      throw new Failure('TOO_MANY_REQUESTS', 'too many accounts were opened from this address: try again later', { headers: { 'retry-after': String(failureWindow) } })
    }
  }

  async function getAccount(id: number): Promise<Account> {
    const account = await findAccountById(db, id)
    if (!account) throw new Failure('NOT_FOUND', `there is no user ${id}`)
    return account
  }

  async function getListed(id: number): Promise<ListedAccount> {
    const account = await findListedAccount(db, id)
    if (!account) throw new Failure('NOT_FOUND', `there is no user ${id}`)
    return account
  }
}

const isSelf = (rights: Rights, id: number) => rights.kind === 'user' && rights.id === id

/** One's own account, or the right over all of them; whether an id exists stays unknown to others. */
function needs(rights: Rights, id: number, verb: Verb) {
  if (!isSelf(rights, id) && !maySystem(rights, 'user', verb)) throw new Failure('FORBIDDEN')
}

function present({ id, name, email, realName, comment, isAdmin, createdAt, updatedAt }: ListedAccount) {
  return {
    user_id: id, username: name, email: email ?? '', realname: realName, comment,
    sysadmin_flag: isAdmin, admin_role_in_auth: false,
    creation_time: createdAt.toISOString(), update_time: updatedAt.toISOString(),
  }
}
