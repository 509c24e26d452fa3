import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { posix } from 'node:path'
import { Readable } from 'node:stream'
import swagger from '@fastify/swagger'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Static, TSchema } from 'typebox'
import { BadListing } from '../db/listing.ts'
import { Failure, failureBody } from './failure.ts'
import { linkHeaders, pageHeaders, settlePage } from './paging.ts'
import { Content, Created, Reply, type Page } from './reply.ts'
import { ReadyJson } from './ready.ts'
import { serializedOnUse } from './schemas.ts'
import { giveBack } from './slabs.ts'
import { bodyFailure, validateInputs } from './validation.ts'

/**
 * One operation of the API, as api/operation.ts declares it; this folder may not import that and knows only its shape.
 */
type Operation = {
  id: string
  tag: string
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  summary: string
  params?: TSchema
  query?: TSchema
  body?: TSchema
  headers?: Readonly<Record<string, string>>
  status: number
  otherStatus?: number
  answer?: TSchema
  page?: true
}

type Part<O, Key extends string> = O extends { [One in Key]: infer Schema extends TSchema } ? Static<Schema> : undefined

/** What a handler gets: the validated input, what its access rule granted, and the request for the few that need it. */
export type Asked<O, Granted> = Granted & {
  params: Part<O, 'params'>
  query: Part<O, 'query'>
  body: Part<O, 'body'>
  request: IncomingMessage
  /**
   * Runs once the whole answer is sent; never when the client closed the connection before. Errors are logged as
   * unexpected.
   */
  onSent(work: () => Promise<void>): void
}

/**
 * What a handler returns, by its operation: a page of a list, a Created for 201, else the body itself or a Reply, which
 * has headers, too. For text or bytes, Content gives the media type; ReadyJson is JSON in the shape of the answer.
 */
export type Answer<O> = O extends { page: true; answer: TSchema }
  ? Page<Part<O, 'answer'> extends (infer Row)[] ? Row : never>
  : O extends { status: 201 }
    ? Created<Part<O, 'answer'>>
    : O extends { answer: TSchema }
      ? Part<O, 'answer'> | ReadyJson | Reply<Part<O, 'answer'>> | (Part<O, 'answer'> extends string ? Content : never)
      : // oxlint-disable-next-line typescript/no-invalid-void-type -- a handler without an answer ends without one
        void | Content

/**
 * A route: an operation, who may call it, and its handler. A route without `access` does not compile and does not
 * start.
 */
export type Route<Access> = {
  operation: Operation
  access: Access
  /** The answer does not depend on the caller, who is not identified: it is given even while the database is away. */
  isAlikeForAll?: boolean
  /** Takes the operation's `Asked` and returns its `Answer`; the function that binds the two checks that. */
  handler(asked: never): Promise<unknown>
}

type ApiOptions<Access, Caller> = {
  prefix: string
  routes: Route<Access>[]
  /** The caller; throws UNAUTHORIZED for wrong credentials. */
  identify(request: IncomingMessage, response: ServerResponse, row: Route<Access>): Promise<Caller>
  /** What the handler gets about its caller. Throws UNAUTHORIZED or FORBIDDEN when the access rule is not met. */
  authorize(caller: Caller, access: Access, params: unknown, headers: IncomingHttpHeaders): Promise<object>
  /** May refuse an operation to every caller for now, after the caller's right to it is known. */
  check?(row: Route<Access>): Promise<void>
  /**
   * Runs `work`, which answers the request, inside an AsyncLocalStorage. Called for the handler and not around the
   * whole request, as the storage does not reach past the reading of a body.
   */
  accompany?<Result>(request: IncomingMessage, response: ServerResponse, work: () => Promise<Result>): Promise<Result>
  /** Called with each error of a caller before the answer is sent. */
  onFailed?(error: unknown, caller: Caller, row: Route<Access>, request: IncomingMessage): Promise<void>
  /** Turns an error of another folder into a Failure; undefined when it is unknown. */
  translate(error: unknown): Failure | undefined
  onUnknown(error: unknown, request: IncomingMessage): void
  bodyBytes: number
  /** Rewrites a request's target into the form that the routes' paths match. */
  rewrite?(target: string): string
  info: { title: string; version: string; description: string }
}

