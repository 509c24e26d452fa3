import { OutboundFailed, OutboundRefused, type Outbound, type Reply } from '../../platform/outbound/outbound.ts'
import type { Waiting } from './queue.ts'
import type { Sealed } from './rules.ts'
import { signatureOf } from './signature.ts'

type SendRules = { timeoutMs: number; waitMs: number; answerBytes: number; signal: AbortSignal }
/**
 * The result of one call. `took` in ms. Untried: it was aborted, or waited too long for other calls to the same host.
 */
export type Sent = { at: Date; took: number } & (
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
  const took = () => Math.round(Date.now() - at.getTime())
  try {
    const reply = await outbound.send({
      url: target.address,
      method: 'POST',
      headers: headersOf(target, delivery, at),
      body: delivery.body,
      timeoutMs,
      waitMs,
      answerBytes,
      verifiesTls: target.verifiesTls,
      signal,
      onStart: () => void (at = new Date()),
    })
    return { kind: 'answered', at, took: took(), reply }
  } catch (error) {
    if (error instanceof OutboundFailed && (error.reason === 'aborted' || error.reason === 'busy'))
      return { kind: 'untried', at, took: took() }
    if (error instanceof OutboundFailed || error instanceof OutboundRefused)
      return { kind: 'failed', at, took: took(), why: error.message }
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
