import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Tx } from '../../platform/db/db.ts'
import { readBody } from '../../platform/http/body.ts'
import { isCrossSite, isReading } from '../../platform/http/cross-site.ts'
import { Failure } from '../../platform/http/failure.ts'
import type { Peer } from '../../platform/http/server.ts'
import type { Caller } from '../../registry/caller.ts'
import type { Login } from './login.ts'
import { openSessions, type SessionsOptions } from './open-sessions.ts'
import { csrfHeader, csrfTokenOf, isSame, ownIdOf, sessionIdOf } from './session-cookie.ts'
import { findSession, hashOf, sessionName } from './session-store.ts'
import { findAccount, findAccountById, type Account } from './store.ts'

/** The most bytes that the body of a login may have. */
const bodyLimit = 8192

export type SessionDoor = {
  /**
   * Opens a session for an account whose provider has just vouched for it, in place of the one that the request came
   * with. `also` adds to it in the same transaction. Returns the headers for the answer. Throws UNAUTHORIZED when the
   * account changed meanwhile or is disabled.
   */
  open(
    request: IncomingMessage,
    account: Account,
    also?: (tx: Tx, idHash: string) => Promise<void>,
  ): Promise<Record<string, string>>
  /** Ends the session that the request came with, if any, after `before`. Returns the headers for the answer. */
  close(request: IncomingMessage, before?: (idHash: string) => Promise<void>): Promise<Record<string, string>>
  /** Answers /c/login and /c/log_out; throws Failures. */
  handle(request: IncomingMessage, response: ServerResponse, peer: Peer): Promise<void>
  /**
   * Returns the account of the session that the cookie names; undefined without a cookie, or when its session is over.
   * Throws FORBIDDEN when a request that changes something lacks its CSRF token (C-25).
   */
  identify(request: IncomingMessage, response: ServerResponse): Promise<Caller | undefined>
  /** The name of the session that a request came with, as lists of sessions show it. */
  nameOf(request: IncomingMessage): string | undefined
  /** Whether the session that a request came with is still open; true for a request that names itself otherwise. */
  isOpen(request: IncomingMessage): Promise<boolean>
  /** Whether the request comes from a browser before login: it has a visitor's cookie and the token made of it. */
  isVisitor(request: IncomingMessage): boolean
}

/** The portal's first request. Its answer gives a visitor the cookie and the CSRF token that registration needs. */
const firstAsked = '/api/v2.0/systeminfo'

type SessionDoorOptions = SessionsOptions & {
  login: Login
  /** The path where a browser ends this session, when another system has to be told; undefined for most sessions. */
  signOutAt?(idHash: string): Promise<string | undefined>
}