export type Api = {
  /** Answers a request on any node:http server. */
  handle(request: IncomingMessage, response: ServerResponse): void
  /** Makes the OpenAPI 3.1 document from the schemas that check requests and shape answers. */
  document(): Record<string, unknown>
}

const text = { type: 'string' }
const failure = { type: 'object', required: ['code', 'message'], properties: { code: text, message: text } }
const Errors = { type: 'object', required: ['errors'], properties: { errors: { type: 'array', items: failure } } }

/** Builds the REST API from its routes. */
export async function openApi<Access, Caller>(options: ApiOptions<Access, Caller>): Promise<Api> {
  const app = fastify({
    bodyLimit: options.bodyBytes,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 1024, ignoreTrailingSlash: true },
    logger: false,
  })
  await app.register(swagger, {
    exposeHeadRoutes: true,
    openapi: {
      openapi: '3.1.0',
      info: options.info,
      servers: [{ url: options.prefix }],
      components: { securitySchemes: { basic: { type: 'http', scheme: 'basic' } } },
    },
    stripBasePath: true,
  })
  // JSON only: a page of another site may send text without a preflight request (H05).
  app.removeContentTypeParser('text/plain')
  // Some clients announce JSON even when they send no body.
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, text, done) =>
    text === '' ? done(null, undefined) : parseJson(request, text as string, done),
  )
  validateInputs(app)
  app.setErrorHandler((error, request, reply) => sendFailure(options, error, request, reply))
  app.setNotFoundHandler((request, reply) =>
    sendFailure(options, new Failure('NOT_FOUND', 'no such operation'), request, reply),
  )
  for (const row of options.routes) addRoute(app, options, row)
  await app.ready()
  const handle: Api['handle'] = (request, response) => {
    if (options.rewrite) {
      // Fastify returns this as `originalUrl`: Location and Link repeat the path that the client sent.
      Object.assign(request, { originalUrl: request.url })
      request.url = options.rewrite(request.url!)
    }
    app.routing(request, response)
  }
  return { handle, document: () => documentOf(app) }
}

/** The target of a request as it came, which `rewrite` may have put into another form: for logs. */
export function targetOf(request: IncomingMessage): string {
  const { originalUrl, url = '/' } = request as IncomingMessage & { originalUrl?: string }
  return originalUrl ?? url
}

function documentOf(app: FastifyInstance): Record<string, unknown> {
  const document = app.swagger() as unknown as { paths: Record<string, { head?: { operationId: string } }> }
  // The plugin takes a HEAD for a copy of the GET and renames it.
  for (const { head } of Object.values(document.paths))
    if (head) head.operationId = head.operationId.replace(/-head$/, '')
  return document
}

