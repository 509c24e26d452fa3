import type { IncomingMessage } from 'node:http'
import { OciError } from '../../oci/errors.ts'
import type { Portal } from '../features/portal/index.ts'
import { BlobMissing, StorageFull, StorageUnavailable } from '../platform/blobs/blobs.ts'
import { DatabaseUnavailable } from '../platform/db/db.ts'
import { answering } from '../platform/events/asking.ts'
import { BodyCut } from '../platform/http/body.ts'
import { isReading } from '../platform/http/cross-site.ts'
import { Failure, failureBody } from '../platform/http/failure.ts'
import { targetOf, type Api } from '../platform/http/route.ts'
import type { Answer, Handle, Peer } from '../platform/http/server.ts'
import type { Log } from '../platform/observe/log.ts'
import type { Metrics } from '../platform/observe/metrics.ts'
import { TurnsFull } from '../platform/turns.ts'
import type { Door } from '../registry/door/door.ts'

/** Documents by path. */
export type Pages = Readonly<Record<string, () => { type: string; text: string }>>

export type ListenerOptions = {
  pages: Pages
  portal: Portal
  door: Door
  api: Api
  /** The portal's login and logout, and events of other registries. They throw Failures, or errors for `toFailure`. */
  small: Record<'session' | 'notification', (request: IncomingMessage, response: Answer, peer: Peer) => Promise<void>>
  toFailure(error: unknown): Failure | undefined
  sendOciError(response: Answer, error: unknown): boolean
  peerOf(request: IncomingMessage): Peer
  metrics: Metrics
  log: Log
  logRequests: 'all' | 'failed' | 'none'
}

/** The first code of every request: gives it an id, finds its door, logs one line and counts it in the metrics. */
export function openListener({
  door,
  api,
  small,
  toFailure,
  pages,
  portal,
  sendOciError,
  peerOf,
  metrics,
  log,
  logRequests,
}: ListenerOptions): Handle {
  const ids = requestIds()
  const labelsOf = openLabels()
  let inFlight = 0
  metrics.gauge('marina_http_requests_in_flight', 'Requests being answered', () => inFlight)

  return (request, response) => {
    inFlight++
    const id = givenId(request) ?? ids()
    response.requestId = id
    const door = doorOf(request.url ?? '/', pages)
    response.startedAt = performance.now()
    response.door = door
    response.onEnded = report
    switch (door) {
      case 'registry':
      case 'token':
        return answerDoor(door, request, response, id)
      case 'api':
        response.setHeader('x-request-id', id)
        return api.handle(request, response)
      case 'session':
      case 'notification':
        response.setHeader('x-request-id', id)
        return void answerSmall(door, request, response, id)
      case 'other':
        return void answerOther(request, response, { pages, portal, log })
    }
  }

  function answerDoor(name: 'registry' | 'token', request: IncomingMessage, response: Answer, id: string): void {
    const failed = (error: unknown) => answerFailure(request, response, id, error)
    try {
      const peer = peerOf(request)
      // A pull with a token emits no fact, and pulls are the most frequent requests: the context for facts is left out.
      const isPull = name === 'registry' && isPullWithToken(request)
      const answered = isPull
        ? door.registry(request, response, peer)
        : answering({ address: peer.address, requestId: id }, () => door[name](request, response, peer))
      if (answered instanceof Promise) answered.catch(failed)
    } catch (error) {
      failed(error)
    }
  }

  function answerFailure(request: IncomingMessage, response: Answer, id: string, error: unknown): void {
    if (error instanceof BodyCut || isGone(request)) return void response.destroy()
    // Half an answer cannot be taken back: only the end of the connection tells the client that it is not whole.
    if (response.headersSent) {
      log.error({ err: error, id, path: pathOf(request) }, 'an answer broke off')
      return void response.destroy()
    }
    if (sendOciError(response, translate(error))) {
      if (isUnavailable(error)) log.error({ id, reason: error.message }, `answered ${response.statusCode}`)
      // A client that pushes again repairs the blob; the operator must hear of it all the same (F17).
      if (error instanceof OciError && error.cause instanceof BlobMissing)
        log.error({ id, path: pathOf(request), reason: error.cause.message }, 'stored bytes are missing or damaged')
      return
    }
    log.error({ err: error, id, method: request.method, path: pathOf(request) }, 'unexpected error')
    sendOciError(response, new OciError('UNKNOWN', `internal server error; the log has more under request id ${id}`))
  }

  async function answerSmall(name: keyof typeof small, request: IncomingMessage, response: Answer, id: string) {
    try {
      const peer = peerOf(request)
      await answering({ address: peer.address, requestId: id }, () => small[name](request, response, peer))
    } catch (error) {
      if (response.headersSent || isGone(request)) return void response.destroy()
      const failure = error instanceof Failure ? error : toFailure(error)
      if (!failure) log.error({ err: error, id, path: pathOf(request) }, 'unexpected error')
      const { status, code, message, headers } = failure ?? new Failure('UNKNOWN')
      response
        .writeHead(status, {
          'content-type': 'application/json',
          'cache-control': 'no-store',
          'x-content-type-options': 'nosniff',
          ...headers,
        })
        .end(failureBody(code, message))
    }
  }

  function report(response: Answer) {
    const { req: request, door, requestId: id, startedAt } = response
    const ms = performance.now() - startedAt
    inFlight--
    const status = response.writableFinished ? response.statusCode : 499
    metrics.requests(labelsOf(door, request.method!, status))
    if (!isStream(response)) metrics.seconds(door, ms / 1000)
    if (logRequests === 'none' || (logRequests === 'failed' && status < 500)) return
    log.info(
      {
        id,
        method: request.method,
        path: pathOf(request),
        status,
        ms: Math.round(ms * 10) / 10,
        from: (request.socket as typeof request.socket | null)?.remoteAddress,
      },
      'request',
    )
  }
}

