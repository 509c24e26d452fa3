import { once } from 'node:events'
import { createServer, ServerResponse, type IncomingMessage, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { BlockList, isIP, isIPv6, type AddressInfo } from 'node:net'
import { dropLeftover, type LeftoverBounds } from './leftover.ts'
import { followConnections, refuseTaken } from './shared-port.ts'

export type Handle = (request: IncomingMessage, response: Answer) => void

/** An answer with the id of its request. Setting the header ahead would make every writeHead take Node's slow path. */
export class Answer extends ServerResponse {
  /** Sent as X-Request-Id with every answer. */
  requestId = ''
  /** The door that the request came to, for the log and the metrics. */
  door = ''
  /** When the request came, by performance.now(). */
  startedAt = 0
  /** Its place among the answers that are not ended. */
  place = 0
  /** Called once the answer is sent or its connection is gone. */
  onEnded: ((answer: Answer) => void) | undefined = undefined
}

type ServerOptions = {
  port: number
  host: string
  /** PEM. `clientCa`: clients are asked for a certificate of these authorities, and need not have one. */
  tls?: { cert: string; key: string; clientCa?: string }
  headerTimeoutMs: number
  idleTimeoutMs: number
  headerBytes: number
  leftover: LeftoverBounds
  /**
   * Several processes of this machine listen on the port: the kernel gives each new connection to one of them
   * (SO_REUSEPORT, socket(7)).
   */
  isShared?: boolean
  /** Refuses a shared port on which others listen already, as it does with one that is not shared. */
  isFirst?: boolean
}

export type HttpServer = {
  port: number
  /**
   * Accepts no more connections, gives running requests `ms` to finish, then cuts them. Resolves with the number cut.
   */
  drain(ms: number): Promise<number>
  /** On a shared port: closes part of the connections, from 0 to 1, each with its next answer. */
  spread(part: number): void
}

/**
 * Opens the one public port. Node's parser refuses requests that RFC 9112 calls a smuggling risk (both lengths, folded
 * headers).
 */
export async function openServer(handle: Handle, options: ServerOptions): Promise<HttpServer> {
  const running: Answer[] = []
  let draining = false
  function ended(this: Answer) {
    const last = running.pop()!
    if (last !== this) running[(last.place = this.place)] = last
    this.onEnded?.(this)
  }
  const listener: Handle = (request, response) => {
    response.place = running.push(response) - 1
    response.on('close', ended)
    if (draining || shared?.isLast(request.socket)) response.shouldKeepAlive = false
    dropLeftover(request, response, options.leftover)
    if (hasTwoHosts(request)) return void response.writeHead(400, { connection: 'close' }).end()
    handle(request, response)
  }
  const settings = settingsOf(options)
  const server: Server<typeof IncomingMessage, typeof Answer> = options.tls
    ? createTlsServer({ ...settings, ...tlsOf(options.tls) }, listener)
    : createServer(settings, listener)
  server.timeout = options.idleTimeoutMs
  // 5,000 clients may connect in the same instant; the kernel limits this to net.core.somaxconn.
  const { port, host, isShared = false } = options
  const shared = isShared ? followConnections(server, options.tls ? 'secureConnection' : 'connection') : undefined
  if (isShared && options.isFirst) await refuseTaken(port, host)
  server.listen({ port, host, backlog: 8192, reusePort: isShared })
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    spread: (part) => shared?.spread(part),
    async drain(ms) {
      draining = true
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeIdleConnections()
      for (const response of running) if (!response.headersSent) response.shouldKeepAlive = false
      const idle = setInterval(() => server.closeIdleConnections(), 50)
      const late = new Promise<'late'>((resolve) => setTimeout(resolve, ms, 'late').unref())
      const cut = (await Promise.race([closed, late])) === 'late' ? running.length : 0
      clearInterval(idle)
      server.closeAllConnections()
      await closed
      return cut
    },
  }
}

/** A certificate that is not accepted does not end the connection: the answer to its request says what is wrong. */
function tlsOf({ clientCa, ...own }: NonNullable<ServerOptions['tls']>) {
  return clientCa === undefined ? own : { ...own, ca: clientCa, requestCert: true, rejectUnauthorized: false }
}

function settingsOf(options: ServerOptions) {
  return {
    ServerResponse: Answer,
    maxHeaderSize: options.headerBytes,
    headersTimeout: options.headerTimeoutMs,
    // A blob may take hours, so only silence is limited, by `timeout` below.
    requestTimeout: 0,
    keepAliveTimeout: options.idleTimeoutMs,
    connectionsCheckingInterval: 2000,
    noDelay: true,
    requireHostHeader: true,
  }
}

/**
 * Node takes the first of two Host headers, but a proxy in front of it may take the other (RFC 9112, 3.2: answer 400).
 */
function hasTwoHosts({ rawHeaders }: IncomingMessage): boolean {
  let hosts = 0
  for (let at = 0; at < rawHeaders.length; at += 2)
    if (rawHeaders[at]!.length === 4 && rawHeaders[at]!.toLowerCase() === 'host') hosts++
  return hosts > 1
}

export type Peer = { address: string; protocol: 'http' | 'https'; host: string | undefined }

/** Whether a connection comes from one of these addresses or ranges itself. */
export function proxyTester(trusted: string[]): (request: IncomingMessage) => boolean {
  const isTrusted = trustIn(trusted)
  return ({ socket }) => isTrusted(plainAddress(socket.remoteAddress ?? ''))
}

function trustIn(trusted: string[]): (address: string) => boolean {
  const proxies = new BlockList()
  for (const range of trusted) {
    const [address = '', bits] = range.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    proxies.addSubnet(address, Number(bits ?? (family === 'ipv6' ? 128 : 32)), family)
  }
  return (address) => trusted.length > 0 && proxies.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}

/**
 * Reads the client's address, protocol and host. X-Forwarded-* counts only on a connection from a trusted proxy (C-28,
 * X07).
 */
export function peerReader(trusted: string[]): (request: IncomingMessage) => Peer {
  const isTrusted = trustIn(trusted)
  return (request) => {
    const socket = plainAddress(request.socket.remoteAddress ?? '')
    const own = 'encrypted' in request.socket ? 'https' : 'http'
    if (!isTrusted(socket)) return { address: socket, protocol: own, host: request.headers.host }
    const forwarded = header(request, 'x-forwarded-for')
      .split(',')
      .map((one) => plainAddress(one.trim()))
      .filter((one) => one !== '')
    // The nearest address that is not a trusted proxy: everything left of it may be invented.
    const at = forwarded.findLastIndex((one) => !isTrusted(one))
    const nearest = forwarded[at] ?? socket
    const address = isIP(nearest) ? nearest : socket
    const pick = (name: string) => pickForwarded(header(request, name), at, forwarded.length)
    const protocol = pick('x-forwarded-proto').toLowerCase()
    return {
      address,
      protocol: protocol === 'http' || protocol === 'https' ? protocol : own,
      host: pick('x-forwarded-host') || request.headers.host,
    }
  }
}

/**
 * The value of the client in a list to which each proxy of a chain has added its own: the value at the place of the
 * client's address, or the first where not every proxy added one.
 */
function pickForwarded(text: string, at: number, hops: number): string {
  const list = text.split(',').map((one) => one.trim())
  return (list.length === hops ? list[Math.max(at, 0)] : list[0])!
}

function header(request: IncomingMessage, name: string): string {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(',') : (value ?? '')
}

/** `::ffff:10.0.0.1` → `10.0.0.1`. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address
}
