import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { LRUCache } from 'lru-cache'
import type { OciErrorCode } from '../../../oci/errors.ts'
import type { Log } from '../../platform/observe/log.ts'
import type { Outbound, Reach } from '../../platform/outbound/outbound.ts'
import type { Budget } from './budget.ts'
import type { Locks } from './locks.ts'
import type { Endpoint, RemoteLimits, Seen } from './types.ts'

/** What all calls of one endpoint share. */
export type Line = {
  outbound: Outbound
  budget: Budget
  locks: Locks
  log: Log
  limits: RemoteLimits
  endpoint: Endpoint & { name: string }
  /** The endpoint's URL without a slash at its end. */
  base: string
  auth: Auth
  seen: { -readonly [Key in keyof Seen]: Seen[Key] }
  /** Whether the endpoint's own address is not public; undefined before its first answer. */
  place: { isInside: boolean | undefined }
  /** Uploads of this process by every id that they had. */
  uploads: LRUCache<string, Session>
  signal: AbortSignal | undefined
}

/** An upload as far as this process knows it; `size` is undefined after a chunk that was cut. */
export type Session = { location: string; size: number | undefined }

/** The credential of one endpoint, and the tokens that it got. */
export interface Auth {
  /** The `Authorization` of a call with these scopes; undefined for none. `isAgain`: the last one was refused. */
  headerFor(line: Line, scopes: string[], isAgain: boolean): Promise<string | undefined>
  /** Learns from a 401. True when another try can have another answer. */
  challenged(header: string | undefined, refused: { isInside: boolean; scopes: string[] }): boolean
  /** What a vendor's own API is shown: Basic, or Bearer with a ready token. `isAgain`: the last one was refused. */
  ownHeader(isAgain: boolean): Promise<string | undefined>
  /** Whether `ownHeader` can give another one after a refusal. */
  renewsOwn: boolean
}

/** One call of the other side. */
export type Question = {
  method: string
  /** Absolute. */
  url: string
  headers?: Record<string, string>
  /** What the call needs, as scopes of the token service; undefined sends no credential. */
  scopes?: string[] | undefined
  /** Instead of `scopes`: a header of the caller's own. */
  authorization?: string | undefined
  /** Instead of `scopes`: shows the credential itself, as a vendor's API wants it. */
  showsCredential?: boolean
  /** A stream can be sent once only. */
  body?: string | Buffer | Readable | undefined
  /** Statuses that are answers; others throw. */
  expects: number[]
  /** The call may be sent again when it is not known whether the other side has seen it. */
  isRepeatable: boolean
  redirects?: number
  /** The other side may be silent this many times longer: it checks and moves a whole blob before it answers. */
  silences?: number
  /** By default that of the endpoint; of another host what the endpoint may lead to. */
  reach?: Reach
  /** The code of a 404. */
  unknown?: OciErrorCode
}

/** The caller must read the body to its end or destroy it. */
export type Answer = {
  status: number
  headers: IncomingHttpHeaders
  body: Readable
  url: string
  isInside: boolean
}