/** A stream of events lasts as long as its client likes: that is no time to answer. */
const isStream = (response: Answer) =>
  response.door === 'api' && response.getHeader('content-type')?.toString().startsWith('text/event-stream') === true

const isPullWithToken = ({ method, headers }: IncomingMessage) =>
  isReading(method) && headers.authorization?.startsWith('Bearer ')

/** Node takes the socket away from a request that was destroyed. */
function isGone(request: IncomingMessage): boolean {
  return (request.socket as typeof request.socket | null)?.destroyed !== false
}

const isUnavailable = (error: unknown): error is Error =>
  error instanceof DatabaseUnavailable || error instanceof StorageUnavailable || error instanceof TurnsFull

/** A database or a store that cannot be reached is 503, and never "absent" (F19, F25). */
function translate(error: unknown): unknown {
  if (!isUnavailable(error)) return error
  // Waiting does not help: a client that is told so stops, and an operator sees it in health.
  if (error instanceof StorageFull)
    return new OciError('UNAVAILABLE', 'the storage is full', { cause: error, status: 507 })
  return new OciError('UNAVAILABLE', undefined, { cause: error, headers: { 'retry-after': '2' } })
}

function doorOf(url: string, pages: Pages): 'registry' | 'token' | 'api' | 'session' | 'notification' | 'other' {
  if (url.startsWith('/v2/') || url === '/v2' || url.startsWith('/v2?')) return 'registry'
  if (Object.hasOwn(pages, url.split('?', 1)[0]!)) return 'other'
  if (url.startsWith('/api/')) return 'api'
  if (url === '/service/token' || url.startsWith('/service/token?')) return 'token'
  if (url.startsWith('/c/')) return 'session'
  if (url === '/service/notifications' || url.startsWith('/service/notifications?')) return 'notification'
  return 'other'
}

/** A document or a page of the portal; 404 for all other paths. */
async function answerOther(
  request: IncomingMessage,
  response: Answer,
  { pages, portal, log }: Pick<ListenerOptions, 'pages' | 'portal' | 'log'>,
): Promise<void> {
  const [path, id] = [pathOf(request), response.requestId]
  try {
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (isRead && Object.hasOwn(pages, path)) return sendText(response, 200, pages[path]!())
    if (await portal.answer(request, response, { path, headers: { 'x-request-id': id } })) return
    sendText(response, 404, plain('Nothing is served at this path.\n'))
  } catch (error) {
    log.error({ err: error, id, path }, 'unexpected error')
    if (response.headersSent) return void response.destroy()
    sendText(response, 500, plain(`The log has more under request id ${id}.\n`))
  }
}

const plain = (text: string) => ({ type: 'text/plain; charset=utf-8', text })

function sendText(response: Answer, status: number, { type, text }: { type: string; text: string }): void {
  response.writeHead(status, {
    'x-request-id': response.requestId,
    'content-type': type,
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
  })
  response.end(text)
}

/** The path without its query, which may hold secrets, for the log. */
function pathOf(request: IncomingMessage): string {
  return targetOf(request).split('?', 1)[0]!
}

function givenId(request: IncomingMessage): string | undefined {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : undefined
}

/** Ids that no other process gives: this process's start time and number, and a count. */
function requestIds(): () => string {
  const prefix = `${Date.now().toString(36)}${process.pid.toString(36)}`
  let count = 0
  return () => `${prefix}-${(count++).toString(36)}`
}

/** The labels of a request in the metrics. The text of the last request's is used again: most requests are alike. */
function openLabels(): (door: string, method: string, status: number) => string {
  let last = { door: '', method: '', status: 0, text: '' }
  return (door, method, status) => {
    if (door !== last.door || method !== last.method || status !== last.status)
      last = { door, method, status, text: `${door} ${method} ${status}` }
    return last.text
  }
}
