import { OidcTrouble } from './trouble.ts'
import type { Outbound, Reach } from '../../platform/outbound/outbound.ts'

export type FetchLimits = { timeoutMs: number; answerBytes: number }

type Init = { method?: string; headers?: unknown; body?: unknown; signal?: AbortSignal | null | undefined }
export type Fetch = (url: string, init: Init) => Promise<Response>

/**
 * The `fetch` of the protocol libraries, through the guard of outgoing calls. Redirects are returned, never followed.
 * The first call, that of discovery, shows whether the provider is inside; what a public one names must be public.
 */
export function openFetch(outbound: Outbound, verifiesTls: boolean, { timeoutMs, answerBytes }: FetchLimits): Fetch {
  let reach: Reach = 'endpoint'
  return async (url, { method = 'GET', headers, body, signal }) => {
    const late = AbortSignal.timeout(timeoutMs)
    const answered = await outbound
      .open({
        url,
        method,
        headers: Object.fromEntries(new Headers((headers ?? {}) as Record<string, string>)),
        ...(body === undefined || body === null ? {} : { body: String(body as string | URLSearchParams) }),
        reach,
        verifiesTls,
        // The limit for the whole call comes first, so that its failure is told in one way.
        silenceMs: timeoutMs * 2,
        signal: signal ? AbortSignal.any([signal, late]) : late,
      })
      .catch((error: unknown) => {
        throw late.aborted ? new OidcTrouble('unreachable', `no answer within ${timeoutMs} ms`) : error
      })
    if (!answered.isInside) reach = 'onward'
    const bytes = await readAll(answered.body, answerBytes, late, timeoutMs)
    const { status } = answered
    const type = answered.headers['content-type']
    const challenge = answered.headers['www-authenticate']
    return new Response([204, 205, 304].includes(status) ? null : new Uint8Array(bytes), {
      status,
      headers: {
        ...(type === undefined ? {} : { 'content-type': type }),
        ...(challenge === undefined ? {} : { 'www-authenticate': challenge }),
      },
    })
  }
}

/** Reads an answer up to `limit` bytes. Leaving the loop destroys the body, which ends the connection. */
async function readAll(body: AsyncIterable<Buffer>, limit: number, late: AbortSignal, ms: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let size = 0
  try {
    for await (const part of body) {
      parts.push(part)
      if ((size += part.length) > limit) throw new OidcTrouble('invalid', `the answer has more than ${limit} bytes`)
    }
  } catch (error) {
    throw late.aborted ? new OidcTrouble('unreachable', `no whole answer within ${ms} ms`) : error
  }
  return Buffer.concat(parts)
}
