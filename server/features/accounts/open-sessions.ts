import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Reader } from '../../catalog/reader.ts'
import type { Actor } from '../../catalog/topics.ts'
import type { Db, Tx } from '../../platform/db/db.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import type { Peer } from '../../platform/http/server.ts'
import type { SettingsReader } from '../settings/index.ts'
import { cookie as cookieOf, csrfHeader, csrfTokenOf, sessionIdOf } from './session-cookie.ts'
import { dropSession, findSession, hashOf, saveSession } from './session-store.ts'
import type { Account } from './store.ts'
import { facts } from './topics.ts'

export type SessionsOptions = {
  db: Db
  cache: Reader['cache']
  settings: SettingsReader
  peerOf(request: IncomingMessage): Peer
  externalUrl: string | undefined
}

/** Begins and ends sessions; each returns the headers of the answer. SessionDoor says more of both. */
export function openSessions({ db, cache, settings, peerOf, externalUrl }: SessionsOptions) {
  const reader = { db, cache }
  const isHttps = (request: IncomingMessage) =>
    peerOf(request).protocol === 'https' || externalUrl?.startsWith('https:') === true
  const cookie = async (request: IncomingMessage, id: string) =>
    cookieOf(id, (await settings.get('session_timeout')) * 60, isHttps(request))
  return { open, close, cookie }

  async function open(
    request: IncomingMessage,
    account: Account,
    also?: (tx: Tx, idHash: string) => Promise<void>,
  ): Promise<Record<string, string>> {
    const peer = peerOf(request)
    const by: Actor = { kind: 'user', id: account.id, name: account.name }
    const id = randomBytes(32).toString('base64url')
    const before = sessionIdOf(request)
    const from = { address: peer.address, userAgent: request.headers['user-agent']?.slice(0, 300) ?? null }
    const isOpen = await db.transaction(async (tx) => {
      if (before !== undefined) await dropSession(tx, before)
      if (!(await saveSession(tx, id, account, from))) return false
      await also?.(tx, hashOf(id))
      await emit(tx, [facts.sessionOpened({ accountId: account.id, name: account.name }, by)])
      return true
    })
    if (!isOpen) throw new Failure('UNAUTHORIZED', 'wrong name or password')
    return { 'set-cookie': await cookie(request, id), [csrfHeader]: csrfTokenOf(id) }
  }

  async function close(
    request: IncomingMessage,
    before?: (idHash: string) => Promise<void>,
  ): Promise<Record<string, string>> {
    const id = sessionIdOf(request)
    const session = id === undefined ? undefined : await findSession(reader, id, await settings.get('session_timeout'))
    if (id !== undefined && session) {
      const { accountId, name } = session
      await before?.(hashOf(id))
      await db.transaction(async (tx) => {
        if (await dropSession(tx, id))
          await emit(tx, [facts.sessionClosed({ accountId, name }, { kind: 'user', id: accountId, name })])
      })
    }
    return { 'set-cookie': cookieOf('', 0, isHttps(request)) }
  }
}
