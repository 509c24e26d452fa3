import type { LookupAddress } from 'node:dns'
import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { isIP } from 'node:net'
import { openPlaces, type Places } from '../places.ts'
import { addressRule } from './addresses.ts'
import { openNames, type Lookup } from './names.ts'

/** A call to somebody else's server. */
export type Call = {
  url: string
  method: string
  headers?: Record<string, string>
  body?: string | Buffer
  /** For the whole of it: name, connection, request, answer. Begins when it has its place among the calls to the host. */
  timeoutMs: number
  /** How long it may wait for that place; as long as the call itself unless said. */
  waitMs?: number
  /** It has its place. */
  onStart?(): void
  /** Of the answer's body; what is beyond is not read. */
  answerBytes: number
  /** False takes any certificate. */
  verifiesTls?: boolean
  /** Authorities to trust instead of the system's, PEM. */
  ca?: string
  signal?: AbortSignal
}

/** What came back, whatever its status: a redirect is an answer like any other and is never followed. */
export type Reply = { status: number; headers: IncomingMessage['headers']; body: Buffer; isCut: boolean }

/** Everything that calls out goes through here: webhooks, scanners, other registries. */
export interface Outbound {
  /** Throws OutboundRefused before anything is sent, or OutboundFailed. */
  send(call: Call): Promise<Reply>
  close(): void
}

/** The URL may not be called. One sentence for every cause, so that it tells nothing of what is inside (H09). */
export class OutboundRefused extends Error {
  override name = 'OutboundRefused'
  constructor() {
    super('this address may not be called: it is inside, or unknown (an operator can open it with MARINA_OUTBOUND_ALLOW)')
  }
}

/** No answer came. The message holds neither headers nor the URL's path, which may be secrets. */
export class OutboundFailed extends Error {
  override name = 'OutboundFailed'
  readonly reason: 'timeout' | 'connection' | 'aborted' | 'busy'
  constructor(reason: OutboundFailed['reason'], message: string) {
    super(message)
    this.reason = reason
  }
}

export type OutboundOptions = {
  /** Addresses and CIDR ranges that may be called although they are inside. */
  allow: string[]
  /** Connections to one host at most; further calls wait, those to one URL behind one of each other URL. */
  connectionsPerHost?: number
  lookup?: Lookup
}

/** `http` or `https`, a host, no name and password in it: true also for what the guard will refuse later for its address. */
export function isCallable(url: string): boolean {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  return !!parsed && ['http:', 'https:'].includes(parsed.protocol) && parsed.hostname !== '' && parsed.username === '' && parsed.password === ''
}

/**
 * Opens the one way out (Q06, X08): the name is resolved once per connection, every address of the answer is checked, and the
 * connection goes to one of those very addresses. A single closed address among many refuses all.
 */
export function openOutbound({ allow, connectionsPerHost = 16, lookup = openNames() }: OutboundOptions): Outbound {
  const isOpen = addressRule(allow)
  const guarded = (name: string, options: { all?: boolean }, done: (error: Error | null, ...found: never[]) => void) => {
    lookup(name, (error, addresses) => {
      if (error || addresses.length === 0 || !addresses.every(({ address }) => isOpen(address))) return done(new OutboundRefused())
      const [first] = addresses as [LookupAddress]
      const found = options.all ? [addresses] : [first.address, first.family]
      done(null, ...(found as never[]))
    })
  }
  // No number of connections in all: those kept open to some hosts would count against the calls to others. Callers have their own bounds.
  const pooled = { keepAlive: true, keepAliveMsecs: 10_000, maxFreeSockets: 4, timeout: 60_000 }
  const agents = { 'http:': new http.Agent(pooled), 'https:': new https.Agent(pooled) }
  const hosts = new Map<string, Places>()

  /** Runs a call when there is a place for it at its host: its time must not go by while it waits for calls of ours. */
  async function placed(call: Call, { origin }: URL, work: () => Promise<Reply>): Promise<Reply> {
    const host = hosts.get(origin) ?? openPlaces({ places: connectionsPerHost })
    hosts.set(origin, host)
    try {
      const patience = AbortSignal.timeout(call.waitMs ?? call.timeoutMs)
      using place = await host.enter(call.url, call.signal ? AbortSignal.any([call.signal, patience]) : patience)
      if (!place) throw call.signal?.aborted ? givenUp() : new OutboundFailed('busy', 'too many calls to that host are under way')
      call.onStart?.()
      return await work()
    } finally {
      if (host.isEmpty()) hosts.delete(origin)
    }
  }

  return {
    async send(call) {
      if (!isCallable(call.url)) throw new OutboundRefused()
      const url = new URL(call.url)
      const literal = url.hostname.replace(/^\[|\]$/g, '')
      // A name is checked when it is resolved; an address is never looked up.
      if (isIP(literal) && !isOpen(literal)) throw new OutboundRefused()
      return placed(call, url, () => exchange(call, url, { agent: agents[url.protocol as keyof typeof agents], lookup: guarded as never }))
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy()
    },
  }
}

