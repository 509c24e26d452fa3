import type { IncomingMessage, ServerResponse } from 'node:http'
import { OciError } from '../oci/errors.ts'
import { StorageUnavailable } from './platform/blobs/blobs.ts'
import { DatabaseUnavailable } from './platform/db/db.ts'
import { BodyCut } from './platform/http/body.ts'
import type { Api } from './platform/http/route.ts'
import type { Handle, Peer } from './platform/http/server.ts'
import type { Log } from './platform/observe/log.ts'
import type { Metrics } from './platform/observe/metrics.ts'
import type { Door } from './registry/serve.ts'

/** By path: what a page says to whoever came by this host name, which is shown and never trusted. */
export type Pages = Readonly<Record<string, (host: string) => { type: string; text: string }>>

type ListenerOptions = {
  pages: Pages
  door: Door
  api: Api
  sendOciError(response: ServerResponse, error: unknown): boolean
  peerOf(request: IncomingMessage): Peer
  metrics: Metrics
  log: Log
  logRequests: 'all' | 'failed' | 'none'
}

/** Bytes of a refused body that are still read, so that the client sees the answer instead of a broken connection. */
const leftoverLimit = 4 * 2 ** 20

/** What every request passes first: an id, the right door, one line in the log, a figure in the metrics. */
export function openListener({ door, api, pages, sendOciError, peerOf, metrics, log, logRequests }: ListenerOptions): Handle {
  const ids = requestIds()

  return (request, response) => {
    const started = performance.now()
    const id = givenId(request) ?? ids()
    response.setHeader('x-request-id', id)
    const door = Object.hasOwn(pages, pathOf(request)) ? 'other' : doorOf(request.url ?? '/')
    response.once('close', () => report(request, response, door, id, started))
    switch (door) {
      case 'registry':
      case 'token':
        return void answerDoor(door, request, response, id)
      case 'api':
        return api.handle(request, response)
      case 'other':
        return answerPage(pages, request, response)
    }
  }

  async function answerDoor(name: 'registry' | 'token', request: IncomingMessage, response: ServerResponse, id: string): Promise<void> {
    try {
      await door[name](request, response, peerOf(request))
    } catch (error) {
      if (error instanceof BodyCut || isGone(request)) return void response.destroy()
      // Half an answer cannot be taken back: ending the connection is the only way to say that it is not whole.
      if (response.headersSent) {
        log.error({ err: error, id, path: pathOf(request) }, 'an answer broke off')
        return void response.destroy()
      }
      if (!request.complete) closeAfterAnswer(request, response)
      if (sendOciError(response, translate(error))) {
        if (error instanceof DatabaseUnavailable || error instanceof StorageUnavailable) log.error({ id, reason: error.message }, 'answered 503')
        return
      }
      log.error({ err: error, id, method: request.method, path: pathOf(request) }, 'unexpected error')
      sendOciError(response, new OciError('UNKNOWN', `internal server error; the log has more under request id ${id}`))
    }
  }

  function report(request: IncomingMessage, response: ServerResponse, name: string, id: string, started: number) {
    const ms = performance.now() - started
    const status = response.writableFinished ? response.statusCode : 499
    metrics.requests.inc({ door: name, method: request.method!, status })
    metrics.seconds.observe({ door: name }, ms / 1000)
    if (logRequests === 'none' || (logRequests === 'failed' && status < 500)) return
    log.info({ id, method: request.method, path: pathOf(request), status, ms: Math.round(ms * 10) / 10, from: (request.socket as typeof request.socket | null)?.remoteAddress }, 'request')
  }
}

/** Node takes the socket away from a request that was destroyed. */
function isGone(request: IncomingMessage): boolean {
  return (request.socket as typeof request.socket | null)?.destroyed !== false
}

/** A database or a store that cannot be reached is 503, and never "absent" (F19, F25). */
function translate(error: unknown): unknown {
  if (!(error instanceof DatabaseUnavailable) && !(error instanceof StorageUnavailable)) return error
  return new OciError('UNAVAILABLE', undefined, { cause: error, headers: { 'retry-after': '2' } })
}

/** The rest of the body is read for a moment and thrown away, then the connection ends. */
function closeAfterAnswer(request: IncomingMessage, response: ServerResponse) {
  response.shouldKeepAlive = false
  let left = leftoverLimit
  request.on('error', () => {})
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) request.destroy()
  })
}

function doorOf(url: string): 'registry' | 'token' | 'api' | 'other' {
  if (url.startsWith('/v2/') || url === '/v2' || url.startsWith('/v2?')) return 'registry'
  if (url.startsWith('/api/')) return 'api'
  if (url === '/service/token' || url.startsWith('/service/token?')) return 'token'
  return 'other'
}

function answerPage(pages: Pages, request: IncomingMessage, response: ServerResponse) {
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  const path = pathOf(request)
  const page = isRead && Object.hasOwn(pages, path) ? pages[path]!(request.headers.host ?? 'localhost') : undefined
  response.writeHead(page ? 200 : 404, {
    'content-type': page?.type ?? 'text/plain; charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
  })
  response.end(page?.text ?? 'Nothing is served at this path.\n')
}

/** Paths are logged without their query: it may carry what must not stand in a log. */
function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0]!
}

function givenId(request: IncomingMessage): string | undefined {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : undefined
}

/** Ids that no other process gives: the start of this one and a count. */
function requestIds(): () => string {
  const prefix = `${Date.now().toString(36)}${process.pid.toString(36)}`
  let count = 0
  return () => `${prefix}-${(count++).toString(36)}`
}