function addRoute<Access, Caller>(app: FastifyInstance, options: ApiOptions<Access, Caller>, row: Route<Access>) {
  const { operation } = row
  const { params, query, body } = operation
  if (row.access === undefined) throw new Error(`${operation.method} ${operation.path} declares no access`)
  const granted = new WeakMap<FastifyRequest, object>()
  const callers = new WeakMap<FastifyRequest, Caller>()
  const within = async <Result>(
    request: FastifyRequest,
    reply: FastifyReply,
    work: () => Promise<Result>,
  ): Promise<Result> => {
    const watched = () =>
      work().catch(async (error: unknown) => {
        const caller = callers.get(request)
        if (caller) await options.onFailed?.(error, caller, row, request.raw)
        throw error
      })
    return options.accompany ? options.accompany(request.raw, reply.raw, watched) : watched()
  }
  const shape: Shape = operation.answer ? serializedOnUse(operation.answer) : JSON.stringify
  const largestPage = largestPageOf(operation)
  app.route({
    method: operation.method,
    url: options.prefix + operation.path.replaceAll(/\{(\w+)\}/g, ':$1'),
    schema: {
      operationId: operation.id,
      tags: [operation.tag],
      summary: operation.summary,
      security: [...(row.access === 'anyone' ? [{}] : []), { basic: [] }],
      ...(params ? { params } : {}),
      ...(query ? { querystring: query } : {}),
      ...(body ? { body } : {}),
      ...(operation.headers ? { headers: headersOf(operation.headers) } : {}),
    },
    // Fastify is not told of the answers: it keeps those of each route in lists as long as the largest status, 2.5 MB
    // for all operations.
    config: {
      swaggerTransform: ({ schema, url }: { schema: object; url: string }) => ({
        schema: { ...schema, response: answersOf(row) },
        url,
      }),
    },
    // Before the input is validated or the body read: a caller without rights learns nothing from a validation error.
    onRequest: (request, reply) =>
      within(request, reply, async () => {
        const caller = await options.identify(request.raw, reply.raw, row)
        callers.set(request, caller)
        refuseBrokenText([request.params, request.query])
        granted.set(request, await options.authorize(caller, row.access, request.params, request.headers))
        await options.check?.(row)
      }),
    preValidation: async (request) => {
      if (request.body === null && body) request.body = {}
      dropNulls(request.body)
    },
    preHandler: async (request) => {
      refuseBrokenText(request.body)
      if (largestPage !== undefined) settlePage(request.query as object, largestPage)
    },
    handler: async (request, reply) => {
      const asked = {
        ...granted.get(request)!,
        params: request.params,
        query: request.query,
        body: request.body,
        request: request.raw,
        onSent: (work: () => Promise<void>) =>
          void reply.raw.once(
            'finish',
            () => void work().catch((error: unknown) => options.onUnknown(error, request.raw)),
          ),
      }
      const result = await within(request, reply, () => row.handler(asked as never))
      return send({ operation, shape }, result, request, reply)
    },
  })
}

/** For the document alone: what a missing or other value means is for the handler to say. */
const headersOf = (headers: Readonly<Record<string, string>>) => ({
  type: 'object',
  properties: Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, { type: 'string', description: value }]),
  ),
})

/** Writes the answer of an operation as JSON, with the fields of its schema alone. */
type Shape = (body: unknown) => string
type Shaped = { operation: Operation; shape: Shape }

function send({ operation, shape: ofAnswer }: Shaped, result: unknown, request: FastifyRequest, reply: FastifyReply) {
  // The schema is that of these statuses.
  const shape: Shape = (body) =>
    reply.statusCode === operation.status || reply.statusCode === operation.otherStatus
      ? ofAnswer(body)
      : JSON.stringify(body)
  reply.code(operation.status).headers(apiHeaders)
  if (operation.page) return sendBody(turnPage(result as Page<unknown>, request, reply), reply, shape)
  if (!(result instanceof Reply)) return sendBody(result, reply, shape)
  if (result.status !== undefined) reply.code(result.status)
  if (result.at !== undefined) reply.header('location', posix.join(pathOf(request), result.at))
  return sendBody(result.body, reply.headers(result.headers), shape)
}

function sendBody(body: unknown, reply: FastifyReply, shape: Shape) {
  if (body === undefined) return reply.send()
  if (typeof body !== 'string' && !Buffer.isBuffer(body)) {
    if (body instanceof Readable) return reply.send(body)
    if (!reply.hasHeader('content-type')) reply.type('application/json; charset=utf-8')
    if (!(body instanceof ReadyJson)) return reply.send(shape(body))
    const { bytes } = body
    reply.raw.once('close', () => giveBack(bytes))
    return reply.send(bytes)
  }
  return reply.type(reply.getHeader('content-type')?.toString() ?? 'text/plain; charset=utf-8').send(body)
}