function exchange(call: Call, url: URL, through: { agent: http.Agent; lookup: never }): Promise<Reply> {
  const timeout = AbortSignal.timeout(call.timeoutMs)
  const signal = call.signal ? AbortSignal.any([call.signal, timeout]) : timeout
  const { promise, resolve, reject } = Promise.withResolvers<Reply>()
  const fail = (error: Error) => reject(failureOf(error, call, timeout))
  try {
    const transport = url.protocol === 'https:' ? https : http
    const request = transport.request(url, {
      ...through, method: call.method, signal, headers: { 'user-agent': 'Marina', ...call.headers, ...(call.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(call.body)) }) },
      ...(url.protocol === 'https:' ? { rejectUnauthorized: call.verifiesTls ?? true, ...(call.ca ? { ca: call.ca } : {}) } : {}),
    })
    let isAnswered = false
    request.on('error', fail)
    request.on('response', (response) => {
      isAnswered = true
      void readReply(response, call.answerBytes).then(resolve, fail)
    })
    // An answer 101, which nobody asked for, ends the request with neither a response nor an error.
    request.on('close', () => {
      if (!isAnswered) fail(new Error('closed without an answer'))
    })
    request.end(call.body)
  } catch (error) {
    // A header that HTTP cannot carry.
    fail(error as Error)
  }
  return promise
}

async function readReply(response: IncomingMessage, limit: number): Promise<Reply> {
  const parts: Buffer[] = []
  let size = 0
  // Leaving the loop early ends the connection, so nothing of an endless answer is waited for.
  for await (const part of response as AsyncIterable<Buffer>) {
    parts.push(part.subarray(0, limit - size))
    size += part.length
    if (size > limit) break
  }
  return { status: response.statusCode!, headers: response.headers, body: Buffer.concat(parts), isCut: size > limit }
}

function failureOf(error: Error, call: Call, timeout: AbortSignal): Error {
  if (error instanceof OutboundRefused) return error
  if (timeout.aborted) return new OutboundFailed('timeout', `no answer within ${call.timeoutMs} ms`)
  if (call.signal?.aborted) return givenUp()
  return new OutboundFailed('connection', wordsOf[(error as NodeJS.ErrnoException).code ?? ''] ?? 'the connection broke')
}

const givenUp = () => new OutboundFailed('aborted', 'the call was given up')

const wordsOf: Record<string, string> = {
  ECONNREFUSED: 'nobody listens there', ECONNRESET: 'the other side closed the connection', EHOSTUNREACH: 'there is no way to that host', ENETUNREACH: 'there is no way to that network',
  ETIMEDOUT: 'the host does not answer', EPIPE: 'the other side closed the connection', ERR_INVALID_CHAR: 'a header holds a character that HTTP cannot carry', ERR_INVALID_HTTP_TOKEN: 'a header has a name that HTTP cannot carry',
  CERT_HAS_EXPIRED: 'the certificate has expired', DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed', SELF_SIGNED_CERT_IN_CHAIN: 'the certificate is signed by an unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate is signed by an unknown authority', UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate is signed by an unknown authority',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another host',
}
