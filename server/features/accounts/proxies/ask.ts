import type { Call, Outbound } from '../../../platform/outbound/outbound.ts'

/** One call to a provider with a small answer, read as JSON; `body` is undefined for an answer that is none. */
export type Ask = (
  call: Pick<Call, 'url' | 'method' | 'headers' | 'body' | 'verifiesTls' | 'ca' | 'signal'>,
) => Promise<{ status: number; body: unknown }>

/** The most bytes of an answer that are read: a person may be in thousands of groups. */
const answerBytes = 2 ** 20

/** Calls go where endpoints may: to private addresses, too, and never to those of machine metadata. */
export function openAsk(outbound: Outbound, timeoutMs: number): Ask {
  return async (call) => {
    const { status, body, isCut } = await outbound.send({ ...call, reach: 'endpoint', timeoutMs, answerBytes })
    if (isCut) throw new Error(`the answer is longer than ${answerBytes} bytes`)
    return { status, body: parsed(body.toString('utf8')) }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
