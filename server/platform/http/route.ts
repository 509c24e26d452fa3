import type { IncomingMessage, ServerResponse } from 'node:http'
import { Ajv } from 'ajv'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Static, TSchema } from 'typebox'
import { Failure, failureBody } from './failure.ts'

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
type Schemas = { params?: TSchema; query?: TSchema; body?: TSchema; answers: Record<number, TSchema | null> }
type Shape<Schema> = Schema extends TSchema ? Static<Schema> : undefined

/** What a handler gets: everything checked and typed; `caller` has passed the route's access rule. */
export type Asked<S extends Schemas, Caller> = {
  params: Shape<S['params']>
  query: Shape<S['query']>
  body: Shape<S['body']>
  caller: Caller
  /** Sets a header of the answer. */
  header(name: string, value: string): void
}

/** What a handler gives back: a status its schema declares, and the body. */
export type Answer = { status: number; body?: unknown }

/** A route is a row. `access` names a rule; a row without one does not type-check and does not start. */
export type Route<Access, Caller> = {
  method: Method
  path: string
  access: Access
  schema: Schemas
  handler(asked: Asked<Schemas, Caller>): Promise<Answer>
}

/** Writes a row with the types of its own schemas inside its handler. */
export const routeOf = <Access, Caller>() => <S extends Schemas>(row: Omit<Route<Access, Caller>, 'schema' | 'handler'> & { schema: S; handler(asked: Asked<S, Caller>): Promise<Answer> }): Route<Access, Caller> =>
  row

export type ApiOptions<Access, Caller> = {
  prefix: string
  routes: Route<Access, Caller>[]
  /** Who asks; throws UNAUTHORIZED for credentials that are wrong. */
  identify(request: IncomingMessage): Promise<Caller>
  /** Throws UNAUTHORIZED or FORBIDDEN when the rule is not met. */
  authorize(caller: Caller, access: Access): Promise<void>
  /** Turns an error of another floor into a Failure; undefined when it is unknown. */
  translate(error: unknown): Failure | undefined
  onUnknown(error: unknown, request: IncomingMessage): void
  bodyBytes: number
}

// Bodies are taken as they are; a query is text, so numbers in it are read as such. Nothing is dropped in silence.
const bodyAjv = new Ajv({ coerceTypes: false, removeAdditional: false, useDefaults: true, allErrors: false, strict: false, formats: { 'date-time': true } })
const queryAjv = new Ajv({ coerceTypes: true, removeAdditional: false, useDefaults: true, allErrors: false, strict: false, formats: { 'date-time': true } })

/** Builds the REST API from its rows. The result answers a request on any node:http server. */
export async function openApi<Access, Caller>(options: ApiOptions<Access, Caller>): Promise<(request: IncomingMessage, response: ServerResponse) => void> {
  const app = fastify({ bodyLimit: options.bodyBytes, exposeHeadRoutes: false, routerOptions: { maxParamLength: 512 }, logger: false })
  app.setValidatorCompiler(({ schema, httpPart }) => (httpPart === 'body' ? bodyAjv : queryAjv).compile(schema as object))
  app.setErrorHandler((error, request, reply) => sendFailure(options, error, request, reply))
  app.setNotFoundHandler((request, reply) => sendFailure(options, new Failure('NOT_FOUND', 'no such operation'), request, reply))
  for (const row of options.routes) addRoute(app, options, row)
  await app.ready()
  return (request, response) => app.routing(request, response)
}

function addRoute<Access, Caller>(app: FastifyInstance, options: ApiOptions<Access, Caller>, row: Route<Access, Caller>) {
  if (row.access === undefined) throw new Error(`${row.method} ${row.path} declares no access`)
  const { params, query, body, answers } = row.schema
  const response = Object.fromEntries(Object.entries(answers).filter(([, schema]) => schema !== null))
  const callers = new WeakMap<FastifyRequest, Caller>()
  app.route({
    method: row.method,
    url: `${options.prefix}${row.path}`,
    schema: { ...(params ? { params } : {}), ...(query ? { querystring: query } : {}), ...(body ? { body } : {}), response },
    // Before the body is read or anything is checked: strangers learn nothing from a validation error.
    onRequest: async (request) => {
      const caller = await options.identify(request.raw)
      await options.authorize(caller, row.access)
      callers.set(request, caller)
    },
    handler: async (request, reply) => {
      const asked = {
        params: request.params, query: request.query, body: request.body, caller: callers.get(request)!,
        header: (name: string, value: string) => void reply.header(name, value),
      }
      const answer = await row.handler(asked)
      reply.code(answer.status).headers(apiHeaders)
      return answer.body === undefined ? reply.send() : typeof answer.body === 'string' ? reply.type('text/plain; charset=utf-8').send(answer.body) : reply.send(answer.body)
    },
  })
}

/** C-77: what an API answer needs so that no browser makes a page of it or keeps it. */
const apiHeaders = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'content-security-policy': "default-src 'none'; frame-ancestors 'none'", 'referrer-policy': 'no-referrer' }

function sendFailure<Access, Caller>(options: ApiOptions<Access, Caller>, error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const failure = error instanceof Failure ? error : (options.translate(error) ?? ofFastify(error))
  if (!failure) options.onUnknown(error, request.raw)
  const { code, message, status, headers } = failure ?? new Failure('UNKNOWN')
  return reply.code(status).headers({ ...apiHeaders, ...headers }).type('application/json').send(failureBody(code, message))
}

/** Fastify's own errors, by what they mean for the client. */
function ofFastify(error: unknown): Failure | undefined {
  if (!(error instanceof Error)) return undefined
  const { code, validation, statusCode } = error as Error & { code?: string; validation?: unknown; statusCode?: number }
  if (validation) return new Failure('BAD_REQUEST', error.message)
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new Failure('PAYLOAD_TOO_LARGE')
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new Failure('UNSUPPORTED_MEDIA_TYPE')
  return statusCode && statusCode >= 400 && statusCode < 500 ? new Failure('BAD_REQUEST', error.message) : undefined
}
