import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import swagger from '@fastify/swagger'
import { Ajv } from 'ajv'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { Type, type Static, type TSchema } from 'typebox'
import { BadListing } from '../db/listing.ts'
import { Failure, failureBody } from './failure.ts'

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
type Schemas = { params?: TSchema; query?: TSchema; body?: TSchema; answers: Record<number, TSchema | null> }
type Shape<Schema> = Schema extends TSchema ? Static<Schema> : undefined

/** What a handler gets: everything checked and typed, what its access rule granted, and the request for the few that need it. */
export type Asked<S extends Schemas, Granted> = Granted & {
  params: Shape<S['params']>
  query: Shape<S['query']>
  body: Shape<S['body']>
  /** Sets a header of the answer. */
  header(name: string, value: string): void
  request: IncomingMessage
  /** Runs once the whole answer has left us; never when the client went away before. Errors are logged as unexpected. */
  onSent(work: () => Promise<void>): void
}

/** What a handler gives back: a status that its schema declares, and the body; a stream is sent as it flows. */
export type Answer = { status: number; body?: unknown }

/** A route is a row. `access` names a rule; a row without one does not type-check and does not start. */
export type Route<Access, Granted> = {
  /** Harbor's operationId, which its SDKs use as the method's name. */
  id: string
  tag: string
  method: Method
  /** With `{name}` for parameters, as in the OpenAPI document. */
  path: string
  access: Access
  /** The answer is the same for whoever asks, so nobody is looked up: it is given while nobody could be. */
  isAlikeForAll?: boolean
  summary: string
  schema: Schemas
  handler(asked: Asked<Schemas, Granted>): Promise<Answer>
}

/** Writes a row with the types of its own schemas inside its handler. */
export const routeOf = <Access, Granted>() => <S extends Schemas>(row: Omit<Route<Access, Granted>, 'schema' | 'handler'> & { schema: S; handler(asked: Asked<S, Granted>): Promise<Answer> }): Route<Access, Granted> =>
  row

export type ApiOptions<Access, Caller, Granted> = {
  prefix: string
  routes: Route<Access, Granted>[]
  /** Who asks; throws UNAUTHORIZED for credentials that are wrong. */
  identify(request: IncomingMessage, response: ServerResponse, row: Route<Access, Granted>): Promise<Caller>
  /** Throws UNAUTHORIZED or FORBIDDEN when the rule is not met. */
  authorize(caller: Caller, access: Access, params: unknown, headers: IncomingHttpHeaders): Promise<Granted>
  /** May refuse an operation to everyone for now, after the caller's right to it is known. */
  check?(row: Route<Access, Granted>): Promise<void>
  /** Runs what answers the request in its company. Not from outside: after a body was read, the calls no longer come from there. */
  accompany?<Result>(request: IncomingMessage, response: ServerResponse, work: () => Promise<Result>): Promise<Result>
  /** Told of what went wrong for whom, before he hears of it. */
  onFailed?(error: unknown, caller: Caller, row: Route<Access, Granted>, request: IncomingMessage): Promise<void>
  /** Turns an error of another floor into a Failure; undefined when it is unknown. */
  translate(error: unknown): Failure | undefined
  onUnknown(error: unknown, request: IncomingMessage): void
  bodyBytes: number
  /** Puts a request target into the form that the rows' paths match. */
  rewrite?(target: string): string
  info: { title: string; version: string; description: string }
}

export type Api = {
  /** Answers a request on any node:http server. */
  handle(request: IncomingMessage, response: ServerResponse): void
  /** The OpenAPI 3.1 document, made from the schemas that check requests and shape answers. */
  document: Record<string, unknown>
}

const Errors = Type.Object({ errors: Type.Array(Type.Object({ code: Type.String(), message: Type.String() })) })

// A query is text, so numbers in it are read as such; bodies are taken as they are.
const ajvOptions = { removeAdditional: false, useDefaults: true, allErrors: false, strict: false, formats: { 'date-time': true, int64: true } } as const
const bodyAjv = new Ajv({ ...ajvOptions, coerceTypes: false })
const queryAjv = new Ajv({ ...ajvOptions, coerceTypes: true })

