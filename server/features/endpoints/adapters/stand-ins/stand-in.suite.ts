import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestMarina } from '../../../../testing/server.ts'
import { basic } from '../../../../testing/http.ts'
import type { AdapterType, Address } from '../adapter.ts'
import { openBacking, type Backing } from './backing.suite.ts'

/** A request to a vendor's API, its body read. `match`: the groups of the route's pattern. */
export type Asked = {
  match: string[]
  url: URL
  query: URLSearchParams
  headers: IncomingMessage['headers']
  /** As it was sent, and as JSON (undefined for another body). */
  text: string
  body: Record<string, unknown>
  method: string
}
export type Answer = { status?: number; headers?: Record<string, string>; json?: unknown; text?: string }
/** `GET /api/things/:name` as a pattern over the method and the path. */
export type Route = [pattern: RegExp, handle: (asked: Asked) => Answer | Promise<Answer>]

type Login = { username: string; password: string }

/** What a vendor has that others have not: its API, and how it lets clients in. */
export type Vendor = {
  routes: Route[]
  /** The login of the registry itself, which the adapter has to find out or was told. */
  login: Login
  /** The challenge of /v2: Basic, or a Bearer with this service at the stand-in's own token service. */
  service?: string
  /** The challenge of /v2/ itself names no service, and the token service asks for none. */
  hidesService?: boolean
  /** Whether a repository can be pushed to; always, where the vendor makes them at a push. */
  mayPush?(repository: string): Promise<boolean>
}

/**
 * A server in place of a vendor, written from what is public about its API. Behind that is a real registry: a Marina,
 * by its /v2. `saved`: what an administrator would enter.
 */
export type StandIn = {
  type: AdapterType
  /** What is different from other stand-ins for the same type. */
  kind?: string
  /** The URL to save instead of that of the stand-in; calls to its hosts are led to the stand-in. */
  hosts?: string[]
  saved(url: string): Pick<Address, 'accessKey' | 'accessSecret'>
  /** The name of a repository in a namespace; `<namespace>/<app>` by default. */
  nameOf?(namespace: string, app: string): string
  /** False if the vendor's lists have no digests. */
  listsDigests: boolean
  /** False if a namespace must be known to list what is in it. */
  listsAll?: boolean
  /** True if an answer without a list means an empty one. */
  leavesOutEmptyLists?: true
  /** False if pushes need no namespace that was made before. */
  makesNamespaces: boolean
  open(backing: Backing, self: Self): Vendor
}

/** `isLetIn`: whether a request has what /v2 asks for. */
type Self = { url: string; isLetIn(headers: Asked['headers']): boolean }

/** The most rows on a page of a stand-in, whatever is asked for: lists of a few rows have several pages. */
export const pageRows = 2

export type OpenedStandIn = AsyncDisposable & {
  url: string
  backing: Backing
  /** From now on all calls below this path are answered so, instead of by the vendor's API. */
  break(path: RegExp, answer: Answer): void
}

