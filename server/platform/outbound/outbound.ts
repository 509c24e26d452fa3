import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { Reach } from './addresses.ts'
import { destroyBody, exchange, holdBody, type Answered, type Asked, type RequestBody } from './exchange.ts'
import { OutboundFailed, OutboundRefused } from './failures.ts'
import { openGuard, type Guard } from './guard.ts'
import { openHosts, type Enter } from './hosts.ts'
import { openNames, type Lookup } from './names.ts'
import type { ProxySettings } from './proxy.ts'
import { redirected } from './redirect.ts'

export type { Reach } from './addresses.ts'
export { OutboundFailed, OutboundRefused } from './failures.ts'

type Common = {
  url: string
  method: string
  headers?: Record<string, string>
  /** Which addresses the call may reach; `public` by default. */
  reach?: Reach
  /** Called when the call has its place among those to the host. */
  onStart?(): void
  /** False accepts any certificate. */
  verifiesTls?: boolean
  /** Certificate authorities to trust instead of the system's, PEM. */
  ca?: string
  signal?: AbortSignal
}

/** A call with a small answer. */
export type Call = Common & {
  body?: string | Buffer
  /**
   * For the whole call: name, connection, request, answer. Counted from when it has its place among those to the host.
   */
  timeoutMs: number
  /** How long the call may wait for that place; `timeoutMs` by default. */
  waitMs?: number
  /** The most bytes of the answer's body that are read. */
  answerBytes: number
}

/** The answer, whatever its status: a redirect is returned like any other and never followed. */
export type Reply = { status: number; headers: IncomingHttpHeaders; body: Buffer; isCut: boolean }

/** A call whose bodies may be of any size. */
export type StreamingCall = Common & {
  /** A stream is destroyed when the call fails or is refused before its end. `content-length` is up to the caller. */
  body?: RequestBody
  /** The longest time without a byte while Marina waits for the other side, in ms. */
  silenceMs: number
  /** How long the call may wait for its place among those to the host; `silenceMs` by default. */
  waitMs?: number
  /** The most redirects that are followed, each checked like the first URL; 0 by default. */
  redirects?: number
}

/**
 * The head of an answer. The caller must read its body to the end or destroy it: until then the call keeps its place.
 */
type StreamingReply = {
  status: number
  headers: IncomingHttpHeaders
  body: Readable
  /** The URL that answered, after redirects. */
  url: string
  /** The address that answered is not public. */
  isInside: boolean
}

/** All outgoing calls go through here: webhooks, scanners, other registries. */
export interface Outbound {
  /**
   * Throws OutboundRefused before anything is sent, with the same text for every address when the reach is `public`, or
   * OutboundFailed.
   */
  send(call: Call): Promise<Reply>
  /**
   * Resolves with the head. Throws OutboundRefused, which names the host, or OutboundFailed, as does reading the body.
   */
  open(call: StreamingCall): Promise<StreamingReply>
  /**
   * To be asked before a URL is saved: throws OutboundRefused when its host has an address out of reach. Sends nothing;
   * a name that nobody knows passes, as it may be known later.
   */
  check(url: string, reach: Reach): Promise<void>
  /**
   * The addresses of a host for a protocol that is not HTTP, all of them checked: the caller connects to one of these
   * and never resolves the name again. Throws OutboundRefused, or OutboundFailed for a name that is not known.
   */
  locate(host: string, reach: Reach): Promise<string[]>
  close(): void
}

export type OutboundOptions = {
  /** Internal addresses and CIDR ranges that may be called. */
  allow: string[]
  /** The most connections to one host; further calls wait, and its URLs get places in turn. */
  connectionsPerHost?: number
  lookup?: Lookup
  /** The values of HTTPS_PROXY, HTTP_PROXY and NO_PROXY; no proxy by default. */
  proxy?: ProxySettings
}

/** True of `http` and `https` URLs with a host, without name and password. The guard may refuse their address later. */
export function isCallable(url: string): boolean {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (!parsed || !['http:', 'https:'].includes(parsed.protocol)) return false
  return parsed.hostname !== '' && parsed.username === '' && parsed.password === ''
}

