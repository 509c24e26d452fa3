import { OutboundFailed, OutboundRefused, type Outbound, type Reply } from '../../platform/outbound/outbound.ts'
import type { Waiting } from './queue.ts'
import type { Sealed } from './rules.ts'
import { signatureOf } from './signature.ts'
import { mask } from './wire.ts'

type SendRules = { timeoutMs: number; waitMs: number; answerBytes: number; signal: AbortSignal }
/**
 * The result of one call. `took` in ms; `headers` as sent, with secrets masked. Untried: it was aborted, or waited too
 * long for other calls to the same host.
 */
export type Sent = { at: Date; took: number; headers: Record<string, string> } & (
  | { kind: 'answered'; reply: Reply }
  | { kind: 'failed'; why: string }
  | { kind: 'untried' }
)

/** Posts a delivery once. Failures of the receiver or the network are results, not errors. */
export async function sendOne(
  outbound: Outbound,
  target: Sealed & { verifiesTls: boolean },
  delivery: Waiting,
  { timeoutMs, waitMs, answerBytes, signal }: SendRules,
): Promise<Sent> {
  let at = new Date()
  const headers = headersOf(target, delivery, at)
  const call = () => ({ at, took: Math.round(Date.now() - at.getTime()), headers: masked(headers, target) })
  try {
    const reply = await outbound.send({
      url: target.address,
      method: 'POST',
      headers,
      body: delivery.body,
      timeoutMs,
      waitMs,
      answerBytes,
      verifiesTls: target.verifiesTls,
      signal,
      onStart: () => void (at = new Date()),
    })
    return { kind: 'answered', ...call(), reply }
  } catch (error) {
    if (error instanceof OutboundFailed && (error.reason === 'aborted' || error.reason === 'busy'))
      return { kind: 'untried', ...call() }
    if (error instanceof OutboundFailed || error instanceof OutboundRefused)
      return { kind: 'failed', ...call(), why: error.message }
    throw error
  }
}

function headersOf(
  { authHeader, headers, secret, before }: Sealed,
  { body, contentType, eventId, eventType, id, tries }: Waiting,
  at: Date,
): Record<string, string> {
  const secrets = [secret, ...before.filter(({ until }) => new Date(until) > at).map((one) => one.secret)].filter(
    (one) => one !== '',
  )
  return {
    ...headers,
    'content-type': contentType,
    ...(authHeader === '' ? {} : { authorization: authHeader }),
    'marina-event-id': eventId,
    'marina-event-type': eventType,
    'marina-delivery-id': String(id),
    'marina-try': String(tries + 1),
    ...(secrets.length === 0 ? {} : { 'marina-signature': signatureOf(body, secrets, at) }),
  }
}

/** What an account set may be a secret, such as a key of the receiver. The signature is none: it tells no key. */
function masked(headers: Record<string, string>, target: Sealed): Record<string, string> {
  const isSecret = (name: string) => name === 'authorization' || Object.hasOwn(target.headers, name)
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, isSecret(name) ? mask : value]))
}