/** Opens a stand-in in front of a Marina. */
export async function openStandIn(standIn: Pick<StandIn, 'open'>, marina: TestMarina): Promise<OpenedStandIn> {
  const backing = openBacking(marina)
  let broken: { path: RegExp; answer: Answer } | undefined
  let serve: (request: IncomingMessage, response: ServerResponse) => Promise<void>
  const server = createServer((request, response) => {
    if (broken?.path.test(request.url!)) return reply(response, broken.answer)
    serve(request, response).catch((error: Error) => reply(response, { status: 500, text: error.stack ?? '' }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const tokens = new Set<string>()
  const vendor: Vendor = standIn.open(backing, { url, isLetIn: ({ authorization = '' }) => isLetIn(authorization) })
  const isLetIn = (authorization: string) =>
    vendor.service === undefined ? authorization === basicOf(vendor.login) : tokens.has(authorization)
  serve = serverOf({ vendor, url, tokens, isLetIn, marina })
  return {
    url,
    backing,
    break: (path, answer) => void (broken = { path, answer }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

const basicOf = ({ username, password }: Login) => basic({ name: username, password })

type Served = {
  vendor: Vendor
  url: string
  tokens: Set<string>
  isLetIn(authorization: string): boolean
  marina: TestMarina
}

/** The vendor's API, the token service, and all other paths of /v2 for callers that are let in. */
function serverOf({ vendor, url, tokens, isLetIn, marina }: Served) {
  const routes = [...vendor.routes, tokenRoute(vendor, tokens)]
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = new URL(request.url!, url)
    for (const [pattern, handle] of routes) {
      const match = pattern.exec(`${request.method} ${path.pathname}`)
      if (match) return reply(response, await handle(await readAsked(request, path, match.slice(1))))
    }
    if (!path.pathname.startsWith('/v2/')) return reply(response, { status: 404, json: { message: 'no such path' } })
    if (!isLetIn(request.headers.authorization ?? '')) return reply(response, challengeOf(vendor, url, path))
    const [, repository] = /^\/v2\/(.+)\/blobs\/uploads\//.exec(path.pathname) ?? []
    const mayPush = repository === undefined || !vendor.mayPush || (await vendor.mayPush(repository))
    if (mayPush) passOn(marina, request, response)
    else reply(response, refusal(404, 'NAME_UNKNOWN'))
  }
}

function challengeOf({ service, hidesService }: Vendor, url: string, path: URL): Answer {
  const [, scope] = /^\/v2\/(.+)\/(?:manifests|blobs|tags)\//.exec(path.pathname) ?? []
  const words = scope ? `,scope="repository:${scope}:pull"` : ''
  const named = hidesService && path.pathname === '/v2/' ? '' : `,service="${service}"`
  const bearer = `Bearer realm="${url}/jwt/auth"${named}${words}`
  const header = service === undefined ? 'Basic realm="registry"' : bearer
  return { ...refusal(401, 'UNAUTHORIZED'), headers: { 'www-authenticate': header } }
}

/** Gives tokens for the login (distribution, "Token Authentication Specification"). */
const tokenRoute = ({ login, service, hidesService }: Vendor, tokens: Set<string>): Route => [
  /^GET \/jwt\/auth$/,
  ({ headers, query }) => {
    const isForThis = query.get('service') === service || (hidesService && !query.has('service'))
    if (headers.authorization !== basicOf(login) || !isForThis)
      return { status: 401, json: { errors: [{ code: 'UNAUTHORIZED', message: 'wrong name or password' }] } }
    const token = randomUUID()
    tokens.add(`Bearer ${token}`)
    return { json: { token, expires_in: 300 } }
  },
]

const refusal = (status: number, code: string): Answer => ({ status, json: { errors: [{ code, message: code }] } })

function reply(response: ServerResponse, { status = 200, headers = {}, json, text }: Answer): void {
  const type = json === undefined ? 'text/html' : 'application/json'
  const body = json === undefined ? (text ?? '') : JSON.stringify(json)
  response.writeHead(status, { 'content-type': type, ...headers }).end(body)
}

async function readAsked(request: IncomingMessage, url: URL, match: string[]): Promise<Asked> {
  const parts: Buffer[] = []
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part)
  const text = Buffer.concat(parts).toString()
  let body: Record<string, unknown> = {}
  try {
    body = JSON.parse(text) as Record<string, unknown>
  } catch {
    // A form, or nothing.
  }
  const { headers, method = '' } = request
  return { match: match.map(decodeURIComponent), url, query: url.searchParams, headers, text, body, method }
}

/** The registry itself: the request goes on to Marina, with the rights of an administrator there. */
function passOn({ port, admin }: TestMarina, request: IncomingMessage, response: ServerResponse): void {
  const headers = { ...request.headers, authorization: basic(admin) }
  const { method, url: path } = request
  const onward = httpRequest({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
    response.writeHead(answer.statusCode!, answer.headers)
    answer.pipe(response)
  })
  onward.on('error', () => response.destroy())
  request.pipe(onward)
}

/** One page of rows, by the number of the page from 1. */
export function pageOf<Row>(rows: Row[], page: number): { rows: Row[]; isLast: boolean } {
  const end = page * pageRows
  return { rows: rows.slice(end - pageRows, end), isLast: end >= rows.length }
}