/** Opens the one way for outgoing calls; `openGuard` has its rules. */
export function openOutbound(options: OutboundOptions): Outbound {
  const { allow, connectionsPerHost = 16, lookup = openNames(), proxy = {} } = options
  const guard = openGuard({ allow, lookup, proxy })
  const enter = openHosts(connectionsPerHost)
  const open = (call: AnyCall) => {
    holdBody(call.body)
    return follow(guard, enter, call).catch((error: unknown) => {
      destroyBody(call.body)
      throw error
    })
  }
  return {
    open: (call) => open({ ...call, waitMs: call.waitMs ?? call.silenceMs }),
    send: (call) => sendSmall(open, call),
    async check(url, reach) {
      if (!isCallable(url)) throw new OutboundRefused()
      await guard.check(new URL(url), reach)
    },
    locate: (host, reach) => guard.locate(host, reach),
    close: () => guard[Symbol.dispose](),
  }
}

/** The form of both kinds of call; without `silenceMs` only its signal ends it. */
type AnyCall = Common & { body?: RequestBody; silenceMs?: number; waitMs: number; redirects?: number }

/** Makes the call, and follows redirects up to its limit. */
async function follow(guard: Guard, enter: Enter, call: AnyCall): Promise<StreamingReply> {
  let asked = askedOf(call)
  let { onStart } = call
  for (let left = call.redirects ?? 0; ; left--) {
    const answered = await reachOut(guard, enter, asked, { waitMs: call.waitMs, onStart })
    const { status, headers, body, isInside } = answered
    const next = left > 0 ? redirected(asked, answered) : undefined
    if (!next) return { status, headers, body, url: asked.url.href, isInside }
    await readUpTo(body, redirectBytes)
    asked = next
    onStart = undefined
  }
}

function askedOf({ url, method, headers = {}, body, reach = 'public', verifiesTls = true, ...rest }: AnyCall): Asked {
  if (!URL.canParse(url)) throw new OutboundRefused()
  const { ca, silenceMs, signal } = rest
  return { url: new URL(url), method, headers, body, reach, verifiesTls, ca, silenceMs, signal }
}

/** Makes one exchange, if the guard allows it, once it has a place among the calls to the host. */
async function reachOut(
  guard: Guard,
  enter: Enter,
  asked: Asked,
  { waitMs, onStart }: { waitMs: number; onStart: (() => void) | undefined },
): Promise<Answered> {
  if (!isCallable(asked.url.href)) throw new OutboundRefused(asked.url.hostname || undefined)
  const way = await guard.wayTo(asked.url, asked.reach)
  const place = await enter(asked.url, waitMs, asked.signal)
  try {
    onStart?.()
    const answered = await exchange(asked, way)
    void answered.released.then(() => place[Symbol.dispose]())
    return answered
  } catch (error) {
    place[Symbol.dispose]()
    throw error
  }
}

/** Makes a call with a time limit, and reads its answer up to a size limit. */
async function sendSmall(open: (call: AnyCall) => Promise<StreamingReply>, call: Call): Promise<Reply> {
  const { timeoutMs, answerBytes, waitMs = timeoutMs, onStart, signal, ...rest } = call
  const late = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const start = () => {
    const why = new OutboundFailed('timeout', `no answer within ${timeoutMs} ms`)
    timer = setTimeout(() => late.abort(why), timeoutMs)
    onStart?.()
  }
  try {
    const ending = signal ? AbortSignal.any([signal, late.signal]) : late.signal
    const { status, headers, body } = await open({ ...rest, waitMs, onStart: start, signal: ending })
    return { status, headers, ...(await readUpTo(body, answerBytes)) }
  } catch (error) {
    // The same text for all: its readers must not learn about the internal network (H09).
    throw error instanceof OutboundRefused && (call.reach ?? 'public') === 'public' ? new OutboundRefused() : error
  } finally {
    clearTimeout(timer)
  }
}

/**
 * The most bytes of a redirect's body that are read, to use the connection again; a longer body ends the connection.
 */
const redirectBytes = 16 * 1024

async function readUpTo(body: Readable, limit: number): Promise<{ body: Buffer; isCut: boolean }> {
  const parts: Buffer[] = []
  let size = 0
  // Leaving this loop early destroys the body.
  for await (const part of body as AsyncIterable<Buffer>) {
    parts.push(part.subarray(0, limit - size))
    size += part.length
    if (size > limit) break
  }
  return { body: Buffer.concat(parts), isCut: size > limit }
}
