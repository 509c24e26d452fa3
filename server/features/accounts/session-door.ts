import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { emit } from '../../platform/events/emit.ts'
import { readBody } from '../../platform/http/body.ts'
import { isCrossSite, isReading } from '../../platform/http/cross-site.ts'
import { Failure } from '../../platform/http/failure.ts'
import type { Peer } from '../../platform/http/server.ts'
import type { Actor } from '../../catalog/topics.ts'
import type { Caller } from '../../registry/caller.ts'
import type { SettingsReader } from '../settings/index.ts'
import type { Login } from './login.ts'
import { dropSession, findSession, saveSession, sessionName } from './session-store.ts'
import { findAccount, findAccountById, type Account } from './store.ts'
import { facts } from './topics.ts'

/** Harbor's names; its portal and scripts know them. */
const cookieName = 'sid'
const csrfHeader = 'x-harbor-csrf-token'

/** The most bytes that the body of a login may have. */
const bodyLimit = 8192

export type SessionDoor = {
  /**
   * Opens a session for an account whose provider has just vouched for it, in place of the one that the request came
   * with. Returns the headers for the answer. Throws UNAUTHORIZED when the account changed meanwhile or is disabled.
   */
  open(request: IncomingMessage, account: Account): Promise<Record<string, string>>
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

type SessionDoorOptions = {
  db: Db
  cache: Reader['cache']
  login: Login
  settings: SettingsReader
  peerOf(request: IncomingMessage): Peer
  externalUrl: string | undefined
}

export function openSessionDoor({ db, cache, login, settings, peerOf, externalUrl }: SessionDoorOptions): SessionDoor {
  const reader = { db, cache }
  const isHttps = ({ protocol }: Peer) => protocol === 'https' || externalUrl?.startsWith('https:') === true
  return {
    open,
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
    response.setHeader('set-cookie', cookie(id, (await settings.get('session_timeout')) * 60, isHttps(peerOf(request))))
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

  async function open(request: IncomingMessage, account: Account): Promise<Record<string, string>> {
    const peer = peerOf(request)
    const by: Actor = { kind: 'user', id: account.id, name: account.name }
    const id = randomBytes(32).toString('base64url')
    const before = sessionIdOf(request)
    const from = { address: peer.address, userAgent: request.headers['user-agent']?.slice(0, 300) ?? null }
    const isOpen = await db.transaction(async (tx) => {
      if (before !== undefined) await dropSession(tx, before)
      if (!(await saveSession(tx, id, account, from))) return false
      await emit(tx, [facts.sessionOpened({ accountId: account.id, name: account.name }, by)])
      return true
    })
    if (!isOpen) throw new Failure('UNAUTHORIZED', 'wrong name or password')
    return {
      'set-cookie': cookie(id, (await settings.get('session_timeout')) * 60, isHttps(peer)),
      [csrfHeader]: csrfTokenOf(id),
    }
  }

  async function logOut(request: IncomingMessage, response: ServerResponse, peer: Peer): Promise<void> {
    const id = sessionIdOf(request)
    const session = id === undefined ? undefined : await findSession(reader, id, await settings.get('session_timeout'))
    if (id !== undefined && session) {
      const { accountId, name } = session
      await db.transaction(async (tx) => {
        if (await dropSession(tx, id))
          await emit(tx, [facts.sessionClosed({ accountId, name }, { kind: 'user', id: accountId, name })])
      })
    }
    answer(response, 200, { 'set-cookie': cookie('', 0, isHttps(peer)) })
  }
}

function answer(response: ServerResponse, status: number, headers: Record<string, string>) {
  response
    .writeHead(status, {
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-length': 0,
      ...headers,
    })
    .end()
}

function cookie(value: string, maxAge: number, isSecure: boolean): string {
  return `${cookieName}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`
}

/** The id of the session by which the caller was identified: credentials in the request count before a cookie. */
const ownIdOf = (request: IncomingMessage) =>
  request.headers.authorization === undefined ? sessionIdOf(request) : undefined

function sessionIdOf({ headers }: IncomingMessage): string | undefined {
  const pair = (headers.cookie ?? '')
    .split(';')
    .map((one) => one.trim())
    .find((one) => one.startsWith(`${cookieName}=`))
  const id = pair?.slice(cookieName.length + 1)
  return id !== undefined && /^[\w-]{43}$/.test(id) ? id : undefined
}

/** The token is derived from the session's id, which scripts cannot read (HttpOnly), so that it needs no storage. */
const csrfTokenOf = (id: string) => createHmac('sha256', id).update('marina csrf').digest('base64url')

function isSame(known: string, given: string | string[] | undefined): boolean {
  const [a, b] = [known, typeof given === 'string' ? given : ''].map((text) =>
    createHash('sha256').update(text).digest(),
  )
  return timingSafeEqual(a!, b!)
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