export function openSessionDoor(options: SessionDoorOptions): SessionDoor {
  const { db, cache, login, settings, externalUrl, signOutAt } = options
  const reader = { db, cache }
  const { open, close, cookie } = openSessions(options)
  return {
    open,
    close,
    async handle(request, response, peer) {
      const path = request.url!.split('?', 1)[0]
      if (isCrossSite(request, peer, externalUrl)) throw new Failure('FORBIDDEN', 'this request came from another site')
      if (path === '/c/login' && request.method === 'POST') return logIn(request, response, peer)
      if (path === '/c/log_out' && (request.method === 'GET' || request.method === 'POST'))
        return logOut(request, response, peer)
      throw new Failure(path === '/c/login' || path === '/c/log_out' ? 'METHOD_NOT_ALLOWED' : 'NOT_FOUND')
    },

    async identify(request, response) {
      const id = sessionIdOf(request)
      const session =
        id === undefined ? undefined : await findSession(reader, id, await settings.get('session_timeout'))
      if (id === undefined || !session) return welcome(request, response, id)
      const token = csrfTokenOf(id)
      if (isReading(request.method)) response.setHeader(csrfHeader, token)
      else if (!isSame(token, request.headers[csrfHeader]))
        throw new Failure(
          'FORBIDDEN',
          'the header X-Harbor-CSRF-Token is missing or wrong: take it from the answer to a GET',
        )
      return { kind: 'user', id: session.accountId, name: session.name }
    },

    nameOf(request) {
      const id = ownIdOf(request)
      return id === undefined ? undefined : sessionName(id)
    },

    async isOpen(request) {
      const id = ownIdOf(request)
      if (id === undefined) return true
      return (await findSession(reader, id, await settings.get('session_timeout'))) !== undefined
    },

    isVisitor(request) {
      const id = sessionIdOf(request)
      return id !== undefined && isSame(csrfTokenOf(id), request.headers[csrfHeader])
    },
  }

  /** Gives a visitor a cookie, which names no account and is not stored: it shows that the same browser comes back. */
  async function welcome(
    request: IncomingMessage,
    response: ServerResponse,
    known: string | undefined,
  ): Promise<undefined> {
    if (
      !isReading(request.method) ||
      request.url?.split('?', 1)[0] !== firstAsked ||
      !(await settings.get('self_registration'))
    )
      return
    const id = known ?? randomBytes(32).toString('base64url')
    response.setHeader('set-cookie', await cookie(request, id))
    response.setHeader(csrfHeader, csrfTokenOf(id))
  }

  /** Makes a new session id at each login and drops the session before it (H41). */
  async function logIn(request: IncomingMessage, response: ServerResponse, peer: Peer): Promise<void> {
    const { principal, password } = await readCredentials(request)
    // The account is read before its password is checked: if the password changes meanwhile, saveSession refuses.
    const known = await findAccount(reader, principal)
    const caller = await login(principal, password, peer.address)
    // A session would outlive a personal token.
    if (caller?.kind !== 'user' || caller.token !== undefined)
      throw new Failure('UNAUTHORIZED', 'wrong name or password')
    // The login may have made the account, and a directory may know it by another spelling.
    const account = known?.id === caller.id ? known : await findAccountById(db, caller.id)
    if (!account) throw new Failure('UNAUTHORIZED', 'wrong name or password')
    answer(response, 200, await open(request, account))
  }

  async function logOut(request: IncomingMessage, response: ServerResponse, peer: Peer): Promise<void> {
    const id = sessionIdOf(request)
    const path = id === undefined ? undefined : await signOutAt?.(hashOf(id))
    if (path === undefined) return answer(response, 200, await close(request))
    // As Harbor: the browser has to go there, and the session lasts until it does.
    const base = (externalUrl ?? `${peer.protocol}://${peer.host ?? 'localhost'}`).replace(/\/+$/, '')
    const text = JSON.stringify({ redirect_location: `${base}${path}` })
    answer(response, 403, { 'content-type': 'application/json' }, text)
  }
}

function answer(response: ServerResponse, status: number, headers: Record<string, string>, text = ''): void {
  response
    .writeHead(status, {
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-length': Buffer.byteLength(text),
      ...headers,
    })
    .end(text)
}

/** Reads the fields principal and password, from Harbor's form or from JSON. */
async function readCredentials(request: IncomingMessage): Promise<{ principal: string; password: string }> {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase()
  const text = (await readBody(request, bodyLimit)).toString('utf8')
  if (type === 'application/x-www-form-urlencoded') {
    const form = new URLSearchParams(text)
    return { principal: form.get('principal') ?? '', password: form.get('password') ?? '' }
  }
  if (type !== 'application/json')
    throw new Failure('UNSUPPORTED_MEDIA_TYPE', 'send principal and password as a form or as JSON')
  const fields = parseObject(text)
  if (typeof fields['principal'] !== 'string' || typeof fields['password'] !== 'string')
    throw new Failure('BAD_REQUEST', 'principal and password are needed')
  return { principal: fields['principal'], password: fields['password'] }
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text) as unknown
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // The Failure below answers bad JSON too.
  }
  throw new Failure('BAD_REQUEST', 'the body must be a JSON object')
}