/** Builds the REST API from its rows. */
export async function openApi<Access, Caller, Granted>(options: ApiOptions<Access, Caller, Granted>): Promise<Api> {
  const app = fastify({ bodyLimit: options.bodyBytes, exposeHeadRoutes: false, routerOptions: { maxParamLength: 1024, ignoreTrailingSlash: true }, logger: false })
  await app.register(swagger, { exposeHeadRoutes: true, openapi: { openapi: '3.1.0', info: options.info, servers: [{ url: options.prefix }], components: { securitySchemes: { basic: { type: 'http', scheme: 'basic' } } } }, stripBasePath: true })
  // Text is what a page of another site can send without being asked for leave (H05): JSON only.
  app.removeContentTypeParser('text/plain')
  // Clients that always announce JSON also do so where they send nothing.
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, text, done) => (text === '' ? done(null, undefined) : parseJson(request, text as string, done)))
  app.setValidatorCompiler(({ schema, httpPart }) => (httpPart === 'body' ? bodyAjv : queryAjv).compile(schema as object))
  app.setSchemaErrorFormatter((errors, part) => new Error(describeErrors(errors, part)))
  app.setErrorHandler((error, request, reply) => sendFailure(options, error, request, reply))
  app.setNotFoundHandler((request, reply) => sendFailure(options, new Failure('NOT_FOUND', 'no such operation'), request, reply))
  for (const row of options.routes) addRoute(app, options, row)
  await app.ready()
  const handle: Api['handle'] = (request, response) => {
    if (options.rewrite) request.url = options.rewrite(request.url!)
    app.routing(request, response)
  }
  return { handle, document: documentOf(app) }
}

function documentOf(app: FastifyInstance): Record<string, unknown> {
  const document = app.swagger() as unknown as { paths: Record<string, { head?: { operationId: string } }> }
  // The plugin takes a HEAD for the shadow of a GET and renames it.
  for (const { head } of Object.values(document.paths)) if (head) head.operationId = head.operationId.replace(/-head$/, '')
  return document
}

function addRoute<Access, Caller, Granted>(app: FastifyInstance, options: ApiOptions<Access, Caller, Granted>, row: Route<Access, Granted>) {
  if (row.access === undefined) throw new Error(`${row.method} ${row.path} declares no access`)
  const { params, query, body, answers } = row.schema
  const granted = new WeakMap<FastifyRequest, Granted>()
  const callers = new WeakMap<FastifyRequest, Caller>()
  const within = async <Result>(request: FastifyRequest, reply: FastifyReply, work: () => Promise<Result>): Promise<Result> => {
    const watched = () => work().catch(async (error: unknown) => {
      const caller = callers.get(request)
      if (caller) await options.onFailed?.(error, caller, row, request.raw)
      throw error
    })
    return options.accompany ? options.accompany(request.raw, reply.raw, watched) : watched()
  }
  const isOpen = row.access === 'anyone'
  app.route({
    method: row.method,
    url: options.prefix + row.path.replaceAll(/\{(\w+)\}/g, ':$1'),
    schema: {
      operationId: row.id, tags: [row.tag], summary: row.summary, security: [...(isOpen ? [{}] : []), { basic: [] }],
      ...(params ? { params } : {}), ...(query ? { querystring: query } : {}), ...(body ? { body } : {}),
      response: answersOf(answers, isOpen),
    },
    // Before anything is checked or the body is read: strangers learn nothing from a validation error.
    onRequest: (request, reply) => within(request, reply, async () => {
      const caller = await options.identify(request.raw, reply.raw, row)
      callers.set(request, caller)
      refuseBrokenText([request.params, request.query])
      granted.set(request, await options.authorize(caller, row.access, request.params, request.headers))
      await options.check?.(row)
    }),
    preValidation: async (request) => dropNulls(request.body),
    preHandler: async (request) => refuseBrokenText(request.body),
    handler: async (request, reply) => {
      const asked = {
        ...granted.get(request)!, params: request.params, query: request.query, body: request.body, request: request.raw,
        header: (name: string, value: string) => void reply.header(name, value),
        onSent: (work: () => Promise<void>) => void reply.raw.once('finish', () => void work().catch((error: unknown) => options.onUnknown(error, request.raw))),
      }
      const answer = await within(request, reply, () => row.handler(asked))
      reply.code(answer.status).headers(apiHeaders)
      if (answer.body === undefined) return reply.send()
      return typeof answer.body === 'string' || Buffer.isBuffer(answer.body) ? reply.type(reply.getHeader('content-type')?.toString() ?? 'text/plain; charset=utf-8').send(answer.body) : reply.send(answer.body)
    },
  })
}