/** Sets the headers of a page and returns its rows. */
function turnPage({ rows, total, turns }: Page<unknown>, request: FastifyRequest, reply: FastifyReply): unknown {
  const query = request.query as Record<string, string | number | boolean | undefined> & {
    page?: number
    page_size?: number
  }
  const set = (name: string, value: string) => void reply.header(name, value)
  if (!turns) pageHeaders(pathOf(request), query, query.page ?? 1, query.page_size ?? 10, total, set)
  else
    linkHeaders(
      pathOf(request),
      { ...query, after: undefined, before: undefined, page: turns.page, page_size: turns.pageSize },
      turns,
      total,
      set,
    )
  return rows
}

/** The largest page of this operation's list, in entries; undefined when the operation has no pages. */
const largestPageOf = ({ query }: Operation): number | undefined =>
  (query as { properties?: { page_size?: { maximum: number } } })?.properties?.page_size?.maximum

/** The path that the client sent, without its query and slashes at its end. */
const pathOf = ({ originalUrl }: FastifyRequest) => originalUrl.split('?', 1)[0]!.replace(/\/+$/, '')

/**
 * Removes fields that are null: like Harbor, Marina treats them as absent, as Harbor's clients send null for each unset
 * field.
 */
function dropNulls(body: unknown): void {
  const left = [body]
  while (left.length > 0) {
    const value = left.pop()
    if (typeof value !== 'object' || value === null) continue
    for (const [name, one] of Object.entries(value)) {
      if (one === null && !Array.isArray(value)) delete (value as Record<string, unknown>)[name]
      else left.push(one)
    }
  }
}

/** Refuses texts that PostgreSQL cannot store, here for every input: with NUL, or with half a surrogate pair. */
function refuseBrokenText(input: unknown): void {
  // A list of the values left instead of recursion: a body may nest deeper than the stack allows.
  const left = [input]
  while (left.length > 0) {
    const value = left.pop()
    if (typeof value === 'string' && (value.includes('\0') || !value.isWellFormed())) {
      throw new Failure('BAD_REQUEST', 'a text holds a NUL or half a character, which cannot be kept')
    }
    if (typeof value === 'object' && value !== null)
      for (const [name, one] of Object.entries(value)) left.push(name, one)
  }
}

/** The answers of an operation by their status, for the document. */
function answersOf({ operation, access }: Route<unknown>): Record<string, unknown> {
  const { status, otherStatus, answer, params, query, body } = operation
  const isOpen = access === 'anyone'
  const good = [status, ...(otherStatus === undefined ? [] : [otherStatus])].map(
    (one) => [String(one), answer ?? { type: 'null', description: 'no body' }] as const,
  )
  const bad = ['400', ...(isOpen ? [] : ['401', '403']), '404', ...((params ?? query ?? body) ? ['422'] : []), '500']
    .filter((one) => good.every(([known]) => known !== one))
    .map((one) => [one, Errors] as const)
  return Object.fromEntries([...good, ...bad])
}

/** C-77: headers that keep browsers from showing an API answer as a page, and from caching it. */
const apiHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
}

function sendFailure<Access, Caller>(
  options: ApiOptions<Access, Caller>,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const failure = error instanceof Failure ? error : (options.translate(error) ?? ofOurs(error, options.bodyBytes))
  if (!failure) options.onUnknown(error, request.raw)
  const { code, message, status, headers } = failure ?? new Failure('UNKNOWN')
  return reply
    .code(status)
    .headers({ ...apiHeaders, ...headers })
    .type('application/json')
    .serializer(String)
    .send(failureBody(code, message))
}

/** The Failure for an error of Fastify or a bad list query. */
function ofOurs(error: unknown, bodyBytes: number): Failure | undefined {
  if (error instanceof BadListing) return new Failure('BAD_REQUEST', error.message)
  if (!(error instanceof Error)) return undefined
  const unread = bodyFailure(error, bodyBytes)
  if (unread) return unread
  const { statusCode } = error as Error & { statusCode?: number }
  return statusCode && statusCode >= 400 && statusCode < 500 ? new Failure('BAD_REQUEST', error.message) : undefined
}
