import type { AnswerOf, BodyOf, Operation, ParamsOf, QueryOf } from './operation.ts'

type Scalar = string | number | boolean

/** What an operation takes: `params`, `query`, `body`, where it has them. A query of optional parts is optional. */
export type CallOf<O> = (ParamsOf<O> extends undefined ? unknown : { params: ParamsOf<O> }) &
  (QueryOf<O> extends undefined
    ? unknown
    : object extends QueryOf<O>
      ? { query?: QueryOf<O> }
      : { query: QueryOf<O> }) &
  (BodyOf<O> extends undefined ? unknown : { body: BodyOf<O> })

type Answered<O> = { status: number; headers: Pick<Headers, 'get'>; body: AnswerOf<O> }

/** Sends one request over HTTP and returns the whole answer. Redirects are not followed. */
export type Send = (
  url: string,
  request: {
    method: string
    headers: Record<string, string>
    body?: string | Uint8Array<ArrayBuffer>
    signal: AbortSignal
  },
) => Promise<{ status: number; headers: Pick<Headers, 'get'>; text(): Promise<string> }>

/** The server answered with a failure; the message is the server's. */
export class ApiError extends Error {
  override name = 'ApiError'
  readonly status: number
  readonly code: string | undefined
  /** By which the server's log and its audit log name the request. */
  readonly requestId: string | undefined
  constructor(status: number, code: string | undefined, message: string, requestId?: string) {
    super(message)
    this.status = status
    this.code = code
    this.requestId = requestId
  }
}

export type Client = <const O extends Operation>(
  operation: O,
  ...call: object extends CallOf<O> ? [CallOf<O>?] : [CallOf<O>]
) => Promise<Answered<O>>

type ClientOptions = {
  /** Where Marina is, such as https://registry.example.com. */ url: string
  login?: { name: string; password: string }
  /** A request takes at most this, in ms. */ timeoutMs?: number
  /** By default the `fetch` of the platform. */ send?: Send
}

/** Calls operations (api/<noun>.ts); rejects with ApiError for every status from 300 on but `otherStatus`. */
export function openClient({ url, login, timeoutMs = 30_000, send = sendByFetch }: ClientOptions): Client {
  const authorization = login ? { authorization: `Basic ${base64(`${login.name}:${login.password}`)}` } : undefined

  return async (operation, ...[call]) => {
    const { method, otherStatus, headers } = operation
    const { body } = (call ?? {}) as Call
    const response = await send(`${url}/api/v2.0${targetOf(operation, call)}`, {
      method,
      signal: AbortSignal.timeout(timeoutMs),
      headers: { ...authorization, ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (response.status > 299 && response.status !== otherStatus) throw errorOf(response, text)
    return { status: response.status, headers: response.headers, body: bodyOf(response, text) as never }
  }
}

type Call = { params?: Record<string, Scalar>; query?: Record<string, Scalar | undefined>; body?: unknown }

/** The path of a call below /api/v2.0, with its query. */
export function targetOf({ path }: Pick<Operation, 'path'>, call: unknown): string {
  const { params = {}, query = {} } = (call ?? {}) as Call
  const place = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params[name])))
  const search = new URLSearchParams(
    Object.entries(query).flatMap(([key, value]): [string, string][] =>
      value === undefined ? [] : [[key, String(value)]],
    ),
  ).toString()
  return search === '' ? place : `${place}?${search}`
}

const base64 = (text: string) => btoa(String.fromCodePoint(...new TextEncoder().encode(text)))

const sendByFetch: Send = (url, request) => fetch(url, { ...request, redirect: 'error' })

type Response = Pick<Awaited<ReturnType<Send>>, 'status' | 'headers'>

/** JSON is parsed; other text, such as that of a log, is returned unchanged. */
const bodyOf = (response: Response, text: string): unknown =>
  text === '' ? undefined : isJson(response) ? JSON.parse(text) : text

const isJson = ({ headers }: Response) => headers.get('content-type')?.startsWith('application/json') === true

/** A proxy in between may answer with an error that is not in Harbor's form. */
function errorOf({ status, headers }: Response, text: string): ApiError {
  const requestId = headers.get('x-request-id') ?? undefined
  try {
    const { errors } = JSON.parse(text) as { errors: { code: string; message: string }[] }
    return new ApiError(status, errors[0]!.code, errors[0]!.message, requestId)
  } catch {
    return new ApiError(status, undefined, `the server answered ${status}`, requestId)
  }
}