/** A field that is null was not given: so Harbor's server reads it, and its clients send every field they have no value for. */
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

/** PostgreSQL keeps no NUL and no half of a surrogate pair. Said here once for every text that comes in. */
function refuseBrokenText(input: unknown): void {
  // A list of what is left, not recursion: a body may nest deeper than the stack reaches.
  const left = [input]
  while (left.length > 0) {
    const value = left.pop()
    if (typeof value === 'string' && (value.includes('\0') || !value.isWellFormed())) {
      throw new Failure('BAD_REQUEST', 'a text holds a NUL or half a character, which cannot be kept')
    }
    if (typeof value === 'object' && value !== null) for (const [name, one] of Object.entries(value)) left.push(name, one)
  }
}

function answersOf(answers: Record<number, TSchema | null>, isOpen: boolean): Record<string, unknown> {
  const good = Object.entries(answers).map(([status, schema]) => [status, schema ?? { type: 'null', description: 'no body' }])
  const bad = ['400', ...(isOpen ? [] : ['401', '403']), '404', '500'].filter((status) => !(status in answers)).map((status) => [status, Errors])
  return Object.fromEntries([...good, ...bad]) as Record<string, unknown>
}

/** C-77: what an API answer needs so that no browser makes a page of it or keeps it. */
const apiHeaders = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'content-security-policy': "default-src 'none'; frame-ancestors 'none'", 'x-frame-options': 'DENY', 'referrer-policy': 'no-referrer' }

function sendFailure<Access, Caller, Granted>(options: ApiOptions<Access, Caller, Granted>, error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const failure = error instanceof Failure ? error : (options.translate(error) ?? ofOurs(error))
  if (!failure) options.onUnknown(error, request.raw)
  const { code, message, status, headers } = failure ?? new Failure('UNKNOWN')
  return reply.code(status).headers({ ...apiHeaders, ...headers }).type('application/json').serializer(String).send(failureBody(code, message))
}

/** What is wrong with an input, in one sentence: of words to choose from all are named. */
function describeErrors(errors: { keyword: string; instancePath: string; message?: string | undefined; params: Record<string, unknown> }[], part: string): string {
  const [first] = errors as [(typeof errors)[number]]
  const where = `${part}${first.instancePath}`
  if (part === 'body' && first.instancePath === '' && first.keyword === 'type' && errors.length === 1) return `the request needs a body: a JSON ${String(first.params['type'])}`
  const words = errors.flatMap(({ keyword, params }) => (keyword === 'const' ? [params['allowedValue']] : keyword === 'enum' ? (params['allowedValues'] as unknown[]) : []))
  const isChoice = words.length > 0 && errors.every(({ keyword, instancePath }) => ['const', 'enum', 'anyOf'].includes(keyword) && instancePath === first.instancePath)
  if (isChoice) return `${where} must be ${words.length > 1 ? 'one of ' : ''}${words.map((word) => JSON.stringify(word)).join(', ')}`
  const property = first.params['additionalProperty']
  return `${where} ${first.message}${typeof property === 'string' ? `: ${JSON.stringify(property.slice(0, 100))}` : ''}`
}

/** Fastify's errors and a bad list query, by what they mean for the client. */
function ofOurs(error: unknown): Failure | undefined {
  if (error instanceof BadListing) return new Failure('BAD_REQUEST', error.message)
  if (!(error instanceof Error)) return undefined
  const { code, validation, statusCode } = error as Error & { code?: string; validation?: unknown; statusCode?: number }
  if (validation) return new Failure('BAD_REQUEST', error.message)
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new Failure('PAYLOAD_TOO_LARGE')
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new Failure('UNSUPPORTED_MEDIA_TYPE')
  return statusCode && statusCode >= 400 && statusCode < 500 ? new Failure('BAD_REQUEST', error.message) : undefined
}
