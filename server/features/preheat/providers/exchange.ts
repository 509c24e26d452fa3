import { OutboundFailed, OutboundRefused, type Outbound } from '../../../platform/outbound/outbound.ts'
import { authHeaders, secretsOf, type Auth } from './auth.ts'
import { ProviderAway, ProviderRefused, type Ask } from './provider.ts'

/** What is needed to call a service. */
export type Reachable = { endpoint: string; isInsecure: boolean; auth: Auth }

/** `callTimeoutMs` and `answerBytes` of the settings. */
type CallLimits = { callTimeoutMs: number; answerBytes: number }

/** The statuses of a service that has a fault of its own, or asks for a pause (RFC 9110, 15.5.9 and 15.6; RFC 6585). */
const isPassing = (status: number) => status >= 500 || status === 408 || status === 429

/** Opens the way to one service: with its credential, bounded in time and size, without following redirects. */
export function openAsk(
  { outbound, limits }: { outbound: Outbound; limits: CallLimits },
  to: Reachable,
  signal?: AbortSignal,
): Ask {
  return async (method, path, body) => {
    const call = `${method} ${path}`
    const reply = await outbound
      .send({
        url: `${to.endpoint.replace(/\/+$/, '')}${path}`,
        method,
        headers: {
          accept: 'application/json',
          ...(body ? { 'content-type': 'application/json' } : {}),
          ...authHeaders(to.auth),
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
        reach: 'endpoint',
        timeoutMs: limits.callTimeoutMs,
        answerBytes: limits.answerBytes,
        verifiesTls: !to.isInsecure,
        ...(signal ? { signal } : {}),
      })
      .catch((error: unknown) => {
        signal?.throwIfAborted()
        if (error instanceof OutboundRefused) throw new ProviderRefused(`${call}: ${error.message}`, { cause: error })
        if (error instanceof OutboundFailed) throw new ProviderAway(`${call}: ${error.message}`, { cause: error })
        throw error
      })
    if (reply.status >= 200 && reply.status < 300) return parse(call, reply, limits)
    const said = excerptOf(reply.body, [...secretsOf(to.auth), bearerIn(body)])
    const why = `${call} was answered with ${reply.status}${said}`
    throw isPassing(reply.status) ? new ProviderAway(why) : new ProviderRefused(why)
  }
}

function parse(call: string, { body, isCut }: { body: Buffer; isCut: boolean }, { answerBytes }: CallLimits): unknown {
  if (isCut)
    throw new ProviderRefused(`${call}: the answer is longer than ${answerBytes} bytes (MARINA_PREHEAT_ANSWER)`)
  const text = body.toString('utf8').trim()
  // A service that only says yes, such as Kraken, may say it as text.
  if (text === '' || text === 'OK') return undefined
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch {
    // Not JSON: it is refused below, like JSON that is no object.
  }
  throw new ProviderRefused(`${call}: the answer is not what such a service says: ${JSON.stringify(text.slice(0, 80))}`)
}

/** The credential that a body holds for the service's pull. */
function bearerIn(body: object | undefined): string {
  const { args } = (body ?? {}) as { args?: { headers?: { Authorization?: string } } }
  return args?.headers?.Authorization?.replace(/^\w+ /, '') ?? ''
}

/** The start of an answer that is no success, on one line, without what is secret. */
function excerptOf(body: Buffer, secrets: string[]): string {
  let text = body
    .subarray(0, 4096)
    .toString('utf8')
    .replace(/[\s\p{C}]+/gu, ' ')
  for (const secret of secrets) if (secret.length > 3) text = text.replaceAll(secret, '***')
  return text.trim() === '' ? '' : `: ${text.trim().slice(0, 200)}`
}
