import { ApiError, openClient, targetOf, type CallOf, type Send } from '../../../api/client.ts'
import type { AnswerOf, Operation } from '../../../api/operation.ts'
import { base } from './location.ts'

export { ApiError }

export type Answer<O> = { status: number; headers: Pick<Headers, 'get'>; body: AnswerOf<O> }

const csrfHeader = 'x-harbor-csrf-token'
/** The newest token that an answer gave; every change of a session sends it back. */
let csrf = ''
let onSignedOut = () => {}

/** Says what to do when the server no longer knows the session. */
export function whenSignedOut(work: () => void): void {
  onSignedOut = work
}

/** `byId`: numbers in the path of a project are its id; otherwise they are its name, which may be a number, too. */
type SendOptions = { signal?: AbortSignal; byId?: boolean }

/**
 * Calls an operation of api/ in the caller's session. Rejects with ApiError for every failure; its status is 0 when the
 * server cannot be reached.
 */
export async function send<const O extends Operation>(
  operation: O,
  call: CallOf<O>,
  { signal, byId = false }: SendOptions = {},
): Promise<Answer<O>> {
  const client = openClient({ url: base.slice(0, -1), send: sendBy(signal, byId) }) as unknown as (
    operation: Operation,
    call: unknown,
  ) => Promise<Answer<O>>
  return client(operation, call)
}

/** What names the answer to a call: its path and query, and the body of a question that has one. */
export function keyOf(operation: Operation, call: unknown): string {
  const { body } = call as { body?: unknown }
  return body === undefined ? targetOf(operation, call) : `${targetOf(operation, call)} ${JSON.stringify(body)}`
}

function sendBy(signal: AbortSignal | undefined, byId: boolean): Send {
  return async (url, request) => {
    const isChange = request.method !== 'GET' && request.method !== 'HEAD'
    const ask = () =>
      fetch(url, {
        ...request,
        signal: signal ? AbortSignal.any([signal, request.signal]) : request.signal,
        headers: {
          ...request.headers,
          ...(byId ? {} : { 'x-is-resource-name': 'true' }),
          ...(isChange ? { [csrfHeader]: csrf } : {}),
        },
        redirect: 'error',
      })
    const answer = await reach(ask)
    csrf = answer.headers.get(csrfHeader) ?? csrf
    if (answer.status === 401) onSignedOut()
    if (!isChange || answer.status !== 403) return answer
    // The session may have changed in another tab; a read brings its token.
    const before = csrf
    await refreshToken()
    return csrf === before ? answer : reach(ask)
  }
}

async function reach(ask: () => Promise<Response>): Promise<Response> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiError(0, undefined, error instanceof Error ? error.message : String(error))
  }
}

async function refreshToken(): Promise<void> {
  const answer = await fetch(`${base}api/v2.0/systeminfo`)
  csrf = answer.headers.get(csrfHeader) ?? csrf
}

/** Sends name and password; a session begins with the answer. Rejects with ApiError: 401 when they are wrong. */
export async function postLogin(principal: string, password: string): Promise<void> {
  const answer = await reach(() =>
    fetch(`${base}c/login`, { method: 'POST', body: new URLSearchParams({ principal, password }) }),
  )
  if (!answer.ok) throw await failureOf(answer)
  csrf = answer.headers.get(csrfHeader) ?? csrf
}

/** Takes the name that somebody chose at the first sign-in by a provider; a session begins with the answer. */
export async function postOnboard(username: string): Promise<void> {
  const ask = () =>
    fetch(`${base}c/oidc/onboard`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', [csrfHeader]: csrf },
      body: JSON.stringify({ username }),
    })
  const answer = await reach(ask)
  if (!answer.ok) throw await failureOf(answer)
  csrf = answer.headers.get(csrfHeader) ?? csrf
}

/** Ends the session. */
export async function postLogout(): Promise<void> {
  const answer = await reach(() => fetch(`${base}c/log_out`, { method: 'POST' }))
  if (!answer.ok) throw await failureOf(answer)
}

async function failureOf(answer: Response): Promise<ApiError> {
  const id = answer.headers.get('x-request-id') ?? undefined
  const { errors } = (await answer.json().catch(() => ({}))) as { errors?: { code: string; message: string }[] }
  return new ApiError(answer.status, errors?.[0]?.code, errors?.[0]?.message ?? `status ${answer.status}`, id)
}
