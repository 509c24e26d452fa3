import { openLru } from '../../platform/lru.ts'
import type { Outbound } from '../../platform/outbound/outbound.ts'
import { parseKeys, parseObject, type KeySet } from './verify.ts'

/** The keys of an issuer could not be read; the message says why, for administrators. */
export class IssuerUnreachable extends Error {
  override name = 'IssuerUnreachable'
}

export type IssuerLimits = { keysBytes: number; keysTimeoutMs: number; keysTtlMs: number; keysPauseMs: number }

export type Issuers = {
  /**
   * The keys of an issuer, at most `keysTtlMs` old while the issuer answers. `isUnknown`: a token named a key that is
   * not among them, so they are read again, unless that was done within `keysPauseMs`. Throws IssuerUnreachable.
   */
  keysOf(issuer: string, isUnknown?: boolean): Promise<KeySet>
}

/** `keys` with the time when they were read; `askedAt`: the last question, whatever came of it. */
type Known = { keys?: KeySet; readAt: number; askedAt: number; asking?: Promise<KeySet>; why?: string }

/** The most issuers whose keys are kept. */
const mostIssuers = 1000

/** Whether an issuer, or the place of its keys, may be called: https, or this very machine. */
export function isIssuerUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, username, password, hash } = new URL(text)
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
  return (protocol === 'https:' || (protocol === 'http:' && isHere)) && username + password + hash === ''
}

/** Finds the keys of issuers by OpenID Connect Discovery 1.0, 4, and keeps them in memory. */
export function openIssuers(
  outbound: Pick<Outbound, 'send'>,
  limits: IssuerLimits,
  now: () => number = () => performance.now(),
): Issuers {
  const issuers = openLru<string, Known>(mostIssuers)

  return {
    async keysOf(issuer, isUnknown = false) {
      const known = issuers.get(issuer) ?? { readAt: -Infinity, askedAt: -Infinity }
      issuers.set(issuer, known)
      const age = now() - known.readAt
      if (known.keys && age < limits.keysTtlMs && !isUnknown) return known.keys
      if (known.asking) return known.asking
      // While an issuer does not answer, its last keys are good for as long again.
      const spare = known.keys && age < 2 * limits.keysTtlMs ? known.keys : undefined
      if (now() - known.askedAt < limits.keysPauseMs) {
        if (spare) return spare
        throw new IssuerUnreachable(known.why ?? 'its keys were asked for just now')
      }
      return ask(issuer, known, spare)
    },
  }

  /** One question at a time for each issuer; callers that ask meanwhile share it (single flight). */
  function ask(issuer: string, known: Known, spare: KeySet | undefined): Promise<KeySet> {
    known.askedAt = now()
    known.asking = readKeys(outbound, limits, issuer)
      .then(
        (keys) => {
          known.readAt = now()
          return (known.keys = keys)
        },
        (error: unknown) => {
          known.why = whyOf(error)
          if (spare) return spare
          throw new IssuerUnreachable(known.why, { cause: error })
        },
      )
      .finally(() => delete known.asking)
    return known.asking
  }
}

/** Asks an issuer for its keys: two questions, of which each may take `keysTimeoutMs`. Throws Error with the reason. */
async function readKeys(outbound: Pick<Outbound, 'send'>, limits: IssuerLimits, issuer: string): Promise<KeySet> {
  const read = (url: string) => readText(outbound, limits, url)
  const document = parseObject(await read(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`))
  const { issuer: named, jwks_uri: at } = document as { issuer?: unknown; jwks_uri?: unknown }
  if (named !== issuer) throw new Error('its discovery document names another issuer')
  if (typeof at !== 'string' || !isIssuerUrl(at)) throw new Error('its discovery document has no jwks_uri with https')
  return parseKeys(await read(at))
}

async function readText(outbound: Pick<Outbound, 'send'>, limits: IssuerLimits, url: string): Promise<string> {
  const { keysBytes: answerBytes, keysTimeoutMs: timeoutMs } = limits
  const headers = { accept: 'application/json' }
  const { status, body, isCut } = await outbound.send({ url, method: 'GET', headers, timeoutMs, answerBytes })
  if (status !== 200) throw new Error(`it answers ${status}`)
  if (isCut) throw new Error(`its answer has more than ${answerBytes} bytes (MARINA_WORKLOAD_KEYS_SIZE)`)
  return body.toString('utf8')
}

/** All errors on the way to the keys have texts for administrators: those of the guard, of JSON and of this file. */
const whyOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
