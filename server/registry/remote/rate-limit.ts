import type { IncomingHttpHeaders } from 'node:http'

/** What an answer says about further calls. `isRefusal`: it did not do what was asked, for that reason. */
type Limit = { isRefusal: boolean; pauseMs: number | undefined }

/** The longest pause that is obeyed, in ms: a wrong date must not close an endpoint for years. */
const mostMs = 24 * 3_600_000

/**
 * Reads the limit that an answer announces: `Retry-After` of 429 and 503 (RFC 9110, 10.2.3: seconds or a date), and
 * where nothing remains, `RateLimit-Reset` (draft-ietf-httpapi-ratelimit-headers), `X-RateLimit-Reset`, or the window
 * of `RateLimit-Remaining: 0;w=21600` (Docker Hub). A 503 without `Retry-After` is a fault, not a limit.
 */
export function readLimit(status: number, headers: IncomingHttpHeaders): Limit {
  const after = status === 429 || status === 503 ? retryAfter(headers) : undefined
  const isRefusal = status === 429 || after !== undefined
  const { remaining, pauseMs } = remainingOf(headers)
  const isOver = status === 429 || remaining === 0
  const pause = after ?? (isOver ? pauseMs : undefined)
  return { isRefusal, pauseMs: pause === undefined ? undefined : Math.min(Math.max(0, pause), mostMs) }
}

function retryAfter(headers: IncomingHttpHeaders): number | undefined {
  const text = headers['retry-after']?.trim()
  if (text === undefined) return undefined
  if (/^\d+$/.test(text)) return Number(text) * 1000
  const at = Date.parse(text)
  if (Number.isNaN(at)) return undefined
  // By the other side's own clock, where it names it.
  const now = Date.parse(headers.date ?? '')
  return at - (Number.isNaN(now) ? Date.now() : now)
}

function remainingOf(headers: IncomingHttpHeaders): { remaining: number | undefined; pauseMs: number | undefined } {
  const word = (name: string) => [headers[name] ?? headers[`x-${name}`] ?? []].flat()[0]
  const field = word('ratelimit')
  const remaining = numberOf(word('ratelimit-remaining')) ?? numberOf(/\b(?:r|remaining)=(\d+)/.exec(field ?? '')?.[1])
  const reset = numberOf(word('ratelimit-reset')) ?? numberOf(/\b(?:t|reset)=(\d+)/.exec(field ?? '')?.[1])
  if (reset !== undefined) return { remaining, pauseMs: resetMs(reset) }
  const window = /;\s*w=(\d{1,9})/.exec(word('ratelimit-remaining') ?? word('ratelimit-limit') ?? '')?.[1]
  const limit = numberOf(word('ratelimit-limit'))
  // After this time of a window that moves on, one call is free again.
  return { remaining, pauseMs: window && limit ? (Number(window) * 1000) / limit : undefined }
}

/** Seconds from now; some services say the Unix time instead. */
const resetMs = (reset: number): number => (reset > 1e9 ? reset * 1000 - Date.now() : reset * 1000)

/** The number at the beginning of `100;w=21600`. */
function numberOf(text: string | undefined): number | undefined {
  const [, digits] = /^\s*(\d{1,12})/.exec(text ?? '') ?? []
  return digits === undefined ? undefined : Number(digits)
}
