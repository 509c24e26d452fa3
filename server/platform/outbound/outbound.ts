import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { destroyBody, exchange, holdBody, type Answered, type Asked, type RequestBody } from './exchange.ts'
import { OutboundFailed, OutboundRefused } from './failures.ts'
import { openGuard, type Guard } from './guard.ts'
import { openHosts, type Enter } from './hosts.ts'
import { openNames, type Lookup } from './names.ts'
import type { ProxySettings } from './proxy.ts'
import { redirected } from './redirect.ts'

export { OutboundFailed, OutboundRefused } from './failures.ts'

type Common = {
  url: string
  method: string
  headers?: Record<string, string>
  /** It has its place among the calls to the host. */
  onStart?(): void
  /** False takes any certificate. */
  verifiesTls?: boolean
  /** Authorities to trust instead of the system's, PEM. */
  ca?: string
  signal?: AbortSignal
}

/** A call with a small answer. */
export type Call = Common & {
  body?: string | Buffer
  /**
   * For the whole of it: name, connection, request, answer. Begins when it has its place among the calls to the host.
   */
  timeoutMs: number
  /** How long it may wait for that place; as long as the call itself unless said. */
  waitMs?: number
  /** Of the answer's body; what is beyond is not read. */
  answerBytes: number
}

/** What came back, whatever its status: a redirect is an answer like any other and is never followed. */
export type Reply = { status: number; headers: IncomingHttpHeaders; body: Buffer; isCut: boolean }

/** A call whose bodies may be of any size. */
export type StreamingCall = Common & {
  /** A stream is destroyed when the call fails or is refused before its end. `content-length` is up to the caller. */
  body?: RequestBody
  /** The longest time in which nothing moves although it is the other side's turn, in ms. */
  silenceMs: number
  /** How long it may wait for its place among the calls to the host; `silenceMs` unless said. */
  waitMs?: number
  /** So many redirects are followed at most, each checked like the first URL; none unless said. */
  redirects?: number
}

/** The head of an answer. Its body is read to the end or destroyed: until then it keeps its place among the calls. */
type StreamingReply = {
  status: number
  headers: IncomingHttpHeaders
  body: Readable
  /** Where the answer came from, after redirects. */
  url: string
}

/** Everything that calls out goes through here: webhooks, scanners, other registries. */
export interface Outbound {
  /** Throws OutboundRefused before anything is sent, with one text for every address, or OutboundFailed. */
  send(call: Call): Promise<Reply>
  /**
   * Resolves with the head. Throws OutboundRefused, which names the host, or OutboundFailed; so does reading the body.
   */
  open(call: StreamingCall): Promise<StreamingReply>
  close(): void
}

export type OutboundOptions = {
  /** Addresses and CIDR ranges that may be called although they are inside. */
  allow: string[]
  /** Connections to one host at most; further calls wait, those to one URL behind one of each other URL. */
  connectionsPerHost?: number
  lookup?: Lookup
  /** What HTTPS_PROXY, HTTP_PROXY and NO_PROXY say; no proxy unless said. */
  proxy?: ProxySettings
}

/**
 * `http` or `https`, a host, no name and password in it: true also for what the guard will refuse later for its
 * address.
 */
export function isCallable(url: string): boolean {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (!parsed || !['http:', 'https:'].includes(parsed.protocol)) return false
  return parsed.hostname !== '' && parsed.username === '' && parsed.password === ''
}

/** Opens the one way out; `openGuard` has its rules. */
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
    close: () => guard[Symbol.dispose](),
  }
}

/** What every call comes down to; without `silenceMs` only its signal ends it. */
type AnyCall = Common & { body?: RequestBody; silenceMs?: number; waitMs: number; redirects?: number }

/** Makes the call, and follows as many redirects as it allows. */
async function follow(guard: Guard, enter: Enter, call: AnyCall): Promise<StreamingReply> {
  let asked = askedOf(call)
  let { onStart } = call
  for (let left = call.redirects ?? 0; ; left--) {
    const { status, headers, body } = await reach(guard, enter, asked, { waitMs: call.waitMs, onStart })
    const next = left > 0 ? redirected(asked, { status, headers }) : undefined
    if (!next) return { status, headers, body, url: asked.url.href }
    await readUpTo(body, redirectBytes)
    asked = next
    onStart = undefined
  }
}

function askedOf({ url, method, headers = {}, body, verifiesTls = true, ca, silenceMs, signal }: AnyCall): Asked {
  if (!URL.canParse(url)) throw new OutboundRefused()
  return { url: new URL(url), method, headers, body, verifiesTls, ca, silenceMs, signal }
}

/** One exchange, if the guard lets it through, at its place among the calls to the host. */
async function reach(
  guard: Guard,
  enter: Enter,
  asked: Asked,
  { waitMs, onStart }: { waitMs: number; onStart: (() => void) | undefined },
): Promise<Answered> {
  if (!isCallable(asked.url.href)) throw new OutboundRefused(asked.url.hostname || undefined)
  const way = await guard.wayTo(asked.url)
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

/** A call within a time, whose answer is read up to a limit. */
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
    // One text for all: it goes to people who need not know what is inside (H09).
    throw error instanceof OutboundRefused ? new OutboundRefused() : error
  } finally {
    clearTimeout(timer)
  }
}

/** Of the body of a redirect, which nobody reads. A longer one costs its connection. */
const redirectBytes = 16 * 1024

async function readUpTo(body: Readable, limit: number): Promise<{ body: Buffer; isCut: boolean }> {
  const parts: Buffer[] = []
  let size = 0
  // Leaving the loop early destroys the body.
  for await (const part of body as AsyncIterable<Buffer>) {
    parts.push(part.subarray(0, limit - size))
    size += part.length
    if (size > limit) break
  }
  return { body: Buffer.concat(parts), isCut: size > limit }
}
